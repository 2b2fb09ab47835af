//! The seam behind which a storage engine works: trees of sealed values, changed all or nothing.

#[cfg(test)]
mod memory;
mod quiet;
mod sled;

use std::io;

use latchkey_crypto::vault::RecordKind;

#[cfg(test)]
pub(crate) use memory::Memory;
pub(crate) use sled::{Sled, within};

use crate::{Damage, VaultError};

/// A tree of the store. Keys are random or keyed hashes, values are envelopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Tree {
    /// Kind (1 byte) ‖ passkey id (16); for a piece of an attachment, its number (2, big-endian) follows.
    Record,
    /// From sites to passkeys.
    IndexRp,
    /// From credential IDs to passkeys.
    IndexCredential,
    /// Passkey id ‖ time ‖ random.
    History,
    /// The manifest, and what the vault knows of itself.
    Meta,
}

/// Where the manifest lies, in [`Tree::Meta`].
pub(crate) const MANIFEST_KEY: &[u8] = b"manifest";
/// Where the identity of this copy of the vault lies, in [`Tree::Meta`].
pub(crate) const DEVICE_KEY: &[u8] = b"device";
/// What the places of all known copies of the vault start with, in [`Tree::Meta`]; the copy's id follows.
pub(crate) const DEVICE_PREFIX: &[u8] = b"device/";
/// Is there, in [`Tree::Meta`], since something was purged that old pages, snapshots and journals still hold.
pub(crate) const REWRITE_DUE_KEY: &[u8] = b"rewrite-due";
/// Where it lies how long the bin needs no emptying, in [`Tree::Meta`]: 8 bytes, big-endian, seconds since 1970.
pub(crate) const OLDEST_BINNED_KEY: &[u8] = b"oldest-binned";
/// Where the generation of the slot table lies since it was last changed, in [`Tree::Meta`]: 8 bytes, big-endian.
pub(crate) const SLOTS_KEY: &[u8] = b"slots";

impl Tree {
    pub(crate) const ALL: [Tree; 5] =
        [Tree::Record, Tree::IndexRp, Tree::IndexCredential, Tree::History, Tree::Meta];

    /// The name in the store. Fixed for good.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Tree::Record => "record",
            Tree::IndexRp => "index_rp",
            Tree::IndexCredential => "index_credential",
            Tree::History => "history",
            Tree::Meta => "meta",
        }
    }

    /// The code in journals and snapshots. Fixed for good.
    pub(crate) fn code(self) -> u8 {
        match self {
            Tree::Record => 1,
            Tree::IndexRp => 2,
            Tree::IndexCredential => 3,
            Tree::History => 4,
            Tree::Meta => 5,
        }
    }

    pub(crate) fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|tree| tree.code() == code)
    }

    /// What kind of record lies under a key; `None` if this version knows none.
    pub(crate) fn kind(self, key: &[u8]) -> Option<RecordKind> {
        match self {
            Tree::Record => key.first().and_then(|code| RecordKind::from_code(*code)),
            Tree::IndexRp => Some(RecordKind::SiteIndex),
            Tree::IndexCredential => Some(RecordKind::CredentialIndex),
            Tree::History => Some(RecordKind::History),
            Tree::Meta if key == MANIFEST_KEY => Some(RecordKind::Manifest),
            Tree::Meta => Some(RecordKind::Meta),
        }
    }
}

/// A value to be put under a key, or (`None`) taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) tree: Tree,
    pub(crate) key: Vec<u8>,
    pub(crate) value: Option<Vec<u8>>,
}

/// A storage engine. Trusted with nothing but to keep bytes: what it returns is checked.
pub(crate) trait Backend: Send + Sync {
    /// The value under a key.
    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, BackendError>;

    /// Shows every key that starts with the prefix, in order, with its value.
    fn scan(&self, tree: Tree, prefix: &[u8], each: &mut dyn FnMut(&[u8], &[u8]))
    -> Result<(), BackendError>;

    /// Makes all changes or none. On the disk, not only in its cache, when this returns.
    fn commit(&self, changes: &[Change]) -> Result<(), BackendError>;

    /// Gives the store up; later calls fail.
    fn close(&mut self) -> Result<(), BackendError>;
}

/// Why a storage engine failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BackendError {
    /// The operating system refused.
    #[error("i/o error")]
    Io(#[source] io::Error),
    /// It is not there.
    #[error("missing")]
    Missing,
    /// Somebody else has it open: one that was given up because it hung, say.
    #[error("in use")]
    InUse,
    /// Its files make no sense to it. What it said is for developers.
    #[error("damaged: {0}")]
    Damaged(String),
    /// It did not come back in time.
    #[error("did not come back in time")]
    TimedOut,
}

impl From<BackendError> for VaultError {
    fn from(error: BackendError) -> Self {
        match error {
            BackendError::Io(source) => VaultError::io("use the database", None, source),
            BackendError::InUse => VaultError::InUse { process: None },
            BackendError::Missing => VaultError::Damaged(Damage::DatabaseMissing),
            BackendError::Damaged(detail) => VaultError::Damaged(Damage::DatabaseUnreadable { detail }),
            BackendError::TimedOut => VaultError::Damaged(Damage::DatabaseHangs),
        }
    }
}
