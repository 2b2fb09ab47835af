//! Back from snapshots and journals, when asked.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use latchkey_crypto::vault::{Manifest, Passphrase, RecordKind, VaultKeys};

use crate::backend::{Backend, Change, MANIFEST_KEY, Sled, Tree};
use crate::check::check;
use crate::error::cannot;
use crate::folder::{Folder, Lock, create_private_folder, files_in, remove, sync_folder};
use crate::header::{Header, read_bytes};
use crate::safeguards::Safeguards;
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
    /// Where the damaged database was put, if there was one.
    pub set_aside: Option<PathBuf>,
}

impl Restored {
    /// How many commits could not be brought back.
    pub fn commits_lost(&self) -> u64 {
        self.newest_seen.saturating_sub(self.reached)
    }
}

pub(crate) fn restore(
    path: &Path,
    options: &OpenOptions,
    passphrase: &Passphrase,
) -> Result<Restored, VaultError> {
    restore_with(path, options, |header| {
        let (master_key, _) = header.slots.open(passphrase)?;
        Ok(VaultKeys::derive(&master_key, header.slots.vault()))
    })
}

pub(crate) fn restore_with(
    path: &Path,
    options: &OpenOptions,
    unlock: impl Fn(&Header) -> Result<VaultKeys, VaultError>,
) -> Result<Restored, VaultError> {
    let folder = Folder::at(path);
    if !folder.holds_vault() {
        return Err(VaultError::NotFound);
    }
    let lock = Lock::take(&folder.lock())?;
    let headers = headers(&folder)?;
    let (keys, header) = unlock_any(headers, unlock)?;
    let witness = options.state_folder.as_deref().map(|state| Witness::at(state, &keys));
    let seen = match witness.as_ref().map(|witness| witness.recall(&keys)) {
        Some(Memory::Seen(seen)) => seen.max(header.epoch),
        _ => header.epoch,
    };
    folder.check_space()?;

    let good = snapshot::newest_good(&folder, &keys)?;
    let base = good.ok_or(VaultError::NothingToRestore)?;
    let commits = commits_after(&folder, &keys, base)?;
    let reached = base + u64::try_from(commits.len()).unwrap_or(0);
    // Behind what was seen, the next commits must not take numbers that were used before.
    let epoch = if reached < seen { seen + 1 } else { reached };
    build(&folder, &keys, base, &commits, epoch)?;
    let set_aside = exchange(&folder)?;

    let mut backend = Sled::open(&folder.db())?;
    let (mut safeguards, _) = Safeguards::take_up(folder.clone(), lock, header, witness, &keys, epoch)?;
    safeguards.mark_anew(&keys, epoch)?;
    safeguards.snapshot(&keys, &backend, epoch, &mut random())?;
    backend.close()?;
    // Only a hint: without it the next opening costs more.
    let _ = seal::write(&folder, &keys, epoch, &mut random());
    Ok(Restored { snapshot: base, reached, newest_seen: seen, set_aside })
}

/// Every header that can be read: the two generations, then those in the snapshots, newest first.
fn headers(folder: &Folder) -> Result<Vec<Header>, VaultError> {
    let mut headers = Vec::new();
    for path in [folder.header(), folder.previous_header()] {
        match read_bytes(&path).map(|bytes| Header::decode(&bytes)) {
            Ok(Ok(header)) => headers.push(header),
            // Not ours to overwrite.
            Ok(Err(error @ VaultError::TooNew { .. })) => return Err(error),
            Ok(Err(_)) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(cannot("read the header", &path)(error)),
        }
    }
    for epoch in snapshot::list(folder)? {
        headers.extend(snapshot::header_of(&snapshot::path_of(folder, epoch)));
    }
    Ok(headers)
}

/// The keys from the first header that opens and is as its writer left it. One key derivation for each different
/// slot table.
fn unlock_any(
    headers: Vec<Header>,
    unlock: impl Fn(&Header) -> Result<VaultKeys, VaultError>,
) -> Result<(VaultKeys, Header), VaultError> {
    let mut refusal = VaultError::Damaged(Damage::Header);
    let mut tried: Vec<Vec<u8>> = Vec::new();
    for header in headers {
        let slots = header.slots.encode();
        if tried.contains(&slots) {
            continue;
        }
        match unlock(&header).and_then(|keys| header.verify(&keys).map(|()| keys)) {
            Ok(keys) => return Ok((keys, header)),
            Err(error) => refusal = error,
        }
        tried.push(slots);
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

/// Builds the new store beside the old one, and checks it.
///
/// Its manifest is summed up anew from the snapshot and the commits, each of which is authentic. The one in the last
/// commit may be of a vault in which a damaged record was written over, and would match nothing ever again.
fn build(
    folder: &Folder,
    keys: &VaultKeys,
    base: u64,
    commits: &[Vec<Change>],
    epoch: u64,
) -> Result<(), VaultError> {
    remove(&folder.new_db()).map_err(cannot("remove a restore that was cut short", &folder.new_db()))?;
    create_private_folder(&folder.new_db()).map_err(cannot("make the new database", &folder.new_db()))?;
    let mut backend = Sled::create(&folder.new_db())?;
    let mut snapshot =
        snapshot::Reader::open(&snapshot::path_of(folder, base), keys).ok_or(VaultError::NothingToRestore)?;
    let mut manifest = Manifest { epoch, ..Manifest::EMPTY };
    while let Some(rows) = snapshot.next_rows().map_err(|_| VaultError::NothingToRestore)? {
        replay(&backend, keys, &rows, &mut manifest)?;
    }
    for changes in commits {
        replay(&backend, keys, changes, &mut manifest)?;
    }
    let sealed = keys.seal(RecordKind::Manifest, MANIFEST_KEY, epoch, &manifest.encode(), &mut random())?;
    backend.commit(&[Change { tree: Tree::Meta, key: MANIFEST_KEY.to_vec(), value: Some(sealed) }])?;
    if !check(&backend, keys)?.findings.is_empty() {
        return Err(VaultError::NothingToRestore);
    }
    backend.close()?;
    Ok(())
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

/// Puts the new store in the old one's place; where the old one is now, if there was one.
fn exchange(folder: &Folder) -> Result<Option<PathBuf>, VaultError> {
    let db = folder.db();
    let failed = || cannot("exchange the database", &db);
    let aside = folder.new_set_aside();
    let there = folder.db().exists();
    // The new store's own names first: without them the exchange would leave an empty folder after a power cut.
    sync_folder(&folder.new_db()).map_err(failed())?;
    if there {
        create_private_folder(&aside).map_err(failed())?;
        fs::rename(folder.db(), aside.join("db")).map_err(failed())?;
        sync_folder(&aside).and_then(|()| sync_folder(&folder.set_aside())).map_err(failed())?;
    }
    fs::rename(folder.new_db(), folder.db()).map_err(failed())?;
    sync_folder(folder.path()).map_err(failed())?;
    Ok(there.then_some(aside))
}
