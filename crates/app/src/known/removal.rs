//! Taking a vault away, and nothing that is not the vault's.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use latchkey_crypto::vault::VaultId;
use rustix::{
    fs::{FlockOperation, Mode, OFlags, flock, open},
    io::Errno,
};

use super::KnownVaultsError;

const LOCK: &str = "lock";
const SNAPSHOTS: &str = "snapshots";
/// What holds the wrapped keys: without them all else is noise, so they go first.
const HEADERS: [&str; 4] = ["header", "header.new", "header.previous", "header.previous.new"];
/// The other files of a vault (`crates/vault`, `folder/mod.rs`).
const FILES: [&str; 4] = ["db.seal", "db.seal.new", "journal", "journal.new"];
/// Folders with nothing in them but the vault's: the storage engine's, and those kept for repair.
const FOLDERS: [&str; 4] = ["db", "db.trial", "db.new", "set-aside"];

/// What became of a vault's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// What lies in it and is not the vault's, so that the folder stays.
    pub foreign: Vec<PathBuf>,
}

/// A vault that no other process can open while this lives.
#[derive(Debug)]
pub(super) struct Held(#[expect(dead_code, reason = "the open file is the hold")] File);

/// Takes the vault's lock, as whoever opens it does.
pub(super) fn hold(folder: &Path) -> Result<Held, KnownVaultsError> {
    let path = folder.join(LOCK);
    let unwritable = |errno: Errno| KnownVaultsError::Unwritable { path: path.clone(), source: errno.into() };
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = open(&path, flags, Mode::RUSR | Mode::WUSR).map_err(unwritable)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Held(file.into())),
        Err(Errno::WOULDBLOCK) => Err(KnownVaultsError::InUse),
        Err(errno) => Err(unwritable(errno)),
    }
}

/// Removes the vault's files from a folder, and the folder if nothing is left in it.
pub(super) fn remove(folder: &Path) -> Result<Removed, KnownVaultsError> {
    let held = hold(folder)?;
    let unwritable = |source| KnownVaultsError::Unwritable { path: folder.to_owned(), source };
    let removed = remove_files(folder).map_err(unwritable)?;
    drop(held);
    Ok(removed)
}

fn remove_files(folder: &Path) -> io::Result<Removed> {
    let snapshots = folder.join(SNAPSHOTS);
    for header in HEADERS {
        remove_file(&folder.join(header))?;
        remove_file(&snapshots.join(header))?;
    }
    sync(folder)?;
    for name in FOLDERS {
        remove_folder(&folder.join(name))?;
    }
    for name in FILES {
        remove_file(&folder.join(name))?;
    }
    for path in entries(&snapshots)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.trim_end_matches(".new").ends_with(".snapshot") || name.ends_with(".journal") {
            remove_file(&path)?;
        }
    }
    remove_if_empty(&snapshots);
    remove_file(&folder.join(LOCK))?;
    // A medium's own folder stays, and so does one that is not ours to take out of the folder above.
    remove_if_empty(folder);
    folder.parent().map_or(Ok(()), sync)?;
    let mut foreign = entries(folder)?;
    foreign.sort();
    Ok(Removed { foreign })
}

/// Takes away this machine's memory of a vault.
pub(super) fn forget_epoch(state: &Path, id: VaultId) -> Result<(), KnownVaultsError> {
    for name in [format!("{id}.epoch"), format!("{id}.epoch.new")] {
        let path = state.join(name);
        remove_file(&path).map_err(|source| KnownVaultsError::Unwritable { path, source })?;
    }
    Ok(())
}

fn remove_file(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        // A folder of this name is none of ours.
        Ok(facts) if !facts.is_dir() => fs::remove_file(path),
        Ok(_) => Ok(()),
        Err(error) if is_absent(&error) => Ok(()),
        Err(error) => Err(error),
    }
}

/// A link is not followed, and stays: it is none of ours.
fn remove_folder(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(facts) if facts.is_dir() => fs::remove_dir_all(path),
        Ok(_) => Ok(()),
        Err(error) if is_absent(&error) => Ok(()),
        Err(error) => Err(error),
    }
}

fn remove_if_empty(folder: &Path) {
    let _ = fs::remove_dir(folder);
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| entry.map(|entry| entry.path())).collect(),
        Err(error) if is_absent(&error) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
