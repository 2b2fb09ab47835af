//! Authenticator data: what parses encodes to data that parses to the same.
#![no_main]

use latchkey_ctap::AuthenticatorData;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(data) = AuthenticatorData::parse(bytes) {
        // Not to the same bytes: extensions of others need not be in canonical order.
        let again = AuthenticatorData::parse(&data.encode()).unwrap();
        assert_eq!(again.encode(), data.encode());
        assert_eq!((again.flags, again.sign_count), (data.flags, data.sign_count));
    }
});
