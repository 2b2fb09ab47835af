//! Known answers of others: WebAuthn L3 and python-fido2.

use latchkey_crypto::{
    cbor::{self, Value},
    cose::PublicKey,
};
use latchkey_ctap::{AuthenticatorData, AuthenticatorDataError};
use serde_json::Value as Json;

fn bytes(json: &Json) -> Vec<u8> {
    hex::decode(json.as_str().unwrap()).unwrap()
}

fn basics() -> Json {
    serde_json::from_str(include_str!("../../../../tests/vectors/ctap2-basics.json")).unwrap()
}

fn webauthn() -> Json {
    serde_json::from_str(include_str!("../../../../tests/vectors/webauthn-l3.json")).unwrap()
}

#[test]
fn attestation_objects_of_every_format_parse() {
    let vectors = webauthn();
    let mut formats = Vec::new();
    for ceremony in vectors["ceremonies"].as_array().unwrap() {
        let (made, used) = (&ceremony["registration"], &ceremony["authentication"]);
        let object = cbor::decode_canonical(&bytes(&made["attestationObject"])).unwrap();
        formats.push(object.get("fmt").and_then(Value::as_text).unwrap().to_owned());
        assert!(object.get("attStmt").and_then(Value::as_map).is_some());
        let data = round_trip(object.get("authData").and_then(Value::as_bytes).unwrap());
        let attested = data.attested_credential_data.unwrap();
        assert_eq!(attested.aaguid.0.as_slice(), bytes(&made["aaguid"]));
        assert_eq!(attested.credential_id.as_bytes(), bytes(&made["credential_id"]));

        let asserted = round_trip(&bytes(&used["authenticatorData"]));
        assert_eq!(asserted.rp_id_hash, data.rp_id_hash);
        assert!(asserted.flags.user_present() && asserted.attested_credential_data.is_none());
    }
    assert_eq!(formats.len(), 15);
    for format in ["none", "packed", "tpm", "android-key", "apple", "fido-u2f"] {
        assert!(formats.iter().any(|other| other == format), "{format}");
    }
}

#[test]
fn canonical_encodings_lead_back_whatever_order_they_were_built_in() {
    let vectors = basics();
    let all = ["canonical_cbor", "cbor_round_trip"].map(|name| vectors[name].as_array().unwrap());
    assert_eq!(all.map(Vec::len), [24, 36]);
    for vector in all.into_iter().flatten() {
        let encoded = bytes(&vector["cbor"]);
        let value = cbor::decode_canonical(&encoded).unwrap();
        assert_eq!(cbor::encode(&value), encoded);
        if let Value::Map(mut entries) = value {
            entries.reverse();
            assert_eq!(cbor::encode(&Value::Map(entries)), encoded);
        }
    }
}

#[test]
fn get_info_of_another_authenticator_parses() {
    let vectors = basics();
    let known = &vectors["get_info_response"];
    let info = cbor::decode_canonical(&bytes(&known["cbor"])).unwrap();
    let texts = |key: i32| {
        let items = info.get(key).and_then(Value::as_array).unwrap();
        Json::from(items.iter().map(|item| item.as_text().unwrap()).collect::<Vec<_>>())
    };
    assert_eq!((texts(1), texts(2)), (known["versions"].clone(), known["extensions"].clone()));
    assert_eq!(info.get(3).and_then(Value::as_bytes).unwrap(), bytes(&known["aaguid"]));
    for (option, value) in known["options"].as_object().unwrap() {
        assert_eq!(
            info.get(4).and_then(|map| map.get(option.as_str())).and_then(Value::as_bool),
            value.as_bool()
        );
    }
    assert_eq!(info.get(5).and_then(Value::as_u64), known["maxMsgSize"].as_u64());
    cbor::decode_canonical(&bytes(&vectors["get_info_response_with_unknown_member"]["cbor"])).unwrap();
}

#[test]
fn authenticator_data_of_others_parses_and_builds() {
    let vectors = basics();
    for (name, verified) in [("auth_data_make_credential", false), ("auth_data_get_assertion", false)] {
        let known = &vectors[name];
        let data = round_trip(&bytes(&known["bytes"]));
        assert_eq!(data.rp_id_hash.as_slice(), bytes(&known["rp_id_hash"]));
        assert_eq!(u64::from(data.sign_count), known["counter"].as_u64().unwrap());
        assert_eq!((data.flags.user_present(), data.flags.user_verified()), (true, verified));
    }
    let known = &vectors["attested_credential_data"];
    let made = round_trip(&bytes(&vectors["auth_data_make_credential"]["bytes"]));
    let attested = made.attested_credential_data.unwrap();
    assert_eq!(attested.aaguid.0.as_slice(), bytes(&known["aaguid"]));
    assert_eq!(attested.credential_id.as_bytes(), bytes(&known["credential_id"]));
    let key = cbor::decode(&attested.public_key).unwrap();
    assert_eq!(key.get(-2).and_then(Value::as_bytes).unwrap(), bytes(&known["public_key"]["x"]));
    assert_eq!(key.get(-3).and_then(Value::as_bytes).unwrap(), bytes(&known["public_key"]["y"]));
    assert_eq!(key.get(3).and_then(Value::as_i64), known["public_key"]["alg"].as_i64());
    PublicKey::decode(&attested.public_key).unwrap();
}

// `pin_protocol_one` and `large_blob_initial_array` belong to doors that come later.
#[test]
fn responses_of_another_authenticator_parse() {
    let vectors = basics();
    let made = cbor::decode_canonical(&bytes(&vectors["make_credential_response"]["cbor"])).unwrap();
    assert_eq!(made.get(1).and_then(Value::as_text), vectors["make_credential_response"]["fmt"].as_str());
    round_trip(made.get(2).and_then(Value::as_bytes).unwrap());
    let known = &vectors["get_assertion_response"];
    let asserted = cbor::decode_canonical(&bytes(&known["cbor"])).unwrap();
    let id = asserted.get(1).and_then(|descriptor| descriptor.get("id")).and_then(Value::as_bytes);
    assert_eq!(id.unwrap(), bytes(&known["credential_id"]));
    assert_eq!(asserted.get(3).and_then(Value::as_bytes).unwrap(), bytes(&known["signature"]));
    round_trip(asserted.get(2).and_then(Value::as_bytes).unwrap());
}

#[test]
fn refuses_authenticator_data_that_is_cut_or_goes_on() {
    let good = bytes(&basics()["auth_data_make_credential"]["bytes"]);
    for length in 0..good.len() {
        assert!(AuthenticatorData::parse(&good[..length]).is_err(), "{length}");
    }
    let longer = [good.as_slice(), &[0]].concat();
    assert_eq!(AuthenticatorData::parse(&longer), Err(AuthenticatorDataError::Length));
    let mut no_id = good.clone();
    no_id[53..55].fill(0);
    assert_eq!(AuthenticatorData::parse(&no_id), Err(AuthenticatorDataError::CredentialId));
    let mut extended = good;
    extended[32] |= 0x80;
    assert_eq!(AuthenticatorData::parse(&extended), Err(AuthenticatorDataError::Cbor));
}

fn round_trip(bytes: &[u8]) -> AuthenticatorData {
    let data = AuthenticatorData::parse(bytes).unwrap();
    assert_eq!(data.encode(), bytes);
    data
}
