use aes_gcm::{Aes256Gcm, KeyInit, aead::AeadInOut};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{Established, HandshakeHash, NoiseError};
use crate::hybrid::{
    Psk, Transport,
    derive::hkdf,
    point::{Point, UNCOMPRESSED_LEN},
};

pub(super) const TAG_LEN: usize = 16;

/// A name that Noise takes as the first hash: not hashed itself, as it fits 32 bytes.
pub(super) struct Protocol {
    pub(super) name: &'static [u8; 31],
    pub(super) prologue: u8,
}

/// The running state of a handshake: a hash of what was seen, a chaining key, and the cipher's key.
///
/// A PSK is mixed in at the start and a further key before every encryption, so there always is a cipher key and
/// its nonce always is 0.
pub(super) struct SymmetricState {
    hash: [u8; 32],
    chaining_key: Zeroizing<[u8; 32]>,
    cipher_key: Zeroizing<[u8; 32]>,
}

impl SymmetricState {
    /// Prologue, the static key that both ends know before, and the token `psk`.
    pub(super) fn new(protocol: &Protocol, known_static: &Point, psk: &Psk) -> Self {
        let mut state = Self {
            hash: initial_hash(protocol, &known_static.uncompressed()),
            chaining_key: Zeroizing::new(padded(protocol.name)),
            cipher_key: Zeroizing::new([0; 32]),
        };
        let [hash_input, cipher_key] = state.mix(psk.expose());
        state.mix_hash(hash_input.as_slice());
        state.cipher_key = cipher_key;
        state
    }

    /// The token `e`, of either end: hashed, and as there is a PSK also mixed into the keys.
    pub(super) fn mix_ephemeral(&mut self, encoded: &[u8; UNCOMPRESSED_LEN]) {
        self.mix_hash(encoded);
        self.mix_key(encoded);
    }

    /// The tokens `ee`, `es`, `se`: the X coordinate of an agreed point is mixed into the keys.
    pub(super) fn mix_key(&mut self, input: &[u8]) {
        let derived = hkdf::<64>(input, self.chaining_key.as_slice(), &[]);
        let [chaining_key, cipher_key] = pieces(&derived);
        self.chaining_key = chaining_key;
        self.cipher_key = cipher_key;
    }

    /// Encrypts an empty payload: its tag.
    #[expect(clippy::expect_used, reason = "the only error is a message beyond 2^36 bytes")]
    pub(super) fn seal_empty(&mut self) -> [u8; TAG_LEN] {
        let tag: [u8; TAG_LEN] = Aes256Gcm::new((&*self.cipher_key).into())
            .encrypt_inout_detached(&[0; 12].into(), &self.hash, (&mut [][..]).into())
            .expect("nothing to encrypt is not too much")
            .into();
        self.mix_hash(&tag);
        tag
    }

    /// Checks the tag of an empty payload, in constant time.
    pub(super) fn open_empty(&mut self, tag: &[u8; TAG_LEN]) -> Result<(), NoiseError> {
        Aes256Gcm::new((&*self.cipher_key).into())
            .decrypt_inout_detached(&[0; 12].into(), &self.hash, (&mut [][..]).into(), tag.into())
            .map_err(|_| NoiseError::Decrypt)?;
        self.mix_hash(tag);
        Ok(())
    }

    /// The end, at the client: it seals with the first key.
    pub(super) fn into_initiator(self) -> Established {
        let [to_authenticator, to_client] = self.split();
        Established {
            transport: Transport::new(&to_authenticator, &to_client),
            handshake_hash: HandshakeHash(self.hash),
        }
    }

    /// The end, at the authenticator: it seals with the second key.
    pub(super) fn into_responder(self) -> Established {
        let [to_authenticator, to_client] = self.split();
        Established {
            transport: Transport::new(&to_client, &to_authenticator),
            handshake_hash: HandshakeHash(self.hash),
        }
    }

    fn split(&self) -> [Zeroizing<[u8; 32]>; 2] {
        pieces(&hkdf::<64>(&[], self.chaining_key.as_slice(), &[]))
    }

    /// The token `psk`: new chaining key, and two more outputs (hash input, cipher key).
    fn mix(&mut self, input: &[u8]) -> [Zeroizing<[u8; 32]>; 2] {
        let derived = hkdf::<96>(input, self.chaining_key.as_slice(), &[]);
        let [chaining_key, hash_input, cipher_key] = pieces(&derived);
        self.chaining_key = chaining_key;
        [hash_input, cipher_key]
    }

    fn mix_hash(&mut self, data: &[u8]) {
        self.hash = chained(&self.hash, data);
    }
}

fn initial_hash(protocol: &Protocol, known_static: &[u8; UNCOMPRESSED_LEN]) -> [u8; 32] {
    chained(&chained(&padded(protocol.name), &[protocol.prologue]), known_static)
}

fn chained(hash: &[u8; 32], data: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(hash).chain_update(data).finalize().into()
}

fn padded(name: &[u8; 31]) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.iter_mut().zip(name).for_each(|(to, from)| *to = *from);
    bytes
}

/// Cuts derived bytes into keys of 32.
fn pieces<const N: usize, const BYTES: usize>(derived: &[u8; BYTES]) -> [Zeroizing<[u8; 32]>; N] {
    const { assert!(BYTES == N * 32) };
    let mut keys = std::array::from_fn(|_| Zeroizing::new([0; 32]));
    keys.iter_mut().zip(derived.chunks_exact(32)).for_each(|(key, chunk)| key.copy_from_slice(chunk));
    keys
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::{kn, nk};
    use super::*;
    use crate::hybrid::point::Scalar;
    use crate::hybrid::vectors::{array, text, vectors};

    fn key(all: &Value, name: &str) -> Scalar {
        let entry = &all["noise"]["keys"][name];
        let scalar = Scalar::from_bytes(&array(&entry["private"])).unwrap();
        assert_eq!(scalar.point().uncompressed(), array(&entry["public"]));
        assert_eq!(scalar.point().compressed(), array(&entry["compressed"]));
        scalar
    }

    /// Runs a trace of the vectors token by token, at the client, and compares the state after each.
    fn follow(protocol: &Protocol, pattern: &str, known_static: &Scalar) {
        let all = vectors();
        let [client_e, auth_e] = ["client_ephemeral", "auth_ephemeral"].map(|name| key(&all, name));
        let entry = &all["noise"][pattern];
        assert_eq!(text(&entry["protocol_name"]).as_bytes(), protocol.name);
        assert_eq!([protocol.prologue], array(&entry["prologue"]));
        let (message1, message2): ([u8; 81], [u8; 81]) =
            (array(&entry["message1"]), array(&entry["message2"]));

        let psk = Psk::from_bytes(array(&entry["psk"]));
        let mut state = SymmetricState::new(protocol, &known_static.point(), &psk);
        for step in entry["initiator_trace"].as_array().unwrap() {
            match text(&step["op"]) {
                "prologue+premessage" => {
                    let hash = initial_hash(protocol, &known_static.point().uncompressed());
                    assert_eq!(hash, array(&step["h"]));
                    assert_eq!(padded(protocol.name), array(&step["ck"]));
                    assert!(step["k"].is_null());
                    continue;
                }
                "psk" => {}
                "e" => state.mix_ephemeral(&client_e.point().uncompressed()),
                "es" => state.mix_key(client_e.agree(&known_static.point()).as_slice()),
                "payload1" => assert_eq!(state.seal_empty(), message1[65..]),
                "re" => state.mix_ephemeral(&auth_e.point().uncompressed()),
                "ee" => state.mix_key(client_e.agree(&auth_e.point()).as_slice()),
                "se" => state.mix_key(known_static.agree(&auth_e.point()).as_slice()),
                "payload2" => state.open_empty(message2[65..].try_into().unwrap()).unwrap(),
                other => panic!("{other}"),
            }
            assert_eq!(state.hash, array(&step["h"]), "{step}");
            assert_eq!(*state.chaining_key, array(&step["ck"]), "{step}");
            assert_eq!(*state.cipher_key, array(&step["k"]), "{step}");
        }

        assert_eq!(state.hash, array(&entry["handshake_hash"]));
        let [to_authenticator, to_client] = state.split();
        assert_eq!(*to_authenticator, array(&entry["client_to_authenticator_key"]));
        assert_eq!(*to_client, array(&entry["authenticator_to_client_key"]));
    }

    #[test]
    fn kn_trace_of_the_vectors() {
        follow(&kn::PROTOCOL, "KNpsk0", &key(&vectors(), "client_identity"));
    }

    #[test]
    fn nk_trace_of_the_vectors() {
        follow(&nk::PROTOCOL, "NKpsk0", &key(&vectors(), "auth_identity"));
    }
}
