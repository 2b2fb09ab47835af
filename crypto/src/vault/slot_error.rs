use super::KdfError;
use super::table::{FORMAT, MOST_SLOTS};

/// Why a slot table cannot be read, opened or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SlotError {
    /// No slot opens with this passphrase.
    #[error("no slot opens with this passphrase")]
    WrongPassphrase,
    /// No slot opens with this recovery key, TPM or security key.
    #[error("no slot opens with this secret")]
    WrongSecret,
    /// A slot opened, but the table is not the one that the holder of the master key wrote.
    #[error("slot table does not verify under the master key")]
    Tampered,
    /// The bytes are no slot table.
    #[error("slot table is damaged: {what}")]
    Malformed {
        /// What was found or missing.
        what: &'static str,
    },
    /// Written by a later version.
    #[error("slot table has format {format}, expected at most {FORMAT}")]
    TooNew {
        /// The format found.
        format: u64,
    },
    /// The key derivation was refused or failed.
    #[error(transparent)]
    Kdf(#[from] KdfError),
    /// The last slot that opens may not go.
    #[error("the last passphrase slot cannot be removed")]
    LastSlot,
    /// No slot has this number.
    #[error("no slot has this number")]
    NoSuchSlot,
    /// The table is full.
    #[error("slot table has {MOST_SLOTS} slots already")]
    Full,
}
