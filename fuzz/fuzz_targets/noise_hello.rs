//! The first handshake message, in both patterns: nothing but the good one is accepted.
#![no_main]

use latchkey_crypto::hybrid::noise::{KnInitiator, KnResponder, NkInitiator, NkResponder};
use latchkey_fuzz::{
    hybrid::{authenticator_identity, client_identity, ephemeral, psk},
    overlaid,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (_, kn) = KnInitiator::start(client_identity(), &psk(), ephemeral(1));
    let (_, nk) = NkInitiator::start(&authenticator_identity().public(), &psk(), ephemeral(1));
    for message in [data.to_vec(), overlaid(&kn, data), overlaid(&nk, data)] {
        let outcome = KnResponder::new(&client_identity().public(), &psk()).receive(&message, ephemeral(2));
        assert_eq!(outcome.is_ok(), message == kn);
        let outcome = NkResponder::new(authenticator_identity(), &psk()).receive(&message, ephemeral(2));
        assert_eq!(outcome.is_ok(), message == nk);
    }
});
