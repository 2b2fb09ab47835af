//! One sign-in out of 10,000 passkeys, request bytes to response bytes, beside two others in the same run: bare
//! signing of as many bytes by `p256`, and `passkey-authenticator` with its own store of the same size.
//!
//! `get_assertion` is processor time without the commit: ours over a real vault and over memory. The peer's store is in
//! memory, and it is spared decoding and encoding CBOR: it takes and gives values. What the vault then makes durable is
//! in the bench of `crates/vault`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a bench: a panic is a failure here"
)]
#![allow(missing_docs, reason = "criterion's macros make public items without any")]

#[path = "../../../../crypto/benches/handshake/cpu_time.rs"]
#[allow(dead_code, reason = "the other bench reads the clock itself")]
mod cpu_time;
#[path = "../../tests/authenticator/memory_store.rs"]
mod memory_store;
mod peer;
mod stores;

use std::hint::black_box;

use cpu_time::CpuTime;
use criterion::{BatchSize, Criterion, criterion_group};
use getrandom::{SysRng, rand_core::UnwrapErr};
use latchkey_crypto::{
    cbor::{self, Value},
    vault::VaultId,
};
use latchkey_ctap::{Authenticator, Origin, Step};
use latchkey_passkey::{PasskeyId, PasskeyStore};
use p256::ecdsa::{SigningKey, signature::Signer};
use stores::{InVault, Uncommitted};

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

fn id(n: u32) -> PasskeyId {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&n.to_be_bytes());
    PasskeyId::from_bytes(bytes)
}

/// A request without `uv`: a verification is used up by its request, and makes no difference to the work.
fn request(allow_list: bool) -> Vec<u8> {
    let descriptor =
        Value::map([("id".into(), credential_id(WANTED).into()), ("type".into(), "public-key".into())]);
    let list = allow_list.then(|| (3.into(), Value::array([descriptor])));
    let parameters = [(1.into(), rp_id(WANTED).into()), (2.into(), CLIENT_DATA_HASH.into())];
    [vec![0x02], cbor::encode(&Value::map(parameters.into_iter().chain(list)))].concat()
}

fn sign_in(authenticator: &Authenticator, request: &[u8], store: &mut dyn PasskeyStore) -> Vec<u8> {
    let Step::Ask(pending, prompt) = authenticator.receive(request, Origin::Hybrid, store, NOW) else {
        panic!("responded without asking")
    };
    let answer = prompt.approve(None, None).unwrap();
    let reply = pending.answer(answer, store, NOW, &mut UnwrapErr(SysRng));
    assert_eq!(reply.message[0], 0x00);
    reply.message
}

fn get_assertion(criterion: &mut Criterion<CpuTime>) {
    let mut group = criterion.benchmark_group("get_assertion");

    let key = SigningKey::from_slice(&[7; 32]).unwrap();
    let signed = [0x5a; 37 + 32];
    group.bench_function("bare p256", |bencher| {
        bencher.iter(|| {
            let signature: p256::ecdsa::DerSignature = key.sign(black_box(&signed));
            signature
        });
    });

    let authenticator = Authenticator::new(VaultId::from_bytes([1; 16]));
    let (in_memory, in_vault) = (stores::in_memory(), InVault::in_fast_memory());
    let (mut memory, mut vault) = (Uncommitted(&in_memory), Uncommitted(&in_vault.vault));
    let stores: [(&str, &mut dyn PasskeyStore); 2] = [("vault", &mut vault), ("memory", &mut memory)];
    for (name, store) in stores {
        for (list, allow_list) in [("allow list", true), ("no list", false)] {
            let request = request(allow_list);
            group.bench_function(format!("latchkey, {name}, {list}"), |bencher| {
                bencher.iter(|| sign_in(&authenticator, black_box(&request), store));
            });
        }
    }

    let mut peer = peer::new();
    group.bench_function("passkey-authenticator, allow list", |bencher| {
        bencher.iter_batched(
            peer::request,
            |request| peer::sign_in(&mut peer, black_box(request)),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

criterion_group!(name = processor; config = Criterion::default().with_measurement(CpuTime); targets = get_assertion);

fn main() {
    if stores::is_filler() {
        return;
    }
    processor();
    Criterion::default().configure_from_args().final_summary();
}
