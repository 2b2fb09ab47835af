use std::fmt;

use serde::Serialize;

/// One thing that a relying party checks, in the order of WebAuthn L3 §7.1 and §7.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Check {
    /// The response has all its parts, and they parse.
    Complete,
    /// The credential is one of those that were registered.
    KnownCredential,
    /// The user handle is that of the credential's account.
    UserHandle,
    /// `clientDataJSON.type` is that of the ceremony.
    ClientDataType,
    /// The challenge is the one that was drawn for this ceremony.
    Challenge,
    /// The browser was at our origin.
    Origin,
    /// The authenticator answered for our RP ID.
    RpIdHash,
    /// The UP bit: a person answered.
    UserPresent,
    /// The UV bit: the person was verified.
    UserVerified,
    /// BS is set only where BE is, and BE is as it was at registration.
    BackupFlags,
    /// The new key is of an algorithm that was asked for.
    Algorithm,
    /// The credential ID is new here and at most 1,023 bytes.
    NewCredential,
    /// The signature fits the registered key.
    Signature,
    /// The signature counter has not gone back.
    SignCount,
}

/// The sentence that the demo shows.
impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Check::Complete => "the answer is complete",
            Check::KnownCredential => "the passkey is registered here",
            Check::UserHandle => "it belongs to this account",
            Check::ClientDataType => "it answers this kind of request",
            Check::Challenge => "it answers the challenge that was just drawn",
            Check::Origin => "the browser was at this site",
            Check::RpIdHash => "the passkey's site is this site",
            Check::UserPresent => "a person was present",
            Check::UserVerified => "the person was verified",
            Check::BackupFlags => "the backup flags agree",
            Check::Algorithm => "the key is of a kind that was asked for",
            Check::NewCredential => "the passkey is new here",
            Check::Signature => "the signature fits the registered public key",
            Check::SignCount => "the counter has not gone back",
        })
    }
}

/// What the relying party found, check by check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    checks: Vec<(Check, bool)>,
}

impl Verdict {
    /// A response that cannot be read.
    pub(super) fn incomplete() -> Self {
        Self { checks: vec![(Check::Complete, false)] }
    }

    pub(super) fn of(checks: impl IntoIterator<Item = (Check, bool)>) -> Self {
        Self { checks: [(Check::Complete, true)].into_iter().chain(checks).collect() }
    }

    /// Every check that was made, and whether it held.
    pub fn checks(&self) -> &[(Check, bool)] {
        &self.checks
    }

    /// Did all of them hold?
    pub fn is_accepted(&self) -> bool {
        self.checks.iter().all(|(_, held)| *held)
    }
}
