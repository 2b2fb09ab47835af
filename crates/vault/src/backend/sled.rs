use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use sled::Transactional;
use sled::transaction::{TransactionError, TransactionResult, abort};

use super::quiet::catch_quietly;
use super::{Backend, BackendError, Change, Tree};
use crate::folder::{close_to_others, create_private_folder};

/// The engine's file of data within its folder.
const DB_FILE: &str = "db";
/// The engine's own index: without it, it reads its whole log.
const INDEX_PREFIX: &str = "snap.";
const CACHE_BYTES: u64 = 64 * 1024 * 1024;
const LOCK_DEADLINE: Duration = Duration::from_secs(2);
const CLOSE_DEADLINE: Duration = Duration::from_secs(30);

/// sled 0.34.7, with its habits kept in check:
///
/// - its `flush` neither writes metadata nor empties the disk's cache, so every commit also syncs its file through
///   a handle of ours; nothing is flushed behind our back;
/// - damaged files make it panic, on opening as well as later, so every call is behind `catch_unwind`;
/// - it makes files as the umask says, at times of its own: its folder is closed to others, and its files are, too,
///   as soon as it has opened or closed;
/// - larger values would go to files of their own, which nobody syncs: records are kept far below that.
///
/// It may still lose records silently; the manifest above it notices.
pub(crate) struct Sled {
    folder: PathBuf,
    engine: Option<Engine>,
}

struct Engine {
    db: sled::Db,
    trees: [sled::Tree; Tree::ALL.len()],
    file: File,
}

impl Sled {
    /// Makes a new store in a folder that does not exist yet or is empty.
    pub(crate) fn create(folder: &Path) -> Result<Self, BackendError> {
        create_private_folder(folder).map_err(BackendError::Io)?;
        Self::start(folder)
    }

    /// Opens a store. If the engine's own index is the trouble, it is set aside, and the whole log is read.
    pub(crate) fn open(folder: &Path) -> Result<Self, BackendError> {
        // Left to itself the engine would make a new, empty store.
        if !folder.join(DB_FILE).is_file() {
            return Err(BackendError::Missing);
        }
        match Self::start(folder) {
            Err(BackendError::Damaged(detail)) => match set_index_aside(folder) {
                Ok(true) => Self::start(folder),
                _ => Err(BackendError::Damaged(detail)),
            },
            other => other,
        }
    }

    fn start(folder: &Path) -> Result<Self, BackendError> {
        // First, for what it may make without us looking.
        close_to_others(folder).map_err(BackendError::Io)?;
        let engine = guarded(|| {
            let db = open_unlocked(folder)?;
            let open = |tree: Tree| db.open_tree(tree.name()).map_err(from_sled);
            let [record, rp, credential, history, meta] = Tree::ALL;
            let trees = [open(record)?, open(rp)?, open(credential)?, open(history)?, open(meta)?];
            let file = File::open(folder.join(DB_FILE)).map_err(BackendError::Io)?;
            Ok(Engine { db, trees, file })
        })?;
        close_to_others(folder).map_err(BackendError::Io)?;
        Ok(Self { folder: folder.to_owned(), engine: Some(engine) })
    }

    fn engine(&self) -> Result<&Engine, BackendError> {
        self.engine.as_ref().ok_or_else(|| BackendError::Damaged("closed".to_owned()))
    }
}

impl Engine {
    fn tree(&self, tree: Tree) -> &sled::Tree {
        let [record, rp, credential, history, meta] = &self.trees;
        match tree {
            Tree::Record => record,
            Tree::IndexRp => rp,
            Tree::IndexCredential => credential,
            Tree::History => history,
            Tree::Meta => meta,
        }
    }
}

impl Backend for Sled {
    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, BackendError> {
        let engine = self.engine()?;
        guarded(|| Ok(engine.tree(tree).get(key).map_err(from_sled)?.map(|value| value.to_vec())))
    }

    fn scan(
        &self,
        tree: Tree,
        prefix: &[u8],
        each: &mut dyn FnMut(&[u8], &[u8]),
    ) -> Result<(), BackendError> {
        let engine = self.engine()?;
        guarded(|| {
            for pair in engine.tree(tree).scan_prefix(prefix) {
                let (key, value) = pair.map_err(from_sled)?;
                each(&key, &value);
            }
            Ok(())
        })
    }

    fn commit(&self, changes: &[Change]) -> Result<(), BackendError> {
        let engine = self.engine()?;
        guarded(|| {
            let trees = engine.trees.each_ref();
            // The engine may run this more than once: it only writes what is already made.
            let result: TransactionResult<(), BackendError> = trees.as_slice().transaction(|views| {
                for Change { tree, key, value } in changes {
                    let at = Tree::ALL.iter().position(|other| other == tree);
                    let Some(view) = at.and_then(|at| views.get(at)) else {
                        return abort(BackendError::Damaged("a tree is missing".to_owned()));
                    };
                    match value {
                        Some(value) => view.insert(key.as_slice(), value.as_slice())?,
                        None => view.remove(key.as_slice())?,
                    };
                }
                Ok(())
            });
            result.map_err(|error| match error {
                TransactionError::Abort(error) => error,
                TransactionError::Storage(error) => from_sled(error),
            })?;
            engine.db.flush().map_err(from_sled)?;
            engine.file.sync_data().map_err(BackendError::Io)
        })
    }

    fn close(&mut self) -> Result<(), BackendError> {
        let Some(engine) = self.engine.take() else { return Ok(()) };
        let folder = self.folder.clone();
        within(CLOSE_DEADLINE, move || {
            guarded(|| {
                engine.db.flush().map_err(from_sled)?;
                engine.file.sync_data().map_err(BackendError::Io)
            })
            // Dropping it flushes once more, and may panic.
            .and_then(|()| {
                guarded(|| {
                    drop(engine);
                    close_to_others(&folder).map_err(BackendError::Io)
                })
            })
        })
    }
}

impl Drop for Sled {
    fn drop(&mut self) {
        let _ = self.close();
    }
}

/// Opens the engine, and waits a moment if its file is still locked: the vault's own lock is ours, so that can only
/// be a child process of this one between its fork and its exec, which has copies of all our handles.
fn open_unlocked(folder: &Path) -> Result<sled::Db, BackendError> {
    let give_up = Instant::now() + LOCK_DEADLINE;
    loop {
        let config = sled::Config::new().path(folder).flush_every_ms(None).cache_capacity(CACHE_BYTES);
        match config.open() {
            Err(sled::Error::Io(error)) if is_locked(&error) && Instant::now() < give_up => {
                thread::sleep(Duration::from_millis(10));
            }
            other => return other.map_err(from_sled),
        }
    }
}

/// The engine tells it by its words only.
fn is_locked(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Other && error.to_string().starts_with("could not acquire lock")
}

/// Runs something that may hang in a thread of its own, and waits for it only so long. A thread that hangs is left
/// behind: there is no way to end it.
pub(crate) fn within<T: Send + 'static>(
    deadline: Duration,
    run: impl FnOnce() -> Result<T, BackendError> + Send + 'static,
) -> Result<T, BackendError> {
    let (send, receive) = mpsc::sync_channel(1);
    let spawned = thread::Builder::new().name("vault store".to_owned()).spawn(move || {
        let _ = send.send(guarded(run));
    });
    spawned.map_err(BackendError::Io)?;
    match receive.recv_timeout(deadline) {
        Ok(result) => result,
        Err(mpsc::RecvTimeoutError::Timeout) => Err(BackendError::TimedOut),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            Err(BackendError::Damaged("its thread ended".to_owned()))
        }
    }
}

/// Turns a panic of the engine into an error.
fn guarded<T>(run: impl FnOnce() -> Result<T, BackendError>) -> Result<T, BackendError> {
    catch_quietly(run).unwrap_or_else(|said| Err(BackendError::Damaged(format!("panic: {said}"))))
}

fn from_sled(error: sled::Error) -> BackendError {
    match error {
        sled::Error::Io(error) if is_locked(&error) => BackendError::InUse,
        // What the operating system said is an i/o error; what the engine made up (a short file, say) is damage.
        sled::Error::Io(error) if error.raw_os_error().is_some() || is_refusal(error.kind()) => {
            BackendError::Io(error)
        }
        other => BackendError::Damaged(other.to_string()),
    }
}

/// Kinds that keep their meaning when the engine repeats an earlier error.
fn is_refusal(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    matches!(kind, PermissionDenied | QuotaExceeded | ReadOnlyFilesystem | StorageFull)
}

/// Renames the engine's index files; whether there were any.
fn set_index_aside(folder: &Path) -> io::Result<bool> {
    let mut found = false;
    for path in entries(folder)? {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with(INDEX_PREFIX) {
            fs::rename(&path, folder.join(format!("set-aside.{name}")))?;
            found = true;
        }
    }
    Ok(found)
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_is_about_to_go_is_waited_for() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("db");
        drop(Sled::create(&folder).unwrap());
        let file = File::open(folder.join(DB_FILE)).unwrap();
        rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive).unwrap();
        let released = thread::spawn(move || {
            thread::sleep(Duration::from_millis(100));
            drop(file);
        });
        assert!(Sled::open(&folder).is_ok());
        released.join().unwrap();
    }

    #[test]
    fn a_lock_that_stays_is_use_and_not_damage() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("db");
        let first = Sled::create(&folder).unwrap();
        assert!(matches!(Sled::open(&folder), Err(BackendError::InUse)));
        drop(first);
        assert!(Sled::open(&folder).is_ok());
    }

    #[test]
    fn a_panic_and_a_hang_become_errors() {
        let panic: Result<(), _> = guarded(|| panic!("page {}", 7));
        assert!(matches!(panic, Err(BackendError::Damaged(text)) if text == "panic: page 7"));
        let hang = within(Duration::from_millis(20), || {
            thread::sleep(Duration::from_millis(300));
            Ok(())
        });
        assert!(matches!(hang, Err(BackendError::TimedOut)));
        let panic: Result<(), _> = within(Duration::from_secs(5), || panic!("there"));
        assert!(matches!(panic, Err(BackendError::Damaged(_))));
    }
}
