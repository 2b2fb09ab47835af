//! Requests to the authenticator, raw and laid over good ones: every response is one status byte and at most one
//! canonical map, and nobody who was not verified gets what takes verification.
#![no_main]

#[path = "../../crates/ctap/tests/authenticator/memory_store.rs"]
mod memory_store;

use latchkey_crypto::{
    cbor::{self, Value},
    cose::{Algorithm, PrivateKey},
    vault::VaultId,
};
use latchkey_ctap::{Authenticator, Origin, Step};
use latchkey_fuzz::{Seeded, overlaid};
use latchkey_passkey::{
    BackupEligibility, CounterMode, CredProtect, CredentialId, Custody, Door, Labels, Outcome, Passkey, PasskeyCore, PasskeyId, PasskeySecrets,
    PasskeyStore, PrfSeeds, RpId, Seed, Usage, UseKind, UseRecord, UserHandle,
};
use libfuzzer_sys::fuzz_target;
use memory_store::MemoryStore;

fuzz_target!(|data: &[u8]| {
    let Some((kind, data)) = data.split_first() else { return };
    let message = match kind {
        0 => overlaid(&create(), data),
        1 => overlaid(&sign_in(), data),
        _ => data.to_vec(),
    };
    let mut store = store();
    let response = match Authenticator::new(VaultId::from_bytes([1; 16])).receive(&message, Origin::Hybrid, &store, 0) {
        Step::Respond(response) => response,
        Step::Ask(pending, prompt) => {
            let required = prompt.verification_required();
            let answer = prompt.approve(None, None).unwrap_or_else(|not| not.prompt.refuse());
            let response = pending.answer(answer, &mut store, 0, &mut Seeded(1)).message;
            assert!(!required || response == [0x27]);
            response
        }
    };
    match response.as_slice() {
        [0x00, map @ ..] if !map.is_empty() => {
            assert!(matches!(cbor::decode_canonical(map), Ok(Value::Map(_))));
        }
        status => assert_eq!(status.len(), 1),
    }
});

fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::map(entries.map(|(key, value)| (key.into(), value)))
}

fn list() -> Value {
    Value::array([map([("id", vec![1; 8].into()), ("type", "public-key".into())])])
}

fn extensions() -> Value {
    let eval = map([("first", [2; 32].into())]);
    let by_credential = Value::map([(vec![1; 8].into(), eval.clone())]);
    map([("credProtect", 2.into()), ("prf", map([("eval", eval), ("evalByCredential", by_credential)]))])
}

fn create() -> Vec<u8> {
    let algorithm = map([("alg", (-7).into()), ("type", "public-key".into())]);
    let parameters = Value::map([
        (1.into(), [0; 32].into()),
        (2.into(), map([("id", "a.example".into()), ("name", "A".into())])),
        (3.into(), map([("id", vec![1].into()), ("name", "b".into()), ("displayName", "B".into())])),
        (4.into(), Value::array([algorithm])),
        (5.into(), list()),
        (6.into(), map([("credProtect", 2.into()), ("prf", map([]))])),
        (7.into(), map([("rk", true.into()), ("uv", true.into())])),
    ]);
    [vec![0x01], cbor::encode(&parameters)].concat()
}

fn sign_in() -> Vec<u8> {
    let parameters = Value::map([
        (1.into(), "a.example".into()),
        (2.into(), [0; 32].into()),
        (3.into(), list()),
        (4.into(), extensions()),
        (5.into(), map([("uv", false.into())])),
    ]);
    [vec![0x02], cbor::encode(&parameters)].concat()
}

fn store() -> MemoryStore {
    let core = PasskeyCore {
        id: PasskeyId::from_bytes([1; 16]),
        rp_id: RpId::parse("a.example").unwrap(),
        credential_id: CredentialId::new(vec![1; 8]).unwrap(),
        user_handle: UserHandle::new(vec![1]).unwrap(),
        algorithm: Algorithm::Es256,
        discoverable: true,
        backup: BackupEligibility::Yes,
        custody: Custody::Syncable,
        cred_protect: CredProtect::UserVerificationOptional,
        created_at: 0,
        payments: false,
        counter: CounterMode::Zero,
        source_counter: None,
    };
    let secrets = PasskeySecrets {
        private_key: PrivateKey::from_bytes(Algorithm::Es256, &[1; 32]).unwrap(),
        prf_seeds: PrfSeeds { with_uv: Seed::from_bytes([1; 32]), without_uv: Seed::from_bytes([2; 32]) },
        cred_blob: None,
        large_blob_key: None,
    };
    let made =
        UseRecord { at: 0, kind: UseKind::Create, door: Door::Hybrid, outcome: Outcome::Approved, verification: None };
    let mut store = MemoryStore::default();
    let passkey = Passkey { core, labels: Labels::default(), usage: Usage::default() };
    store.add(&passkey, &secrets, None, &made).unwrap();
    store
}
