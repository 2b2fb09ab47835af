use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::VaultError;
use crate::error::while_doing;

/// The one hold on a vault: `flock` on its lock file. The system gives it back when the process ends, in any way.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
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
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
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
        Ok(Self { _file: file })
    }
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
        drop(first);
        assert!(Lock::take(&path).is_ok());
    }
}
