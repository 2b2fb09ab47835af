//! What could be gone back to.

use std::fs;
use std::path::Path;
use std::time::UNIX_EPOCH;

use latchkey_crypto::vault::{Passphrase, RecordKind, VaultKeys};
use latchkey_passkey::UnixSeconds;

use crate::backend::Tree;
use crate::folder::Folder;
use crate::restore::unlock_passphrase;
use crate::{OpenOptions, Vault, VaultError, snapshot};

/// A snapshot, as it is shown to whoever chooses one to restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotInfo {
    /// The commit that it was made at.
    pub epoch: u64,
    /// When. Of one that is damaged, or that a vault of an older format made: when its file was written last.
    pub made_at: Option<UnixSeconds>,
    /// How many passkeys it holds, those in the bin too. `None`: it is damaged, or sealed under another key.
    pub passkeys: Option<u64>,
}

impl Vault {
    /// The snapshots that are there, newest first, each read through. Those that a migration has kept are listed as
    /// not readable here; [`OpenOptions::snapshots`] reads them, too.
    pub fn snapshots(&self) -> Result<Vec<SnapshotInfo>, VaultError> {
        self.safeguards.as_ref().map_or(Ok(Vec::new()), |safeguards| list(&safeguards.folder, &[&self.keys]))
    }
}

impl OpenOptions {
    /// The snapshots of a vault that does not open, newest first, each read through, for
    /// [`OpenOptions::restore_snapshot`]. Changes nothing.
    pub fn snapshots(
        &self,
        folder: impl AsRef<Path>,
        passphrase: &Passphrase,
    ) -> Result<Vec<SnapshotInfo>, VaultError> {
        let folder = Folder::at(folder.as_ref());
        if !folder.holds_vault() {
            return Err(VaultError::NotFound);
        }
        let (keys, first_format) = unlock_passphrase(&folder, passphrase)?;
        list(&folder, &[&keys, &first_format])
    }
}

fn list(folder: &Folder, keys: &[&VaultKeys]) -> Result<Vec<SnapshotInfo>, VaultError> {
    let epochs = snapshot::list(folder)?.into_iter();
    Ok(epochs.map(|epoch| look_at(folder, epoch, keys)).collect())
}

fn look_at(folder: &Folder, epoch: u64, keys: &[&VaultKeys]) -> SnapshotInfo {
    let path = snapshot::path_of(folder, epoch);
    let passkeys = keys.iter().find_map(|keys| {
        let mut count = 0;
        let verified = snapshot::verify_and_see(&path, keys, &mut |row| {
            let is_passkey = row.tree == Tree::Record && row.key.first() == Some(&RecordKind::Passkey.code());
            count += u64::from(is_passkey);
        });
        verified.filter(|manifest| manifest.epoch == epoch).map(|_| count)
    });
    // What it says of itself is true if it has opened.
    let said = snapshot::head_of(&path).filter(|_| passkeys.is_some()).and_then(|head| head.made_at);
    let written = || {
        let modified = fs::metadata(&path).and_then(|facts| facts.modified()).ok()?;
        modified.duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs())
    };
    SnapshotInfo { epoch, made_at: said.or_else(written), passkeys }
}
