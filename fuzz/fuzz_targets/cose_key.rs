//! COSE keys: what decodes encodes to a key that decodes to the same, and no signature of noise verifies.
#![no_main]

use latchkey_crypto::cose::{Algorithm, PrivateKey, PublicKey};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(key) = PublicKey::decode(bytes) {
        assert_eq!(PublicKey::decode(&key.encode()).as_ref(), Ok(&key));
        assert!(!key.verify(b"message", bytes));
    }
    for algorithm in Algorithm::ALL {
        if let Ok(key) = PrivateKey::from_bytes(algorithm, bytes) {
            assert_eq!(key.to_bytes().as_slice(), bytes);
        }
    }
});
