//! The authenticator's first message: getInfo is there if and only if CTAP is offered.
#![no_main]

use latchkey_crypto::hybrid::{Feature, FirstMessage};
use latchkey_fuzz::overlaid;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let good = FirstMessage::new(&[0xa1, 0x01, 0x80]).encode();
    for bytes in [data.to_vec(), overlaid(&good, data)] {
        let Ok(message) = FirstMessage::decode(&bytes) else { continue };
        assert_eq!(message.get_info().is_some(), message.features().contains(&Feature::Ctap));
        let again = FirstMessage::decode(&message.encode()).expect("our own message decodes");
        assert_eq!(again.get_info(), message.get_info());
        assert_eq!(again.features(), message.features());
    }
});
