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
    pub backup_eligible: bool,
    /// Whether it may leave this machine.
    pub custody: Custody,
    /// When it answers (CTAP 2.2 §12.1).
    pub cred_protect: CredProtect,
    /// When it was made.
    pub created_at: UnixSeconds,
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
    fn debug_shows_no_names() {
        let labels = Labels { user_name: "alice".to_owned(), ..Labels::default() };
        assert_eq!(format!("{labels:?}"), "Labels(..)");
    }
}
