//! What rings a linked authenticator: it reads back as what it was.
#![no_main]

use latchkey_crypto::hybrid::{ClientNonce, ContactPayload, LinkId, OperationHint};
use latchkey_fuzz::{Seeded, overlaid};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let good = ContactPayload {
        link_id: LinkId::new([1; 8]),
        client_nonce: ClientNonce::generate(&mut Seeded(1)),
        hint: OperationHint::GetAssertion,
    };
    for bytes in [data.to_vec(), overlaid(&good.encode(), data)] {
        if let Ok(payload) = ContactPayload::decode(&bytes) {
            assert_eq!(ContactPayload::decode(&payload.encode()), Ok(payload));
        }
    }
});
