use chacha20poly1305::aead::inout::InOutBuf;
use chacha20poly1305::{AeadInOut, KeyInit, Tag, XChaCha20Poly1305, XNonce};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::key::Subkey;
use super::{VaultId, VaultKeys};

/// The first byte of every envelope.
const FORMAT: u8 = 1;
const VERSION_LEN: usize = 8;
const NONCE_LEN: usize = 24;
const TAG_LEN: usize = 16;
const HEAD_LEN: usize = 1 + VERSION_LEN + NONCE_LEN;

/// Plaintext is filled up to a multiple of this, so that its length tells little of the names in it.
const PADDING: usize = 64;

/// What a sealed record is. Each kind has a key of its own, and its code is bound into every envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecordKind {
    /// A passkey without its secrets: what is listed and searched.
    Passkey,
    /// A passkey's private key and PRF seeds.
    PasskeySecret,
    /// A line of history.
    History,
    /// A site's passkeys.
    SiteIndex,
    /// A credential ID's passkey.
    CredentialIndex,
    /// What the vault knows of itself.
    Meta,
    /// The manifest over all records.
    Manifest,
    /// A piece of a snapshot.
    SnapshotPiece,
    /// One commit in the journal.
    JournalEntry,
    /// That a passkey was purged.
    Tombstone,
    /// A piece of a passkey's large blob.
    LargeBlob,
    /// A piece of what a passkey was imported from.
    SourceRaw,
}

impl RecordKind {
    /// Every kind.
    pub const ALL: [RecordKind; 12] = [
        RecordKind::Passkey,
        RecordKind::PasskeySecret,
        RecordKind::History,
        RecordKind::SiteIndex,
        RecordKind::CredentialIndex,
        RecordKind::Meta,
        RecordKind::Manifest,
        RecordKind::SnapshotPiece,
        RecordKind::JournalEntry,
        RecordKind::Tombstone,
        RecordKind::LargeBlob,
        RecordKind::SourceRaw,
    ];

    /// The code in envelopes and journals. Fixed for good.
    pub fn code(self) -> u8 {
        match self {
            RecordKind::Passkey => 1,
            RecordKind::PasskeySecret => 2,
            RecordKind::History => 3,
            RecordKind::SiteIndex => 4,
            RecordKind::CredentialIndex => 5,
            RecordKind::Meta => 6,
            RecordKind::Manifest => 7,
            RecordKind::SnapshotPiece => 8,
            RecordKind::JournalEntry => 9,
            RecordKind::Tombstone => 10,
            RecordKind::LargeBlob => 11,
            RecordKind::SourceRaw => 12,
        }
    }

    /// The kind of a code, if this version knows it.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// The purpose from which its key is derived. Fixed for good.
    pub(super) fn purpose(self) -> &'static str {
        match self {
            RecordKind::Passkey => "record passkey",
            RecordKind::PasskeySecret => "record passkey secret",
            RecordKind::History => "record history",
            RecordKind::SiteIndex => "record site index",
            RecordKind::CredentialIndex => "record credential index",
            RecordKind::Meta => "record meta",
            RecordKind::Manifest => "record manifest",
            RecordKind::SnapshotPiece => "record snapshot piece",
            RecordKind::JournalEntry => "record journal entry",
            RecordKind::Tombstone => "record tombstone",
            RecordKind::LargeBlob => "record large blob",
            RecordKind::SourceRaw => "record source raw",
        }
    }
}

/// Why an envelope does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// It is changed, or belongs to another place, version or vault: which of these is not told apart.
    #[error("record does not open")]
    DoesNotOpen,
    /// Written by a later version.
    #[error("record has format {format}, expected {FORMAT}")]
    TooNew {
        /// The format found.
        format: u8,
    },
    /// No cipher takes that much at once.
    #[error("record is too long to seal")]
    TooLong,
}

/// A record that was opened.
#[derive(Debug)]
pub struct Opened {
    /// Its version: 1 when it was first written, one more with each change.
    pub version: u64,
    /// Its content.
    pub plaintext: Zeroizing<Vec<u8>>,
}

/// The version that an envelope claims; true once the envelope has opened.
pub fn claimed_version(envelope: &[u8]) -> Option<u64> {
    let (_, rest) = envelope.split_first()?;
    rest.first_chunk::<VERSION_LEN>().map(|bytes| u64::from_be_bytes(*bytes))
}

impl VaultKeys {
    /// Seals a record for one place: kind, id and version, in this vault.
    ///
    /// The envelope is `format (1 byte) ‖ version (8, big-endian) ‖ nonce (24) ‖ ciphertext ‖ tag (16)` of
    /// XChaCha20-Poly1305, the plaintext followed by 0x80 and zeros up to a multiple of 64 bytes.
    pub fn seal(
        &self,
        kind: RecordKind,
        id: &[u8],
        version: u64,
        plaintext: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, RecordError> {
        let mut nonce = [0; NONCE_LEN];
        rng.fill_bytes(&mut nonce);
        let padded_len = (plaintext.len() + 1).next_multiple_of(PADDING);
        // Sealed in place in a buffer of its final size: no copy of the plaintext stays behind.
        let mut envelope = Vec::with_capacity(HEAD_LEN + padded_len + TAG_LEN);
        envelope.push(FORMAT);
        envelope.extend_from_slice(&version.to_be_bytes());
        envelope.extend_from_slice(&nonce);
        envelope.extend_from_slice(plaintext);
        envelope.push(0x80);
        envelope.resize(HEAD_LEN + padded_len, 0);
        let content = envelope.get_mut(HEAD_LEN..).unwrap_or_default();
        let tag = cipher(self.kind_key(kind))
            .encrypt_inout_detached(
                &XNonce::from(nonce),
                &bound(&self.vault(), kind, id, version),
                InOutBuf::from(content),
            )
            .map_err(|_| RecordError::TooLong)?;
        envelope.extend_from_slice(&tag);
        Ok(envelope)
    }

    /// Opens an envelope that was found at a place.
    pub fn open(&self, kind: RecordKind, id: &[u8], envelope: &[u8]) -> Result<Opened, RecordError> {
        match envelope.first() {
            Some(&FORMAT) => {}
            Some(&format) if format > FORMAT => return Err(RecordError::TooNew { format }),
            _ => return Err(RecordError::DoesNotOpen),
        }
        let version = claimed_version(envelope).ok_or(RecordError::DoesNotOpen)?;
        let nonce = envelope.get(1 + VERSION_LEN..).and_then(|rest| rest.first_chunk::<NONCE_LEN>());
        let sealed = envelope.get(HEAD_LEN..).and_then(|rest| rest.split_last_chunk::<TAG_LEN>());
        let (Some(nonce), Some((ciphertext, tag))) = (nonce, sealed) else {
            return Err(RecordError::DoesNotOpen);
        };
        let mut plaintext = Zeroizing::new(ciphertext.to_vec());
        cipher(self.kind_key(kind))
            .decrypt_inout_detached(
                &XNonce::from(*nonce),
                &bound(&self.vault(), kind, id, version),
                InOutBuf::from(plaintext.as_mut_slice()),
                &Tag::from(*tag),
            )
            .map_err(|_| RecordError::DoesNotOpen)?;
        let end = plaintext.iter().rposition(|&byte| byte != 0).unwrap_or(0);
        if plaintext.get(end) != Some(&0x80) {
            return Err(RecordError::DoesNotOpen);
        }
        plaintext.truncate(end);
        Ok(Opened { version, plaintext })
    }
}

fn cipher(key: &Subkey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.expose().into())
}

/// What an envelope is bound to: label ‖ vault id (16) ‖ kind (1) ‖ version (8, big-endian) ‖ id (the rest).
fn bound(vault: &VaultId, kind: RecordKind, id: &[u8], version: u64) -> Vec<u8> {
    [b"latchkey/1 record".as_slice(), vault.as_bytes(), &[kind.code()], &version.to_be_bytes(), id].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::Counting;
    use super::super::{DataKey, VaultId};
    use super::*;

    fn keys(master: u8, vault: u8) -> VaultKeys {
        VaultKeys::of(&DataKey::from_bytes([master; 32]), VaultId::from_bytes([vault; 16]))
    }

    fn sealed() -> Vec<u8> {
        keys(1, 1).seal(RecordKind::Passkey, b"id", 3, b"content", &mut Counting(0)).unwrap()
    }

    #[test]
    fn opens_only_where_it_belongs() {
        let envelope = sealed();
        let opened = keys(1, 1).open(RecordKind::Passkey, b"id", &envelope).unwrap();
        assert_eq!((opened.version, opened.plaintext.as_slice()), (3, b"content".as_slice()));
        for (keys, kind, id) in [
            (keys(2, 1), RecordKind::Passkey, b"id".as_slice()),
            (keys(1, 2), RecordKind::Passkey, b"id"),
            (keys(1, 1), RecordKind::PasskeySecret, b"id"),
            (keys(1, 1), RecordKind::Passkey, b"ie"),
            (keys(1, 1), RecordKind::Passkey, b""),
        ] {
            assert_eq!(keys.open(kind, id, &envelope).unwrap_err(), RecordError::DoesNotOpen);
        }
    }

    #[test]
    fn a_version_cannot_be_claimed() {
        let mut envelope = sealed();
        envelope[8] = 4;
        assert_eq!(claimed_version(&envelope), Some(4));
        let result = keys(1, 1).open(RecordKind::Passkey, b"id", &envelope);
        assert_eq!(result.unwrap_err(), RecordError::DoesNotOpen);
    }

    #[test]
    fn every_bit_counts() {
        let envelope = sealed();
        for position in 0..envelope.len() {
            let mut changed = envelope.clone();
            changed[position] ^= 0x10;
            assert!(keys(1, 1).open(RecordKind::Passkey, b"id", &changed).is_err(), "byte {position}");
            assert!(keys(1, 1).open(RecordKind::Passkey, b"id", &envelope[..position]).is_err());
        }
    }

    #[test]
    fn a_later_format_is_named() {
        let mut envelope = sealed();
        envelope[0] = 2;
        let result = keys(1, 1).open(RecordKind::Passkey, b"id", &envelope);
        assert_eq!(result.unwrap_err(), RecordError::TooNew { format: 2 });
    }

    #[test]
    fn lengths_come_in_steps() {
        let len =
            |n| keys(1, 1).seal(RecordKind::Passkey, b"", 1, &vec![0; n], &mut Counting(0)).unwrap().len();
        assert_eq!(len(0), HEAD_LEN + 64 + TAG_LEN);
        assert_eq!(len(0), len(63));
        assert_eq!(len(64), len(127));
        assert_eq!(len(64), len(0) + 64);
    }

    #[test]
    fn codes_and_purposes_are_all_different() {
        for kind in RecordKind::ALL {
            assert_eq!(RecordKind::from_code(kind.code()), Some(kind));
            assert_eq!(RecordKind::ALL.iter().filter(|other| other.purpose() == kind.purpose()).count(), 1);
        }
        assert_eq!(RecordKind::from_code(0), None);
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens(content in proptest::collection::vec(any::<u8>(), 0..300), id: [u8; 16], version: u64) {
            let envelope = keys(1, 1).seal(RecordKind::History, &id, version, &content, &mut Counting(0)).unwrap();
            let opened = keys(1, 1).open(RecordKind::History, &id, &envelope).unwrap();
            prop_assert_eq!((opened.version, &*opened.plaintext), (version, &content));
        }

        #[test]
        fn any_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(keys(1, 1).open(RecordKind::Passkey, b"id", &bytes).is_err());
            let _ = claimed_version(&bytes);
        }
    }
}
