//! Whether the medium that a vault lies on is still there.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{major, minor};

use crate::Vault;

/// Where the kernel lists the block devices that are there (sysfs(5)).
const BLOCK_DEVICES: &str = "/sys/dev/block";

/// What a vault's folder was when it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Medium {
    device: u64,
    inode: u64,
}

impl Medium {
    pub(crate) fn of(folder: &Path) -> Option<Self> {
        let facts = fs::metadata(folder).ok()?;
        Some(Self { device: facts.dev(), inode: facts.ino() })
    }
}

impl Vault {
    /// Whether the medium that the vault lies on is still there: to be asked now and then by whoever keeps a vault on
    /// a removable one open, and locks it when it is gone.
    ///
    /// Gone is a folder that is no longer the one that was opened, as after unmounting, and one on a block device that
    /// the kernel has taken off its list: pulled out, it still answers from memory for a while. Reads no byte of the
    /// vault, so that it does not hang on a medium that does not answer.
    pub fn is_reachable(&self) -> bool {
        self.safeguards.as_ref().is_none_or(|safeguards| {
            is_reachable(safeguards.folder.path(), safeguards.medium, Path::new(BLOCK_DEVICES))
        })
    }
}

fn is_reachable(folder: &Path, opened: Option<Medium>, block_devices: &Path) -> bool {
    let now = Medium::of(folder);
    now.is_some() && now == opened && now.is_some_and(|medium| device_is_there(medium.device, block_devices))
}

/// Major number 0 is of no block device: of memory, of a network, or of a filesystem over several. Where the kernel's
/// list cannot be seen, nothing is known.
fn device_is_there(device: u64, block_devices: &Path) -> bool {
    if major(device) == 0 || !block_devices.is_dir() {
        return true;
    }
    let entry = block_devices.join(format!("{}:{}", major(device), minor(device)));
    entry.exists() && all_below_are_there(&entry)
}

/// An encrypted or logical volume outlives the disk below it: its list of disks then leads nowhere.
fn all_below_are_there(entry: &Path) -> bool {
    let below = fs::read_dir(entry.join("slaves")).into_iter().flatten().flatten();
    let paths: Vec<PathBuf> = below.map(|entry| entry.path()).collect();
    paths.iter().all(|path| path.exists())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use rustix::fs::makedev;

    use super::*;

    #[test]
    fn a_folder_that_is_another_now_is_gone() {
        let place = tempfile::tempdir().unwrap();
        let (folder, none) = (place.path().join("vault"), place.path().join("none"));
        fs::create_dir(&folder).unwrap();
        let opened = Medium::of(&folder);
        assert!(is_reachable(&folder, opened, &none));
        fs::rename(&folder, place.path().join("other")).unwrap();
        assert!(!is_reachable(&folder, opened, &none));
        fs::create_dir(&folder).unwrap();
        assert!(!is_reachable(&folder, opened, &none));
        assert!(!is_reachable(&folder, None, &none));
    }

    #[test]
    fn a_device_that_was_pulled_out_is_gone() {
        let place = tempfile::tempdir().unwrap();
        let (stick, volume) = (makedev(8, 17), makedev(253, 0));
        assert!(device_is_there(makedev(0, 31), place.path()), "no block device");
        assert!(device_is_there(stick, &place.path().join("none")), "no list to be seen");
        assert!(!device_is_there(stick, place.path()));
        fs::create_dir(place.path().join("8:17")).unwrap();
        assert!(device_is_there(stick, place.path()));

        let below = place.path().join("253:0/slaves");
        fs::create_dir_all(&below).unwrap();
        symlink(place.path().join("8:17"), below.join("sdb1")).unwrap();
        assert!(device_is_there(volume, place.path()));
        fs::remove_dir(place.path().join("8:17")).unwrap();
        assert!(!device_is_there(volume, place.path()));
    }
}
