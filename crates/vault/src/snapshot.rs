mod kept;

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use latchkey_crypto::vault::{Manifest, RecordKind, VaultId, VaultKeys};
use rand_core::CryptoRng;

pub(crate) use self::kept::{
    journal_path_of, list, newest_good, path_of, prune, remove_all_but, remove_those_with_header,
    remove_unfinished,
};
use crate::VaultError;
use crate::backend::{Backend, Change, MANIFEST_KEY, Tree};
use crate::error::cannot;
use crate::folder::{Folder, create_file, create_private_folder, sync_folder};
use crate::header::Header;
use crate::journal::{decode, encode_row};

/// How many generations are kept.
pub(crate) const GENERATIONS: usize = 8;

const FIRST_MAGIC: &[u8; 20] = b"latchkey snapshot 1\n";
const MAGIC: &[u8; 20] = b"latchkey snapshot 2\n";
/// The name under which one is written before it is whole.
const UNFINISHED: &str = "new";
const SALT_LEN: usize = 16;
const PIECE_BYTES: usize = 256 * 1024;
/// No piece is larger: bounds what a forged length can make us reserve.
const MOST_PIECE_BYTES: usize = 1024 * 1024;
const MOST_HEADER_BYTES: usize = 128 * 1024;
/// At most so many bytes a record takes in a snapshot beside itself and its key.
pub(crate) const ROW_BYTES: usize = 64;

/// Writes the whole store as one sealed file, `EPOCH.snapshot`.
///
/// On disk: the line `latchkey snapshot 2`, vault id (16 bytes), epoch (8, big-endian), salt (16), generation of the
/// data key (8), time (8, seconds since 1970); then pieces of length (4) and envelope, each holding rows as in the
/// journal. A piece is sealed for this file with all that is said of it, its number, and whether it is the last; the
/// manifest is among the rows.
///
/// A vault of the first format gets a snapshot that its own version can read: the line `latchkey snapshot 1`, no
/// generation and no time, but length (4) and bytes of the header. Later ones do not hold it: an old slot table would
/// keep an old passphrase working.
///
/// Refused where there is no room for it. Whatever fails, no part of it stays: that would take up the room which the
/// next changes need.
pub(crate) fn write(
    folder: &Folder,
    keys: &VaultKeys,
    header: &Header,
    backend: &dyn Backend,
    epoch: u64,
    rng: &mut dyn CryptoRng,
) -> Result<(), VaultError> {
    let snapshots = folder.snapshots();
    remove_unfinished(folder).map_err(cannot("write a snapshot", &snapshots))?;
    folder.check_space_for(expected_len(backend)?)?;
    let written = write_whole(folder, keys, header, backend, epoch, rng);
    if written.is_err() {
        // What failed is told; the next one would remove it, too.
        let _ = remove_unfinished(folder);
    }
    written
}

/// How much a snapshot of a store takes, at most.
fn expected_len(backend: &dyn Backend) -> Result<u64, VaultError> {
    let mut len = 0;
    for tree in Tree::ALL {
        backend.scan(tree, &[], &mut |key, value| len += key.len() + value.len() + ROW_BYTES)?;
    }
    Ok(u64::try_from(len).unwrap_or(u64::MAX))
}

fn write_whole(
    folder: &Folder,
    keys: &VaultKeys,
    header: &Header,
    backend: &dyn Backend,
    epoch: u64,
    rng: &mut dyn CryptoRng,
) -> Result<(), VaultError> {
    let (path, new) = (path_of(folder, epoch), folder.snapshots().join(UNFINISHED));
    let failed = || cannot("write a snapshot", &new);
    create_private_folder(&folder.snapshots()).map_err(failed())?;
    let mut salt = [0; SALT_LEN];
    rng.fill_bytes(&mut salt);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let generation = header.generation();
    let head =
        Head { vault: keys.vault(), epoch, salt, generation, made_at: (generation > 0).then_some(now) };
    let mut writer = Writer {
        out: BufWriter::new(create_file(&new).map_err(failed())?),
        keys,
        rng,
        path: &new,
        place: head.place(),
        epoch,
        number: 0,
        rows: Vec::with_capacity(2 * PIECE_BYTES),
    };
    writer.out.write_all(&head.encode()).map_err(failed())?;
    if head.made_at.is_none() {
        writer.chunk(&header.encode()).map_err(failed())?;
    }
    for tree in Tree::ALL {
        let mut result = Ok(());
        backend.scan(tree, &[], &mut |key, value| {
            if result.is_ok() {
                result = writer.row(tree, key, value);
            }
        })?;
        result?;
    }
    writer.piece(true)?;
    let file = writer.out.into_inner().map_err(|error| failed()(error.into_error()))?;
    file.sync_all().map_err(failed())?;
    fs::rename(&new, &path).and_then(|()| sync_folder(&folder.snapshots())).map_err(failed())
}

struct Writer<'a> {
    out: BufWriter<File>,
    keys: &'a VaultKeys,
    rng: &'a mut dyn CryptoRng,
    path: &'a Path,
    place: Vec<u8>,
    epoch: u64,
    number: u64,
    rows: Vec<u8>,
}

impl Writer<'_> {
    fn chunk(&mut self, bytes: &[u8]) -> io::Result<()> {
        let len = u32::try_from(bytes.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
        self.out.write_all(&len.to_be_bytes())?;
        self.out.write_all(bytes)
    }

    fn row(&mut self, tree: Tree, key: &[u8], value: &[u8]) -> Result<(), VaultError> {
        encode_row(&mut self.rows, tree, key, Some(value));
        if self.rows.len() >= PIECE_BYTES { self.piece(false) } else { Ok(()) }
    }

    fn piece(&mut self, last: bool) -> Result<(), VaultError> {
        let id = piece_id(&self.place, self.number, last);
        let envelope =
            self.keys.seal(RecordKind::SnapshotPiece, &id, self.epoch, &self.rows, &mut *self.rng)?;
        self.chunk(&envelope).map_err(cannot("write a snapshot", self.path))?;
        self.rows.clear();
        self.number += 1;
        Ok(())
    }
}

/// What a snapshot says of itself. True once a piece of it has opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    vault: VaultId,
    pub(crate) epoch: u64,
    salt: [u8; SALT_LEN],
    /// 0 for one of the first format.
    pub(crate) generation: u64,
    /// Seconds since 1970; `None` for one of the first format.
    pub(crate) made_at: Option<u64>,
}

impl Head {
    fn encode(&self) -> Vec<u8> {
        let magic = if self.made_at.is_some() { MAGIC } else { FIRST_MAGIC };
        [magic.as_slice(), self.vault.as_bytes(), &self.place()].concat()
    }

    /// What every piece is sealed for.
    fn place(&self) -> Vec<u8> {
        let mut place = [self.epoch.to_be_bytes().as_slice(), &self.salt].concat();
        if let Some(made_at) = self.made_at {
            place.extend_from_slice(&self.generation.to_be_bytes());
            place.extend_from_slice(&made_at.to_be_bytes());
        }
        place
    }

    fn read(file: &mut impl Read) -> Option<Self> {
        let mut magic = [0; MAGIC.len()];
        let (mut vault, mut epoch, mut salt) = ([0; VaultId::LEN], [0; 8], [0; SALT_LEN]);
        for part in [magic.as_mut_slice(), &mut vault, &mut epoch, &mut salt] {
            file.read_exact(part).ok()?;
        }
        let (mut generation, mut made_at) = ([0; 8], [0; 8]);
        if magic == *MAGIC {
            file.read_exact(&mut generation).and_then(|()| file.read_exact(&mut made_at)).ok()?;
        } else if magic != *FIRST_MAGIC {
            return None;
        }
        Some(Self {
            vault: VaultId::from_bytes(vault),
            epoch: u64::from_be_bytes(epoch),
            salt,
            generation: u64::from_be_bytes(generation),
            made_at: (magic == *MAGIC).then_some(u64::from_be_bytes(made_at)),
        })
    }
}

/// A snapshot's pieces, one after the other. They are bound to their file, number and end, but what they make
/// together is for the reader to compare with the manifest.
pub(crate) struct Reader<'a> {
    file: BufReader<File>,
    keys: &'a VaultKeys,
    place: Vec<u8>,
    number: u64,
    at_end: bool,
    /// The epoch that it was made at.
    pub(crate) epoch: u64,
}

impl<'a> Reader<'a> {
    /// `None` if the file is not there, or not a snapshot of this vault.
    pub(crate) fn open(path: &Path, keys: &'a VaultKeys) -> Option<Self> {
        let (mut file, head) = open_head(path)?;
        if head.vault != keys.vault() {
            return None;
        }
        if head.made_at.is_none() {
            read_chunk(&mut file, MOST_HEADER_BYTES)?;
        }
        Some(Self { file, keys, place: head.place(), number: 0, at_end: false, epoch: head.epoch })
    }

    /// The rows of the next piece; `Ok(None)` after the last, an error as soon as anything is not as written.
    pub(crate) fn next_rows(&mut self) -> Result<Option<Vec<Change>>, Broken> {
        if self.at_end {
            let mut more = [0];
            return if self.file.read(&mut more).is_ok_and(|count| count == 0) {
                Ok(None)
            } else {
                Err(Broken)
            };
        }
        let envelope = read_chunk(&mut self.file, MOST_PIECE_BYTES).ok_or(Broken)?;
        let open = |last| {
            self.keys
                .open(RecordKind::SnapshotPiece, &piece_id(&self.place, self.number, last), &envelope)
                .ok()
        };
        let opened = match open(false) {
            Some(opened) => opened,
            None => {
                self.at_end = true;
                open(true).ok_or(Broken)?
            }
        };
        self.number += 1;
        if opened.version != self.epoch {
            return Err(Broken);
        }
        decode(&opened.plaintext).map(Some).ok_or(Broken)
    }
}

/// A snapshot is not as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Broken;

/// Reads a snapshot through: its manifest, if all of it is as it was written and belongs together.
pub(crate) fn verify(path: &Path, keys: &VaultKeys) -> Option<Manifest> {
    verify_and_see(path, keys, &mut |_| {})
}

/// As [`verify`], and shows every row but the manifest's, before all of them are verified.
pub(crate) fn verify_and_see(
    path: &Path,
    keys: &VaultKeys,
    see: &mut dyn FnMut(&Change),
) -> Option<Manifest> {
    let mut reader = Reader::open(path, keys)?;
    let (mut found, mut claimed) = (Manifest { epoch: reader.epoch, ..Manifest::EMPTY }, None);
    while let Some(rows) = reader.next_rows().ok()? {
        for row in &rows {
            let Change { tree, key, value: Some(value) } = row else { return None };
            if *tree == Tree::Meta && key == MANIFEST_KEY {
                let opened = keys.open(RecordKind::Manifest, key, value).ok()?;
                claimed = Manifest::decode(&opened.plaintext);
            } else {
                found.add(keys.member(tree.kind(key)?, key, value));
                see(row);
            }
        }
    }
    claimed.filter(|claimed| *claimed == found)
}

/// What a snapshot says of itself, of whatever vault.
pub(crate) fn head_of(path: &Path) -> Option<Head> {
    open_head(path).map(|(_, head)| head)
}

/// The header that a snapshot of the first format carries, of whatever vault.
pub(crate) fn header_of(path: &Path) -> Option<Header> {
    let (mut file, head) = open_head(path)?;
    if head.made_at.is_some() {
        return None;
    }
    Header::decode(&read_chunk(&mut file, MOST_HEADER_BYTES)?).ok()
}

fn piece_id(place: &[u8], number: u64, last: bool) -> Vec<u8> {
    [place, &number.to_be_bytes(), &[u8::from(last)]].concat()
}

fn open_head(path: &Path) -> Option<(BufReader<File>, Head)> {
    let mut file = BufReader::new(File::open(path).ok()?);
    let head = Head::read(&mut file)?;
    Some((file, head))
}

fn read_chunk(file: &mut impl Read, most: usize) -> Option<Vec<u8>> {
    let mut len = [0; 4];
    file.read_exact(&mut len).ok()?;
    let len = usize::try_from(u32::from_be_bytes(len)).ok().filter(|len| *len <= most)?;
    let mut bytes = vec![0; len];
    file.read_exact(&mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests;
