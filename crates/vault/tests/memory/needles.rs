//! What is searched for.

use std::path::Path;

use argon2::{Algorithm as Argon2Kind, Argon2, Params, Version};
use getrandom::SysRng;
use hkdf::Hkdf;
use latchkey_crypto::cbor::{self, Value};
use latchkey_crypto::cose::{Algorithm, PrivateKey};
use latchkey_crypto::vault::{DataKey, HeaderKeys, Passphrase, RecordKind, SlotTable};
use latchkey_passkey::Seed;
use rand_core::UnwrapErr;
use sha2::{Digest, Sha256, Sha512};

/// A piece of a secret this long is as bad as all of it, and no accident.
pub(crate) const PIECE_LEN: usize = 16;

/// What kind of secret was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needle {
    /// The passphrase's text.
    Passphrase,
    /// Master key, what Argon2 made of the passphrase, slot key, data key.
    ToTheVault,
    /// The key of one kind of record.
    RecordKey,
    /// A passkey's private key, as stored or as computed with.
    PrivateKey,
    /// That of an RS256 passkey.
    RsaPrivateKey,
    /// A passkey's PRF seed.
    PrfSeed,
}

/// A piece of a secret.
pub(crate) struct Piece {
    pub(crate) needle: Needle,
    pub(crate) name: String,
    pub(crate) bytes: [u8; PIECE_LEN],
}

/// Everything that is searched for, in pieces.
#[derive(Default)]
pub(crate) struct Needles(pub(crate) Vec<Piece>);

impl Needles {
    /// The secrets of the vault itself, from its header and passphrase.
    pub(crate) fn of_vault(path: &Path, passphrase: &str) -> Self {
        let mut needles = Self::default();
        needles.add(Needle::Passphrase, "passphrase", passphrase.as_bytes());

        let body = header_body(path);
        let table = slot_table(path);
        let (master_key, _proof) = table.open(&Passphrase::new(passphrase).unwrap()).unwrap();
        let vault = table.vault();
        needles.add(Needle::ToTheVault, "master key", master_key.expose());
        let hashed = argon2_of(&table, passphrase);
        needles.add(Needle::ToTheVault, "Argon2's result", &hashed);
        let derive = |key: &[u8; 32], purpose: &str| {
            let mut derived = [0; 32];
            let info = ["latchkey/1 ", purpose].concat();
            Hkdf::<Sha256>::new(Some(vault.as_bytes()), key).expand(info.as_bytes(), &mut derived).unwrap();
            derived
        };
        needles.add(Needle::ToTheVault, "slot key", &derive(&hashed, "slot passphrase"));
        // An open vault keeps it: a rewrite draws a data key, and must not need a passphrase.
        needles.add(Needle::RecordKey, "wrapping key", &derive(master_key.expose(), "wrap data key"));

        // The first format has no data key of its own.
        let keys = HeaderKeys::derive(&master_key, vault);
        let wrapped = wrapped_keys(&body);
        let mut data_keys: Vec<DataKey> =
            wrapped.iter().flat_map(|wrapped| (1..=4).find_map(|n| keys.unwrap(n, wrapped))).collect();
        for data_key in &data_keys {
            needles.add(Needle::ToTheVault, "data key", data_key.expose());
        }
        if data_keys.is_empty() {
            data_keys.push(DataKey::of_first_format(&master_key));
        }
        for data_key in &data_keys {
            for purpose in PURPOSES {
                needles.add(Needle::RecordKey, purpose, &derive(data_key.expose(), purpose));
            }
        }
        // One for each kind: whoever adds a kind adds its purpose.
        assert!(RecordKind::ALL.len() <= PURPOSES.len());
        needles
    }

    /// The secrets of a passkey. Numbers are searched for in both byte orders.
    pub(crate) fn add_passkey(&mut self, private_key: &PrivateKey, seeds: &[Seed]) {
        let name = private_key.algorithm().name();
        let secret = private_key.to_bytes();
        let needle = match private_key.algorithm() {
            Algorithm::Rs256 => Needle::RsaPrivateKey,
            Algorithm::Es256 | Algorithm::EdDsa | Algorithm::Es384 => Needle::PrivateKey,
        };
        let (mut pieces, mut reversed) = (Self::default(), secret.to_vec());
        reversed.reverse();
        pieces.add(needle, &format!("{name} private key"), &secret);
        pieces.add(needle, &format!("{name} private key, last byte first"), &reversed);
        if private_key.algorithm() == Algorithm::EdDsa {
            let expanded = Sha512::digest(&secret);
            pieces.add(Needle::PrivateKey, &format!("{name} private key, expanded"), &expanded);
            // RFC 8032 §5.1.5: as a scalar, first and last byte are bent.
            pieces.add(Needle::PrivateKey, &format!("{name} private key, as a scalar"), &expanded[1..31]);
        }
        // What RS256 stores holds the public key, too, and what all such keys have in common.
        let public = private_key.public_key().encode();
        let other = PrivateKey::generate(private_key.algorithm(), &mut UnwrapErr(SysRng)).unwrap();
        let common = other.to_bytes();
        let is_public = |bytes: &[u8; PIECE_LEN]| {
            let mut turned = *bytes;
            turned.reverse();
            [public.as_slice(), &common]
                .iter()
                .flat_map(|known| known.windows(PIECE_LEN))
                .any(|window| window == bytes || window == turned)
        };
        self.0.extend(pieces.0.into_iter().filter(|piece| !is_public(&piece.bytes)));
        for seed in seeds {
            self.add(Needle::PrfSeed, &format!("{name} PRF seed"), seed.expose());
        }
    }

    fn add(&mut self, needle: Needle, name: &str, secret: &[u8]) {
        for (n, bytes) in secret.chunks_exact(PIECE_LEN).enumerate() {
            let bytes = bytes.try_into().unwrap();
            self.0.push(Piece { needle, name: format!("{name}, piece {n}"), bytes });
        }
    }
}

/// The purposes of record keys; each is fixed for good.
const PURPOSES: [&str; 12] = [
    "record passkey",
    "record passkey secret",
    "record history",
    "record site index",
    "record credential index",
    "record meta",
    "record manifest",
    "record snapshot piece",
    "record journal entry",
    "record tombstone",
    "record large blob",
    "record source raw",
];

/// The header's body: `{1: format, 2: slot table, …}`.
fn header_body(path: &Path) -> Value {
    let bytes = std::fs::read(path.join("header")).unwrap();
    let rest = bytes.strip_prefix(b"latchkey vault\n").unwrap();
    let outer = cbor::decode(&rest[..rest.len() - 32]).unwrap();
    cbor::decode(outer.as_array().unwrap()[0].as_bytes().unwrap()).unwrap()
}

/// The vault's key slots.
pub(crate) fn slot_table(path: &Path) -> SlotTable {
    SlotTable::decode(header_body(path).get(2).and_then(Value::as_bytes).unwrap()).unwrap()
}

/// Everything in the header that has the length of a wrapped data key.
fn wrapped_keys(value: &Value) -> Vec<Vec<u8>> {
    match value {
        Value::Bytes(bytes) if bytes.len() == DataKey::WRAPPED_LEN => vec![bytes.clone()],
        Value::Array(items) => items.iter().flat_map(wrapped_keys).collect(),
        Value::Map(entries) => entries.iter().flat_map(|(_, value)| wrapped_keys(value)).collect(),
        _ => Vec::new(),
    }
}

/// Argon2id with the parameters of the first slot.
fn argon2_of(table: &SlotTable, passphrase: &str) -> [u8; 32] {
    let outer = cbor::decode(&table.encode()).unwrap();
    let body = cbor::decode(outer.as_array().unwrap()[0].as_bytes().unwrap()).unwrap();
    let params = body.get(4).unwrap().as_array().unwrap()[0].get(3).unwrap();
    let [passes, memory_kib, lanes] =
        [1, 2, 3].map(|key| u32::try_from(params.get(key).and_then(Value::as_u64).unwrap()).unwrap());
    let params_of_argon2 = Params::new(memory_kib, passes, lanes, Some(32)).unwrap();
    let mut out = [0; 32];
    Argon2::new(Argon2Kind::Argon2id, Version::V0x13, params_of_argon2)
        .hash_password_into(passphrase.as_bytes(), params.get(4).and_then(Value::as_bytes).unwrap(), &mut out)
        .unwrap();
    out
}
