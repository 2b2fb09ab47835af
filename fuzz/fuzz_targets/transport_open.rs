//! Sealed messages: nothing but the good one opens, and a failure costs nothing.
#![no_main]

use latchkey_crypto::hybrid::noise::{KnInitiator, KnResponder};
use latchkey_fuzz::{
    hybrid::{client_identity, ephemeral, psk},
    overlaid,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (waiting, hello) = KnInitiator::start(client_identity(), &psk(), ephemeral(1));
    let (authenticator, response) =
        KnResponder::new(&client_identity().public(), &psk()).receive(&hello, ephemeral(2)).unwrap();
    let mut client = waiting.receive(&response).unwrap().transport;
    let mut authenticator = authenticator.transport;

    let plaintext = &data[..data.len().min(100)];
    let sealed = client.seal(plaintext).unwrap();
    assert!(authenticator.open(data).is_err());
    let damaged = overlaid(&sealed, data);
    if damaged != sealed {
        assert!(authenticator.open(&damaged).is_err());
    }
    assert_eq!(authenticator.open(&sealed).unwrap(), plaintext);
});
