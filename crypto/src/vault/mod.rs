//! The vault's cryptography: passphrase, key slots, key hierarchy, sealed records, and the manifest over them.
//!
//! ```text
//! passphrase ─ Argon2id ─ HKDF ─► slot key ─ unwraps ─► master key ─ HKDF(vault id, purpose) ─► header, witness, wrapping
//!                                     data key ◄─ unwraps ──────────────────────────────────────────────────────────┘
//!                                        └─ HKDF(vault id, purpose) ─► one key per record kind, index, manifest
//! ```
//!
//! `crypto/README.md` draws it whole. Nothing here reads a file or a clock; `latchkey-vault` keeps the bytes.
//!
//! ```
//! use latchkey_crypto::vault::{KdfCost, KdfParams, Machine, Passphrase, SlotTable, VaultId};
//! # struct Rng(u8);
//! # impl rand_core::TryRng for Rng {
//! #     type Error = std::convert::Infallible;
//! #     fn try_next_u32(&mut self) -> Result<u32, Self::Error> { Ok(4) }
//! #     fn try_next_u64(&mut self) -> Result<u64, Self::Error> { Ok(4) }
//! #     fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> { out.fill(self.0); Ok(()) }
//! # }
//! # impl rand_core::TryCryptoRng for Rng {}
//! # let mut rng = Rng(7);
//! let passphrase = Passphrase::new("correct horse battery staple")?;
//! let params = KdfParams::new(KdfCost { passes: 3, memory_kib: 64 * 1024, lanes: 4 }, Machine::Small)?;
//! let vault = VaultId::generate(&mut rng);
//! let (table, master_key) = SlotTable::create(vault, &passphrase, params, &mut rng)?;
//!
//! let stored = table.encode();
//! let (again, _proof) = SlotTable::decode(&stored)?.open(&passphrase)?;
//! assert_eq!(again.expose(), master_key.expose());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod data_key;
mod device;
mod header_keys;
mod kdf;
mod key;
mod keys;
mod manifest;
mod passphrase;
mod record;
mod slot;
mod slot_error;
mod table;
#[cfg(test)]
mod testing;

pub use data_key::DataKey;
pub use device::{DeviceId, DeviceSeed};
pub use header_keys::{HeaderKeys, Sheet};
pub use kdf::{KdfCost, KdfError, KdfParams, Machine};
pub use key::{MasterKey, VaultId};
pub use keys::{Index, VaultKeys};
pub use manifest::{Manifest, Member, SetHash};
pub use passphrase::{MAX_PASSPHRASE_BYTES, Passphrase, PassphraseError};
pub use record::{Opened, RecordError, RecordKind, claimed_version};
pub use slot::{KeyedSlot, SlotId, SlotInfo, SlotKind, SlotSecret};
pub use slot_error::SlotError;
pub use table::{PassphraseProof, Rekeyed, SlotTable};
