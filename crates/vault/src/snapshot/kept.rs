//! The snapshots that a folder keeps: found, chosen, deleted.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use latchkey_crypto::vault::VaultKeys;

use super::{GENERATIONS, UNFINISHED, head_of, verify};
use crate::VaultError;
use crate::error::cannot;
use crate::folder::{Folder, files_in, sync_folder};

/// The epochs of the snapshots in a folder, newest first.
pub(crate) fn list(folder: &Folder) -> Result<Vec<u64>, VaultError> {
    let files =
        files_in(&folder.snapshots()).map_err(cannot("list the snapshots in", &folder.snapshots()))?;
    let mut epochs: Vec<u64> = files.iter().filter_map(|path| epoch_of(path, "snapshot")).collect();
    epochs.sort_unstable_by(|a, b| b.cmp(a));
    Ok(epochs)
}

/// The epoch of the newest snapshot that a vault can be restored from.
pub(crate) fn newest_good(folder: &Folder, keys: &VaultKeys) -> Result<Option<u64>, VaultError> {
    let good =
        |epoch: &u64| verify(&path_of(folder, *epoch), keys).is_some_and(|manifest| manifest.epoch == *epoch);
    Ok(list(folder)?.into_iter().find(good))
}

/// Deletes the snapshots of the first format and what is left of one that was cut short: each holds a header, and so a
/// slot table.
pub(crate) fn remove_those_with_header(folder: &Folder) -> io::Result<()> {
    let first = |path: &PathBuf| {
        epoch_of(path, "snapshot").is_some() && head_of(path).is_none_or(|head| head.made_at.is_none())
    };
    for path in files_in(&folder.snapshots())?.iter().filter(|path| first(path)) {
        fs::remove_file(path)?;
    }
    remove_unfinished(folder)?;
    sync_folder(&folder.snapshots())
}

/// Deletes every snapshot but one, and all journals: none of them opens under the data key any more.
pub(crate) fn remove_all_but(folder: &Folder, epoch: u64) -> io::Result<()> {
    for path in files_in(&folder.snapshots())? {
        let other = epoch_of(&path, "snapshot").is_some_and(|found| found != epoch);
        if other || epoch_of(&path, "journal").is_some() {
            fs::remove_file(&path)?;
        }
    }
    remove_unfinished(folder)?;
    sync_folder(&folder.snapshots())
}

/// Removes what is left of a snapshot that was cut short.
pub(crate) fn remove_unfinished(folder: &Folder) -> io::Result<()> {
    match fs::remove_file(folder.snapshots().join(UNFINISHED)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Deletes the snapshots, and the journals after them, that are older than the newest [`GENERATIONS`].
///
/// The newest good one stays however old it is, with the journals since: while a damaged record is not restored,
/// every new snapshot holds the damage, and in the end there would be nothing left to restore from.
pub(crate) fn prune(folder: &Folder, keys: &VaultKeys) -> Result<(), VaultError> {
    let Some(oldest) = list(folder)?.get(GENERATIONS - 1).copied() else { return Ok(()) };
    let good = newest_good(folder, keys)?.unwrap_or(oldest);
    let snapshots = folder.snapshots();
    let failed = || cannot("delete old snapshots in", &snapshots);
    for path in files_in(&snapshots).map_err(failed())? {
        let old_snapshot = epoch_of(&path, "snapshot").is_some_and(|epoch| epoch < oldest && epoch != good);
        let old_journal = epoch_of(&path, "journal").is_some_and(|epoch| epoch < oldest.min(good));
        if old_snapshot || old_journal {
            fs::remove_file(&path).map_err(failed())?;
        }
    }
    Ok(())
}

/// Where the snapshot of an epoch lies. Twenty digits, so that names sort as numbers do.
pub(crate) fn path_of(folder: &Folder, epoch: u64) -> PathBuf {
    folder.snapshots().join(format!("{epoch:020}.snapshot"))
}

/// Where the journal that followed a snapshot is kept once a newer snapshot is there.
pub(crate) fn journal_path_of(folder: &Folder, epoch: u64) -> PathBuf {
    folder.snapshots().join(format!("{epoch:020}.journal"))
}

fn epoch_of(path: &Path, extension: &str) -> Option<u64> {
    let digits = path.file_stem()?.to_str()?;
    let is_ours = path.extension()? == extension && digits.len() == 20;
    digits.parse().ok().filter(|_| is_ours)
}
