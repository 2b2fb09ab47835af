//! The vault's folder and the vault in it, as far as they can be looked at without a passphrase.

use std::{fs, io, os::unix::fs::PermissionsExt, path::PathBuf};

use latchkey_vault::{VaultError, describe};
use rustix::{
    fs::{Access, access},
    io::Errno,
};

use super::{Check, Finding};
use crate::place::VaultPlace;

/// What came of a look at the vault.
#[derive(Debug)]
#[non_exhaustive]
pub enum VaultFinding {
    /// The folder is there, only its owner can enter it, and it can be written.
    Private(PathBuf),
    /// The folder is open to others; its permission bits.
    Open(PathBuf, u32),
    /// The folder is on a medium that cannot be written.
    ReadOnly(PathBuf),
    /// There is no vault yet.
    Missing(PathBuf),
    /// Something is there that is no vault.
    NoVault(PathBuf),
    /// The folder cannot be looked at, or this user may not write it.
    Forbidden(PathBuf, io::Error),
    /// A vault that is free and whole, as far as can be seen.
    Free,
    /// A vault that another process holds, or whose header cannot be read.
    Unusable(VaultError),
}

/// The folder's line, then the vault's.
pub(super) fn examine(place: &VaultPlace) -> [Finding; 2] {
    let folder = &place.folder;
    let vault = describe(folder);
    let not_tried = || Finding::NotTried { check: Check::Vault, needs: Check::VaultFolder };
    let metadata = match (fs::metadata(folder), &vault) {
        (Ok(metadata), _) => metadata,
        (Err(error), _) if error.kind() == io::ErrorKind::NotFound => {
            return [Finding::Vault(VaultFinding::Missing(folder.clone())), not_tried()];
        }
        (Err(error), _) => {
            return [Finding::Vault(VaultFinding::Forbidden(folder.clone(), error)), not_tried()];
        }
    };
    let vault = match vault {
        Err(VaultError::NotFound) if !place.is_taken() => {
            return [Finding::Vault(VaultFinding::Missing(folder.clone())), not_tried()];
        }
        Err(VaultError::NotFound) => {
            return [Finding::Vault(VaultFinding::NoVault(folder.clone())), not_tried()];
        }
        Ok(described) if described.in_use => VaultFinding::Unusable(VaultError::InUse { process: None }),
        Ok(_) => VaultFinding::Free,
        Err(error) => VaultFinding::Unusable(error),
    };
    let mode = metadata.permissions().mode() & 0o777;
    let rights = match access(folder, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK) {
        _ if mode & 0o077 != 0 => VaultFinding::Open(folder.clone(), mode),
        Ok(()) => VaultFinding::Private(folder.clone()),
        Err(Errno::ROFS) => VaultFinding::ReadOnly(folder.clone()),
        Err(error) => VaultFinding::Forbidden(folder.clone(), error.into()),
    };
    [Finding::Vault(rights), Finding::Vault(vault)]
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use latchkey_crypto::vault::{KdfParams, Machine, Passphrase};
    use latchkey_vault::Vault;

    use super::*;
    use crate::os_random;

    fn look(folder: &Path) -> (VaultFinding, Finding) {
        let place = VaultPlace { folder: folder.to_owned(), state: folder.join("state") };
        let [Finding::Vault(first), second] = examine(&place) else { panic!("no finding of the folder") };
        (first, second)
    }

    fn chmod(folder: &Path, mode: u32) {
        fs::set_permissions(folder, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn tells_missing_folders_from_other_things() {
        let folder = tempfile::tempdir().unwrap();
        let vault = folder.path().join("vault");
        for _ in ["not there", "empty"] {
            let (found, rest) = look(&vault);
            assert!(matches!(found, VaultFinding::Missing(_)), "{found:?}");
            assert!(matches!(rest, Finding::NotTried { check: Check::Vault, needs: Check::VaultFolder }));
            let _ = fs::create_dir(&vault);
        }
        fs::write(vault.join("letter"), "dear").unwrap();
        for place in [vault.clone(), vault.join("letter")] {
            let (found, rest) = look(&place);
            assert!(matches!(found, VaultFinding::NoVault(_) | VaultFinding::Forbidden(..)), "{found:?}");
            assert!(matches!(rest, Finding::NotTried { .. }));
        }
    }

    #[test]
    fn tells_private_open_and_held_vaults_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault");
        let passphrase = Passphrase::new("tulip orbit walnut mosaic ferry").unwrap();
        let params = KdfParams::floor(Machine::Small);
        let vault = Vault::create(&path, &passphrase, params, &mut os_random()).unwrap();
        let (_, held) = look(&path);
        assert!(matches!(held, Finding::Vault(VaultFinding::Unusable(VaultError::InUse { .. }))), "{held:?}");
        vault.close().unwrap();
        chmod(&path, 0o755);
        assert!(matches!(look(&path).0, VaultFinding::Open(_, 0o755)));
        chmod(&path, 0o700);
        let (folder, vault) = look(&path);
        assert!(matches!(folder, VaultFinding::Private(_)));
        assert!(matches!(vault, Finding::Vault(VaultFinding::Free)));
    }
}
