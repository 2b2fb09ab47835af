//! Everything written anew under a new data key.
//!
//! One operation for three needs: what was deleted becomes unreadable for good, a new master key gets a new data key,
//! and a vault of an older format becomes one of the present format. In this order:
//!
//! 1. A new store at `db/GENERATION/`, beside the old one, with a manifest of its own; closed, opened again and read
//!    through.
//! 2. The header with all its copies points at it. This is the moment: until the first copy has its name, the old
//!    vault is there, and from then on the new one.
//! 3. A snapshot of the new store, and a new journal.
//! 4. What was sealed under the old data key is deleted: snapshots, journals, set-aside databases, the old store. A
//!    migration keeps all but the old store, so that the version before can still be gone back to.
//!
//! What a kill leaves behind is cleared away by the next opening. An older store beside that of the header tells it
//! that 3 and 4 are to be done; it goes last.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use latchkey_crypto::vault::{HeaderKeys, Manifest, RecordKind, SlotTable, VaultKeys, claimed_version};
use latchkey_memory::Locked;
use latchkey_passkey::PasskeyId;

use crate::backend::{Backend, Change, MANIFEST_KEY, REWRITE_DUE_KEY, SLOTS_KEY, Sled, Tree};
use crate::error::cannot;
use crate::folder::{Folder, new_store_in, remove, sync_folder};
use crate::header::WrappedDataKey;
use crate::open::open_and_check_within;
use crate::record::{StoredPasskey, credential_key, decode_ids, encode_ids, site_key};
use crate::safeguards::Safeguards;
use crate::unlocking::new_data_key;
use crate::vault::random;
use crate::{Damage, Finding, Vault, VaultError, snapshot};

/// The header with all its copies, and one that is being written.
const HEADERS_BYTES: u64 = 4 * 128 * 1024;
/// What is collected before it is written and synced.
const BATCH_BYTES: usize = 1024 * 1024;
/// For a store that was just written.
const CHECK_DEADLINE: Duration = Duration::from_secs(600);

/// How far a rewrite has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Records written.
    pub done: u64,
    /// Records to write.
    pub of: u64,
}

/// The keys that a rewrite leads to.
pub(crate) struct NewKeys {
    pub(crate) data: Arc<Locked<VaultKeys>>,
    pub(crate) wrapped: WrappedDataKey,
    /// Where there is a new master key: its slots, and the keys from it.
    pub(crate) master: Option<(SlotTable, Locked<HeaderKeys>)>,
}

impl Vault {
    /// Whether something was deleted for good since the last rewrite, and is still readable with the data key.
    pub fn rewrite_is_due(&self) -> bool {
        self.backend.get(Tree::Meta, REWRITE_DUE_KEY).is_ok_and(|value| value.is_some())
    }

    /// Writes everything anew under a new data key, and deletes what was sealed under the old one: the old database,
    /// older snapshots and journals, databases that were set aside. What was deleted from the vault is then nowhere in
    /// its folder.
    ///
    /// Takes as much room as the vault once more, memory for a batch of records, and time for reading and writing all
    /// of it. The function is shown the progress, and may stop it: then, and whenever it fails before the new database
    /// takes the old one's place, the vault is as it was. What cannot be done after that is [`Finding::Unfinished`], and
    /// the next opening does it. Refused while records are damaged or missing, as those would
    /// be lost with the snapshots ([`Damage::Records`]).
    pub fn rewrite(
        &mut self,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<(), VaultError> {
        self.check_changeable()?;
        let safeguards = self.safeguards.as_ref().ok_or(VaultError::NotFound)?;
        let generation = safeguards.header.generation() + 1;
        let (data, wrapped) = new_data_key(&safeguards.keys, generation, &mut random())?;
        self.rewrite_under(NewKeys { data, wrapped, master: None }, progress)
    }

    pub(crate) fn rewrite_if_due(&mut self) -> Result<(), VaultError> {
        if self.interrupted || !self.rewrite_is_due() {
            return Ok(());
        }
        match self.rewrite(&mut |_| ControlFlow::Continue(())) {
            // It stays due, and what is in the way is told elsewhere.
            Err(VaultError::Damaged(Damage::Records) | VaultError::Full | VaultError::NotMigrated { .. }) => {
                Ok(())
            }
            other => other,
        }
    }

    /// Brings a vault of the first format to the present one, if it can be done; it is usable as it is, too.
    pub(crate) fn migrate(&mut self) -> Result<(), VaultError> {
        let Some(safeguards) = &self.safeguards else { return Ok(()) };
        if safeguards.header.generation() > 0 {
            return Ok(());
        }
        match self.migrate_now() {
            Ok(()) if self.interrupted => return Err(VaultError::Interrupted { cause: None }),
            Ok(()) => self.note(Finding::Migrated { from: 1 }),
            Err(error) if self.interrupted => return Err(error),
            Err(_) => self.note(Finding::NotMigrated { format: 1 }),
        }
        Ok(())
    }

    /// Makes sure that a vault of the first format has a snapshot of how it is now, before anything changes it.
    pub(crate) fn snapshot_before_migration(&mut self) -> Result<(), VaultError> {
        let Some(safeguards) = self.safeguards.as_ref().filter(|it| it.header.generation() == 0) else {
            return Ok(());
        };
        let newest = snapshot::path_of(&safeguards.folder, self.manifest.epoch);
        if snapshot::verify(&newest, &self.keys).is_none() { self.snapshot() } else { Ok(()) }
    }

    fn migrate_now(&mut self) -> Result<(), VaultError> {
        self.snapshot_before_migration()?;
        let Some(safeguards) = &self.safeguards else { return Ok(()) };
        let (data, wrapped) = new_data_key(&safeguards.keys, 1, &mut random())?;
        self.rewrite_under(NewKeys { data, wrapped, master: None }, &mut |_| ControlFlow::Continue(()))
    }

    /// The whole of it, but for the keys.
    pub(crate) fn rewrite_under(
        &mut self,
        new: NewKeys,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<(), VaultError> {
        let safeguards = self.safeguards.as_ref().ok_or(VaultError::NotFound)?;
        let folder = safeguards.folder.clone();
        let from = safeguards.header.generation();
        let slots = new.master.as_ref().map_or(&safeguards.header.slots, |(slots, _)| slots).generation();
        let order = Order { folder: &folder, from, to: new.wrapped.generation, slots };
        let built = self.build(&order, &new.data, progress);
        let (backend, manifest) = match built {
            Ok(built) => built,
            Err(error) => {
                // The next opening would do it, too.
                let _ = remove(&folder.db(order.to));
                return Err(error);
            }
        };
        reached("built");

        // From here on a failure leaves it open which of the two vaults is on the disk; and until there is a journal
        // under the new key, no change can be made.
        self.interrupted = true;
        let everywhere = self.switch(new, backend, manifest)?;
        reached("switched");
        // The new keys hold from here on: an error would say that the old ones do.
        if self.snapshot().is_err() {
            self.note(Finding::Unfinished);
            return Ok(());
        }
        if !everywhere {
            // A copy of the header still points at the old store, which therefore stays.
            return Ok(());
        }
        self.interrupted = false;
        reached("snapshot");
        if self.clear_away(from).is_err() {
            self.note(Finding::Unfinished);
        }
        Ok(())
    }

    /// Builds the new store, and reads it through.
    fn build(
        &self,
        order: &Order<'_>,
        keys: &Arc<Locked<VaultKeys>>,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<(Sled, Manifest), VaultError> {
        let stores = order.folder.stores();
        let store = new_store_in(&stores, order.to).map_err(cannot("make the new database", &stores))?;
        let mut copy = Copy {
            to: Sled::create(&store)?,
            keys,
            folder: order.folder,
            manifest: Manifest { epoch: self.manifest.epoch + 1, ..Manifest::EMPTY },
            batch: Vec::new(),
            batch_bytes: 0,
            snapshot_bytes: 0,
            credentials: BTreeMap::new(),
            progress: Progress { done: 0, of: self.manifest.count },
            report: progress,
        };
        let mut found = Manifest { epoch: self.manifest.epoch, ..Manifest::EMPTY };
        // The due rewrite is this one. A migration is none, as it keeps the old snapshots.
        let drops = |key: &[u8]| key == SLOTS_KEY || (key == REWRITE_DUE_KEY && order.from > 0);
        for tree in Tree::ALL {
            let mut result = Ok(());
            self.backend.scan(tree, &[], &mut |key, envelope| {
                if result.is_ok() && !(tree == Tree::Meta && key == MANIFEST_KEY) {
                    if let Some(kind) = tree.kind(key) {
                        found.add(self.keys.member(kind, key, envelope));
                    }
                    let leave = tree == Tree::Meta && drops(key);
                    result = if leave { Ok(()) } else { copy.record(&self.keys, tree, key, envelope) };
                }
            })?;
            result?;
        }
        // Whatever is missing here is missing in the new store, and in the snapshots that are to go.
        if found != self.manifest {
            return Err(VaultError::Damaged(Damage::Records));
        }
        copy.put(RecordKind::Meta, Tree::Meta, SLOTS_KEY, 1, &order.slots.to_be_bytes())?;
        let (manifest, snapshot_bytes) = copy.finish()?;
        sync_folder(&store)
            .and_then(|()| sync_folder(&stores))
            .map_err(cannot("sync the new database", &store))?;
        let (backend, checked) = open_and_check_within(CHECK_DEADLINE, &store, keys)?;
        if checked.manifest != manifest || !checked.findings.is_empty() {
            return Err(VaultError::Damaged(Damage::Records));
        }
        // What follows must not fail for want of room.
        order.folder.check_space_for(snapshot_bytes.saturating_add(HEADERS_BYTES))?;
        Ok((backend, manifest))
    }

    /// Points the header at the new store, and goes on with it. Whether all copies of the header do.
    fn switch(&mut self, new: NewKeys, backend: Sled, manifest: Manifest) -> Result<bool, VaultError> {
        let safeguards = self.safeguards.as_mut().ok_or(VaultError::NotFound)?;
        safeguards.header.data_key = Some(new.wrapped);
        if let Some((slots, keys)) = new.master {
            safeguards.header.slots = slots;
            safeguards.keys = keys;
        }
        self.keys = new.data;
        self.manifest = manifest;
        let mut old = std::mem::replace(&mut self.backend, Box::new(backend));
        let (everywhere, noted) = safeguards.mark_anew_or_told(manifest.epoch)?;
        noted.into_iter().for_each(|finding| self.note(finding));
        // It is to be deleted: that it does not close well is no harm.
        let _ = old.close();
        Ok(everywhere)
    }

    /// Does what a kill has left undone.
    pub(crate) fn finish_rewrite(&mut self) -> Result<(), VaultError> {
        let Some(safeguards) = &mut self.safeguards else { return Ok(()) };
        safeguards.mark_anew(self.manifest.epoch)?;
        // The first format's store is the only one that a migration leaves.
        let from = safeguards.header.generation() - 1;
        self.snapshot()?;
        self.clear_away(from)
    }

    /// Deletes what was sealed under the old data key.
    fn clear_away(&self, from: u64) -> Result<(), VaultError> {
        let epoch = self.manifest.epoch;
        let Some(Safeguards { folder, .. }) = &self.safeguards else { return Ok(()) };
        if snapshot::verify(&snapshot::path_of(folder, epoch), &self.keys) != Some(self.manifest) {
            return Err(VaultError::NothingToRestore);
        }
        let failed = || cannot("delete what is left of the old keys in", folder.path());
        if from > 0 {
            snapshot::remove_all_but(folder, epoch).map_err(failed())?;
            reached("snapshots removed");
            remove(&folder.set_aside()).map_err(failed())?;
        }
        remove(&folder.trial_db()).and_then(|()| remove(&folder.new_stores())).map_err(failed())?;
        reached("set-aside removed");
        self.remove_other_stores()
    }

    /// Removes the stores that the header does not point at: a rewrite has left them.
    pub(crate) fn remove_other_stores(&self) -> Result<(), VaultError> {
        let Some(Safeguards { folder, header, .. }) = &self.safeguards else { return Ok(()) };
        let stores = folder.stores();
        folder.remove_other_stores(header.generation()).map_err(cannot("delete an old database in", &stores))
    }
}

/// From which store to which.
struct Order<'a> {
    folder: &'a Folder,
    from: u64,
    to: u64,
    /// The generation of the slot table that will be true then.
    slots: u64,
}

/// A store that is being filled.
struct Copy<'a> {
    to: Sled,
    keys: &'a VaultKeys,
    folder: &'a Folder,
    manifest: Manifest,
    batch: Vec<Change>,
    batch_bytes: usize,
    /// What a snapshot of all of it will take: there has to be room for that as well, before the header points at it.
    snapshot_bytes: u64,
    /// Entries of the index over credential IDs that the batch adds to.
    credentials: BTreeMap<Vec<u8>, Vec<PasskeyId>>,
    progress: Progress,
    report: &'a mut dyn FnMut(Progress) -> ControlFlow<()>,
}

impl Copy<'_> {
    /// Seals a record anew. Indexes are not copied: their keys are of the old data key, so they are made from the
    /// passkeys.
    fn record(&mut self, old: &VaultKeys, tree: Tree, key: &[u8], envelope: &[u8]) -> Result<(), VaultError> {
        let lost = || VaultError::Damaged(Damage::Records);
        let kind = tree.kind(key).ok_or_else(lost)?;
        self.progress.done += 1;
        if matches!(kind, RecordKind::SiteIndex | RecordKind::CredentialIndex) {
            return Ok(());
        }
        let opened = old.open(kind, key, envelope).map_err(|_| lost())?;
        if kind == RecordKind::Passkey {
            let entry = StoredPasskey::decode(&opened.plaintext).and_then(|stored| stored.entry());
            let core = entry.map_err(|_| lost())?.passkey.core;
            let site = site_key(self.keys, &core.rp_id, core.id);
            self.put(RecordKind::SiteIndex, Tree::IndexRp, &site, 1, &encode_ids(&[core.id]))?;
            let credential = credential_key(self.keys, &core.rp_id, &core.credential_id);
            self.credentials.entry(credential).or_default().push(core.id);
        }
        self.put(kind, tree, key, opened.version, &opened.plaintext)?;
        if self.batch_bytes >= BATCH_BYTES { self.flush() } else { Ok(()) }
    }

    fn put(
        &mut self,
        kind: RecordKind,
        tree: Tree,
        key: &[u8],
        version: u64,
        plaintext: &[u8],
    ) -> Result<(), VaultError> {
        let envelope = self.keys.seal(kind, key, version, plaintext, &mut random())?;
        self.manifest.add(self.keys.member(kind, key, &envelope));
        let bytes = key.len() + envelope.len();
        self.batch_bytes += bytes;
        self.snapshot_bytes += u64::try_from(bytes + snapshot::ROW_BYTES).unwrap_or(u64::MAX);
        self.batch.push(Change { tree, key: key.to_vec(), value: Some(envelope) });
        Ok(())
    }

    /// Writes what was collected.
    fn flush(&mut self) -> Result<(), VaultError> {
        self.folder.check_space_for(self.snapshot_bytes)?;
        for (key, mut ids) in std::mem::take(&mut self.credentials) {
            let mut version = 1;
            if let Some(before) = self.to.get(Tree::IndexCredential, &key)? {
                let opened = self.keys.open(RecordKind::CredentialIndex, &key, &before)?;
                let known =
                    decode_ids(&opened.plaintext).map_err(|_| VaultError::Damaged(Damage::Records))?;
                ids.splice(0..0, known);
                version = claimed_version(&before).unwrap_or(0) + 1;
                self.manifest.remove(self.keys.member(RecordKind::CredentialIndex, &key, &before));
            }
            self.put(RecordKind::CredentialIndex, Tree::IndexCredential, &key, version, &encode_ids(&ids))?;
        }
        self.to.commit(&std::mem::take(&mut self.batch))?;
        self.batch_bytes = 0;
        match (self.report)(self.progress) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(VaultError::Cancelled),
        }
    }

    /// Writes the rest, and the manifest last; how much a snapshot of it will take.
    fn finish(mut self) -> Result<(Manifest, u64), VaultError> {
        self.flush()?;
        let manifest = self.manifest;
        let sealed = self.keys.seal(
            RecordKind::Manifest,
            MANIFEST_KEY,
            manifest.epoch,
            &manifest.encode(),
            &mut random(),
        )?;
        self.to.commit(&[Change { tree: Tree::Meta, key: MANIFEST_KEY.to_vec(), value: Some(sealed) }])?;
        self.to.close()?;
        Ok((manifest, self.snapshot_bytes))
    }
}

/// A place where tests look at what is on the disk, which is what a kill there would leave.
fn reached(_step: &'static str) {
    #[cfg(test)]
    crate::testing::reached(_step);
}
