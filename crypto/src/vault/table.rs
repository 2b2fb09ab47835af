use std::fmt;

use rand_core::CryptoRng;

use super::key::{MacKey, MasterKey, VaultId};
use super::slot::{Method, Slot};
use super::{KdfParams, KeyedSlot, Passphrase, SlotError, SlotId, SlotInfo, SlotSecret};
use crate::cbor::{self, Value};

/// The format that this version writes.
pub(super) const FORMAT: u64 = 1;
/// More than anybody needs; bounds what a forged table can make us do.
pub(super) const MOST_SLOTS: usize = 16;
/// The parameters of a slot are at most this long.
const MOST_PARAMS_BYTES: usize = 4 * 1024;
/// A table is at most this long.
const MOST_BYTES: usize = 64 * 1024;

/// The key slots of a vault, authenticated as a whole under the master key.
///
/// Stored as the CBOR array `[body, mac]`: the body is the encoded map `{1: format, 2: vault id (16 bytes),
/// 3: generation, 4: slots, 5: next slot number}`, the mac 32 bytes of HMAC-SHA-256 over the body. So no slot can
/// be added, removed, or swapped in from elsewhere without the master key. The generation grows with each change.
pub struct SlotTable {
    vault: VaultId,
    generation: u64,
    next_id: u64,
    slots: Vec<Slot>,
    unknown: Vec<(Value, Value)>,
    /// As stored: what the mac was made over.
    body: Vec<u8>,
    mac: Vec<u8>,
}

/// Shows that a passphrase slot was opened just now. Only [`SlotTable::open`] makes one.
///
/// Whoever turns it into a user verification consumes it; it cannot be copied.
pub struct PassphraseProof {
    vault: VaultId,
}

impl PassphraseProof {
    /// The vault whose passphrase was given.
    pub fn vault(&self) -> VaultId {
        self.vault
    }
}

impl fmt::Debug for PassphraseProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PassphraseProof(redacted)")
    }
}

/// What [`SlotTable::rekey`] makes.
#[derive(Debug)]
pub struct Rekeyed {
    /// With one slot.
    pub table: SlotTable,
    /// The new one.
    pub master_key: MasterKey,
    /// Of the passphrase that was there before.
    pub proof: PassphraseProof,
    /// Slots of the old table that are not in the new one, and opened with something else.
    pub dropped: Vec<SlotInfo>,
}

impl SlotTable {
    /// Draws a master key and wraps it under a passphrase, in a table of one slot.
    pub fn create(
        vault: VaultId,
        passphrase: &Passphrase,
        params: KdfParams,
        rng: &mut dyn CryptoRng,
    ) -> Result<(SlotTable, MasterKey), SlotError> {
        let master_key = MasterKey::generate(rng);
        let mut table = SlotTable {
            vault,
            generation: 0,
            next_id: 1,
            slots: Vec::new(),
            unknown: Vec::new(),
            body: Vec::new(),
            mac: Vec::new(),
        };
        table.append(&master_key, passphrase, params, rng)?;
        table.seal(&master_key);
        Ok((table, master_key))
    }

    /// Opens the first passphrase slot that the passphrase fits, then verifies the whole table under the key.
    ///
    /// Costs one key derivation per passphrase slot tried.
    pub fn open(&self, passphrase: &Passphrase) -> Result<(MasterKey, PassphraseProof), SlotError> {
        for slot in &self.slots {
            if let Some(master_key) = slot.unwrap_with(&self.vault, passphrase)? {
                self.verify(&master_key)?;
                return Ok((master_key, PassphraseProof { vault: self.vault }));
            }
        }
        Err(SlotError::WrongPassphrase)
    }

    /// Opens the first slot of a kind that the secret fits, then verifies the whole table under the key.
    ///
    /// Gives no [`PassphraseProof`]: nobody typed a passphrase.
    pub fn open_keyed(&self, way: KeyedSlot, secret: &SlotSecret) -> Result<MasterKey, SlotError> {
        let opened = self.slots.iter().find_map(|slot| slot.unwrap_keyed(&self.vault, way, secret));
        let master_key = opened.ok_or(SlotError::WrongSecret)?;
        self.verify(&master_key)?;
        Ok(master_key)
    }

    /// Checks that the holder of this master key wrote the table.
    pub fn verify(&self, master_key: &MasterKey) -> Result<(), SlotError> {
        let right = mac_key(master_key, &self.vault).verifies(&[&self.body], &self.mac);
        if right { Ok(()) } else { Err(SlotError::Tampered) }
    }

    /// Adds a passphrase slot.
    pub fn add_passphrase(
        &mut self,
        master_key: &MasterKey,
        passphrase: &Passphrase,
        params: KdfParams,
        rng: &mut dyn CryptoRng,
    ) -> Result<SlotId, SlotError> {
        self.verify(master_key)?;
        let id = self.append(master_key, passphrase, params, rng)?;
        self.seal(master_key);
        Ok(id)
    }

    /// Adds a slot that a secret of key strength opens. The parameters, CBOR of at most 4 KiB, are what its holder
    /// needs to find the secret again; they are bound to the slot and can be read without opening it.
    pub fn add_keyed(
        &mut self,
        master_key: &MasterKey,
        way: KeyedSlot,
        secret: &SlotSecret,
        params: Value,
        rng: &mut dyn CryptoRng,
    ) -> Result<SlotId, SlotError> {
        self.verify(master_key)?;
        if cbor::encode(&params).len() > MOST_PARAMS_BYTES {
            return Err(SlotError::Malformed { what: "parameters that are too long" });
        }
        let id = self.next_slot()?;
        self.slots.push(Slot::wrap_keyed(&self.vault, id, master_key, way, secret, params, rng)?);
        self.seal(master_key);
        Ok(id)
    }

    /// Puts a new passphrase in the place of the slots that the old one opens, in one change of the table.
    ///
    /// Costs two key derivations and one more for each other passphrase slot. The master key stays what it was:
    /// whoever has an older copy of the table and the old passphrase still opens that copy.
    pub fn change_passphrase(
        &mut self,
        old: &Passphrase,
        new: &Passphrase,
        params: KdfParams,
        rng: &mut dyn CryptoRng,
    ) -> Result<(MasterKey, PassphraseProof), SlotError> {
        let mut opened = Vec::new();
        let mut master_key = None;
        for slot in &self.slots {
            if let Some(key) = slot.unwrap_with(&self.vault, old)? {
                opened.push(slot.id);
                master_key = Some(key);
            }
        }
        let master_key = master_key.ok_or(SlotError::WrongPassphrase)?;
        self.verify(&master_key)?;
        // Wrapped before anything is taken away: a failure leaves the table as it was.
        let next = self.next_id.checked_add(1).ok_or(SlotError::Full)?;
        let slot = Slot::wrap(&self.vault, SlotId(self.next_id), &master_key, new, params, rng)?;
        self.next_id = next;
        self.slots.retain(|slot| !opened.contains(&slot.id));
        self.slots.push(slot);
        self.seal(&master_key);
        Ok((master_key, PassphraseProof { vault: self.vault }))
    }

    /// A table of one slot, with a new passphrase and a new master key, that follows this one.
    ///
    /// Costs a key derivation for each passphrase slot and one more. Nobody can wrap the new master key for the other
    /// slots, whose secrets are not here: they are left out, and returned. This table stays as it is.
    pub fn rekey(
        &self,
        current: &Passphrase,
        new: &Passphrase,
        params: KdfParams,
        rng: &mut dyn CryptoRng,
    ) -> Result<Rekeyed, SlotError> {
        let (mut opened, mut dropped) = (None, Vec::new());
        for slot in &self.slots {
            match slot.unwrap_with(&self.vault, current)? {
                Some(master_key) => opened = Some(master_key),
                None => dropped.push(slot.info()),
            }
        }
        self.verify(&opened.ok_or(SlotError::WrongPassphrase)?)?;
        let master_key = MasterKey::generate(rng);
        let mut table = SlotTable {
            vault: self.vault,
            generation: self.generation,
            next_id: self.next_id,
            slots: Vec::new(),
            unknown: Vec::new(),
            body: Vec::new(),
            mac: Vec::new(),
        };
        table.append(&master_key, new, params, rng)?;
        table.seal(&master_key);
        Ok(Rekeyed { table, master_key, proof: PassphraseProof { vault: self.vault }, dropped })
    }

    /// Removes a slot; the last passphrase slot stays.
    pub fn remove(&mut self, master_key: &MasterKey, id: SlotId) -> Result<(), SlotError> {
        self.verify(master_key)?;
        if !self.slots.iter().any(|slot| slot.id == id) {
            return Err(SlotError::NoSuchSlot);
        }
        if !self.slots.iter().any(|slot| slot.id != id && matches!(slot.method, Method::Passphrase { .. })) {
            return Err(SlotError::LastSlot);
        }
        self.slots.retain(|slot| slot.id != id);
        self.seal(master_key);
        Ok(())
    }

    /// The vault that it opens.
    pub fn vault(&self) -> VaultId {
        self.vault
    }

    /// Grows with each change.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// What may be told about the slots, in their order.
    pub fn slots(&self) -> impl Iterator<Item = SlotInfo> {
        self.slots.iter().map(Slot::info)
    }

    /// The parameters of a slot, as its maker gave them; for a passphrase, its cost and salt.
    pub fn params(&self, id: SlotId) -> Option<Value> {
        self.slots.iter().find(|slot| slot.id == id).map(|slot| slot.method.params())
    }

    /// The bytes to store.
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(&Value::array([self.body.clone().into(), self.mac.clone().into()]))
    }

    /// Reads stored bytes; not verified before [`SlotTable::open`] or [`SlotTable::verify`].
    pub fn decode(bytes: &[u8]) -> Result<Self, SlotError> {
        let malformed = |what| SlotError::Malformed { what };
        if bytes.len() > MOST_BYTES {
            return Err(malformed("too long"));
        }
        let outer = cbor::decode_canonical(bytes).map_err(|_| malformed("not CBOR"))?;
        let Some([Value::Bytes(body), Value::Bytes(mac)]) = outer.as_array() else {
            return Err(malformed("not a body and its code"));
        };
        let map = cbor::decode_canonical(body).map_err(|_| malformed("body is not CBOR"))?;
        match map.get(1).and_then(Value::as_u64).ok_or(malformed("no format"))? {
            FORMAT => {}
            format => return Err(SlotError::TooNew { format }),
        }
        let vault = map.get(2).and_then(Value::as_bytes).and_then(|id| id.try_into().ok());
        let slots = map.get(4).and_then(Value::as_array).ok_or(malformed("no slots"))?;
        if slots.is_empty() || slots.len() > MOST_SLOTS {
            return Err(malformed("number of slots"));
        }
        let entries = map.as_map().unwrap_or_default().iter();
        Ok(Self {
            vault: VaultId::from_bytes(vault.ok_or(malformed("no vault id"))?),
            generation: map.get(3).and_then(Value::as_u64).ok_or(malformed("no generation"))?,
            next_id: map.get(5).and_then(Value::as_u64).ok_or(malformed("no next slot number"))?,
            slots: slots.iter().map(Slot::from_value).collect::<Result<_, _>>()?,
            unknown: entries.filter(|(key, _)| !matches!(key.as_u64(), Some(1..=5))).cloned().collect(),
            body: body.clone(),
            mac: mac.clone(),
        })
    }

    fn append(
        &mut self,
        master_key: &MasterKey,
        passphrase: &Passphrase,
        params: KdfParams,
        rng: &mut dyn CryptoRng,
    ) -> Result<SlotId, SlotError> {
        let id = self.next_slot()?;
        self.slots.push(Slot::wrap(&self.vault, id, master_key, passphrase, params, rng)?);
        Ok(id)
    }

    /// A number that no slot had before. Taken even if the slot is not made: numbers need not be without gaps.
    fn next_slot(&mut self) -> Result<SlotId, SlotError> {
        if self.slots.len() >= MOST_SLOTS {
            return Err(SlotError::Full);
        }
        let id = SlotId(self.next_id);
        self.next_id = self.next_id.checked_add(1).ok_or(SlotError::Full)?;
        Ok(id)
    }

    fn seal(&mut self, master_key: &MasterKey) {
        self.generation += 1;
        let entries = [
            (1.into(), FORMAT.into()),
            (2.into(), (*self.vault.as_bytes()).into()),
            (3.into(), self.generation.into()),
            (4.into(), Value::array(self.slots.iter().map(Slot::to_value))),
            (5.into(), self.next_id.into()),
        ];
        self.body = cbor::encode(&Value::map(entries.into_iter().chain(self.unknown.iter().cloned())));
        self.mac = mac_key(master_key, &self.vault).mac(&[&self.body]).to_vec();
    }
}

impl fmt::Debug for SlotTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SlotTable({} slots, generation {})", self.slots.len(), self.generation)
    }
}

fn mac_key(master_key: &MasterKey, vault: &VaultId) -> MacKey {
    MacKey::new(&master_key.derive(vault, "slot table"))
}

#[cfg(test)]
mod tests;
