use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use latchkey_crypto::cbor::{self, Value};
use latchkey_crypto::vault::{HeaderKeys, Sheet, VaultId};

use crate::folder::{create_file, create_private_folder, unfinished_path};

/// This machine's memory of the highest epoch it has seen of a vault, kept apart from the vault's folder.
///
/// A file `VAULT-ID.epoch` in the caller's state folder: the CBOR array `[epoch, code]`, the code HMAC-SHA-256
/// under a key of the vault's master key. Whoever brings back an old folder cannot lower it; who deletes it makes the
/// machine one that has never seen the vault. It is not synced on every commit: after a power cut it may lag, and then
/// notices less, never something false.
///
/// A new master key (`Vault::rekey`) cannot verify what was written under the one before, nor the other way round. The
/// epoch goes on across it, so what does not verify is compared all the same: a folder from before the new master key
/// is noticed on a machine that has seen it since, and a vault that got one elsewhere is taken, and told of. Who can
/// write here can therefore have a vault refused until its owner accepts it, and make a machine forget by writing a
/// low number; deleting the file does the latter anyway.
#[derive(Debug)]
pub(crate) struct Witness {
    path: PathBuf,
}

/// What it remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Memory {
    /// Nothing yet.
    None,
    /// The highest epoch seen.
    Seen(u64),
    /// An epoch that was not written under this master key.
    Foreign(u64),
    /// Something else.
    Unreadable,
}

impl Witness {
    pub(crate) fn at(state_folder: &Path, keys: &HeaderKeys) -> Self {
        Self { path: Self::path_in(state_folder, keys.vault()) }
    }

    /// Where the memory of a vault lies.
    pub(crate) fn path_in(state_folder: &Path, vault: VaultId) -> PathBuf {
        state_folder.join(format!("{vault}.epoch"))
    }

    pub(crate) fn recall(&self, keys: &HeaderKeys) -> Memory {
        match fs::read(&self.path) {
            Ok(bytes) => decode(&bytes, keys).unwrap_or(Memory::Unreadable),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Memory::None,
            Err(_) => Memory::Unreadable,
        }
    }

    pub(crate) fn remember(&self, keys: &HeaderKeys, epoch: u64) -> io::Result<()> {
        if let Some(folder) = self.path.parent() {
            create_private_folder(folder)?;
        }
        let new = unfinished_path(&self.path);
        let code = keys.code(Sheet::Witness, &epoch.to_be_bytes());
        let bytes = cbor::encode(&Value::array([epoch.into(), code.into()]));
        create_file(&new)?.write_all(&bytes)?;
        fs::rename(new, &self.path)
    }
}

fn decode(bytes: &[u8], keys: &HeaderKeys) -> Option<Memory> {
    let value = cbor::decode(bytes).ok()?;
    let [epoch, code] = value.as_array()? else { return None };
    let epoch = epoch.as_u64()?;
    let ours = keys.verifies(Sheet::Witness, &epoch.to_be_bytes(), code.as_bytes()?);
    Some(if ours { Memory::Seen(epoch) } else { Memory::Foreign(epoch) })
}

#[cfg(test)]
mod tests {
    use latchkey_crypto::vault::MasterKey;

    use super::*;
    use crate::testing::header_keys;

    #[test]
    fn remembers_for_one_vault_and_cannot_be_forged() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state/latchkey");
        let witness = Witness::at(&state, &header_keys());
        assert_eq!(witness.recall(&header_keys()), Memory::None);
        witness.remember(&header_keys(), 41).unwrap();
        assert_eq!(witness.recall(&header_keys()), Memory::Seen(41));

        let other_key = HeaderKeys::derive(&MasterKey::from_bytes([99; 32]), header_keys().vault());
        assert_eq!(witness.recall(&other_key), Memory::Foreign(41));
        let other_vault = HeaderKeys::derive(&MasterKey::from_bytes([1; 32]), VaultId::from_bytes([5; 16]));
        assert_eq!(Witness::at(&state, &other_vault).recall(&other_vault), Memory::None);

        let mut bytes = fs::read(&witness.path).unwrap();
        bytes[2] = 40;
        fs::write(&witness.path, bytes).unwrap();
        assert_eq!(witness.recall(&header_keys()), Memory::Foreign(40));
        fs::write(&witness.path, b"nonsense").unwrap();
        assert_eq!(witness.recall(&header_keys()), Memory::Unreadable);
    }
}
