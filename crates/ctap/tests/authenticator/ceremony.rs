//! The other side of a ceremony, and a person who answers.

use std::sync::LazyLock;

use getrandom::{SysRng, rand_core::UnwrapErr};
use latchkey_crypto::{
    cbor::{self, Value},
    vault::{KdfCost, KdfParams, Machine, Passphrase, SlotTable, VaultId},
};
use latchkey_ctap::{
    Authenticator, AuthenticatorData, Conclusion, Origin, Pending, Prompt, Reply, Step, VerifiedUser,
};
use latchkey_passkey::{UnixSeconds, Verification};

use super::memory_store::MemoryStore;

pub(crate) const NOW: UnixSeconds = 1_790_000_000;
pub(crate) const CLIENT_DATA_HASH: [u8; 32] = [0xcd; 32];

pub(crate) fn rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

pub(crate) fn authenticator() -> Authenticator {
    Authenticator::new(vault())
}

pub(crate) fn vault() -> VaultId {
    VaultId::from_bytes([1; 16])
}

pub(crate) fn other_vault() -> VaultId {
    VaultId::from_bytes([2; 16])
}

/// A verification by the real thing: a passphrase slot is opened, at the lowest cost that is allowed.
pub(crate) fn verified() -> VerifiedUser {
    verified_at(NOW)
}

pub(crate) fn verified_at(at: UnixSeconds) -> VerifiedUser {
    static TABLE: LazyLock<SlotTable> = LazyLock::new(|| slot_table(vault()));
    let (_, proof) = TABLE.open(&passphrase()).unwrap();
    VerifiedUser::new(proof, Verification::Passphrase, at)
}

/// A verification of somebody who knows the passphrase of another vault.
pub(crate) fn verified_for_another_vault() -> VerifiedUser {
    let (_, proof) = slot_table(other_vault()).open(&passphrase()).unwrap();
    VerifiedUser::new(proof, Verification::Passphrase, NOW)
}

fn slot_table(vault: VaultId) -> SlotTable {
    let cost = KdfCost { passes: 3, memory_kib: 64 * 1024, lanes: 4 };
    let params = KdfParams::new(cost, Machine::Small).unwrap();
    SlotTable::create(vault, &passphrase(), params, &mut rng()).unwrap().0
}

fn passphrase() -> Passphrase {
    Passphrase::new("correct horse battery staple").unwrap()
}

/// A request to be changed before it is sent.
#[derive(Clone)]
pub(crate) struct Request {
    command: u8,
    parameters: Vec<(Value, Value)>,
}

impl Request {
    /// makeCredential as Chromium sends it for a passkey.
    pub(crate) fn create(rp_id: &str, user: &str) -> Self {
        let parameters = vec![
            (1.into(), CLIENT_DATA_HASH.into()),
            (2.into(), map([("id", rp_id.into()), ("name", "A site".into())])),
            (
                3.into(),
                map([
                    ("id", user.as_bytes().into()),
                    ("name", user.into()),
                    ("displayName", format!("{user} the great").into()),
                ]),
            ),
            (4.into(), Value::array([-7, -8, -257].map(parameter))),
            (7.into(), map([("rk", true.into()), ("uv", true.into())])),
        ];
        Self { command: 1, parameters }
    }

    /// getAssertion as Chromium sends it, without an allow list.
    pub(crate) fn sign_in(rp_id: &str) -> Self {
        let parameters = vec![
            (1.into(), rp_id.into()),
            (2.into(), CLIENT_DATA_HASH.into()),
            (5.into(), map([("uv", true.into())])),
        ];
        Self { command: 2, parameters }
    }

    pub(crate) fn with(mut self, key: i32, value: impl Into<Value>) -> Self {
        self = self.without(key);
        self.parameters.push((key.into(), value.into()));
        self
    }

    pub(crate) fn without(mut self, key: i32) -> Self {
        self.parameters.retain(|(old, _)| *old != key.into());
        self
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        [vec![self.command], cbor::encode(&Value::Map(self.parameters.clone()))].concat()
    }
}

pub(crate) fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::map(entries.map(|(key, value)| (key.into(), value)))
}

pub(crate) fn parameter(alg: i64) -> Value {
    map([("alg", alg.into()), ("type", "public-key".into())])
}

pub(crate) fn descriptor(id: &[u8]) -> Value {
    map([("id", id.into()), ("type", "public-key".into())])
}

pub(crate) fn receive(message: &[u8], store: &MemoryStore) -> Step {
    authenticator().receive(message, Origin::Hybrid, store, NOW)
}

/// Sends a request that somebody has to be asked about.
pub(crate) fn ask(request: &Request, store: &MemoryStore) -> (Pending, Prompt) {
    match receive(&request.bytes(), store) {
        Step::Ask(pending, prompt) => (pending, prompt),
        Step::Respond(response) => panic!("responded {:#04x} without asking", response[0]),
    }
}

/// The status of a request that is refused unasked.
pub(crate) fn refused(request: &Request, store: &MemoryStore) -> u8 {
    match receive(&request.bytes(), store) {
        Step::Respond(response) => only(response),
        Step::Ask(_, prompt) => panic!("asked {:?}", prompt.question()),
    }
}

/// Sends a request and approves it, verified.
pub(crate) fn approved(request: &Request, store: &mut MemoryStore) -> Reply {
    let (pending, prompt) = ask(request, store);
    let answer = prompt.approve(None, Some(verified())).unwrap();
    pending.answer(answer, store, NOW, &mut rng())
}

/// Sends a request that demands no verification and approves it, not verified.
pub(crate) fn approved_unverified(request: &Request, store: &mut MemoryStore) -> Reply {
    let (pending, prompt) = ask(request, store);
    let answer = prompt.approve(None, None).unwrap();
    pending.answer(answer, store, NOW, &mut rng())
}

/// The map of a successful response, which is canonical.
pub(crate) fn success(reply: &Reply) -> Value {
    assert_eq!(reply.message[0], 0x00, "{:?}", reply.conclusion);
    cbor::decode_canonical(&reply.message[1..]).unwrap()
}

/// The status of a response that is nothing else.
pub(crate) fn only(response: Vec<u8>) -> u8 {
    assert_eq!(response.len(), 1);
    response[0]
}

pub(crate) fn authenticator_data(response: &Value) -> AuthenticatorData {
    AuthenticatorData::parse(response.get(2).and_then(Value::as_bytes).unwrap()).unwrap()
}

pub(crate) fn keys(map: &Value) -> Vec<i64> {
    map.as_map().unwrap().iter().map(|(key, _)| key.as_i64().unwrap()).collect()
}

pub(crate) fn is_refused(reply: Reply) -> bool {
    matches!(reply.conclusion, Conclusion::Refused) && only(reply.message) == 0x27
}
