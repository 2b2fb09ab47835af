use std::fmt;

use rand_core::CryptoRng;

use super::key::{MacKey, MasterKey, VaultId};
use super::slot::{Method, Slot};
use super::{KdfParams, Passphrase, SlotError, SlotId, SlotInfo};
use crate::cbor::{self, Value};

/// The format that this version writes.
pub(super) const FORMAT: u64 = 1;
/// More than anybody needs; bounds what a forged table can make us do.
pub(super) const MOST_SLOTS: usize = 16;
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
        if self.slots.len() >= MOST_SLOTS {
            return Err(SlotError::Full);
        }
        let id = SlotId(self.next_id);
        self.slots.push(Slot::wrap(&self.vault, id, master_key, passphrase, params, rng)?);
        self.next_id += 1;
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
