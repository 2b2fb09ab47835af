//! What opens a vault: added, changed, removed, without touching a record.

use std::ops::ControlFlow;

use latchkey_crypto::cbor::{self, Value};
use latchkey_crypto::vault::{
    HeaderKeys, KdfParams, KeyedSlot, MasterKey, Passphrase, PassphraseProof, RecordKind, Sheet, SlotError,
    SlotId, SlotInfo, SlotSecret, SlotTable,
};
use latchkey_memory::wiping_stack;
use rand_core::CryptoRng;

use crate::backend::{SLOTS_KEY, Tree};
use crate::error::cannot;
use crate::rewrite::NewKeys;
use crate::unlocking::Keys;
use crate::vault::random;
use crate::write::Write;
use crate::{Finding, Progress, Vault, VaultError, snapshot};

/// Parameters of a keyed slot are at most this long, as CBOR.
const MOST_PARAMS_BYTES: usize = 4 * 1024;

/// What [`Vault::rekey`] has done.
#[derive(Debug)]
pub struct Rekeyed {
    /// Of the passphrase that was there before.
    pub proof: PassphraseProof,
    /// Slots that no longer open the vault: nobody could wrap the new master key for them. To be made anew.
    pub dropped: Vec<SlotInfo>,
}

impl Vault {
    /// What opens it, in the order in which slots were added.
    pub fn slots(&self) -> Vec<SlotInfo> {
        self.safeguards
            .as_ref()
            .map(|safeguards| safeguards.header.slots.slots().collect())
            .unwrap_or_default()
    }

    /// What the holder of a keyed slot's secret needs to find it again, as it was given to
    /// [`Vault::add_keyed_slot`].
    pub fn slot_params(&self, id: SlotId) -> Option<Value> {
        self.safeguards.as_ref()?.header.slots.params(id)
    }

    /// Puts a new passphrase in the place of an old one. On the disk, in every copy of the header, when this returns.
    ///
    /// The keys stay what they are: whoever has an older copy of the folder opens that with the old passphrase, and
    /// could read later copies with the key from it. [`Vault::rekey`] makes new keys.
    pub fn change_passphrase(
        &mut self,
        old: &Passphrase,
        new: &Passphrase,
        params: KdfParams,
    ) -> Result<PassphraseProof, VaultError> {
        self.change_slots(|slots, rng| slots.change_passphrase(old, new, params, rng)).map(|(_, proof)| proof)
    }

    /// Adds a passphrase beside those that are there.
    pub fn add_passphrase(
        &mut self,
        current: &Passphrase,
        new: &Passphrase,
        params: KdfParams,
    ) -> Result<SlotId, VaultError> {
        self.change_slots(|slots, rng| {
            let (master_key, _) = slots.open(current)?;
            slots.add_passphrase(&master_key, new, params, rng)
        })
    }

    /// Adds a slot that a recovery key, a TPM or a security key opens.
    ///
    /// The parameters, CBOR of at most 4 KiB, are for whoever has to find the secret again, and are no secret.
    pub fn add_keyed_slot(
        &mut self,
        current: &Passphrase,
        way: KeyedSlot,
        secret: &SlotSecret,
        params: Value,
    ) -> Result<SlotId, VaultError> {
        let got = cbor::encode(&params).len();
        if got > MOST_PARAMS_BYTES {
            return Err(VaultError::TooLarge { got, most: MOST_PARAMS_BYTES });
        }
        self.change_slots(|slots, rng| {
            let (master_key, _) = slots.open(current)?;
            slots.add_keyed(&master_key, way, secret, params, rng)
        })
    }

    /// Removes a slot. The last passphrase slot stays.
    pub fn remove_slot(&mut self, current: &Passphrase, id: SlotId) -> Result<(), VaultError> {
        self.change_slots(|slots, _| {
            let (master_key, _) = slots.open(current)?;
            slots.remove(&master_key, id)
        })
    }

    /// Makes a new master key with the new passphrase alone, and a new data key, under which everything is written
    /// anew, as by [`Vault::rewrite`].
    ///
    /// For after a passphrase or a key has become known: nothing that is known now opens what is written from then
    /// on. A copy of the folder from before stays readable with what opened it: nothing can be done about that.
    /// Until the moment in which the new keys take the old ones' place, a failure leaves the vault as it was. From then
    /// on it is no failure any more: what is left to be done is [`Finding::Unfinished`], and the next opening does it.
    pub fn rekey(
        &mut self,
        current: &Passphrase,
        new: &Passphrase,
        params: KdfParams,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Rekeyed, VaultError> {
        self.check_changeable()?;
        let safeguards = self.safeguards.as_ref().ok_or(VaultError::NotFound)?;
        let (slots, generation) = (&safeguards.header.slots, safeguards.header.generation() + 1);
        let (new_keys, proof, dropped) = wiping_stack(|| {
            let made = slots.rekey(current, new, params, &mut random())?;
            let (keys, data_key) =
                Keys::generate(&made.master_key, made.table.vault(), generation, &mut random())?;
            let new_keys =
                NewKeys { data: keys.data, wrapped: data_key, master: Some((made.table, keys.header)) };
            Ok::<_, VaultError>((new_keys, made.proof, made.dropped))
        })?;
        self.rewrite_under(new_keys, progress)?;
        Ok(Rekeyed { proof, dropped })
    }

    /// Opens a slot of this vault; the master key in it has to be the vault's.
    pub(crate) fn open_slot<T>(
        &self,
        open: impl FnOnce(&SlotTable) -> Result<(MasterKey, T), SlotError>,
    ) -> Result<(MasterKey, T), VaultError> {
        let safeguards = self.safeguards.as_ref().ok_or(VaultError::NotFound)?;
        wiping_stack(|| {
            let (master_key, with) = open(&safeguards.header.slots)?;
            // The slots are those of this vault, and so is the key in them.
            let body = self.id();
            let code = HeaderKeys::derive(&master_key, self.id()).code(Sheet::Header, body.as_bytes());
            let same = safeguards.keys.verifies(Sheet::Header, body.as_bytes(), &code);
            if same { Ok((master_key, with)) } else { Err(VaultError::WrongPassphrase) }
        })
    }

    /// Tells if the slots were changed since: an older header, with an older slot table, was brought back.
    pub(crate) fn compare_slots(&self) {
        let Some(safeguards) = &self.safeguards else { return };
        let envelope = self.backend.get(Tree::Meta, SLOTS_KEY).ok().flatten();
        let opened =
            envelope.and_then(|envelope| self.keys.open(RecordKind::Meta, SLOTS_KEY, &envelope).ok());
        let generation = opened.and_then(|opened| opened.plaintext.as_slice().try_into().ok());
        if generation.map_or(0, u64::from_be_bytes) > safeguards.header.slots.generation() {
            self.note(Finding::SlotsOlder);
        }
    }

    /// Refuses what must not be done half: after a failure, or in a vault that could not be migrated.
    pub(crate) fn check_changeable(&self) -> Result<(), VaultError> {
        let safeguards = self.safeguards.as_ref().ok_or(VaultError::NotFound)?;
        if self.interrupted {
            return Err(VaultError::Interrupted { cause: None });
        }
        if safeguards.header.generation() == 0 {
            return Err(VaultError::NotMigrated { format: 1 });
        }
        safeguards.folder.check_space()
    }

    /// Changes the slot table, in this order: the snapshots that hold an older one go; the header is written with all
    /// its copies; the store learns that there is a newer table.
    ///
    /// Once the newest header has the table, it is changed: what fails then is [`Finding::Unfinished`].
    fn change_slots<T>(
        &mut self,
        change: impl FnOnce(&mut SlotTable, &mut dyn CryptoRng) -> Result<T, SlotError>,
    ) -> Result<T, VaultError> {
        self.check_changeable()?;
        let mut slots = match &self.safeguards {
            Some(safeguards) => SlotTable::decode(&safeguards.header.slots.encode())?,
            None => return Err(VaultError::NotFound),
        };
        // Of a copy: what fails leaves the table as it was.
        let done = wiping_stack(|| change(&mut slots, &mut random()))?;
        self.remove_snapshots_with_slots()?;
        let generation = slots.generation();
        if let Some(safeguards) = &mut self.safeguards {
            // From here on a failure leaves it open what is on the disk.
            self.interrupted = true;
            safeguards.header.slots = slots;
            let (anew, noted) = safeguards.mark_anew_or_told(self.manifest.epoch)?;
            noted.into_iter().for_each(|finding| self.note(finding));
            self.interrupted = !anew;
        }
        // The new table opens the vault, whatever becomes of this: an error would say that the old one does.
        if self.commit(&[Write::put(Tree::Meta, SLOTS_KEY, generation.to_be_bytes().to_vec())]).is_err() {
            self.note(Finding::Unfinished);
        }
        Ok(done)
    }

    /// Deletes the snapshots of the first format, once there is another.
    fn remove_snapshots_with_slots(&mut self) -> Result<(), VaultError> {
        let Some(safeguards) = &self.safeguards else { return Ok(()) };
        let folder = safeguards.folder.clone();
        if snapshot::newest_good(&folder, &self.keys)?.is_none() {
            self.snapshot()?;
        }
        snapshot::remove_those_with_header(&folder)
            .map_err(cannot("delete old snapshots in", &folder.snapshots()))
    }
}
