use std::time::{Duration, Instant};

use latchkey_crypto::vault::{HeaderKeys, VaultKeys};
use latchkey_memory::Locked;
use rand_core::CryptoRng;

use crate::backend::{Backend, Change};
use crate::error::cannot;
use crate::folder::{Folder, Lock, sync_folder};
use crate::header::Header;
use crate::journal::{GoOn, Journal};
use crate::medium::Medium;
use crate::seal::Sealed;
use crate::snapshot;
use crate::witness::Witness;
use crate::{Finding, VaultError};

/// A full snapshot is made at most this often while the vault is open; the journal covers the time between.
const SNAPSHOT_EVERY: Duration = Duration::from_secs(3600);

/// Everything beside the store that makes its content outlive it: lock, header, journal, snapshots, and this
/// machine's memory.
pub(crate) struct Safeguards {
    pub(crate) folder: Folder,
    pub(crate) header: Header,
    pub(crate) keys: Locked<HeaderKeys>,
    journal: Journal,
    witness: Option<Witness>,
    /// What the folder was when it was opened.
    pub(crate) medium: Option<Medium>,
    last_snapshot: Instant,
    /// The store, if it was found as it was closed.
    pub(crate) sealed: Option<Sealed>,
    _lock: Lock,
}

/// In which state a journal was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JournalState {
    /// It reaches to the store's epoch.
    Whole,
    /// The process ended in the middle of a commit.
    CutShort,
    /// It is missing, damaged, or of another time.
    Broken,
    /// It is good, but the snapshot that it follows is missing, without which it is worth nothing.
    WithoutSnapshot,
}

impl Safeguards {
    /// For a new vault.
    pub(crate) fn begin(
        folder: Folder,
        lock: Lock,
        header: Header,
        header_keys: Locked<HeaderKeys>,
        witness: Option<Witness>,
        keys: &VaultKeys,
    ) -> Result<Self, VaultError> {
        let journal = Journal::start(&folder, keys.vault(), 0)?;
        Ok(Self {
            medium: Medium::of(folder.path()),
            folder,
            header,
            keys: header_keys,
            journal,
            witness,
            last_snapshot: Instant::now(),
            sealed: None,
            _lock: lock,
        })
    }

    /// For a vault that was there. Unless the journal is [`JournalState::Whole`], the caller makes a snapshot before
    /// anything else.
    pub(crate) fn take_up(
        folder: Folder,
        lock: Lock,
        header: Header,
        header_keys: Locked<HeaderKeys>,
        witness: Option<Witness>,
        keys: &VaultKeys,
        epoch: u64,
    ) -> Result<(Self, JournalState), VaultError> {
        let (journal, state) = match Journal::go_on(&folder, keys, epoch) {
            GoOn::With(journal) if !snapshot::path_of(&folder, journal.base()).exists() => {
                (Journal::begin_unnamed(&folder, keys.vault(), epoch)?, JournalState::WithoutSnapshot)
            }
            GoOn::With(journal) => (journal, JournalState::Whole),
            GoOn::CutShort => (Journal::begin_unnamed(&folder, keys.vault(), epoch)?, JournalState::CutShort),
            GoOn::Broken => (Journal::begin_unnamed(&folder, keys.vault(), epoch)?, JournalState::Broken),
        };
        let safeguards = Self {
            medium: Medium::of(folder.path()),
            folder,
            header,
            keys: header_keys,
            journal,
            witness,
            last_snapshot: Instant::now(),
            sealed: None,
            _lock: lock,
        };
        Ok((safeguards, state))
    }

    /// Follows a commit of the store: journal, then header, then this machine's memory.
    pub(crate) fn follow(
        &mut self,
        keys: &VaultKeys,
        epoch: u64,
        changes: &[Change],
        rng: &mut dyn CryptoRng,
    ) -> Result<Option<Finding>, VaultError> {
        self.journal.append(keys, epoch, changes, rng)?;
        self.mark(epoch)
    }

    /// Writes the epoch into header and memory. That the memory fails is only a finding.
    pub(crate) fn mark(&mut self, epoch: u64) -> Result<Option<Finding>, VaultError> {
        if self.header.epoch != epoch {
            self.header.write(&self.folder, &self.keys, epoch)?;
        }
        let remembered = self.witness.as_ref().map(|witness| witness.remember(&self.keys, epoch));
        Ok(remembered.and_then(Result::err).map(|_| Finding::WitnessUnwritable))
    }

    /// Writes the header with all its copies, and the epoch into memory, whatever they have.
    pub(crate) fn mark_anew(&mut self, epoch: u64) -> Result<Option<Finding>, VaultError> {
        self.header.write_everywhere(&self.folder, &self.keys, epoch)?;
        self.mark(epoch)
    }

    /// As [`Safeguards::mark_anew`], where slots or keys have changed: fails only if the header that will be read does
    /// not have them. Whether all copies have, and what is to be told.
    pub(crate) fn mark_anew_or_told(&mut self, epoch: u64) -> Result<(bool, Option<Finding>), VaultError> {
        let new = self.header.knows();
        let error = match self.mark_anew(epoch) {
            Ok(noted) => return Ok((true, noted)),
            Err(error) => error,
        };
        let (generation, slots, _) = new;
        let has_both =
            |header: &Header| (header.generation(), header.slots.generation()) == (generation, slots);
        if Header::read(&self.folder).is_ok_and(|found| has_both(&found.header)) {
            Ok((false, Some(Finding::Unfinished)))
        } else {
            Err(error.half_way())
        }
    }

    /// Whether it is time for a snapshot although the vault stays open.
    pub(crate) fn snapshot_is_due(&self) -> bool {
        self.has_news() && self.last_snapshot.elapsed() >= SNAPSHOT_EVERY
    }

    /// Whether there are commits that no snapshot holds.
    pub(crate) fn has_news(&self) -> bool {
        !self.journal.is_empty()
    }

    /// Makes a snapshot, keeps the journal beside the one before, starts a new one, and deletes what is too old.
    pub(crate) fn snapshot(
        &mut self,
        keys: &VaultKeys,
        backend: &dyn Backend,
        epoch: u64,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), VaultError> {
        self.last_snapshot = Instant::now();
        snapshot::write(&self.folder, keys, &self.header, backend, epoch, rng)?;
        self.journal = start_over(&self.folder, keys, epoch)?;
        snapshot::prune(&self.folder, keys)
    }
}

/// A new journal; what is left of the old one may still bridge two snapshots.
fn start_over(folder: &Folder, keys: &VaultKeys, epoch: u64) -> Result<Journal, VaultError> {
    rotate_journal(folder, keys)?;
    Journal::start(folder, keys.vault(), epoch)
}

/// Moves the journal to the snapshot that it followed.
fn rotate_journal(folder: &Folder, keys: &VaultKeys) -> Result<(), VaultError> {
    let journal = folder.journal();
    let failed = || cannot("keep the journal", &journal);
    let Some(read) = crate::journal::read(&journal, keys) else { return Ok(()) };
    let kept = snapshot::journal_path_of(folder, read.base);
    // A longer one for the same snapshot is there already when the last rotation was cut short.
    let longer = crate::journal::read(&kept, keys).is_some_and(|other| other.last() >= read.last());
    if read.commits.is_empty() || longer {
        return Ok(());
    }
    crate::folder::create_private_folder(&folder.snapshots()).map_err(failed())?;
    std::fs::rename(&journal, kept).map_err(failed())?;
    sync_folder(&folder.snapshots()).and_then(|()| sync_folder(folder.path())).map_err(failed())
}
