//! The second handshake message, in both patterns: nothing but the good one is accepted.
#![no_main]

use latchkey_crypto::hybrid::noise::{KnInitiator, KnResponder, NkInitiator, NkResponder};
use latchkey_fuzz::{
    hybrid::{authenticator_identity, client_identity, ephemeral, psk},
    overlaid,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let kn = || KnInitiator::start(client_identity(), &psk(), ephemeral(1));
    let (_, good) = KnResponder::new(&client_identity().public(), &psk())
        .receive(&kn().1, ephemeral(2))
        .expect("the good hello");
    assert!(kn().0.receive(data).is_err() || data == good);
    let damaged = overlaid(&good, data);
    assert_eq!(kn().0.receive(&damaged).is_ok(), damaged == good);

    let nk = || NkInitiator::start(&authenticator_identity().public(), &psk(), ephemeral(1));
    let (_, good) = NkResponder::new(authenticator_identity(), &psk())
        .receive(&nk().1, ephemeral(2))
        .expect("the good hello");
    let damaged = overlaid(&good, data);
    assert_eq!(nk().0.receive(&damaged).is_ok(), damaged == good);
});
