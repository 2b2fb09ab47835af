use std::{fs, io, path::Path};

use latchkey_crypto::vault::{SlotInfo, VaultId};

use crate::{
    VaultError,
    error::cannot,
    folder::{Folder, Lock},
    header::Header,
};

/// What a vault says of itself without being opened. Not verified: only the passphrase can show that it is true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// Which vault it claims to be.
    pub vault: VaultId,
    /// What opens it.
    pub slots: Vec<SlotInfo>,
    /// Whether a process holds it now.
    pub in_use: bool,
}

/// Reads the header of the vault in a folder.
pub fn describe(folder: impl AsRef<Path>) -> Result<Description, VaultError> {
    let folder = Folder::at(folder.as_ref());
    // A folder that may not be looked into is not one without a vault.
    match fs::read_dir(folder.path()) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            return Err(cannot("look into the folder", folder.path())(error));
        }
        Ok(_) | Err(_) => {}
    }
    if !folder.holds_vault() {
        return Err(VaultError::NotFound);
    }
    let header = Header::read(&folder)?.header;
    let in_use = Lock::is_held(&folder.lock());
    Ok(Description { vault: header.slots.vault(), slots: header.slots.slots().collect(), in_use })
}
