//! Whatever comes, nothing panics and every response is one status byte and at most one canonical map.

use std::sync::LazyLock;

use latchkey_crypto::cbor::{self, Value};
use latchkey_ctap::{AuthenticatorData, Step};
use latchkey_passkey::{Door, Outcome, Passkey, PasskeySecrets, PasskeyStore, UseKind, UseRecord};
use proptest::prelude::*;

use super::{
    ceremony::*,
    memory_store::{MemoryStore, copy},
};

/// A store with one passkey, which answers to `example.org`, so that sign-ins get to the end.
fn store() -> MemoryStore {
    static MADE: LazyLock<(Passkey, PasskeySecrets)> = LazyLock::new(|| {
        let mut store = MemoryStore::default();
        success(&approved(&Request::create("example.org", "alice"), &mut store));
        let passkey = store.passkeys()[0];
        (passkey.clone(), copy(store.secrets_of(passkey)))
    });
    let mut store = MemoryStore::default();
    let first_use = UseRecord {
        at: NOW,
        kind: UseKind::Create,
        door: Door::Hybrid,
        outcome: Outcome::Approved,
        verification: None,
    };
    let (passkey, secrets) = &*MADE;
    store.add(passkey, secrets, None, &first_use).unwrap();
    store
}

fn well_formed(response: &[u8]) -> bool {
    match response {
        [0x00, map @ ..] if !map.is_empty() => {
            matches!(cbor::decode_canonical(map), Ok(Value::Map(_)))
        }
        response => response.len() == 1,
    }
}

/// Sends a message; whoever is asked approves without verification, or else refuses.
fn play(message: &[u8], store: &mut MemoryStore) -> Vec<u8> {
    match receive(message, store) {
        Step::Respond(response) => response,
        Step::Ask(pending, prompt) => {
            let required = prompt.verification_required();
            let answer = prompt.approve(None, None).unwrap_or_else(|not| not.prompt.refuse());
            let reply = pending.answer(answer, store, NOW, &mut rng());
            if required {
                assert_eq!(reply.message, [0x27], "verification was required and not there");
            }
            reply.message
        }
    }
}

/// Requests that get far, to be bent.
fn samples() -> Vec<Vec<u8>> {
    let prf = map([("eval", map([("first", [1; 32].into())]))]);
    let extensions = map([("prf", prf), ("credProtect", 2.into())]);
    let list = Value::array([descriptor(&[1; 32]), descriptor(&[2; 64])]);
    vec![
        Request::create("example.org", "alice").bytes(),
        Request::create("example.org", "alice").with(5, list.clone()).with(6, extensions.clone()).bytes(),
        Request::sign_in("example.org").without(5).bytes(),
        Request::sign_in("example.org").with(3, list).with(4, extensions).without(5).bytes(),
        vec![0x04],
        vec![0x0b],
    ]
}

/// What is bent below reaches every end when it is straight.
#[test]
fn samples_get_far() {
    let answers = samples().iter().map(|sample| play(sample, &mut store())[0]).collect::<Vec<_>>();
    assert_eq!(answers, [0x27, 0x27, 0x00, 0x2e, 0x00, 0x00]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_get_a_well_formed_response(message: Vec<u8>) {
        prop_assert!(well_formed(&play(&message, &mut store())));
    }

    #[test]
    fn any_bytes_parse_as_authenticator_data_or_not(head in prop::collection::vec(any::<u8>(), 37), tail: Vec<u8>) {
        if let Ok(data) = AuthenticatorData::parse(&[head, tail].concat()) {
            prop_assert_eq!(AuthenticatorData::parse(&data.encode()).map(|again| again.encode()), Ok(data.encode()));
        }
    }

    #[test]
    fn any_parameters_get_a_well_formed_response(command in 0_u8..0x0d, parameters: Vec<u8>) {
        let message = [vec![command], parameters].concat();
        prop_assert!(well_formed(&play(&message, &mut store())));
    }

    #[test]
    fn bent_requests_get_a_well_formed_response(
        sample in prop::sample::select(samples()),
        at: prop::sample::Index,
        byte: u8,
        cut: prop::sample::Index,
        is_cut: bool,
    ) {
        let mut message = sample;
        let at = at.index(message.len());
        message[at] = byte;
        if is_cut {
            message.truncate(cut.index(message.len() + 1));
        }
        prop_assert!(well_formed(&play(&message, &mut store())));
    }
}
