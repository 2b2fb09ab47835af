//! The WebAuthn L3 test vectors: every pair of ours signs and verifies byte for byte, the others are told apart.

use getrandom::{SysRng, rand_core::UnwrapErr};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use super::{Algorithm, KeyError, PrivateKey, PublicKey, id};
use crate::cbor::{self, Value};

struct Ceremony {
    id: String,
    private_key: Option<Vec<u8>>,
    attestation_key: Option<Vec<u8>>,
    /// Authenticator data and hash of the client data, as signed at registration.
    registered: Vec<u8>,
    statement: Value,
    format: String,
    cose_key: Value,
    /// The same for the assertion.
    asserted: Vec<u8>,
    signature: Vec<u8>,
}

fn ceremonies() -> Vec<Ceremony> {
    let vectors: Json =
        serde_json::from_str(include_str!("../../../tests/vectors/webauthn-l3.json")).unwrap();
    let bytes = |json: &Json| json.as_str().map(|text| hex::decode(text).unwrap());
    let signed =
        |data: &[u8], client_data: &Json| [data, &Sha256::digest(bytes(client_data).unwrap())].concat();
    let read = |json: &Json| {
        let (made, used) = (&json["registration"], &json["authentication"]);
        let object = cbor::decode_canonical(&bytes(&made["attestationObject"]).unwrap()).unwrap();
        let authenticator_data = object.get("authData").and_then(Value::as_bytes).unwrap();
        // RP ID hash, flags, counter, AAGUID, length; then the credential ID.
        let key_at = 32 + 1 + 4 + 16 + 2 + bytes(&made["credential_id"]).unwrap().len();
        Ceremony {
            id: json["id"].as_str().unwrap().to_owned(),
            private_key: bytes(&made["credential_private_key"]).or(bytes(&made["private_key"])),
            attestation_key: bytes(&made["attestation_private_key"]),
            registered: signed(authenticator_data, &made["clientDataJSON"]),
            statement: object.get("attStmt").unwrap().clone(),
            format: object.get("fmt").and_then(Value::as_text).unwrap().to_owned(),
            cose_key: cbor::decode_prefix(&authenticator_data[key_at..]).unwrap().0,
            asserted: signed(&bytes(&used["authenticatorData"]).unwrap(), &used["clientDataJSON"]),
            signature: bytes(&used["signature"]).unwrap(),
        }
    };
    vectors["ceremonies"].as_array().unwrap().iter().map(read).collect()
}

#[test]
fn pairs_of_ours_sign_and_verify_byte_for_byte() {
    let mut seen = Vec::new();
    for ceremony in ceremonies() {
        let Ok(public_key) = PublicKey::from_value(&ceremony.cose_key) else { continue };
        assert!(public_key.verify(&ceremony.asserted, &ceremony.signature), "{}", ceremony.id);
        assert_eq!(public_key.encode(), cbor::encode(&ceremony.cose_key), "{}", ceremony.id);
        seen.push(public_key.algorithm());
        // The vectors have no private key for RS256.
        let Some(private_key) = &ceremony.private_key else { continue };
        let private_key = PrivateKey::from_bytes(public_key.algorithm(), private_key).unwrap();
        assert_eq!(private_key.public_key(), public_key, "{}", ceremony.id);
        let signature = private_key.sign(&ceremony.asserted, &mut UnwrapErr(SysRng)).unwrap();
        assert_eq!(signature, ceremony.signature, "{}", ceremony.id);
    }
    assert_eq!(seen.len(), 13);
    assert!(Algorithm::ALL.iter().all(|algorithm| seen.contains(algorithm)));
}

#[test]
fn packed_statements_sign_and_verify_byte_for_byte() {
    let (mut by_itself, mut by_authority) = (0, 0);
    for ceremony in ceremonies().into_iter().filter(|ceremony| ceremony.format == "packed") {
        let signature = ceremony.statement.get("sig").and_then(Value::as_bytes).unwrap();
        let alg = ceremony.statement.get("alg").and_then(Value::as_i64).unwrap();
        let (key, count) = match ceremony.statement.get("x5c").and_then(Value::as_array) {
            None => (ceremony.private_key, &mut by_itself),
            Some(certificates) => {
                assert!(!certificates.is_empty() && certificates.iter().all(|c| c.as_bytes().is_some()));
                (ceremony.attestation_key, &mut by_authority)
            }
        };
        let key = PrivateKey::from_bytes(Algorithm::from_id(alg).unwrap(), &key.unwrap()).unwrap();
        let ours = key.sign(&ceremony.registered, &mut UnwrapErr(SysRng)).unwrap();
        assert_eq!(ours, signature, "{}", ceremony.id);
        assert!(key.public_key().verify(&ceremony.registered, signature), "{}", ceremony.id);
        *count += 1;
    }
    assert_eq!((by_itself, by_authority), (1, 6));
}

#[test]
fn algorithms_that_are_not_built_in_are_told_apart() {
    let unknown: Vec<(String, Result<PublicKey, KeyError>)> = ceremonies()
        .into_iter()
        .map(|ceremony| (ceremony.id, PublicKey::from_value(&ceremony.cose_key)))
        .filter(|(_, key)| key.is_err())
        .collect();
    let ed448 = -53;
    for (name, id) in [("packed-es512", id::ES512), ("packed-ed448", ed448)] {
        let (_, key) = unknown.iter().find(|(ceremony, _)| ceremony == name).unwrap();
        assert_eq!(*key, Err(KeyError::UnknownAlgorithm { id }), "{name}");
    }
    assert_eq!(unknown.len(), 2);
}

#[test]
fn refuses_keys_with_one_thing_wrong() {
    let good = PrivateKey::from_bytes(Algorithm::Es256, &[7; 32]).unwrap().public_key().encode();
    let good = cbor::decode(&good).unwrap();
    let with = |label: i64, value: Value| {
        let entries =
            good.as_map().unwrap().iter().map(|(key, old)| {
                (key.clone(), if *key == label.into() { value.clone() } else { old.clone() })
            });
        PublicKey::from_value(&Value::map(entries))
    };
    assert!(PublicKey::from_value(&good).is_ok());
    for (label, value) in [
        (1, 1.into()),
        (-1, 2.into()),
        (-2, vec![1; 32].into()),
        (-2, vec![1; 31].into()),
        (-3, vec![1; 33].into()),
        (-3, true.into()),
        (3, "ES256".into()),
    ] {
        assert_eq!(with(label, value), Err(KeyError::CoseKey), "{label}");
    }
    assert_eq!(with(3, id::ML_DSA_44.into()), Err(KeyError::UnknownAlgorithm { id: id::ML_DSA_44 }));
    assert_eq!(PublicKey::decode(&[0xa0]), Err(KeyError::CoseKey));
    assert_eq!(PublicKey::decode(&[]), Err(KeyError::CoseKey));
}

#[test]
fn refuses_rsa_keys_with_one_thing_wrong() {
    let with = |kty: i64, n: Vec<u8>, e: Vec<u8>| {
        let map = [
            (1.into(), kty.into()),
            (3.into(), id::RS256.into()),
            ((-1).into(), n.into()),
            ((-2).into(), e.into()),
        ];
        PublicKey::from_value(&Value::map(map))
    };
    let n = |bytes: usize| [vec![0xc1], vec![0x55; bytes - 2], vec![0x01]].concat();
    let e = || vec![1, 0, 1];
    assert!(with(3, n(256), e()).is_ok());
    for (kty, n, e, what) in [
        (2, n(256), e(), "another type"),
        (3, vec![], e(), "no modulus"),
        (3, vec![0; 256], e(), "modulus 0"),
        (3, n(64), e(), "512 bits"),
        (3, n(1025), e(), "beyond 8192 bits"),
        (3, [n(255), vec![0]].concat(), e(), "even modulus"),
        (3, n(256), vec![], "no exponent"),
        (3, n(256), vec![0], "exponent 0"),
        (3, n(256), vec![1], "exponent 1"),
        (3, n(256), vec![2], "even exponent"),
        (3, n(256), vec![1; 9], "exponent of 9 bytes"),
    ] {
        assert_eq!(with(kty, n, e), Err(KeyError::CoseKey), "{what}");
    }
}
