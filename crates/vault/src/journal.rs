use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use latchkey_crypto::vault::{RecordKind, VaultId, VaultKeys};
use rand_core::CryptoRng;

use crate::backend::{Change, Tree};
use crate::error::cannot;
use crate::folder::{Folder, create_file, sync_folder, unfinished_path};
use crate::{VaultError, snapshot};

const MAGIC: &[u8] = b"latchkey journal 1\n";
const HEAD_LEN: usize = MAGIC.len() + VaultId::LEN + 8;
/// The epoch of a vault that was just made.
const FIRST_COMMIT: u64 = 1;
/// No commit is larger.
const MOST_ENTRY_BYTES: usize = 64 * 1024 * 1024;
/// What fits into an entry, with room for its envelope.
const MOST_ROWS_BYTES: usize = MOST_ENTRY_BYTES - 1024;
/// Tree, put or take away, and two lengths.
const ROW_HEAD_LEN: usize = 10;

/// Every commit since a snapshot, appended and synced as part of the commit.
///
/// On disk: the line `latchkey journal 1`, vault id (16 bytes), the snapshot's epoch (8, big-endian), then entries
/// of length (4, big-endian) and envelope. An entry is sealed for this journal (id: the snapshot's epoch) and its
/// own epoch (version), so that none can be moved, left out or repeated unseen.
#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
    base: u64,
    /// The epoch of its last entry, or of the snapshot if it has none.
    pub(crate) last: u64,
}

/// What is in a journal.
#[derive(Debug)]
pub(crate) struct Read {
    /// The epoch of the snapshot that it follows.
    pub(crate) base: u64,
    /// Commits one after the other, from `base + 1` on.
    pub(crate) commits: Vec<Vec<Change>>,
    pub(crate) end: End,
    /// Bytes up to the end of the last good entry.
    good_len: u64,
}

/// How a journal ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// With a whole entry.
    Whole,
    /// With the beginning of one: its commit was cut short and never acknowledged.
    Cut,
    /// With bytes that are no entry, and whatever stands behind them.
    Broken,
}

/// Whether there is a journal to go on with.
pub(crate) enum GoOn {
    /// Yes.
    With(Journal),
    /// The process ended in the middle of its last commit, which the store has, or of a snapshot. A new one is needed.
    CutShort,
    /// It does not reach to the store's epoch, or is not there. A new one is needed.
    Broken,
}

impl Journal {
    /// Starts an empty one after a snapshot, in place of the one that is there.
    pub(crate) fn start(folder: &Folder, vault: VaultId, base: u64) -> Result<Self, VaultError> {
        let start = || -> io::Result<File> {
            let file = Self::create(folder, vault, base)?;
            fs::rename(unfinished_path(&folder.journal()), folder.journal())?;
            sync_folder(folder.path())?;
            Ok(file)
        };
        let file = start().map_err(cannot("start the journal", &folder.journal()))?;
        Ok(Self { file, base, last: base })
    }

    /// Begins one under the name that it will have only after a snapshot: the one that is there stays as it was found
    /// until then, so that after a kill it is found the same again.
    pub(crate) fn begin_unnamed(folder: &Folder, vault: VaultId, base: u64) -> Result<Self, VaultError> {
        let file =
            Self::create(folder, vault, base).map_err(cannot("start the journal", &folder.journal()))?;
        Ok(Self { file, base, last: base })
    }

    fn create(folder: &Folder, vault: VaultId, base: u64) -> io::Result<File> {
        let mut file = create_file(&unfinished_path(&folder.journal()))?;
        file.write_all(&[MAGIC, vault.as_bytes(), &base.to_be_bytes()].concat())?;
        file.sync_all()?;
        Ok(file)
    }

    /// Goes on with the one that is there, if it reaches exactly to an epoch and none of it is broken.
    pub(crate) fn go_on(folder: &Folder, keys: &VaultKeys, epoch: u64) -> GoOn {
        let Some(read) = read(&folder.journal(), keys) else {
            // It was moved away after a snapshot, or never made, and the process ended before there was one.
            let snapshot = epoch == FIRST_COMMIT || snapshot::path_of(folder, epoch).exists();
            let moved = !folder.journal().exists() && snapshot;
            return if moved { GoOn::CutShort } else { GoOn::Broken };
        };
        match read.end {
            // A new vault that was left before its first snapshot.
            End::Whole if read.base == 0 && !snapshot::path_of(folder, 0).exists() => return GoOn::CutShort,
            End::Whole if read.last() == epoch => {}
            End::Whole | End::Cut if read.last().checked_add(1) == Some(epoch) => return GoOn::CutShort,
            _ => return GoOn::Broken,
        }
        let file = OpenOptions::new().append(true).open(folder.journal());
        let unchanged = |file: &File| file.metadata().is_ok_and(|facts| facts.len() == read.good_len);
        match file.ok().filter(unchanged) {
            Some(file) => GoOn::With(Self { file, base: read.base, last: epoch }),
            None => GoOn::Broken,
        }
    }

    /// The epoch of the snapshot that it follows.
    pub(crate) fn base(&self) -> u64 {
        self.base
    }

    /// Appends a commit. On the disk when this returns.
    pub(crate) fn append(
        &mut self,
        keys: &VaultKeys,
        epoch: u64,
        changes: &[Change],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), VaultError> {
        let content = encode(changes);
        let too_large = || VaultError::TooLarge { got: content.len(), most: MOST_ENTRY_BYTES };
        let envelope = keys.seal(RecordKind::JournalEntry, &self.base.to_be_bytes(), epoch, &content, rng)?;
        let len = u32::try_from(envelope.len()).map_err(|_| too_large())?;
        if envelope.len() > MOST_ENTRY_BYTES {
            return Err(too_large());
        }
        // One write, so that a cut leaves a broken end and nothing else.
        let bytes = [&len.to_be_bytes(), envelope.as_slice()].concat();
        self.file
            .write_all(&bytes)
            .and_then(|()| self.file.sync_data())
            .map_err(|error| VaultError::io("write the journal", None, error))?;
        self.last = epoch;
        Ok(())
    }

    /// Whether there is anything in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.last == self.base
    }
}

impl Read {
    pub(crate) fn last(&self) -> u64 {
        self.base + u64::try_from(self.commits.len()).unwrap_or(0)
    }
}

/// Reads a journal as far as it is good; `None` if it is not there or not this vault's.
pub(crate) fn read(path: &Path, keys: &VaultKeys) -> Option<Read> {
    let bytes = fs::read(path).ok()?;
    let rest = bytes.strip_prefix(MAGIC)?;
    let (vault, rest) = rest.split_first_chunk::<{ VaultId::LEN }>()?;
    let (base, mut rest) = rest.split_first_chunk::<8>()?;
    if VaultId::from_bytes(*vault) != keys.vault() {
        return None;
    }
    let base = u64::from_be_bytes(*base);
    let mut read = Read { base, commits: Vec::new(), end: End::Whole, good_len: length(HEAD_LEN) };
    while !rest.is_empty() {
        let Some((envelope, after)) = split_entry(rest) else {
            read.end = End::Cut;
            break;
        };
        let Some(changes) = open_entry(envelope, keys, base, read.last().wrapping_add(1)) else {
            read.end = End::Broken;
            break;
        };
        read.good_len += length(rest.len() - after.len());
        read.commits.push(changes);
        rest = after;
    }
    Some(read)
}

fn split_entry(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*len)).ok()?)
}

fn open_entry(envelope: &[u8], keys: &VaultKeys, base: u64, epoch: u64) -> Option<Vec<Change>> {
    let opened = keys.open(RecordKind::JournalEntry, &base.to_be_bytes(), envelope).ok()?;
    if opened.version == epoch { decode(&opened.plaintext) } else { None }
}

/// Refuses what makes a larger commit than the journal takes, before anything of it is written. Bytes that it takes.
pub(crate) fn check_len(changes: &[Change]) -> Result<usize, VaultError> {
    let value = |change: &Change| change.value.as_ref().map_or(0, Vec::len);
    let rows: usize = changes.iter().map(|change| ROW_HEAD_LEN + change.key.len() + value(change)).sum();
    if rows > MOST_ROWS_BYTES {
        return Err(VaultError::TooLarge { got: rows, most: MOST_ROWS_BYTES });
    }
    Ok(rows)
}

/// Changes as rows, one after the other: tree (1 byte) ‖ put 1 or take away 0 (1) ‖ length of key (4, big-endian) ‖
/// length of value (4) ‖ key ‖ value.
pub(crate) fn encode(changes: &[Change]) -> Vec<u8> {
    let mut out = Vec::new();
    changes.iter().for_each(|change| encode_row(&mut out, change.tree, &change.key, change.value.as_deref()));
    out
}

pub(crate) fn encode_row(out: &mut Vec<u8>, tree: Tree, key: &[u8], value: Option<&[u8]>) {
    let len = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes();
    out.extend_from_slice(&[tree.code(), u8::from(value.is_some())]);
    out.extend_from_slice(&len(key));
    out.extend_from_slice(&len(value.unwrap_or_default()));
    out.extend_from_slice(key);
    out.extend_from_slice(value.unwrap_or_default());
}

/// Reads rows; `None` if they are anything else.
pub(crate) fn decode(mut bytes: &[u8]) -> Option<Vec<Change>> {
    let mut changes = Vec::new();
    while let Some(([tree, put], rest)) = bytes.split_first_chunk::<2>() {
        let (key_len, rest) = rest.split_first_chunk::<4>()?;
        let (value_len, rest) = rest.split_first_chunk::<4>()?;
        let (key, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*key_len)).ok()?)?;
        let (value, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*value_len)).ok()?)?;
        let value = match put {
            1 => Some(value.to_vec()),
            0 if value.is_empty() => None,
            _ => return None,
        };
        changes.push(Change { tree: Tree::from_code(*tree)?, key: key.to_vec(), value });
        bytes = rest;
    }
    bytes.is_empty().then_some(changes)
}

fn length(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::keys;
    use crate::vault::random;

    fn change(n: u8) -> Vec<Change> {
        vec![
            Change { tree: Tree::Record, key: vec![n], value: Some(vec![n; 40]) },
            Change { tree: Tree::IndexRp, key: vec![n, n], value: None },
        ]
    }

    fn written() -> (tempfile::TempDir, Folder) {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::at(place.path());
        let mut journal = Journal::start(&folder, keys().vault(), 10).unwrap();
        for n in 1..=3 {
            journal.append(&keys(), 10 + u64::from(n), &change(n), &mut random()).unwrap();
        }
        (place, folder)
    }

    #[test]
    fn reads_what_it_writes_and_goes_on() {
        let (_place, folder) = written();
        let GoOn::With(mut journal) = Journal::go_on(&folder, &keys(), 13) else { panic!() };
        assert_eq!((journal.base, journal.last, journal.is_empty()), (10, 13, false));
        journal.append(&keys(), 14, &change(4), &mut random()).unwrap();
        let read = read(&folder.journal(), &keys()).unwrap();
        assert_eq!((read.base, read.last(), read.end), (10, 14, End::Whole));
        assert_eq!(read.commits, (1..=4).map(change).collect::<Vec<_>>());
    }

    #[test]
    fn goes_on_only_where_it_left_off() {
        let (_place, folder) = written();
        for (epoch, cut_short) in [(12, false), (14, true), (15, false)] {
            match Journal::go_on(&folder, &keys(), epoch) {
                GoOn::CutShort => assert!(cut_short, "{epoch}"),
                GoOn::Broken => assert!(!cut_short, "{epoch}"),
                GoOn::With(_) => panic!("{epoch}"),
            }
        }
        let bytes = fs::read(folder.journal()).unwrap();
        fs::write(folder.journal(), &bytes[..bytes.len() - 1]).unwrap();
        assert!(matches!(Journal::go_on(&folder, &keys(), 13), GoOn::CutShort));
        fs::remove_file(folder.journal()).unwrap();
        assert!(matches!(Journal::go_on(&folder, &keys(), 13), GoOn::Broken));
    }

    #[test]
    fn a_cut_anywhere_leaves_the_commits_before_it() {
        let (_place, folder) = written();
        let bytes = fs::read(folder.journal()).unwrap();
        let mut most = 0;
        for len in HEAD_LEN..bytes.len() {
            fs::write(folder.journal(), &bytes[..len]).unwrap();
            let read = read(&folder.journal(), &keys()).unwrap();
            assert_eq!(read.commits, (1..=3).map(change).take(read.commits.len()).collect::<Vec<_>>());
            let whole = u64::try_from(len).unwrap() == read.good_len;
            assert_eq!(read.end, if whole { End::Whole } else { End::Cut });
            most = most.max(read.commits.len());
        }
        assert_eq!(most, 2);
    }

    #[test]
    fn a_flipped_bit_ends_it_there_and_never_panics() {
        let (_place, folder) = written();
        let bytes = fs::read(folder.journal()).unwrap();
        for position in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[position] ^= 0x40;
            fs::write(folder.journal(), &changed).unwrap();
            let read = read(&folder.journal(), &keys());
            assert!(
                read.is_none_or(|read| read.end != End::Whole && read.commits.len() < 3),
                "byte {position}"
            );
        }
    }

    #[test]
    fn entries_cannot_be_left_out_repeated_or_moved() {
        let (_place, folder) = written();
        let bytes = fs::read(folder.journal()).unwrap();
        let (head, entries) = bytes.split_at(HEAD_LEN);
        let len = 4 + usize::try_from(u32::from_be_bytes(*entries.first_chunk().unwrap())).unwrap();
        let (one, two) = (&entries[..len], &entries[len..2 * len]);
        for (content, expected) in [([head, two].concat(), 0), ([head, one, one].concat(), 1)] {
            fs::write(folder.journal(), content).unwrap();
            let read = read(&folder.journal(), &keys()).unwrap();
            assert_eq!((read.commits.len(), read.end), (expected, End::Broken));
        }
        let mut other_base = bytes.clone();
        other_base[HEAD_LEN - 1] = 11;
        fs::write(folder.journal(), other_base).unwrap();
        assert_eq!(read(&folder.journal(), &keys()).unwrap().commits.len(), 0);
    }

    proptest::proptest! {
        #[test]
        fn any_rows_never_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            if let Some(changes) = decode(&bytes) {
                proptest::prop_assert_eq!(encode(&changes), bytes);
            }
        }
    }
}
