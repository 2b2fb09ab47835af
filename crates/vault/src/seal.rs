//! How the store was when it was closed, so that a change by another hand, or by a failing disk, shows.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

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

/// The epoch at which the store was closed, if not a byte of it has changed since.
pub(crate) fn untouched_since(folder: &Folder, generation: u64, keys: &VaultKeys) -> Option<u64> {
    let mut envelope = Vec::new();
    File::open(folder.seal()).ok()?.take(MOST_SEAL_BYTES).read_to_end(&mut envelope).ok()?;
    let opened = keys.open(RecordKind::Meta, SEAL_ID, &envelope).ok()?;
    // No secret is compared.
    (opened.plaintext.as_slice() == digest(&folder.db(generation)).ok()?).then_some(opened.version)
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
            assert_eq!(untouched_since(&folder, 1, &keys()), Some(7));
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
            assert_eq!(untouched_since(&folder, 1, &keys()), None, "{what}");
        }
    }
}
