//! Where a vault's files lie, and how they are written.

mod durable;
mod lock;
mod stores;

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) use durable::{
    create_file, replace, replace_keeping_previous, sync_file, sync_folder, sync_way_to, unfinished_path,
};
pub(crate) use lock::Lock;
pub(crate) use stores::{copy_store, files_of_store, new_store_in, store_in};

use crate::VaultError;
use crate::error::cannot;

/// A change is refused while less than this is free, before anything is touched: the engine cannot go on after a
/// full disk has cut it short.
const LEAST_FREE_BYTES: u64 = 8 * 1024 * 1024;

/// A vault's folder.
///
/// ```text
/// header, header.previous   key slots, data key and epoch, two generations
/// lock                      held by the one process that has the vault open
/// db/GENERATION/            the storage engine's own, under the data key of that generation
/// db.seal                   how it was when it was last closed
/// journal                   every commit since the newest snapshot
/// snapshots/                EPOCH.snapshot, and EPOCH.journal with the commits that followed it
/// snapshots/header          the third copy of the header
/// set-aside/                databases that were found damaged, as they were
/// ```
#[derive(Debug, Clone)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn header(&self) -> PathBuf {
        self.0.join("header")
    }

    pub(crate) fn previous_header(&self) -> PathBuf {
        self.0.join("header.previous")
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.0.join("lock")
    }

    /// The third copy of the header.
    pub(crate) fn third_header(&self) -> PathBuf {
        self.snapshots().join("header")
    }

    /// Where the stores lie.
    pub(crate) fn stores(&self) -> PathBuf {
        self.0.join("db")
    }

    /// Where the store of a generation lies: in a folder of its own, that of the first format beside those.
    pub(crate) fn db(&self, generation: u64) -> PathBuf {
        store_in(&self.stores(), generation)
    }

    /// How the store was when it was last closed.
    pub(crate) fn seal(&self) -> PathBuf {
        self.0.join("db.seal")
    }

    /// Where a copy of the store is tried.
    pub(crate) fn trial_db(&self) -> PathBuf {
        self.0.join("db.trial")
    }

    /// Where a restore builds the new store, as it will lie in [`Folder::stores`].
    pub(crate) fn new_stores(&self) -> PathBuf {
        self.0.join("db.new")
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.0.join("journal")
    }

    pub(crate) fn snapshots(&self) -> PathBuf {
        self.0.join("snapshots")
    }

    pub(crate) fn set_aside(&self) -> PathBuf {
        self.0.join("set-aside")
    }

    /// A place in there that is not taken: nanoseconds since 1970.
    pub(crate) fn new_set_aside(&self) -> PathBuf {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.set_aside().join(now.as_nanos().to_string())
    }

    /// Whether a vault is or was here: any of its files is enough, so that a lost one is not taken for "none".
    pub(crate) fn holds_vault(&self) -> bool {
        [self.header(), self.previous_header(), self.stores(), self.snapshots()]
            .iter()
            .any(|path| path.exists())
    }

    /// Refuses when too little is free for a change.
    pub(crate) fn check_space(&self) -> Result<(), VaultError> {
        self.check_space_for(0)
    }

    /// Refuses when too little would be free for a change after so many bytes more.
    pub(crate) fn check_space_for(&self, bytes: u64) -> Result<(), VaultError> {
        let facts = rustix::fs::statvfs(&self.0)
            .map_err(|errno| cannot("ask for the free space of", &self.0)(errno.into()))?;
        let free = facts.f_bavail.saturating_mul(facts.f_frsize);
        if free < LEAST_FREE_BYTES.saturating_add(bytes) { Err(VaultError::Full) } else { Ok(()) }
    }

    /// Takes group and others out of the vault's folder itself, which may have been there before.
    pub(crate) fn make_private(&self) -> Result<(), VaultError> {
        set_mode(&self.0, 0o700).map_err(cannot("set the permissions of", &self.0))
    }
}

/// Makes a folder, and those above it, for its owner alone (0700).
pub(crate) fn create_private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// The files in a folder; none if it is not there.
pub(crate) fn files_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| entry.map(|entry| entry.path())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Takes group and others out of a folder and everything in it.
pub(crate) fn close_to_others(folder: &Path) -> io::Result<()> {
    set_mode(folder, 0o700)?;
    for path in files_in(folder)? {
        // A link is not followed: it is none of the engine's making.
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() { close_to_others(&path)? } else { set_mode(&path, 0o600)? }
    }
    Ok(())
}

/// Every file in a folder and those below it, in order.
pub(crate) fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in files_in(folder)? {
        // Nothing of ours makes links: one that leads to a folder is left to fail where it is read.
        if path.is_dir() && !path.is_symlink() { files.extend(files_below(&path)?) } else { files.push(path) }
    }
    files.sort();
    Ok(files)
}

/// Removes a folder with everything in it, if it is there.
pub(crate) fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

pub(crate) fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    let mut permissions = fs::metadata(path)?.permissions();
    if permissions.mode() & 0o777 == mode {
        return Ok(());
    }
    permissions.set_mode(mode);
    fs::set_permissions(path, permissions)
}
