use std::{
    fs, io,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// How long Chromium's last processes may go on writing.
const LAST_WRITES: Duration = Duration::from_secs(3);

/// What Chromium puts below its temporary folder, and how long the path of a socket may be (unix(7)).
const SOCKET: &str = "/org.chromium.Chromium.XXXXXX/SingletonSocket";
const LONGEST_SOCKET_PATH: usize = 107;

/// A fresh profile folder, gone when dropped.
#[derive(Debug)]
pub(super) struct Profile(TempDir);

impl Profile {
    pub(super) fn make() -> io::Result<Self> {
        TempDir::with_prefix("latchkey-browser-").map(Self)
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Where Chromium can put its temporary files; `None` where that would make a path too long for it to start.
    pub(super) fn for_temporary_files(&self) -> Option<&Path> {
        let longest = self.path().as_os_str().len() + SOCKET.len();
        (longest <= LONGEST_SOCKET_PATH).then(|| self.path())
    }
}

impl Drop for Profile {
    fn drop(&mut self) {
        // A process that is being ended may put a file into a folder just as that is to be removed, so again.
        let deadline = Instant::now() + LAST_WRITES;
        while fs::remove_dir_all(self.path()).is_err_and(|error| error.kind() != io::ErrorKind::NotFound) {
            if Instant::now() >= deadline {
                break;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_although_somebody_still_writes() {
        let profile = Profile::make().unwrap();
        let path = profile.path().to_owned();
        let inside = path.join("folder");
        let writer = thread::spawn(move || {
            for n in 0..2000 {
                // Fails once the folder is gone.
                let _ = fs::create_dir(&inside).and_then(|()| fs::write(inside.join(n.to_string()), "x"));
                let _ = fs::write(inside.join(n.to_string()), "x");
            }
        });
        thread::sleep(Duration::from_millis(1));
        drop(profile);
        writer.join().unwrap();
        assert!(!path.exists());
    }
}
