//! From a folder to an open vault.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use latchkey_crypto::vault::{
    KdfParams, KeyedSlot, Manifest, MasterKey, Passphrase, PassphraseProof, SlotError, SlotSecret, SlotTable,
    VaultId, VaultKeys,
};
use latchkey_memory::{Locked, wiping_stack};
use rand_core::CryptoRng;

use crate::backend::{Sled, within};
use crate::check::{Checked, check};
use crate::epochs::KnownEpochs;
use crate::error::cannot;
use crate::folder::{
    Folder, Lock, create_private_folder, files_in, new_store_in, remove, sync_folder, sync_way_to,
    unfinished_path,
};
use crate::header::{Found, Header};
use crate::safeguards::{JournalState, Safeguards};
use crate::trial::make_sure;
use crate::unlocking::Keys;
use crate::witness::Witness;
use crate::{Finding, OpenOptions, Vault, VaultError, snapshot};

/// Of the first data key, and of its store.
const FIRST_GENERATION: u64 = 1;

pub(crate) fn create(
    path: &Path,
    options: &OpenOptions,
    passphrase: &Passphrase,
    params: KdfParams,
    rng: &mut dyn CryptoRng,
) -> Result<Vault, VaultError> {
    let folder = Folder::at(path);
    // Before anything is touched, the lock included: somebody else's file may have its name.
    refuse_foreign(&folder)?;
    create_private_folder(path).map_err(cannot("make the folder", path))?;
    let lock = Lock::take(&folder.lock())?;
    // Again, for whoever was faster.
    refuse_foreign(&folder)?;
    folder.make_private()?;
    folder.check_space()?;
    wiping_stack(|| {
        let (slots, master_key) = SlotTable::create(VaultId::generate(rng), passphrase, params, rng)?;
        make(folder, lock, options, slots, &master_key, rng)
    })
}

/// Refuses a folder that holds anything but what an attempt before has left: a lock, empty or with a process's number,
/// an empty database, and a header that never got its name.
fn refuse_foreign(folder: &Folder) -> Result<(), VaultError> {
    // Where none can be, making it says why.
    if !folder.path().exists() {
        return Ok(());
    }
    let present = files_in(folder.path()).map_err(cannot("look into the folder", folder.path()))?;
    let lock = |file: &Path| file == folder.lock() && Lock::is_one(file);
    let store = |file: &Path| file == folder.stores() && is_cut_short(folder);
    // Beside a vault's only copy of the header that is being written there are more files than that.
    let header = |file: &Path| file == unfinished_path(&folder.header());
    if present.iter().all(|file| lock(file) || store(file) || header(file)) {
        Ok(())
    } else {
        Err(VaultError::AlreadyExists)
    }
}

/// Whether the place for stores is a folder that holds nothing but a first store.
fn is_cut_short(folder: &Folder) -> bool {
    let stores = folder.stores();
    let first = folder.db(FIRST_GENERATION);
    !stores.is_symlink()
        && stores.is_dir()
        && files_in(&stores).is_ok_and(|files| files.iter().all(|file| *file == first && !file.is_symlink()))
}

/// Makes a vault around key slots.
pub(crate) fn make(
    folder: Folder,
    lock: Lock,
    options: &OpenOptions,
    slots: SlotTable,
    master_key: &MasterKey,
    rng: &mut dyn CryptoRng,
) -> Result<Vault, VaultError> {
    let (keys, data_key) = Keys::generate(master_key, slots.vault(), FIRST_GENERATION, rng)?;
    // One may be left of an attempt that was cut short.
    remove(&folder.stores())
        .and_then(|()| create_private_folder(&folder.stores()))
        .map_err(cannot("make the database", &folder.stores()))?;
    let store = new_store_in(&folder.stores(), FIRST_GENERATION)
        .map_err(cannot("make the database", &folder.stores()))?;
    let backend = Sled::create(&store)?;
    sync_folder(&store)
        .and_then(|()| sync_way_to(&folder.stores()))
        .map_err(cannot("sync the folder", folder.path()))?;
    // Its first commit is there before a header leads to it: a store without one would not open.
    let mut vault = Vault::assemble(keys.data, Box::new(backend), Manifest::EMPTY, None, Vec::new());
    vault.write_device_identity(options.device_name.as_deref())?;
    let mut header = Header::new(slots, Some(data_key));
    header.write_everywhere(&folder, &keys.header, vault.manifest.epoch)?;
    let witness = options.state_folder.as_deref().map(|state| Witness::at(state, &keys.header));
    vault.safeguards =
        Some(Safeguards::begin(folder.clone(), lock, header, keys.header, witness, &vault.keys)?);
    vault.mark_epoch()?;
    vault.snapshot()?;
    Ok(vault)
}

pub(crate) fn with_passphrase(
    path: &Path,
    options: &OpenOptions,
    passphrase: &Passphrase,
) -> Result<(Vault, PassphraseProof), VaultError> {
    let mut proof = None;
    let vault = open(path, options, |slots| {
        let (master_key, shown) = slots.open(passphrase)?;
        proof = Some(shown);
        Ok(master_key)
    })?;
    // Opening went through the closure above, or it failed.
    proof.map(|proof| (vault, proof)).ok_or(VaultError::WrongPassphrase)
}

pub(crate) fn with_master_key(
    path: &Path,
    options: &OpenOptions,
    key: &MasterKey,
) -> Result<Vault, VaultError> {
    open(path, options, |slots| {
        slots.verify(key)?;
        Ok(MasterKey::from_bytes(*key.expose()))
    })
}

pub(crate) fn with_keyed_slot(
    path: &Path,
    options: &OpenOptions,
    way: KeyedSlot,
    secret: &SlotSecret,
) -> Result<Vault, VaultError> {
    open(path, options, |slots| slots.open_keyed(way, secret))
}

fn open(
    path: &Path,
    options: &OpenOptions,
    unlock: impl FnOnce(&SlotTable) -> Result<MasterKey, SlotError>,
) -> Result<Vault, VaultError> {
    let folder = Folder::at(path);
    if !folder.holds_vault() {
        return Err(VaultError::NotFound);
    }
    let lock = Lock::take(&folder.lock())?;
    // It takes up room that opening may need. Where it cannot go, what needs the room says so.
    let _ = snapshot::remove_unfinished(&folder);
    let Found { header, other_damaged } = Header::read(&folder)?;
    let keys = wiping_stack(|| Keys::unlock(&header, &unlock(&header.slots)?))?;
    let mut findings = Vec::new();
    if other_damaged {
        findings.push(Finding::HeaderGenerationDamaged);
    }

    let witness = options.state_folder.as_deref().map(|state| Witness::at(state, &keys.header));
    let known = KnownEpochs::gather(&header, witness.as_ref(), &keys.header, &mut findings);
    let generation = header.generation();
    let rewrite_cut_short =
        folder.has_older_store(generation).map_err(cannot("look into the folder", &folder.stores()))?;
    let sealed = make_sure(&folder, generation, &keys.data, options, &known)?;
    let (backend, checked) = open_and_check(&folder.db(generation), &keys.data, options)?;
    let Checked { mut manifest, findings: more } = checked;
    let damaged = !more.is_empty();
    findings.extend(more);
    let set_back = known.judge(manifest.epoch, options.accept_older)?;
    findings.extend(known.finding(manifest.epoch));
    // The next commits must not take numbers that were used before.
    manifest.epoch = set_back.unwrap_or(manifest.epoch);
    if set_back.is_some() {
        // Its commits are lost with the owner's consent: a later restore is not to make them again.
        leave_journal(&folder)?;
    }

    let (mut safeguards, journal) =
        Safeguards::take_up(folder, lock, header, keys.header, witness, &keys.data, manifest.epoch)?;
    safeguards.sealed = sealed;
    let mut vault = Vault::assemble(keys.data, Box::new(backend), manifest, Some(safeguards), findings);
    // Where this fails for want of room, the vault is not migrated either.
    let _ = vault.snapshot_before_migration();
    vault.read_device_identity(options.device_name.as_deref())?;
    if set_back.is_some() {
        vault.write_device_identity(options.device_name.as_deref())?;
    }
    vault.compare_slots();
    // While records are damaged or lost, what is left of the old keys may be all that has them.
    let clears = !damaged && set_back.is_none();
    if rewrite_cut_short && clears {
        vault.finish_rewrite()?;
        return Ok(vault);
    }
    // A vault that was set back has left its journal behind.
    if set_back.is_none() {
        match journal {
            JournalState::Broken => vault.note(Finding::JournalBroken),
            JournalState::WithoutSnapshot => vault.note(Finding::SnapshotMissing),
            JournalState::Whole | JournalState::CutShort => {}
        }
    }
    if journal != JournalState::Whole {
        vault.snapshot()?;
    }
    vault.mark_epoch()?;
    vault.mend_headers();
    if clears || !rewrite_cut_short {
        vault.remove_other_stores()?;
    }
    vault.migrate()?;
    Ok(vault)
}

/// Puts the journal with the databases that were set aside.
fn leave_journal(folder: &Folder) -> Result<(), VaultError> {
    let (journal, aside) = (folder.journal(), folder.new_set_aside());
    if !journal.exists() {
        return Ok(());
    }
    create_private_folder(&aside)
        .and_then(|()| fs::rename(&journal, aside.join("journal")))
        .and_then(|()| sync_folder(&aside))
        .and_then(|()| sync_folder(folder.path()))
        .map_err(cannot("set the journal aside in", &aside))
}

/// Opens the store and reads it through, in the time that is given for both.
pub(crate) fn open_and_check(
    db: &Path,
    keys: &Arc<Locked<VaultKeys>>,
    options: &OpenOptions,
) -> Result<(Sled, Checked), VaultError> {
    open_and_check_within(options.deadline, db, keys)
}

pub(crate) fn open_and_check_within(
    deadline: Duration,
    db: &Path,
    keys: &Arc<Locked<VaultKeys>>,
) -> Result<(Sled, Checked), VaultError> {
    let (db, keys) = (db.to_owned(), Arc::clone(keys));
    within(deadline, move || {
        let backend = Sled::open(&db)?;
        let checked = check(&backend, &keys);
        Ok(checked.map(|checked| (backend, checked)))
    })?
}
