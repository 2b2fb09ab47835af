//! The handshake of a QR ceremony (KNpsk0), each side by itself, beside `snow` in the same run.
//!
//! A side is all that it does from its keys to a transport: for both implementations that includes a fresh ephemeral
//! key, and for the initiator the public key of its identity.
#![allow(clippy::unwrap_used, reason = "a bench: a panic is a failure here")]
#![allow(missing_docs, reason = "criterion's macros make public items without any")]

mod cpu_time;

use std::time::Duration;

use cpu_time::{CpuTime, now};
use criterion::{Criterion, criterion_group, criterion_main};
use getrandom::{SysRng, rand_core::UnwrapErr};
use latchkey_crypto::hybrid::{
    ClientIdentityKey, Psk,
    noise::{EphemeralKey, HANDSHAKE_MESSAGE_LEN, KnInitiator, KnResponder},
};
use snow::Builder;

const PROTOCOL: &str = "Noise_KNpsk0_P256_AESGCM_SHA256";
const PSK: [u8; 32] = [0x42; 32];

/// What one handshake cost each side.
struct Cost {
    initiator: Duration,
    responder: Duration,
}

/// Makes one handshake with itself.
type Handshake = fn() -> Cost;

fn ours() -> Cost {
    let mut rng = UnwrapErr(SysRng);
    let psk = Psk::from_bytes(PSK);
    let identity = ClientIdentityKey::generate(&mut rng);
    let public = identity.public();

    let began = now();
    let (initiator, hello) = KnInitiator::start(identity, &psk, EphemeralKey::generate(&mut rng));
    let said = now();
    let responder = KnResponder::new(&public, &psk);
    let (_, response) = responder.receive(&hello, EphemeralKey::generate(&mut rng)).unwrap();
    let responded = now();
    initiator.receive(&response).unwrap();
    let finished = now();
    Cost { initiator: (said - began) + (finished - responded), responder: responded - said }
}

fn snows() -> Cost {
    let builder = || Builder::new(PROTOCOL.parse().unwrap()).prologue(&[1]).unwrap().psk(0, &PSK).unwrap();
    let identity = builder().generate_keypair().unwrap();
    let (mut hello, mut response) = ([0; HANDSHAKE_MESSAGE_LEN], [0; HANDSHAKE_MESSAGE_LEN]);

    let began = now();
    let mut initiator = builder().local_private_key(&identity.private).unwrap().build_initiator().unwrap();
    initiator.write_message(&[], &mut hello).unwrap();
    let said = now();
    let mut responder = builder().remote_public_key(&identity.public).unwrap().build_responder().unwrap();
    responder.read_message(&hello, &mut []).unwrap();
    responder.write_message(&[], &mut response).unwrap();
    let _transport = responder.into_transport_mode().unwrap();
    let responded = now();
    initiator.read_message(&response, &mut []).unwrap();
    let _transport = initiator.into_transport_mode().unwrap();
    let finished = now();
    Cost { initiator: (said - began) + (finished - responded), responder: responded - said }
}

fn handshake(criterion: &mut Criterion<CpuTime>) {
    let mut group = criterion.benchmark_group("handshake");
    // Ours and the peer's one after the other: a machine that is shared may be slower a moment later.
    let whose: [(&str, Handshake); 2] = [("latchkey", ours), ("snow", snows)];
    for (name, handshake) in whose {
        group.bench_function(format!("initiator, {name}"), |bencher| {
            bencher.iter_custom(|iterations| (0..iterations).map(|_| handshake().initiator).sum());
        });
    }
    for (name, handshake) in whose {
        group.bench_function(format!("responder, {name}"), |bencher| {
            bencher.iter_custom(|iterations| (0..iterations).map(|_| handshake().responder).sum());
        });
    }
    group.finish();
}

criterion_group!(name = benches; config = Criterion::default().with_measurement(CpuTime); targets = handshake);
criterion_main!(benches);
