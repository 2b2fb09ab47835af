//! One sign-in out of 10,000 passkeys, request bytes to response bytes, beside two others in the same run:
//! bare signing of the same bytes by `p256`, and `passkey-authenticator` with its own store of the same size.
//!
//! The peer is spared decoding and encoding CBOR: it takes and gives values. Both stores are in memory, so no
//! commit is in the numbers.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a bench: a panic is a failure here"
)]
#![allow(missing_docs, reason = "criterion's macros make public items without any")]

#[path = "../tests/authenticator/memory_store.rs"]
mod memory_store;

use std::{
    hint::black_box,
    pin::pin,
    task::{Context, Poll, Waker},
};

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use getrandom::{SysRng, rand_core::UnwrapErr};
use latchkey_crypto::{
    cbor::{self, Value},
    cose::{Algorithm, PrivateKey},
    vault::VaultId,
};
use latchkey_ctap::{Authenticator, Origin, Step};
use latchkey_passkey::{
    CredProtect, CredentialId, Custody, Door, Labels, Outcome, Passkey, PasskeyCore, PasskeyId, PasskeyStore,
    PrfSeeds, RpId, Seed, Usage, UseKind, UseRecord, UserHandle,
};
use memory_store::MemoryStore;
use p256::ecdsa::{SigningKey, signature::Signer};
use passkey_authenticator::{UiHint, UserCheck, UserValidationMethod};
use passkey_crypto::{CryptoBackend, SecretKeyT, rust_crypto::RustCryptoBackend};

const PASSKEYS: u32 = 10_000;
const WANTED: u32 = 7_777;
const CLIENT_DATA_HASH: [u8; 32] = [0xcd; 32];
const NOW: u64 = 1_790_000_000;

fn rp_id(n: u32) -> String {
    format!("site-{n}.example.org")
}

fn credential_id(n: u32) -> Vec<u8> {
    [&n.to_be_bytes()[..], &[0; 28]].concat()
}

fn passkey(n: u32) -> Passkey {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&n.to_be_bytes());
    Passkey {
        core: PasskeyCore {
            id: PasskeyId::from_bytes(bytes),
            rp_id: RpId::parse(&rp_id(n)).unwrap(),
            credential_id: CredentialId::new(credential_id(n)).unwrap(),
            user_handle: UserHandle::new(vec![1; 32]).unwrap(),
            private_key: PrivateKey::generate(Algorithm::Es256, &mut UnwrapErr(SysRng)).unwrap(),
            prf_seeds: PrfSeeds { with_uv: Seed::from_bytes([1; 32]), without_uv: Seed::from_bytes([2; 32]) },
            discoverable: true,
            backup_eligible: true,
            custody: Custody::Syncable,
            cred_protect: CredProtect::UserVerificationOptional,
            created_at: NOW,
        },
        labels: Labels { user_name: "alice".to_owned(), ..Labels::default() },
        usage: Usage::default(),
    }
}

fn store() -> MemoryStore {
    let mut store = MemoryStore::default();
    let made = UseRecord {
        at: NOW,
        kind: UseKind::Create,
        door: Door::Hybrid,
        outcome: Outcome::Approved,
        verification: None,
    };
    (0..PASSKEYS).for_each(|n| store.add(&passkey(n), None, &made).unwrap());
    store
}

/// A request without `uv`: a verification is used up by its request, and makes no difference to the work.
fn request(allow_list: bool) -> Vec<u8> {
    let descriptor =
        Value::map([("id".into(), credential_id(WANTED).into()), ("type".into(), "public-key".into())]);
    let list = allow_list.then(|| (3.into(), Value::array([descriptor])));
    let parameters = [(1.into(), rp_id(WANTED).into()), (2.into(), CLIENT_DATA_HASH.into())];
    [vec![0x02], cbor::encode(&Value::map(parameters.into_iter().chain(list)))].concat()
}

fn ours(authenticator: &Authenticator, request: &[u8], store: &mut MemoryStore) -> Vec<u8> {
    let Step::Ask(pending, prompt) = authenticator.receive(request, Origin::Hybrid, store, NOW) else {
        panic!("responded without asking")
    };
    let answer = prompt.approve(None, None).unwrap();
    let reply = pending.answer(answer, store, NOW, &mut UnwrapErr(SysRng));
    assert_eq!(reply.message[0], 0x00);
    reply.message
}

/// Says yes at once.
struct Approves;

#[async_trait::async_trait]
impl UserValidationMethod for Approves {
    type PasskeyItem = passkey_types::Passkey;

    async fn check_user<'a>(
        &self,
        _: UiHint<'a, Self::PasskeyItem>,
        presence: bool,
        verification: bool,
    ) -> Result<UserCheck, passkey_types::ctap2::Ctap2Error> {
        Ok(UserCheck { presence, verification })
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        Some(true)
    }
}

type Peer =
    passkey_authenticator::Authenticator<passkey_authenticator::MemoryStore, Approves, RustCryptoBackend>;

fn peer() -> Peer {
    let store = (0..PASSKEYS)
        .map(|n| {
            let key = RustCryptoBackend.generate_key(passkey_crypto::iana::Algorithm::ES256).unwrap();
            let passkey = passkey_types::Passkey {
                key: key.to_cose_key(),
                credential_id: credential_id(n).into(),
                rp_id: rp_id(n),
                user_handle: Some(vec![1; 32].into()),
                username: Some("alice".to_owned()),
                user_display_name: None,
                counter: None,
                extensions: passkey_types::CredentialExtensions::default(),
            };
            (credential_id(n), passkey)
        })
        .collect();
    Peer::new(passkey_types::ctap2::Aaguid::new_empty(), store, Approves, RustCryptoBackend)
}

fn peer_request() -> passkey_types::ctap2::get_assertion::Request {
    passkey_types::ctap2::get_assertion::Request {
        rp_id: rp_id(WANTED),
        client_data_hash: CLIENT_DATA_HASH.to_vec().into(),
        allow_list: Some(vec![passkey_types::webauthn::PublicKeyCredentialDescriptor {
            ty: passkey_types::webauthn::PublicKeyCredentialType::PublicKey,
            id: credential_id(WANTED).into(),
            transports: None,
        }]),
        extensions: None,
        options: passkey_types::ctap2::get_assertion::Options::default(),
        pin_auth: None,
        pin_protocol: None,
    }
}

/// The peer's futures wait for nothing.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the peer waits"),
    }
}

fn get_assertion(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("get_assertion");

    let key = SigningKey::from_slice(&[7; 32]).unwrap();
    let signed = [0x5a; 37 + 32];
    group.bench_function("bare p256", |bencher| {
        bencher.iter(|| {
            let signature: p256::ecdsa::DerSignature = key.sign(black_box(&signed));
            signature
        });
    });

    let (authenticator, mut store) = (Authenticator::new(VaultId::from_bytes([1; 16])), store());
    for (name, allow_list) in [("latchkey, allow list", true), ("latchkey, no list", false)] {
        let request = request(allow_list);
        group.bench_function(name, |bencher| {
            bencher.iter(|| ours(&authenticator, black_box(&request), &mut store));
        });
    }

    let mut peer = peer();
    group.bench_function("passkey-authenticator, allow list", |bencher| {
        bencher.iter_batched(
            peer_request,
            |request| ready(peer.get_assertion(black_box(request))).unwrap(),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

criterion_group!(benches, get_assertion);
criterion_main!(benches);
