use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use latchkey_crypto::vault::{KdfError, RecordError, SlotError};
use latchkey_passkey::PasskeyId;

use crate::LabelError;

/// Why a vault cannot be made, opened, read or changed. Its text holds no site, name or path; where the operating
/// system refused something, the path and its words are fields, for whoever shows them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// There is no vault in the folder.
    #[error("no vault in this folder")]
    NotFound,
    /// There is a vault in the folder already, or something else that must not be overwritten.
    #[error("folder holds a vault or other files already")]
    AlreadyExists,
    /// No slot opens with this passphrase.
    #[error("no slot opens with this passphrase")]
    WrongPassphrase,
    /// Another process, or another part of this one, holds the vault.
    #[error("vault is in use")]
    InUse {
        /// The process that said so when it took the vault.
        process: Option<u32>,
    },
    /// The vault does not open as it is. [`OpenOptions::restore`](crate::OpenOptions::restore) brings it back from the newest good snapshot
    /// and the journal.
    #[error("vault is damaged: {0}")]
    Damaged(Damage),
    /// The folder is older than one that this machine has seen: somebody brought back a copy, or a disk lost
    /// writes. [`OpenOptions::accept_older`](crate::OpenOptions::accept_older) goes on with it all the same.
    #[error("vault is at commit {found}, this machine has seen {seen}")]
    RolledBack {
        /// The newest commit seen on this machine.
        seen: u64,
        /// The commit that the folder is at.
        found: u64,
    },
    /// Written by a later version of Latchkey.
    #[error("vault has format {format}, which a later version wrote")]
    TooNew {
        /// The format found.
        format: u64,
    },
    /// The key derivation was refused as too cheap or too dear, or there was no memory for it.
    #[error(transparent)]
    Kdf(#[from] KdfError),
    /// The disk is full. Nothing was changed.
    #[error("no space left for the vault")]
    Full,
    /// The medium cannot be written.
    #[error("vault is on a read-only medium")]
    ReadOnly,
    /// The folder or a file in it may not be read or written by this user.
    #[error("not permitted to {doing}")]
    NotPermitted {
        /// What was tried: "write the header".
        doing: &'static str,
        /// With what; `None` for a file of the vault that was open already.
        path: Option<PathBuf>,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The operating system refused something else.
    #[error("cannot {doing}")]
    Io {
        /// What was tried: "write the header".
        doing: &'static str,
        /// With what; `None` for a file of the vault that was open already.
        path: Option<PathBuf>,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A record is larger than the vault takes.
    #[error("record is {got} bytes, expected at most {most}")]
    TooLarge {
        /// Bytes given.
        got: usize,
        /// Bytes allowed.
        most: usize,
    },
    /// The vault has no such passkey, or it is in the bin and would have to be out of it.
    #[error("no such passkey")]
    NoSuchPasskey {
        /// Which.
        id: PasskeyId,
    },
    /// Only what is in the bin is purged.
    #[error("passkey is not in the bin")]
    NotInBin {
        /// Which.
        id: PasskeyId,
    },
    /// A passkey of this id was purged, and nothing brings it back.
    #[error("passkey was purged")]
    Purged {
        /// Which.
        id: PasskeyId,
    },
    /// A text that cannot be a label.
    #[error(transparent)]
    Label(#[from] LabelError),
    /// The vault has a passkey of this id already.
    #[error("passkey is stored already")]
    AlreadyStored,
    /// A change failed half-way, this one or an earlier one: opening the vault again tells whether it was made. What
    /// was acknowledged is safe. Nothing else is changed before.
    #[error("a change failed half-way, the vault has to be opened again")]
    Interrupted {
        /// Why, where it was this one.
        #[source]
        cause: Option<Box<VaultError>>,
    },
    /// The vault is of an older format, in which this cannot be done, and could not be brought to the present one when
    /// it was opened.
    #[error("vault is of format {format} still, in which this cannot be done")]
    NotMigrated {
        /// The format that it has.
        format: u64,
    },
    /// No snapshot is good enough to restore from.
    #[error("no snapshot can be restored")]
    NothingToRestore,
    /// The caller's progress function said to stop. Nothing was changed.
    #[error("cancelled")]
    Cancelled,
    /// No slot opens with this recovery key, TPM or security key.
    #[error("no slot opens with this secret")]
    WrongSecret,
    /// The last passphrase slot may not go.
    #[error("the last passphrase slot cannot be removed")]
    LastSlot,
    /// No slot has this number.
    #[error("no slot has this number")]
    NoSuchSlot,
    /// There is no room for another slot.
    #[error("the vault has as many slots as it takes")]
    SlotsFull,
}

/// What is damaged so that the vault does not open.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Damage {
    /// Neither generation of the header can be read.
    Header,
    /// The header, or its slot table, was changed by another hand.
    HeaderTampered,
    /// The database is not there.
    DatabaseMissing,
    /// The database does not open.
    DatabaseUnreadable {
        /// What the storage engine said.
        detail: String,
    },
    /// The database did not open in time.
    DatabaseHangs,
    /// The database opened, but its manifest is missing or is not this vault's.
    Manifest,
    /// Some records are missing, damaged, or of a later version: what would leave them behind for good is not done.
    Records,
    /// The database has forgotten commits that the header knows.
    CommitsLost {
        /// The commit that the database is at.
        found: u64,
        /// The commit that the header knows.
        expected: u64,
    },
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Damage::Header => f.write_str("header cannot be read"),
            Damage::HeaderTampered => f.write_str("header does not verify under the master key"),
            Damage::DatabaseMissing => f.write_str("database is missing"),
            Damage::DatabaseUnreadable { detail } => write!(f, "database cannot be read ({detail})"),
            Damage::DatabaseHangs => f.write_str("database does not open in time"),
            Damage::Manifest => f.write_str("manifest is missing or does not open"),
            Damage::Records => f.write_str("some records are missing, damaged or of a later version"),
            Damage::CommitsLost { found, expected } => {
                write!(f, "database is at commit {found}, expected {expected}")
            }
        }
    }
}

impl VaultError {
    /// What failed half-way: no error that says "nothing was changed" is true of it.
    pub(crate) fn half_way(self) -> Self {
        match self {
            VaultError::Interrupted { .. } => self,
            cause => VaultError::Interrupted { cause: Some(Box::new(cause)) },
        }
    }

    /// Sorts an error of the operating system by who can do something about it.
    pub(crate) fn io(doing: &'static str, path: Option<&Path>, source: io::Error) -> Self {
        let path = path.map(Path::to_owned);
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => VaultError::Full,
            io::ErrorKind::ReadOnlyFilesystem => VaultError::ReadOnly,
            io::ErrorKind::PermissionDenied => VaultError::NotPermitted { doing, path, source },
            _ => VaultError::Io { doing, path, source },
        }
    }
}

/// For `map_err` after a call to the operating system: what was tried, and with which file or folder.
pub(crate) fn cannot(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> VaultError {
    move |source| VaultError::io(doing, Some(path), source)
}

impl From<SlotError> for VaultError {
    fn from(error: SlotError) -> Self {
        match error {
            SlotError::WrongPassphrase => VaultError::WrongPassphrase,
            SlotError::Tampered => VaultError::Damaged(Damage::HeaderTampered),
            SlotError::TooNew { format } => VaultError::TooNew { format },
            SlotError::Kdf(error) => VaultError::Kdf(error),
            SlotError::WrongSecret => VaultError::WrongSecret,
            SlotError::LastSlot => VaultError::LastSlot,
            SlotError::NoSuchSlot => VaultError::NoSuchSlot,
            SlotError::Full => VaultError::SlotsFull,
            _ => VaultError::Damaged(Damage::Header),
        }
    }
}

impl From<RecordError> for VaultError {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::TooNew { format } => VaultError::TooNew { format: format.into() },
            _ => VaultError::Damaged(Damage::Manifest),
        }
    }
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn each_error_of_the_system_finds_its_variant() {
        let sort = |errno: Errno| cannot("test", Path::new("there"))(errno.into());
        assert!(matches!(sort(Errno::NOSPC), VaultError::Full));
        assert!(matches!(sort(Errno::DQUOT), VaultError::Full));
        assert!(matches!(sort(Errno::ROFS), VaultError::ReadOnly));
        assert!(matches!(sort(Errno::ACCESS), VaultError::NotPermitted { doing: "test", .. }));
        assert!(matches!(sort(Errno::PERM), VaultError::NotPermitted { .. }));
        assert!(matches!(sort(Errno::IO), VaultError::Io { doing: "test", .. }));
    }

    #[test]
    fn path_and_words_of_the_system_are_told_apart_from_the_text() {
        match cannot("write the header", Path::new("/home/alice"))(Errno::IO.into()) {
            VaultError::Io { path, source, .. } => {
                assert_eq!(path.as_deref(), Some(Path::new("/home/alice")));
                assert_eq!(source.raw_os_error(), Some(Errno::IO.raw_os_error()));
            }
            other => panic!("{other:?}"),
        }
        let error = cannot("write the header", Path::new("/home/alice"))(Errno::ACCESS.into());
        assert_eq!(error.to_string(), "not permitted to write the header");
    }
}
