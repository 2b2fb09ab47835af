use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use getrandom::SysRng;
use latchkey_crypto::vault::{
    DeviceId, KdfParams, Manifest, MasterKey, Passphrase, PassphraseProof, RecordError, RecordKind, VaultId,
    VaultKeys, claimed_version,
};
use latchkey_memory::Locked;
use latchkey_passkey::{Passkey, PasskeyId, PasskeySecrets};
use rand_core::{CryptoRng, UnwrapErr};
use zeroize::Zeroizing;

use crate::backend::{Backend, BackendError, Change, MANIFEST_KEY, Tree};
use crate::check::check_thoroughly;
use crate::findings::Findings;
use crate::record::{StoredPasskey, Unreadable, decode_secret};
use crate::safeguards::Safeguards;
use crate::write::Write;
use crate::{Damage, Entry, Finding, OpenOptions, Status, VaultError, journal, seal, snapshot};

/// No record is larger than this before sealing: the storage engine keeps larger values in files of their own,
/// which it does not sync. A page of it holds up to 17 records and has to stay below 128 KiB.
pub(crate) const MOST_RECORD_BYTES: usize = 6 * 1024;

/// An open vault. Only one process has it at a time.
///
/// Every change is on the disk when its call returns. [`Vault::close`] makes a last snapshot; dropping it instead
/// loses nothing, as the journal has every commit since.
pub struct Vault {
    pub(crate) keys: Arc<Locked<VaultKeys>>,
    pub(crate) backend: Box<dyn Backend>,
    pub(crate) manifest: Manifest,
    /// `None` only in tests, over memory.
    pub(crate) safeguards: Option<Safeguards>,
    device: DeviceId,
    findings: Mutex<Findings>,
    pub(crate) interrupted: bool,
}

impl Vault {
    /// Makes a vault with the default options; see [`OpenOptions::create`].
    pub fn create(
        folder: impl AsRef<Path>,
        passphrase: &Passphrase,
        params: KdfParams,
        rng: &mut dyn CryptoRng,
    ) -> Result<Vault, VaultError> {
        OpenOptions::new().create(folder, passphrase, params, rng)
    }

    /// Opens a vault with the default options; see [`OpenOptions::open`].
    pub fn open(
        folder: impl AsRef<Path>,
        passphrase: &Passphrase,
    ) -> Result<(Vault, PassphraseProof), VaultError> {
        OpenOptions::new().open(folder, passphrase)
    }

    /// Opens a vault with its master key and the default options; see [`OpenOptions::open_with_master_key`].
    pub fn open_with_master_key(
        folder: impl AsRef<Path>,
        master_key: &MasterKey,
    ) -> Result<Vault, VaultError> {
        OpenOptions::new().open_with_master_key(folder, master_key)
    }

    /// Which vault it is.
    pub fn id(&self) -> VaultId {
        self.keys.vault()
    }

    /// Checks a passphrase against this vault's slots, without opening anything: for verifying the user of one
    /// request. Costs one key derivation.
    pub fn verify_passphrase(&self, passphrase: &Passphrase) -> Result<PassphraseProof, VaultError> {
        self.open_slot(|slots| slots.open(passphrase)).map(|(_, proof)| proof)
    }

    /// Every passkey, oldest first, those in the bin too ([`Entry::binned_at`]). No secret is opened.
    ///
    /// A record that cannot be read is left out and told of in [`Vault::status`].
    pub fn list(&self) -> Result<Vec<Entry>, VaultError> {
        let mut entries = Vec::new();
        self.backend.scan(Tree::Record, &[RecordKind::Passkey.code()], &mut |key, envelope| {
            let stored = self.read(RecordKind::Passkey, key, envelope, StoredPasskey::decode);
            entries.extend(stored.and_then(|stored| self.accept(RecordKind::Passkey, key, stored.entry())));
        })?;
        entries.sort_by_key(|entry: &Entry| (entry.passkey.core.created_at, entry.passkey.core.id));
        Ok(entries)
    }

    /// One passkey, also from the bin.
    pub fn find(&self, id: PasskeyId) -> Result<Option<Entry>, VaultError> {
        let Some((_, stored)) = self.stored(id)? else { return Ok(None) };
        Ok(self.accept(RecordKind::Passkey, &record_key(RecordKind::Passkey, id), stored.entry()))
    }

    /// How the vault is doing.
    pub fn status(&self) -> Result<Status, VaultError> {
        let entries = self.list()?;
        let binned = entries.iter().filter(|entry| entry.binned_at.is_some()).count();
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let safeguards = self.safeguards.as_ref();
        let snapshots = safeguards.map(|safeguards| snapshot::list(&safeguards.folder));
        Ok(Status {
            vault: self.id(),
            epoch: self.manifest.epoch,
            passkeys: count(entries.len() - binned),
            binned: count(binned),
            slots: safeguards.map(|safeguards| safeguards.header.slots.slots().collect()).unwrap_or_default(),
            snapshots: snapshots.transpose()?.unwrap_or_default(),
            findings: self.findings(),
        })
    }

    /// What was found wrong, on opening and since: [`Status::findings`] without counting passkeys for it.
    pub fn findings(&self) -> Vec<Finding> {
        self.noted().all().to_vec()
    }

    /// Opens every record and secret and compares all of them with the manifest; what was found is also added to
    /// [`Vault::status`].
    pub fn check(&self) -> Result<Vec<Finding>, VaultError> {
        let checked = check_thoroughly(&*self.backend, &self.keys)?;
        checked.findings.iter().for_each(|finding| self.note(finding.clone()));
        Ok(checked.findings)
    }

    /// Rewrites the vault if that is due, makes a snapshot if anything has changed since the last one, and gives the
    /// vault up.
    ///
    /// A rewrite that is not possible now, as records are damaged or the disk is full, stays due; the rest is done.
    pub fn close(mut self) -> Result<(), VaultError> {
        let rewritten = self.rewrite_if_due();
        let news = self.safeguards.as_ref().is_some_and(Safeguards::has_news);
        let snapshot = if news && !self.interrupted { self.snapshot() } else { Ok(()) };
        let closed = self.backend.close().map_err(VaultError::from);
        if let Some(safeguards) = self.safeguards.as_ref().filter(|_| closed.is_ok() && !self.interrupted) {
            let (generation, epoch) = (safeguards.header.generation(), self.manifest.epoch);
            let sealed = safeguards.sealed.as_ref();
            if !sealed.is_some_and(|sealed| sealed.still_holds(&safeguards.folder, generation, epoch)) {
                // Only a hint: without it the next opening costs more.
                let _ = seal::write(&safeguards.folder, generation, &self.keys, epoch, &mut random());
            }
        }
        rewritten.and(snapshot).and(closed)
    }

    pub(crate) fn assemble(
        keys: Arc<Locked<VaultKeys>>,
        backend: Box<dyn Backend>,
        manifest: Manifest,
        safeguards: Option<Safeguards>,
        findings: Vec<Finding>,
    ) -> Self {
        Self {
            keys,
            backend,
            manifest,
            safeguards,
            device: DeviceId::from_bytes([0; 16]),
            findings: Mutex::new(findings.into_iter().collect()),
            interrupted: false,
        }
    }

    /// Writes the epoch into header and memory, if they do not have it yet.
    pub(crate) fn mark_epoch(&mut self) -> Result<(), VaultError> {
        let Some(safeguards) = &mut self.safeguards else { return Ok(()) };
        if let Some(finding) = safeguards.mark(self.manifest.epoch)? {
            self.note(finding);
        }
        Ok(())
    }

    /// Makes all copies of the header the same again. Where that fails, for want of room say, the next opening tries.
    pub(crate) fn mend_headers(&mut self) {
        if let Some(safeguards) = self.safeguards.as_mut().filter(|to| to.header.generation() > 0) {
            let _ = safeguards.header.mend(&safeguards.folder, &safeguards.keys);
        }
    }

    pub(crate) fn snapshot(&mut self) -> Result<(), VaultError> {
        let Some(safeguards) = &mut self.safeguards else { return Ok(()) };
        safeguards.snapshot(&self.keys, &*self.backend, self.manifest.epoch, &mut random())
    }

    /// Which copy of the vault this is.
    pub(crate) fn device(&self) -> DeviceId {
        self.device
    }

    pub(crate) fn set_device(&mut self, device: DeviceId) {
        self.device = device;
    }

    /// The change that the next commit makes.
    pub(crate) fn next_change(&self, at: u64) -> crate::record::ChangeId {
        crate::record::ChangeId { device: self.device, counter: self.manifest.epoch + 1, at }
    }

    /// Writes records in one commit, with the manifest: all of them or none, on the disk when this returns. No place
    /// is named twice.
    ///
    /// Refused with [`Damage::Records`] where a record would be written over or taken away that does not open.
    ///
    /// In this order: the store with flush and sync, the journal, the header, this machine's memory.
    pub(crate) fn commit(&mut self, writes: &[Write]) -> Result<(), VaultError> {
        if self.interrupted {
            return Err(VaultError::Interrupted { cause: None });
        }
        let mut rng = random();
        let (changes, manifest) = self.seal(writes, &mut rng)?;
        let rows = u64::try_from(journal::check_len(&changes)?).unwrap_or(u64::MAX);
        if let Some(safeguards) = &self.safeguards {
            // Once for the store, once for the journal.
            safeguards.folder.check_space_for(rows.saturating_mul(2))?;
        }

        // From here on a failure leaves it open what is on the disk: it is told, and opening again finds out.
        self.interrupted = true;
        self.backend.commit(&changes).map_err(|error| VaultError::from(error).half_way())?;
        self.manifest = manifest;
        let safeguards = self.safeguards.as_mut();
        let followed = safeguards.map(|to| to.follow(&self.keys, manifest.epoch, &changes, &mut rng));
        let followed = followed.transpose().map_err(VaultError::half_way)?;
        followed.flatten().into_iter().for_each(|finding| self.note(finding));
        self.interrupted = false;
        if self.safeguards.as_ref().is_some_and(Safeguards::snapshot_is_due) && self.snapshot().is_err() {
            // The change itself is safe.
            self.note(Finding::SnapshotFailed);
        }
        Ok(())
    }

    /// Seals what is to be written, each record under its next version, and the manifest that will be true then.
    fn seal(&self, writes: &[Write], rng: &mut dyn CryptoRng) -> Result<(Vec<Change>, Manifest), VaultError> {
        let mut manifest = Manifest { epoch: self.manifest.epoch + 1, ..self.manifest };
        let mut changes = Vec::with_capacity(writes.len() + 1);
        for Write { tree, key, content } in writes {
            let got = content.as_ref().map_or(0, |content| content.len());
            if got > MOST_RECORD_BYTES {
                return Err(VaultError::TooLarge { got, most: MOST_RECORD_BYTES });
            }
            // Passed over, it would be acknowledged and lost.
            let no_kind = || BackendError::Damaged("a record of no kind".to_owned());
            let kind = tree.kind(key).ok_or_else(no_kind)?;
            let before = self.backend.get(*tree, key)?;
            let version = before.as_deref().and_then(claimed_version).unwrap_or(0).wrapping_add(1);
            if let Some(before) = before {
                // The manifest would lose what the vault still misses, and match no state of it ever again.
                if self.keys.open(kind, key, &before).is_err() {
                    return Err(VaultError::Damaged(Damage::Records));
                }
                manifest.remove(self.keys.member(kind, key, &before));
            }
            let seal = |content: &Zeroizing<Vec<u8>>| self.keys.seal(kind, key, version, content, &mut *rng);
            let value = content.as_ref().map(seal).transpose()?;
            if let Some(envelope) = &value {
                manifest.add(self.keys.member(kind, key, envelope));
            }
            changes.push(Change { tree: *tree, key: key.clone(), value });
        }
        let sealed =
            self.keys.seal(RecordKind::Manifest, MANIFEST_KEY, manifest.epoch, &manifest.encode(), rng)?;
        changes.push(Change { tree: Tree::Meta, key: MANIFEST_KEY.to_vec(), value: Some(sealed) });
        Ok((changes, manifest))
    }

    /// A passkey's record, not its secrets, and the key under which it lies.
    pub(crate) fn stored(&self, id: PasskeyId) -> Result<Option<(Vec<u8>, StoredPasskey)>, VaultError> {
        let key = record_key(RecordKind::Passkey, id);
        let Some(envelope) = self.backend.get(Tree::Record, &key)? else { return Ok(None) };
        let stored = self.read(RecordKind::Passkey, &key, &envelope, StoredPasskey::decode);
        Ok(stored.map(|stored| (key, stored)))
    }

    /// A passkey that may be used; `None` if it is not there, in the bin, damaged (which is noted), or known to have
    /// lost its secrets. They are not opened for it: opening the vault has compared them with the manifest.
    pub(crate) fn passkey(&self, id: PasskeyId) -> Result<Option<Passkey>, VaultError> {
        let usable = |entry: &Entry| entry.binned_at.is_none() && !self.has_lost_secrets(id);
        Ok(self.find(id)?.filter(usable).map(|entry| entry.passkey))
    }

    /// A passkey's secrets, whether it is in the bin or not; `None` if they are not there or damaged (which is
    /// noted).
    pub(crate) fn secrets_of(&self, id: PasskeyId) -> Result<Option<PasskeySecrets>, VaultError> {
        let key = record_key(RecordKind::PasskeySecret, id);
        let Some(envelope) = self.backend.get(Tree::Record, &key)? else {
            if self.stored(id)?.is_some() {
                self.note(Finding::SecretMissing { id });
            }
            return Ok(None);
        };
        Ok(self.read(RecordKind::PasskeySecret, &key, &envelope, decode_secret))
    }

    fn has_lost_secrets(&self, passkey: PasskeyId) -> bool {
        self.noted().has_lost_secrets(passkey)
    }

    /// Whether records are missing, damaged, of a later version, or too many.
    pub(crate) fn has_wrong_records(&self) -> bool {
        self.noted().has_wrong_records()
    }

    pub(crate) fn backend(&self) -> &dyn Backend {
        &*self.backend
    }

    /// Opens and reads a record; what cannot be read is noted and set aside.
    pub(crate) fn read<T>(
        &self,
        kind: RecordKind,
        key: &[u8],
        envelope: &[u8],
        decode: impl FnOnce(&[u8]) -> Result<T, Unreadable>,
    ) -> Option<T> {
        let read = match self.keys.open(kind, key, envelope) {
            Ok(opened) => decode(&opened.plaintext),
            Err(RecordError::TooNew { .. }) => Err(Unreadable::TooNew),
            Err(_) => Err(Unreadable::Malformed),
        };
        self.accept(kind, key, read)
    }

    fn accept<T>(&self, kind: RecordKind, key: &[u8], read: Result<T, Unreadable>) -> Option<T> {
        let id = owner(kind, key);
        match read {
            Ok(value) => return Some(value),
            Err(Unreadable::TooNew) => self.note(Finding::RecordTooNew { kind, id }),
            Err(Unreadable::Malformed) => self.note(Finding::RecordDamaged { kind: Some(kind), id }),
        }
        None
    }

    pub(crate) fn note(&self, finding: Finding) {
        self.noted().note(finding);
    }

    fn noted(&self) -> MutexGuard<'_, Findings> {
        self.findings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vault({}, commit {})", self.id(), self.manifest.epoch)
    }
}

/// Where a passkey's record of a kind lies: kind (1 byte) ‖ id (16).
pub(crate) fn record_key(kind: RecordKind, id: PasskeyId) -> Vec<u8> {
    [&[kind.code()], id.as_bytes().as_slice()].concat()
}

/// Whose a record is, by where it lies; `None` if it belongs to no single passkey.
pub(crate) fn owner(kind: RecordKind, key: &[u8]) -> Option<PasskeyId> {
    let id = match kind {
        RecordKind::Passkey
        | RecordKind::PasskeySecret
        | RecordKind::Tombstone
        | RecordKind::LargeBlob
        | RecordKind::SourceRaw => key.get(1..17),
        RecordKind::History => key.get(..16),
        _ => None,
    };
    id.and_then(|bytes| bytes.try_into().ok()).map(PasskeyId::from_bytes)
}

/// The operating system's randomness. It cannot fail on a system that has started; if it did, stopping is better
/// than going on without.
pub(crate) fn random() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_vault_can_be_shared_between_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<super::Vault>();
    }
}
