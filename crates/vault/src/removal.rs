//! A vault taken away, and nothing that is not the vault's.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use latchkey_crypto::vault::VaultId;

use crate::VaultError;
use crate::error::cannot;
use crate::folder::{Folder, Lock, files_in, sync_folder, unfinished_path};
use crate::witness::Witness;

/// A vault that nobody opens while this lives, without its keys: for whoever moves or removes its folder.
#[derive(Debug)]
pub struct Hold {
    folder: Folder,
    _lock: Lock,
}

impl Hold {
    /// Takes the vault's lock, as whoever opens it does: [`VaultError::InUse`] if somebody has it open.
    pub fn take(folder: impl AsRef<Path>) -> Result<Self, VaultError> {
        let folder = Folder::at(folder.as_ref());
        if !folder.holds_vault() {
            return Err(VaultError::NotFound);
        }
        Ok(Self { _lock: Lock::take(&folder.lock())?, folder })
    }

    /// Removes the vault's files, and its folder if nothing is left in it. Returns what lies there and is not the
    /// vault's.
    pub fn remove(self) -> Result<Vec<PathBuf>, VaultError> {
        let folder = &self.folder;
        remove_files(folder).map_err(cannot("remove the vault's files in", folder.path()))
    }
}

/// Takes away what a machine remembers of a vault in its state folder.
pub fn forget(state_folder: &Path, vault: VaultId) -> Result<(), VaultError> {
    let path = Witness::path_in(state_folder, vault);
    for path in [unfinished_path(&path), path] {
        remove_file(&path).map_err(cannot("remove", &path))?;
    }
    Ok(())
}

fn remove_files(folder: &Folder) -> io::Result<Vec<PathBuf>> {
    // What holds the wrapped keys goes first: without them all else is noise.
    for header in [folder.header(), folder.previous_header(), folder.third_header()] {
        remove_file(&unfinished_path(&header))?;
        remove_file(&header)?;
    }
    sync_folder(folder.path())?;
    for path in [folder.stores(), folder.trial_db(), folder.new_stores(), folder.set_aside()] {
        remove_folder(&path)?;
    }
    for path in [folder.seal(), folder.journal()] {
        remove_file(&unfinished_path(&path))?;
        remove_file(&path)?;
    }
    for path in files_in(&folder.snapshots())? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name == "new" || name.ends_with(".snapshot") || name.ends_with(".journal") {
            remove_file(&path)?;
        }
    }
    // A folder with something else in it stays; so does a medium's own, and one that is not ours to take out.
    let _ = fs::remove_dir(folder.snapshots());
    remove_file(&folder.lock())?;
    let _ = fs::remove_dir(folder.path());
    folder.path().parent().map_or(Ok(()), sync_folder)?;
    let mut foreign = files_in(folder.path())?;
    foreign.sort();
    Ok(foreign)
}

fn remove_file(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        // A folder of this name is none of ours.
        Ok(facts) if !facts.is_dir() => fs::remove_file(path),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// A link is not followed, and stays: it is none of ours.
fn remove_folder(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(facts) if facts.is_dir() => fs::remove_dir_all(path),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
