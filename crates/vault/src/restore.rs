//! Back from snapshots and journals, when asked.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use latchkey_crypto::vault::{DeviceSeed, Manifest, MasterKey, Passphrase, RecordKind, SlotTable, VaultKeys};
use latchkey_memory::wiping_stack;
use latchkey_passkey::PasskeyId;

use crate::backend::{Backend, Change, DEVICE_KEY, MANIFEST_KEY, Sled, Tree, within};
use crate::check::{check, named};
use crate::error::cannot;
use crate::folder::{
    Folder, Lock, copy_store, create_private_folder, files_in, new_store_in, remove, sync_folder,
};
use crate::header::{Header, read_bytes};
use crate::safeguards::Safeguards;
use crate::unlocking::{DataKeys, Keys, first_format};
use crate::vault::random;
use crate::witness::{Memory, Witness};
use crate::{Damage, OpenOptions, VaultError, journal, seal, snapshot};

/// What a restore has brought back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The commit that the snapshot was made at.
    pub snapshot: u64,
    /// The commit that it was brought to by the journals.
    pub reached: u64,
    /// The newest commit that header or this machine know of.
    pub newest_seen: u64,
    /// How many passkeys there are now, those in the bin too.
    pub passkeys: u64,
    /// Passkeys that the damaged database still names, and that are not there now. `None` if it could not be read at
    /// all: then the number of commits lost is all that is known.
    pub passkeys_lost: Option<Vec<PasskeyId>>,
    /// Where the damaged database was put, if there was one.
    pub set_aside: Option<PathBuf>,
}

impl Restored {
    /// How many commits could not be brought back.
    pub fn commits_lost(&self) -> u64 {
        self.newest_seen.saturating_sub(self.reached)
    }
}

/// From what a vault is restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The newest good snapshot, and every commit after it that the journals hold.
    Newest,
    /// A snapshot that was chosen, and nothing after it.
    Snapshot(u64),
}

pub(crate) fn restore(
    path: &Path,
    options: &OpenOptions,
    source: Source,
    passphrase: &Passphrase,
) -> Result<Restored, VaultError> {
    restore_with(path, options, source, |slots| Ok(slots.open(passphrase)?.0))
}

pub(crate) fn restore_with(
    path: &Path,
    options: &OpenOptions,
    source: Source,
    unlock: impl Fn(&SlotTable) -> Result<MasterKey, VaultError>,
) -> Result<Restored, VaultError> {
    let folder = Folder::at(path);
    if !folder.holds_vault() {
        return Err(VaultError::NotFound);
    }
    let lock = Lock::take(&folder.lock())?;
    let Unlocked { mut header, keys, first_format } = unlock_any(headers(&folder)?, unlock)?;
    let witness = options.state_folder.as_deref().map(|state| Witness::at(state, &keys.header));
    let seen = match witness.as_ref().map(|witness| witness.recall(&keys.header)) {
        Some(Memory::Seen(seen)) => seen.max(header.epoch),
        _ => header.epoch,
    };
    folder.check_space()?;

    let still_named = named_in_store(&folder, header.generation(), &keys.data, options);
    let mut data = keys.data;
    let mut base = choose(&folder, &data, source)?;
    if base.is_none() && header.generation() > 0 {
        // What a migration has kept: the vault is as it was then, and is migrated again when it is opened.
        base = choose(&folder, &first_format, source)?;
        data = first_format;
        header.data_key = None;
    }
    let base = base.ok_or(VaultError::NothingToRestore)?;
    let commits = match source {
        Source::Newest => commits_after(&folder, &data, base)?,
        Source::Snapshot(_) => Vec::new(),
    };
    let reached = base + u64::try_from(commits.len()).unwrap_or(0);
    // Behind what was seen, the next commits must not take numbers that were used before.
    let epoch = if reached < seen { seen + 1 } else { reached };
    let generation = header.generation();
    // Of what follows a chosen snapshot the journals may know more than the header.
    let lost_changes = reached < seen || source != Source::Newest;
    let identity = if lost_changes { Identity::Leave } else { Identity::Keep };
    build(&folder, generation, &data, Base { snapshot: base, commits: &commits, identity }, epoch)?;
    let set_aside = exchange(&folder)?;

    let mut backend = Sled::open(&folder.db(generation))?;
    let (mut safeguards, _) =
        Safeguards::take_up(folder.clone(), lock, header, keys.header, witness, &data, epoch)?;
    safeguards.mark_anew(epoch)?;
    safeguards.snapshot(&data, &backend, epoch, &mut random())?;
    let there = passkeys_in(&backend)?;
    backend.close()?;
    // Only a hint: without it the next opening costs more.
    let _ = seal::write(&folder, generation, &data, epoch, &mut random());
    let passkeys_lost = still_named.map(|named| {
        let mut lost: Vec<_> = named.difference(&there).copied().collect();
        lost.sort_unstable();
        lost
    });
    let passkeys = u64::try_from(there.len()).unwrap_or(u64::MAX);
    Ok(Restored { snapshot: base, reached, newest_seen: seen, passkeys, passkeys_lost, set_aside })
}

/// The keys of a vault that may not open: of its records, and of those that its first format had.
pub(crate) fn unlock_passphrase(
    folder: &Folder,
    passphrase: &Passphrase,
) -> Result<(DataKeys, DataKeys), VaultError> {
    let unlocked = unlock_any(headers(folder)?, |slots| Ok(slots.open(passphrase)?.0))?;
    Ok((unlocked.keys.data, unlocked.first_format))
}

/// The snapshot to restore from.
fn choose(folder: &Folder, keys: &VaultKeys, source: Source) -> Result<Option<u64>, VaultError> {
    match source {
        Source::Newest => snapshot::newest_good(folder, keys),
        Source::Snapshot(epoch) => {
            let manifest = snapshot::verify(&snapshot::path_of(folder, epoch), keys);
            Ok(manifest.filter(|manifest| manifest.epoch == epoch).map(|_| epoch))
        }
    }
}

/// What the damaged store still names, read from a copy: the engine changes what it opens.
fn named_in_store(
    folder: &Folder,
    generation: u64,
    keys: &DataKeys,
    options: &OpenOptions,
) -> Option<HashSet<PasskeyId>> {
    let (trial, keys) = (folder.trial_db(), Arc::clone(keys));
    remove(&trial).and_then(|()| copy_store(&folder.db(generation), &trial)).ok()?;
    let copy = trial.clone();
    let named = within(options.deadline, move || {
        let mut store = Sled::open(&copy)?;
        let named = named(&store, &keys);
        store.close()?;
        Ok(named)
    });
    let _ = remove(&trial);
    named.ok()?.ok()
}

fn passkeys_in(backend: &dyn Backend) -> Result<HashSet<PasskeyId>, VaultError> {
    let mut found = HashSet::new();
    backend.scan(Tree::Record, &[RecordKind::Passkey.code()], &mut |key, _| {
        let id = key.get(1..).and_then(|id| id.try_into().ok());
        found.extend(id.map(PasskeyId::from_bytes));
    })?;
    Ok(found)
}

/// Every header that can be read, the one that knows most first: the two generations and the third copy; if there is
/// none, those in the snapshots of the first format.
fn headers(folder: &Folder) -> Result<Vec<Header>, VaultError> {
    let mut headers = read_headers(&[folder.header(), folder.previous_header(), folder.third_header()])?;
    if headers.is_empty() {
        let snapshots = snapshot::list(folder)?;
        let inside = |epoch| snapshot::header_of(&snapshot::path_of(folder, epoch));
        headers.extend(snapshots.into_iter().filter_map(inside));
    }
    // An older one may have been put back.
    headers.sort_by_key(|header| std::cmp::Reverse(header.knows()));
    Ok(headers)
}

fn read_headers(paths: &[PathBuf]) -> Result<Vec<Header>, VaultError> {
    let mut headers = Vec::new();
    for path in paths {
        match read_bytes(path).map(|bytes| Header::decode(&bytes)) {
            Ok(Ok(header)) => headers.push(header),
            // Not ours to overwrite.
            Ok(Err(error @ VaultError::TooNew { .. })) => return Err(error),
            Ok(Err(_)) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(cannot("read the header", path)(error)),
        }
    }
    Ok(headers)
}

struct Unlocked {
    header: Header,
    keys: Keys,
    /// For snapshots from before the vault had a data key.
    first_format: DataKeys,
}

/// The keys from the first header that opens and is as its writer left it. One key derivation for each different
/// slot table.
///
/// What does not open a header that its own master key has written since does not open the vault: else an older
/// header that was put back would bring back a passphrase that was changed, and be written over the newer one.
fn unlock_any(
    headers: Vec<Header>,
    unlock: impl Fn(&SlotTable) -> Result<MasterKey, VaultError>,
) -> Result<Unlocked, VaultError> {
    let mut refusal = VaultError::Damaged(Damage::Header);
    let mut refused: Vec<Header> = Vec::new();
    for header in headers {
        let slots = header.slots.encode();
        if refused.iter().any(|other| other.slots.encode() == slots) {
            refused.push(header);
            continue;
        }
        let unlocked = wiping_stack(|| {
            let master_key = unlock(&header.slots)?;
            let keys = Keys::unlock(&header, &master_key);
            Ok((keys, first_format(&master_key, header.slots.vault())))
        });
        match unlocked {
            Ok((Ok(keys), first_format)) => {
                if refused.iter().any(|newer| newer.verify(&keys.header).is_ok()) {
                    return Err(refusal);
                }
                return Ok(Unlocked { header, keys, first_format });
            }
            // Of another hand: one with the same slots may be genuine.
            Ok((Err(error), _)) => refusal = error,
            Err(error) => {
                refusal = error;
                refused.push(header);
            }
        }
    }
    Err(refusal)
}

/// Every commit after an epoch that the journals hold without a gap.
fn commits_after(folder: &Folder, keys: &VaultKeys, base: u64) -> Result<Vec<Vec<Change>>, VaultError> {
    let kept = files_in(&folder.snapshots()).map_err(cannot("list the journals in", &folder.snapshots()))?;
    let kept =
        kept.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "journal"));
    let mut journals: Vec<_> =
        kept.chain([folder.journal()]).filter_map(|path| journal::read(&path, keys)).collect();
    journals.sort_by_key(|journal| journal.base);
    let (mut commits, mut reached) = (Vec::new(), base);
    for journal in journals {
        if journal.base > reached || journal.last() <= reached {
            continue;
        }
        let known = usize::try_from(reached - journal.base).unwrap_or(usize::MAX);
        reached = journal.last();
        commits.extend(journal.commits.into_iter().skip(known));
    }
    Ok(commits)
}

/// What a new store is built from.
#[derive(Clone, Copy)]
struct Base<'a> {
    /// The epoch of the snapshot.
    snapshot: u64,
    /// What came after it.
    commits: &'a [Vec<Change>],
    identity: Identity,
}

/// Whether the copy of the vault stays the one that it was.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Identity {
    Keep,
    /// It has lost changes that others may have from it: under its old name it would claim to have them, and count them
    /// anew. The next opening makes a new identity; the names of all stay.
    Leave,
}

/// Builds the new store beside the old one, and checks it.
///
/// Its manifest is summed up anew from the snapshot and the commits, each of which is authentic. The one in the last
/// commit may be of a vault in which a damaged record was written over, and would match nothing ever again.
fn build(
    folder: &Folder,
    generation: u64,
    keys: &VaultKeys,
    base: Base<'_>,
    epoch: u64,
) -> Result<(), VaultError> {
    let stores = folder.new_stores();
    remove(&stores).map_err(cannot("remove a restore that was cut short", &stores))?;
    let failed = || cannot("make the new database", &stores);
    create_private_folder(&stores).map_err(failed())?;
    let store = new_store_in(&stores, generation).map_err(failed())?;
    let mut backend = Sled::create(&store)?;
    let mut snapshot = snapshot::Reader::open(&snapshot::path_of(folder, base.snapshot), keys)
        .ok_or(VaultError::NothingToRestore)?;
    let mut manifest = Manifest { epoch, ..Manifest::EMPTY };
    while let Some(rows) = snapshot.next_rows().map_err(|_| VaultError::NothingToRestore)? {
        replay(&backend, keys, &rows, &mut manifest)?;
    }
    for changes in base.commits {
        replay(&backend, keys, changes, &mut manifest)?;
    }
    if base.identity == Identity::Leave {
        leave_identity(&backend, keys, &mut manifest)?;
    }
    let sealed = keys.seal(RecordKind::Manifest, MANIFEST_KEY, epoch, &manifest.encode(), &mut random())?;
    backend.commit(&[Change { tree: Tree::Meta, key: MANIFEST_KEY.to_vec(), value: Some(sealed) }])?;
    if !check(&backend, keys)?.findings.is_empty() {
        return Err(VaultError::NothingToRestore);
    }
    backend.close()?;
    // The store's own names: without them the exchange would leave an empty folder after a power cut.
    sync_folder(&store).and_then(|()| sync_folder(&stores)).map_err(failed())
}

/// Makes changes again, all but that of the manifest, and follows them in a manifest.
fn replay(
    backend: &dyn Backend,
    keys: &VaultKeys,
    changes: &[Change],
    manifest: &mut Manifest,
) -> Result<(), VaultError> {
    let records = changes.iter().filter(|change| change.tree != Tree::Meta || change.key != MANIFEST_KEY);
    let records: Vec<Change> = records.cloned().collect();
    for Change { tree, key, value } in &records {
        let kind = tree.kind(key).ok_or(VaultError::NothingToRestore)?;
        if let Some(before) = backend.get(*tree, key)? {
            manifest.remove(keys.member(kind, key, &before));
        }
        if let Some(value) = value {
            manifest.add(keys.member(kind, key, value));
        }
    }
    Ok(backend.commit(&records)?)
}

/// Takes the device's own seed away. What is no seed is an identity of the first form, which the next opening leaves
/// behind in any case, and then notes its name.
fn leave_identity(
    backend: &dyn Backend,
    keys: &VaultKeys,
    manifest: &mut Manifest,
) -> Result<(), VaultError> {
    let Some(envelope) = backend.get(Tree::Meta, DEVICE_KEY)? else { return Ok(()) };
    let opened = keys.open(RecordKind::Meta, DEVICE_KEY, &envelope)?;
    if DeviceSeed::from_slice(&opened.plaintext).is_none() {
        return Ok(());
    }
    manifest.remove(keys.member(RecordKind::Meta, DEVICE_KEY, &envelope));
    Ok(backend.commit(&[Change { tree: Tree::Meta, key: DEVICE_KEY.to_vec(), value: None }])?)
}

/// Puts the new store in the place of all that are there; where those are now, if there were any.
fn exchange(folder: &Folder) -> Result<Option<PathBuf>, VaultError> {
    let stores = folder.stores();
    let failed = || cannot("exchange the database", &stores);
    let aside = folder.new_set_aside();
    let there = stores.exists();
    if there {
        create_private_folder(&aside).map_err(failed())?;
        fs::rename(&stores, aside.join("db")).map_err(failed())?;
        sync_folder(&aside).and_then(|()| sync_folder(&folder.set_aside())).map_err(failed())?;
    }
    fs::rename(folder.new_stores(), &stores).map_err(failed())?;
    sync_folder(folder.path()).map_err(failed())?;
    Ok(there.then_some(aside))
}
