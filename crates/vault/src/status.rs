use latchkey_crypto::vault::{RecordKind, SlotInfo, VaultId};
use latchkey_passkey::PasskeyId;

/// How a vault is doing.
#[derive(Debug, Clone)]
pub struct Status {
    /// Which vault it is.
    pub vault: VaultId,
    /// The newest commit: one more with each change.
    pub epoch: u64,
    /// Passkeys in use.
    pub passkeys: u64,
    /// Passkeys in the bin.
    pub binned: u64,
    /// What opens it.
    pub slots: Vec<SlotInfo>,
    /// Commits that snapshots were made at, newest first.
    pub snapshots: Vec<u64>,
    /// What was found wrong, on opening and since. Empty if all is well.
    pub findings: Vec<Finding>,
}

/// Something that is not as it should be, while the rest of the vault stays usable.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Finding {
    /// One of the two generations of the header cannot be read; the other serves.
    HeaderGenerationDamaged,
    /// The header is older than the database: it was brought back from a copy, its key slots with it.
    HeaderOlder {
        /// The commit that the header knows.
        found: u64,
        /// The commit that the database is at.
        expected: u64,
    },
    /// The vault is older than what this machine has seen; it was opened all the same.
    OlderAccepted {
        /// The newest commit seen on this machine.
        seen: u64,
        /// The commit that the vault is at.
        found: u64,
    },
    /// This machine's memory of the vault cannot be read, so that an older copy would not be noticed.
    WitnessUnreadable,
    /// This machine's memory of the vault was written under another master key: the vault got a new one elsewhere. It
    /// was compared all the same.
    WitnessForeign,
    /// This machine's memory of the vault could not be written.
    WitnessUnwritable,
    /// A record does not open and is set aside. The kind is missing if it is none that this version knows, the id
    /// if the record belongs to no single passkey.
    RecordDamaged {
        /// What it was.
        kind: Option<RecordKind>,
        /// Whose it was.
        id: Option<PasskeyId>,
    },
    /// A record was written by a later version and is set aside.
    RecordTooNew {
        /// What it is.
        kind: RecordKind,
        /// Whose it is.
        id: Option<PasskeyId>,
    },
    /// A passkey is gone.
    PasskeyMissing {
        /// Which.
        id: PasskeyId,
    },
    /// A passkey's secrets are gone: it is listed, and cannot sign.
    SecretMissing {
        /// Whose.
        id: PasskeyId,
    },
    /// There are fewer records than the manifest says.
    RecordsMissing {
        /// How many are missing.
        count: u64,
    },
    /// There are more records than the manifest says.
    RecordsAdded {
        /// How many there are too many.
        count: u64,
    },
    /// Every record opens, but some are not the ones that the manifest says: older ones were brought back.
    RecordsExchanged,
    /// The journal is missing, damaged, or does not reach to the newest commit; a snapshot was made in its place.
    JournalBroken,
    /// The newest snapshot was missing; another was made.
    SnapshotMissing,
    /// A snapshot could not be made; the journal goes on.
    SnapshotFailed,
    /// The vault was of an older format. It was brought to the present one; a snapshot from before is kept.
    Migrated {
        /// The format that it had.
        from: u64,
    },
    /// The vault is of an older format, and could not be brought to the present one: it has damaged records, or there
    /// is no room. It is usable as it is.
    NotMigrated {
        /// The format that it has.
        format: u64,
    },
    /// Keys or slots were changed, and the change holds; but copies of the header, or data under the old keys, could
    /// not be written anew or deleted. The next opening does that.
    Unfinished,
    /// The key slots are older than the vault: an older header was brought back, and a passphrase that was changed
    /// since may open it again.
    SlotsOlder,
}
