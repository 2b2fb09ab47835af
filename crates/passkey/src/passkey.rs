use std::fmt;

use latchkey_crypto::cose::Algorithm;

use crate::{CredentialId, PasskeyId, RpId, UnixSeconds, UserHandle};

/// One passkey: the core that never changes, the labels that may, and how it was used.
///
/// No secrets: what is looked up, listed and asked about signs nothing. They are [`PasskeySecrets`].
///
/// [`PasskeySecrets`]: crate::PasskeySecrets
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    /// What was fixed when it was made.
    pub core: PasskeyCore,
    /// What its owner or its site may change.
    pub labels: Labels,
    /// Counted from the history.
    pub usage: Usage,
}

/// The immutable part: what the relying party relies on, but for the key itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyCore {
    /// The vault's own name of it.
    pub id: PasskeyId,
    /// The site it is bound to.
    pub rp_id: RpId,
    /// The name that the site knows it by.
    pub credential_id: CredentialId,
    /// The account at the site.
    pub user_handle: UserHandle,
    /// What it signs with: the algorithm of its private key.
    pub algorithm: Algorithm,
    /// Found by the site without a list of credentials (`rk` on the wire).
    pub discoverable: bool,
    /// BE, fixed at creation (WebAuthn L3 §6.1.3).
    pub backup: BackupEligibility,
    /// Whether it may leave this machine.
    pub custody: Custody,
    /// When it answers (CTAP 2.2 §12.1).
    pub cred_protect: CredProtect,
    /// When it was made.
    pub created_at: UnixSeconds,
    /// Made for Secure Payment Confirmation, `payments` of CXF.
    pub payments: bool,
    /// What it answers as signature counter.
    pub counter: CounterMode,
    /// The signature counter that it had where it was imported from.
    pub source_counter: Option<u32>,
}

/// BE as the site has it on record. A site has to refuse a passkey whose BE changes (WebAuthn L3 §7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackupEligibility {
    /// BE = 1.
    Yes,
    /// BE = 0: made so elsewhere and imported, or bound to this machine.
    No,
    /// Imported from where it was not written down.
    Unknown,
}

impl BackupEligibility {
    /// BE as it is answered.
    ///
    /// [`BackupEligibility::Unknown`] answers as eligible: a passkey that came here by an import has been in two
    /// places, so 1 is the truth about it, and what most makers of passkeys that can be exported have always sent.
    pub fn flag(self) -> bool {
        match self {
            BackupEligibility::Yes | BackupEligibility::Unknown => true,
            BackupEligibility::No => false,
        }
    }

    /// What is known; `None` if nothing is.
    pub fn known(self) -> Option<bool> {
        match self {
            BackupEligibility::Yes => Some(true),
            BackupEligibility::No => Some(false),
            BackupEligibility::Unknown => None,
        }
    }
}

/// What a passkey answers as signature counter (WebAuthn L3 §6.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CounterMode {
    /// Always 0: a passkey on several machines has no common count.
    Zero,
    /// The Unix time in seconds, for one that came with a counter above 0: a strict site refuses a counter that does
    /// not rise, and clocks rise everywhere without being told. It cannot go into CXF.
    Time,
}

impl CounterMode {
    /// The counter of a sign-in at a time. Always above that of the last one here, also within one second and after
    /// the clock was set back; 2^32 - 1 from 2106 on.
    pub fn sign_count(self, now: UnixSeconds, last_used_at: Option<UnixSeconds>) -> u32 {
        match self {
            CounterMode::Zero => 0,
            CounterMode::Time => {
                let next = last_used_at.map_or(now, |last| now.max(last.saturating_add(1)));
                u32::try_from(next).unwrap_or(u32::MAX)
            }
        }
    }
}

/// Whether a passkey may leave this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Custody {
    /// Syncs, is exported and backed up.
    Syncable,
    /// Stays here: no sync, no export, no backup.
    DeviceBound,
}

/// `credProtect` (CTAP 2.2 §12.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CredProtect {
    /// Level 1.
    UserVerificationOptional,
    /// Level 2: without verification only through an allow list.
    UserVerificationOptionalWithCredentialIdList,
    /// Level 3: never without verification.
    UserVerificationRequired,
}

impl CredProtect {
    /// The level on the wire, 1 to 3.
    pub fn level(self) -> u8 {
        match self {
            CredProtect::UserVerificationOptional => 1,
            CredProtect::UserVerificationOptionalWithCredentialIdList => 2,
            CredProtect::UserVerificationRequired => 3,
        }
    }

    /// The variant of a level, if there is one.
    pub fn from_level(level: u64) -> Option<Self> {
        match level {
            1 => Some(CredProtect::UserVerificationOptional),
            2 => Some(CredProtect::UserVerificationOptionalWithCredentialIdList),
            3 => Some(CredProtect::UserVerificationRequired),
            _ => None,
        }
    }
}

/// What may change: names given by the site, and the owner's own order.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Labels {
    /// `rp.name`, as the site gave it.
    pub rp_name: Option<String>,
    /// `user.name`.
    pub user_name: String,
    /// `user.displayName`.
    pub user_display_name: String,
    /// The owner's own name for it.
    pub name: Option<String>,
    /// The owner's tags.
    pub tags: Vec<String>,
    /// Marked by its owner.
    pub favourite: bool,
    /// The owner's note, of several lines perhaps.
    pub note: Option<String>,
    /// The owner's folder.
    pub folder: Option<String>,
}

/// Personal, so not shown.
impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Labels(..)")
    }
}

/// What the history amounts to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// The last sign-in.
    pub last_used_at: Option<UnixSeconds>,
    /// How many sign-ins.
    pub sign_in_count: u64,
}

/// One line of a passkey's history. Holds no challenge, signature or client data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UseRecord {
    /// When.
    pub at: UnixSeconds,
    /// What was asked.
    pub kind: UseKind,
    /// The way it came.
    pub door: Door,
    /// How it ended.
    pub outcome: Outcome,
    /// How the user was verified, if so.
    pub verification: Option<Verification>,
}

/// What was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UseKind {
    /// makeCredential.
    Create,
    /// getAssertion.
    SignIn,
}

/// The way a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// Hybrid: another machine's QR code.
    Hybrid,
    /// The virtual security key of this machine.
    VirtualKey,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// An answer was signed.
    Approved,
    /// The person refused.
    Refused,
}

/// How the user was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verification {
    /// Typed the vault's passphrase for this request.
    Passphrase,
    /// A script gave the passphrase and named the site (`sign-in --approve`).
    Script,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_lead_back_and_others_are_none() {
        for level in [
            CredProtect::UserVerificationOptional,
            CredProtect::UserVerificationOptionalWithCredentialIdList,
            CredProtect::UserVerificationRequired,
        ] {
            assert_eq!(CredProtect::from_level(level.level().into()), Some(level));
        }
        assert_eq!((CredProtect::from_level(0), CredProtect::from_level(4)), (None, None));
    }

    #[test]
    fn what_is_not_known_of_backup_answers_as_eligible() {
        use BackupEligibility::{No, Unknown, Yes};
        assert_eq!([Yes, No, Unknown].map(BackupEligibility::flag), [true, false, true]);
        assert_eq!([Yes, No, Unknown].map(BackupEligibility::known), [Some(true), Some(false), None]);
    }

    #[test]
    fn a_counter_of_time_is_the_unix_time_and_always_rises() {
        let now = 1_800_000_000;
        assert_eq!(CounterMode::Zero.sign_count(now, Some(now)), 0);
        assert_eq!(CounterMode::Time.sign_count(now, None), 1_800_000_000);
        assert_eq!(CounterMode::Time.sign_count(now, Some(now - 1)), 1_800_000_000);
        assert_eq!(CounterMode::Time.sign_count(now, Some(now)), 1_800_000_001);
        assert_eq!(CounterMode::Time.sign_count(now - 500, Some(now)), 1_800_000_001);
        assert_eq!(CounterMode::Time.sign_count(u64::MAX, Some(u64::MAX)), u32::MAX);
    }

    #[test]
    fn debug_shows_no_names() {
        let labels = Labels { user_name: "alice".to_owned(), ..Labels::default() };
        assert_eq!(format!("{labels:?}"), "Labels(..)");
    }
}
