//! How the store was when it was closed, so that a change by another hand, or by a failing disk, shows.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use latchkey_crypto::vault::{RecordKind, VaultKeys};
use rand_core::CryptoRng;
use sha2::{Digest, Sha256};

use crate::folder::{Folder, create_file, files_of_store};

/// What the seal is sealed as: no key of a record in the store.
const SEAL_ID: &[u8] = b"database as it was closed";
const MOST_SEAL_BYTES: u64 = 1024;
const READ_BYTES: usize = 1024 * 1024;

/// Seals the store of a vault that has just been closed at an epoch: one envelope of kind `Meta`, its version the
/// epoch, its content the [`digest`].
///
/// Not synced: with a seal that is lost or torn, opening costs more and says the same.
pub(crate) fn write(
    folder: &Folder,
    generation: u64,
    keys: &VaultKeys,
    epoch: u64,
    rng: &mut dyn CryptoRng,
) -> io::Result<()> {
    let digest = digest(&folder.db(generation))?;
    let sealed = keys.seal(RecordKind::Meta, SEAL_ID, epoch, &digest, rng).map_err(io::Error::other)?;
    create_file(&folder.seal())?.write_all(&sealed)
}

/// A store that was found as it was closed.
#[derive(Debug)]
pub(crate) struct Sealed {
    /// The epoch at which it was closed.
    pub(crate) epoch: u64,
    files: Facts,
}

/// The files with their lengths: the engine names its index after the end of its log. Times say nothing, as it writes
/// some bytes anew as they were.
type Facts = Vec<(PathBuf, u64)>;

impl Sealed {
    /// Whether nothing seems to have changed since, so that the seal need not be made anew. Should something have, the
    /// seal does not hold, and the next opening costs more.
    pub(crate) fn still_holds(&self, folder: &Folder, generation: u64, epoch: u64) -> bool {
        self.epoch == epoch && facts(&folder.db(generation)).is_ok_and(|files| files == self.files)
    }
}

/// The store as it was closed, if not a byte of it has changed since.
pub(crate) fn untouched(folder: &Folder, generation: u64, keys: &VaultKeys) -> Option<Sealed> {
    let mut envelope = Vec::new();
    File::open(folder.seal()).ok()?.take(MOST_SEAL_BYTES).read_to_end(&mut envelope).ok()?;
    let opened = keys.open(RecordKind::Meta, SEAL_ID, &envelope).ok()?;
    let files = facts(&folder.db(generation)).ok()?;
    // No secret is compared.
    let same = opened.plaintext.as_slice() == digest(&folder.db(generation)).ok()?;
    same.then_some(Sealed { epoch: opened.version, files })
}

fn facts(store: &Path) -> io::Result<Facts> {
    let fact = |path: PathBuf| {
        let len = path.metadata()?.len();
        Ok((path, len))
    };
    files_of_store(store)?.into_iter().map(fact).collect()
}

/// SHA-256 over the files of the store in the order of their names: length of the path (8 bytes, big-endian), path,
/// length of the content (8), content.
fn digest(store: &Path) -> io::Result<[u8; 32]> {
    let mut hash = Sha256::new();
    let mut piece = vec![0; READ_BYTES];
    for path in files_of_store(store)? {
        let name = path.strip_prefix(store).map_err(io::Error::other)?.as_os_str().as_encoded_bytes();
        let mut file = File::open(&path)?;
        hash.update(u64::try_from(name.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(name);
        hash.update(file.metadata()?.len().to_be_bytes());
        loop {
            match file.read(&mut piece)? {
                0 => break,
                read => hash.update(piece.get(..read).unwrap_or_default()),
            }
        }
    }
    Ok(hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::testing::keys;
    use crate::vault::random;

    #[test]
    fn every_change_breaks_it() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::at(place.path());
        fs::create_dir_all(folder.db(1).join("blobs")).unwrap();
        let files = [folder.db(1).join("db"), folder.db(1).join("blobs/1")];
        let fresh = || {
            files.iter().for_each(|file| fs::write(file, b"content").unwrap());
            let _ = fs::remove_file(folder.db(1).join("new"));
            write(&folder, 1, &keys(), 7, &mut random()).unwrap();
            let sealed = untouched(&folder, 1, &keys()).unwrap();
            assert!(sealed.epoch == 7 && sealed.still_holds(&folder, 1, 7));
            assert!(!sealed.still_holds(&folder, 1, 8) && !sealed.still_holds(&folder, 2, 7));
        };
        type Change<'a> = &'a dyn Fn() -> io::Result<()>;
        let changes: [(&str, Change); 7] = [
            ("changed", &|| fs::write(&files[0], b"contenT")),
            ("cut", &|| fs::write(&files[0], b"conten")),
            ("changed below", &|| fs::write(&files[1], b"")),
            ("removed", &|| fs::remove_file(&files[1])),
            ("added", &|| fs::write(folder.db(1).join("new"), b"")),
            ("without seal", &|| fs::remove_file(folder.seal())),
            ("torn seal", &|| fs::write(folder.seal(), b"")),
        ];
        for (what, change) in changes {
            fresh();
            change().unwrap();
            assert!(untouched(&folder, 1, &keys()).is_none(), "{what}");
        }
    }
}
