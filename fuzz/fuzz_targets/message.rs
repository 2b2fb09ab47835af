//! Frames: what decodes has one encoding, which decodes again.
#![no_main]

use latchkey_crypto::hybrid::Message;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(message) = Message::decode(data) {
        // A link's map is kept as it came and written in canonical order, so encodings are compared, not values.
        let encoded = message.encode();
        let again = Message::decode(&encoded).expect("our own frame decodes");
        assert_eq!(again.encode(), encoded);
    }
});
