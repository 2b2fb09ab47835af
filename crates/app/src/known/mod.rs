//! Which vaults there are: those in the usual folder, and those elsewhere that were made or opened on this machine.
//!
//! Nothing here opens a vault. What is told of one is what its folder shows without a passphrase.

mod name;
mod remembered;

use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

use latchkey_crypto::vault::VaultId;
use latchkey_vault::{Hold, VaultError, describe, forget};

pub use self::name::is_vault_name;
use self::{name::free_name, remembered::Outside};
use crate::place::{DEFAULT_NAME, VaultPlace, config_folder, vaults_folder};

/// The vaults of a user: a folder in which each vault's name is that of its folder, and a file that remembers others.
#[derive(Debug, Clone)]
pub struct KnownVaults {
    folder: PathBuf,
    config: PathBuf,
}

/// A vault as it is listed.
#[derive(Debug)]
pub struct KnownVault {
    /// What it is called; no two have the same.
    pub name: String,
    /// Its folder.
    pub path: PathBuf,
    /// Outside the usual folder: remembered because it was made or opened there.
    pub is_outside: bool,
    /// Used when none is named.
    pub is_default: bool,
    /// What its header says; for a vault that is not there, what was remembered.
    pub id: Option<String>,
    /// What its folder shows.
    pub presence: Presence,
}

/// What a vault's folder shows without a passphrase.
#[derive(Debug)]
pub enum Presence {
    /// There, and no process holds it.
    Free,
    /// There, and a process holds it.
    InUse,
    /// Not there: its medium is away, or somebody moved it.
    Missing,
    /// There is another vault in its place; which one.
    Other(VaultId),
    /// There, and its header cannot be read.
    Unreadable(VaultError),
}

/// Why a vault is not known, or cannot be renamed, forgotten or removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KnownVaultsError {
    /// `vaults.toml` or a folder cannot be read.
    #[error("cannot read {path:?}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// `vaults.toml` or a folder cannot be written.
    #[error("cannot write {path:?}")]
    Unwritable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// `vaults.toml` is not what this program writes.
    #[error("{path:?} is malformed in line {line}: {detail}")]
    Malformed {
        /// Its path.
        path: PathBuf,
        /// Where, from 1.
        line: usize,
        /// What the parser said.
        detail: String,
    },
    /// No vault has this name or path.
    #[error("no such vault")]
    NoSuchVault,
    /// A vault has this name, and a folder of this name with a vault in it lies in the working directory.
    #[error("both a name and a folder")]
    Ambiguous {
        /// The vault of this name.
        named: PathBuf,
    },
    /// Another vault has this name.
    #[error("name is taken")]
    NameTaken,
    /// Not fit for a name.
    #[error("not a name")]
    NotAName,
    /// A vault in the usual folder is not remembered, so it cannot be forgotten.
    #[error("vault is not outside the usual folder")]
    NotOutside,
    /// The vault cannot be moved or removed: mostly, a process holds it.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl KnownVaults {
    /// Those of this user; `None` when there is no home folder.
    pub fn of_this_user() -> Option<Self> {
        Some(Self { folder: vaults_folder()?, config: config_folder()? })
    }

    /// All of them by name, the default one first.
    pub fn list(&self) -> Result<Vec<KnownVault>, KnownVaultsError> {
        let mut vaults: Vec<_> =
            self.usual_names()?.into_iter().map(|name| self.usual(name)).filter(is_vault).collect();
        vaults.extend(remembered::read(&self.config)?.into_iter().map(outside));
        vaults.sort_by(|a, b| (!a.is_default, &a.name).cmp(&(!b.is_default, &b.name)));
        Ok(vaults)
    }

    /// The folder that `--vault` means: what has a slash, or is `.` or `..`, is a path. Anything else is the name of a
    /// known vault; where there is none of this name, a folder in the working directory.
    ///
    /// A name that is also a folder with a vault in it is refused: `./NAME` says which.
    pub fn folder_of(&self, named: &OsStr) -> Result<PathBuf, KnownVaultsError> {
        let path = Path::new(named);
        let here = || std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let Some(name) = named.to_str().filter(|name| is_vault_name(name)) else { return Ok(here()) };
        match self.path_named(name)? {
            None => Ok(here()),
            Some(known)
                if known != here() && matches!(describe(here()), Ok(_) | Err(VaultError::Damaged(_))) =>
            {
                Err(KnownVaultsError::Ambiguous { named: known })
            }
            Some(known) => Ok(known),
        }
    }

    /// Where a new vault is to be made in a folder: not at the place of a known vault that happens to have its name, nor
    /// where the medium of one is away.
    pub fn folder_to_make(&self, named: &OsStr) -> Result<PathBuf, KnownVaultsError> {
        let folder = self.folder_of(named)?;
        let is_path = named.to_str().is_none_or(|name| !is_vault_name(name));
        if is_path
            || folder == self.folder.join(DEFAULT_NAME)
            || !self.names().iter().any(|name| named == name.as_str())
        {
            Ok(folder)
        } else {
            Err(KnownVaultsError::NameTaken)
        }
    }

    /// Where a new vault of this name is to be made.
    pub fn folder_for_new(&self, name: &str) -> Result<PathBuf, KnownVaultsError> {
        if !is_vault_name(name) {
            return Err(KnownVaultsError::NotAName);
        }
        match self.path_named(name)? {
            Some(known) if name != DEFAULT_NAME || fs::symlink_metadata(&known).is_ok() => {
                Err(KnownVaultsError::NameTaken)
            }
            _ => Ok(self.folder.join(name)),
        }
    }

    /// The vault of a name, or in a folder, as [`KnownVaults::folder_of`] tells them apart.
    pub fn find(&self, named: &OsStr) -> Result<KnownVault, KnownVaultsError> {
        let folder = self.folder_of(named)?;
        self.list()?.into_iter().find(|vault| vault.path == folder).ok_or(KnownVaultsError::NoSuchVault)
    }

    /// Remembers a vault outside the usual folder. Its name is that of its folder, made different from all others.
    /// Nothing is written for one that is remembered already, or that lies in the usual folder.
    pub fn remember(&self, place: &VaultPlace, id: VaultId) -> Result<(), KnownVaultsError> {
        // TOML is text, and so would be the name: a path that is none is used, and not remembered.
        if self.is_usual(&place.folder) || place.folder.to_str().is_none() {
            return Ok(());
        }
        let id = id.to_string();
        let same = |other: &Outside| other.path == place.folder && other.id == id;
        if remembered::read(&self.config)?.iter().any(same) {
            return Ok(());
        }
        let usual = self.usual_names()?;
        remembered::change(&self.config, |vaults| {
            match vaults.iter_mut().find(|other| other.path == place.folder) {
                Some(other) => other.id = id,
                None => {
                    let is_taken = |name: &str| {
                        name == DEFAULT_NAME
                            || usual
                                .iter()
                                .chain(vaults.iter().map(|vault| &vault.name))
                                .any(|other| other == name)
                    };
                    let name = free_name(&place.folder, is_taken);
                    vaults.push(Outside { name, path: place.folder.clone(), id });
                }
            }
            Ok(())
        })
    }

    /// Forgets a vault outside the usual folder. The vault itself stays as it is.
    pub fn forget(&self, vault: &KnownVault) -> Result<(), KnownVaultsError> {
        if !vault.is_outside {
            return Err(KnownVaultsError::NotOutside);
        }
        remembered::change(&self.config, |vaults| {
            vaults.retain(|other| other.name != vault.name);
            Ok(())
        })
    }

    /// Gives a vault another name: its folder in the usual one, what is remembered of one outside, whose folder stays.
    /// Returns where it lies now.
    pub fn rename(&self, vault: &KnownVault, name: &str) -> Result<PathBuf, KnownVaultsError> {
        let to = self.folder_for_new(name)?;
        if vault.is_outside {
            remembered::change(&self.config, |vaults| {
                let known = vaults.iter_mut().find(|other| other.name == vault.name);
                known.ok_or(KnownVaultsError::NoSuchVault)?.name = name.to_owned();
                Ok(())
            })?;
            return Ok(vault.path.clone());
        }
        // Held while it moves, so that nobody opens it under the old name at the same time.
        let _held = Hold::take(&vault.path)?;
        let unwritable = |source| KnownVaultsError::Unwritable { path: to.clone(), source };
        if fs::symlink_metadata(&to).is_ok() {
            return Err(KnownVaultsError::NameTaken);
        }
        fs::rename(&vault.path, &to).map_err(unwritable)?;
        let synced = fs::File::open(&self.folder).and_then(|folder| folder.sync_all());
        synced.map_err(unwritable)?;
        Ok(to)
    }

    /// Removes a vault's files, this machine's memory of it, and its line in `vaults.toml`. Returns what lies in its
    /// folder and is not the vault's. Whoever calls this has shown that the vault opens, has closed it, and has the
    /// owner's word.
    pub fn remove(&self, place: &VaultPlace, id: VaultId) -> Result<Vec<PathBuf>, KnownVaultsError> {
        let foreign = Hold::take(&place.folder)?.remove()?;
        forget(&place.state, id)?;
        if !self.is_usual(&place.folder) {
            remembered::change(&self.config, |vaults| {
                vaults.retain(|other| other.path != place.folder);
                Ok(())
            })?;
        }
        Ok(foreign)
    }

    /// Names of all known vaults, for a shell to complete. What cannot be read has no names.
    pub fn names(&self) -> Vec<String> {
        let outside = remembered::read(&self.config).unwrap_or_default().into_iter().map(|vault| vault.name);
        self.usual_names().unwrap_or_default().into_iter().chain(outside).collect()
    }

    fn path_named(&self, name: &str) -> Result<Option<PathBuf>, KnownVaultsError> {
        let usual = self.folder.join(name);
        if name == DEFAULT_NAME || fs::symlink_metadata(&usual).is_ok() {
            return Ok(Some(usual));
        }
        let outside = remembered::read(&self.config)?.into_iter().find(|vault| vault.name == name);
        Ok(outside.map(|vault| vault.path))
    }

    fn is_usual(&self, folder: &Path) -> bool {
        folder.parent() == Some(&self.folder)
    }

    /// The folders in the usual one. A name of ours is asked for, so that what else lies there is passed over.
    fn usual_names(&self) -> Result<Vec<String>, KnownVaultsError> {
        let unreadable = |source| KnownVaultsError::Unreadable { path: self.folder.clone(), source };
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(unreadable(error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(unreadable)?;
            names.extend(entry.file_name().into_string().ok().filter(|name| is_vault_name(name)));
        }
        Ok(names)
    }

    fn usual(&self, name: String) -> KnownVault {
        let path = self.folder.join(&name);
        let (id, presence) = look(&path);
        let is_default = name == DEFAULT_NAME;
        KnownVault { name, path, is_outside: false, is_default, id: id.map(|id| id.to_string()), presence }
    }
}

/// An empty folder in the usual one is no vault.
fn is_vault(vault: &KnownVault) -> bool {
    !matches!(vault.presence, Presence::Missing)
}

fn outside(Outside { name, path, id }: Outside) -> KnownVault {
    let presence = match look(&path) {
        (Some(found), _) if found.to_string() != id => Presence::Other(found),
        (_, presence) => presence,
    };
    KnownVault { name, path, is_outside: true, is_default: false, id: Some(id), presence }
}

fn look(path: &Path) -> (Option<VaultId>, Presence) {
    match describe(path) {
        Ok(described) if described.in_use => (Some(described.vault), Presence::InUse),
        Ok(described) => (Some(described.vault), Presence::Free),
        Err(VaultError::NotFound) => (None, Presence::Missing),
        Err(error) => (None, Presence::Unreadable(error)),
    }
}

#[cfg(test)]
mod tests;
