//! Passkeys at rest: sealed records over sled.
//!
//! A vault is a folder. Its header holds key slots, one of which a passphrase opens, and the data key under the master
//! key in them; everything else is sealed under keys derived from the data key (`latchkey_crypto::vault`). The storage
//! engine is trusted with nothing: what it returns is compared with an authenticated manifest, and what it loses is in
//! the journal and the snapshots beside it. What is done with a passkey is left to others; how a vault is shown, too.
//!
//! ```
//! use latchkey_crypto::vault::{KdfCost, KdfParams, Machine, Passphrase};
//! use latchkey_passkey::{PasskeyStore, RpId};
//! use latchkey_vault::{Vault, VaultError};
//!
//! # let place = tempfile::tempdir()?;
//! # let folder = place.path().join("vault");
//! let mut rng = rand_core::UnwrapErr(getrandom::SysRng);
//! let passphrase = Passphrase::new("correct horse battery staple")?;
//! # let params = KdfParams::new(KdfCost { passes: 3, memory_kib: 64 * 1024, lanes: 4 }, Machine::Small)?;
//! # let _ = r#"
//! let params = KdfParams::floor(Machine::Usual);
//! # "#;
//! Vault::create(&folder, &passphrase, params, &mut rng)?.close()?;
//!
//! let (vault, _proof) = Vault::open(&folder, &passphrase)?;
//! assert!(vault.find_by_rp_id(&RpId::parse("example.org")?)?.is_empty());
//! assert!(matches!(Vault::open(&folder, &passphrase), Err(VaultError::InUse { .. })));
//! vault.close()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is on the disk, and when
//!
//! A commit writes records and manifest in one transaction of the store, flushes and syncs it, appends the same to
//! the journal and syncs that, then writes the epoch into the header and into this machine's memory. Only then does
//! the call return. `folder/mod.rs` draws the files; each format stands where it is written.
//!
//! # What opening checks
//!
//! The storage engine repairs what it opens, so it is let at the database only when that cannot make damage worse
//! (`trial.rs`); a folder that does not open stays as it was. Then:
//! Every record's whole envelope against the manifest, without decrypting; the manifest's epoch against header and
//! memory; the journal's end against the epoch. [`Vault::check`] opens every record as well.

mod attachment;
mod backend;
mod bin;
mod check;
mod credentials;
mod describe;
mod device;
mod edit;
mod entry;
mod epochs;
mod error;
mod findings;
mod folder;
#[doc(hidden)]
pub mod fuzzing;
mod generations;
mod header;
mod history;
mod import;
mod journal;
mod medium;
mod open;
mod options;
mod purge;
mod record;
mod removal;
mod restore;
mod rewrite;
mod safeguards;
mod seal;
mod slots;
mod snapshot;
mod status;
mod store;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod trial;
mod unlocking;
mod vault;
mod witness;
mod write;

pub use attachment::{MAX_LARGE_BLOB_BYTES, MAX_SOURCE_RAW_BYTES};
pub use bin::BIN_SECONDS;
pub use describe::{Description, describe};
pub use device::Device;
pub use edit::{LabelEdit, LabelError, MAX_LABEL_BYTES, MAX_NOTE_BYTES, MAX_TAGS};
pub use entry::Entry;
pub use error::{Damage, VaultError};
pub use generations::SnapshotInfo;
pub use history::HistoryEntry;
pub use import::{Import, NewPasskey};
pub use options::OpenOptions;
pub use removal::{Hold, forget};
pub use restore::Restored;
pub use rewrite::Progress;
pub use slots::Rekeyed;
pub use status::{Finding, Status};
pub use vault::Vault;
