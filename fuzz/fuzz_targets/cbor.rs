//! CTAP's CBOR: what is canonical encodes to the same bytes, and what decodes has a canonical form.
#![no_main]

use latchkey_crypto::cbor;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(value) = cbor::decode_canonical(data) {
        assert_eq!(cbor::encode(&value), data);
    }
    if let Ok(value) = cbor::decode(data) {
        let canonical = cbor::encode(&value);
        let again = cbor::decode_canonical(&canonical).expect("our own encoding is canonical");
        assert_eq!(cbor::encode(&again), canonical);
    }
    if let Ok((value, rest)) = cbor::decode_prefix(data) {
        let prefix = &data[..data.len() - rest.len()];
        assert_eq!(cbor::decode(prefix).as_ref(), Ok(&value));
    }
});
