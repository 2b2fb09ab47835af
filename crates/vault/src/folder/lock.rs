use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::VaultError;
use crate::error::while_doing;

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
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(while_doing("opening the lock"))?;
        match lock_soon(&file) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => {
                let mut holder = String::new();
                let _ = file.take(20).read_to_string(&mut holder);
                return Err(VaultError::InUse { process: holder.trim().parse().ok() });
            }
            Err(errno) => return Err(VaultError::io("taking the lock", errno.into())),
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
}
