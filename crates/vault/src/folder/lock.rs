use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::fs::{FlockOperation, Mode, OFlags, flock, open};
use rustix::io::Errno;

use crate::VaultError;
use crate::error::cannot;

const TRIES: u32 = 5;
const BETWEEN_TRIES: Duration = Duration::from_millis(20);

/// The one hold on a vault: `flock` on its lock file. The system gives it back when the process ends, in any way.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
}

impl Lock {
    /// Takes it, or says who has it. The file holds the process id of its holder, in decimal.
    pub(crate) fn take(path: &Path) -> Result<Self, VaultError> {
        // Its content is written over, so a link to another file must not lead there.
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = open(path, flags, Mode::RUSR | Mode::WUSR);
        let mut file = opened.map(File::from).map_err(|errno| cannot("open the lock", path)(errno.into()))?;
        match lock_soon(&file) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => {
                let mut holder = String::new();
                let _ = file.take(20).read_to_string(&mut holder);
                return Err(VaultError::InUse { process: holder.trim().parse().ok() });
            }
            Err(errno) => return Err(cannot("take the lock", path)(errno.into())),
        }
        // Only a hint for people: that it cannot be written is no reason to stop.
        let _ = file.set_len(0);
        let _ = file.rewind().and_then(|()| write!(file, "{}", std::process::id()));
        Ok(Self { file })
    }
}

/// Given back by name: a child process between its fork and its exec has a copy of the handle, and closing ours would
/// leave the lock with it.
impl Drop for Lock {
    fn drop(&mut self) {
        let _ = flock(&self.file, FlockOperation::Unlock);
    }
}

impl Lock {
    /// Whether a file is a lock that was taken before: empty, or with the number of its holder.
    pub(crate) fn is_one(path: &Path) -> bool {
        let mut content = String::new();
        let read = std::fs::symlink_metadata(path).is_ok_and(|facts| facts.is_file())
            && File::open(path).is_ok_and(|file| file.take(20).read_to_string(&mut content).is_ok());
        read && content.bytes().all(|byte| byte.is_ascii_digit())
    }

    /// Whether somebody has it now. Takes nothing and leaves no trace.
    pub(crate) fn is_held(path: &Path) -> bool {
        // Shared: two that only ask do not see each other.
        let held = |file: File| flock(&file, FlockOperation::NonBlockingLockShared) == Err(Errno::WOULDBLOCK);
        File::open(path).is_ok_and(held)
    }
}

/// Tries for a moment: whoever only asked, or is just ending, is gone then.
fn lock_soon(file: &File) -> Result<(), Errno> {
    for _ in 0..TRIES {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => thread::sleep(BETWEEN_TRIES),
            other => return other,
        }
    }
    flock(file, FlockOperation::NonBlockingLockExclusive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_has_it_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = Lock::take(&path).unwrap();
        match Lock::take(&path) {
            Err(VaultError::InUse { process }) => assert_eq!(process, Some(std::process::id())),
            other => panic!("{other:?}"),
        }
        assert!(Lock::is_held(&path));
        drop(first);
        assert!(!Lock::is_held(&path) && !Lock::is_held(&folder.path().join("none")));
        assert!(Lock::take(&path).is_ok());
    }

    #[test]
    fn a_link_in_its_place_leads_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("lock"), folder.path().join("other"));
        std::fs::write(&other, b"somebody's").unwrap();
        std::os::unix::fs::symlink(&other, &path).unwrap();
        assert!(matches!(Lock::take(&path), Err(VaultError::Io { doing: "open the lock", .. })));
        assert_eq!(std::fs::read(&other).unwrap(), b"somebody's");
    }
}
