use std::fmt;

use zeroize::ZeroizeOnDrop;

use super::DataKey;
use super::key::{MacKey, Subkey, VaultId};
use super::record::RecordKind;

/// Every key that an open vault's store works with, derived once from the data key, which is then no longer needed.
pub struct VaultKeys {
    vault: VaultId,
    kinds: [Subkey; RecordKind::ALL.len()],
    site_index: MacKey,
    credential_index: MacKey,
    pseudonym: MacKey,
    pub(super) manifest: MacKey,
}

/// What an index leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Index {
    /// From an RP ID to the passkeys of the site.
    Site,
    /// From an RP ID and a credential ID to the passkey.
    Credential,
    /// From a passkey's id to a name for it that only the holder of the key can make.
    Pseudonym,
}

impl VaultKeys {
    /// Derives all of them: HKDF-SHA-256, salt = vault id, info = the purpose of each.
    pub fn of(data_key: &DataKey, vault: VaultId) -> Self {
        let mac = |purpose| MacKey::new(&data_key.derive(&vault, purpose));
        Self {
            vault,
            kinds: RecordKind::ALL.map(|kind| data_key.derive(&vault, kind.purpose())),
            site_index: mac("index site"),
            credential_index: mac("index credential"),
            pseudonym: mac("index pseudonym"),
            manifest: mac("manifest"),
        }
    }

    /// The vault that they belong to.
    pub fn vault(&self) -> VaultId {
        self.vault
    }

    /// The key of an index entry: 32 bytes of HMAC-SHA-256 over the parts, each with its length before it.
    ///
    /// Without the key nobody can tell a site from it, nor try a list of sites.
    pub fn index(&self, index: Index, parts: &[&[u8]]) -> [u8; 32] {
        let key = match index {
            Index::Site => &self.site_index,
            Index::Credential => &self.credential_index,
            Index::Pseudonym => &self.pseudonym,
        };
        let lengths: Vec<[u8; 8]> = parts.iter().map(|part| length(part)).collect();
        let framed: Vec<&[u8]> =
            lengths.iter().zip(parts).flat_map(|(len, part)| [len.as_slice(), part]).collect();
        key.mac(&framed)
    }

    pub(super) fn kind_key(&self, kind: RecordKind) -> &Subkey {
        let [passkey, secret, history, site, credential, meta, manifest, snapshot, journal, rest @ ..] =
            &self.kinds;
        let [tombstone, large_blob, source_raw] = rest;
        match kind {
            RecordKind::Passkey => passkey,
            RecordKind::PasskeySecret => secret,
            RecordKind::History => history,
            RecordKind::SiteIndex => site,
            RecordKind::CredentialIndex => credential,
            RecordKind::Meta => meta,
            RecordKind::Manifest => manifest,
            RecordKind::SnapshotPiece => snapshot,
            RecordKind::JournalEntry => journal,
            RecordKind::Tombstone => tombstone,
            RecordKind::LargeBlob => large_blob,
            RecordKind::SourceRaw => source_raw,
        }
    }
}

/// Nothing in it but keys, each of which is wiped by its own type.
impl ZeroizeOnDrop for VaultKeys {}

impl fmt::Debug for VaultKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VaultKeys(redacted)")
    }
}

/// A part's length, 8 bytes, big-endian.
pub(super) fn length(part: &[u8]) -> [u8; 8] {
    u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::vault::MasterKey;

    fn keys() -> VaultKeys {
        VaultKeys::of(&DataKey::from_bytes([1; 32]), VaultId::from_bytes([2; 16]))
    }

    #[test]
    fn no_two_kinds_share_a_key() {
        let keys = keys();
        let all: HashSet<_> = RecordKind::ALL.iter().map(|kind| *keys.kind_key(*kind).expose()).collect();
        assert_eq!(all.len(), RecordKind::ALL.len());
        for kind in RecordKind::ALL {
            let expected = DataKey::from_bytes([1; 32]).derive(&keys.vault(), kind.purpose());
            assert_eq!(keys.kind_key(kind).expose(), expected.expose());
        }
    }

    #[test]
    fn all_keys_lie_where_they_are_put() {
        let keys = crate::secret::Locked::build(keys);
        let place = std::ptr::from_ref::<VaultKeys>(&keys).addr();
        for kind in RecordKind::ALL {
            let key = keys.kind_key(kind).expose().as_ptr().addr();
            assert!((place..place + size_of::<VaultKeys>()).contains(&key), "{kind:?}");
        }
    }

    #[test]
    fn index_keys_tell_parts_and_indexes_apart() {
        let keys = keys();
        let all: HashSet<_> = [
            keys.index(Index::Site, &[b"ab"]),
            keys.index(Index::Credential, &[b"ab"]),
            keys.index(Index::Pseudonym, &[b"ab"]),
            keys.index(Index::Credential, &[b"a", b"b"]),
            keys.index(Index::Credential, &[b"", b"ab"]),
            keys.index(Index::Credential, &[b"ab", b""]),
        ]
        .into();
        assert_eq!(all.len(), 6);
    }

    /// The first format had no data key: what it sealed opens with keys straight from the master key.
    #[test]
    fn a_vault_of_the_first_format_has_the_master_keys_own() {
        let (master_key, vault) = (MasterKey::from_bytes([1; 32]), VaultId::from_bytes([2; 16]));
        let keys = VaultKeys::of(&DataKey::of_first_format(&master_key), vault);
        for kind in RecordKind::ALL {
            let expected = master_key.derive(&vault, kind.purpose());
            assert_eq!(keys.kind_key(kind).expose(), expected.expose());
        }
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(format!("{:?}", keys()), "VaultKeys(redacted)");
    }
}
