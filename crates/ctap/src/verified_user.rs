use latchkey_crypto::vault::{PassphraseProof, VaultId};
use latchkey_passkey::{UnixSeconds, Verification};

/// How long a verification holds.
pub const VERIFIED_FOR_SECONDS: UnixSeconds = 120;

/// The person was verified for one request. UV is built from this and from nothing else.
///
/// It is made only from a proof that opening a passphrase slot left behind, is used up by the approval that it
/// goes into, and holds for [`VERIFIED_FOR_SECONDS`] and for passkeys of the proof's vault.
///
/// Its fields are private, so it cannot be made without the proof:
///
/// ```compile_fail,E0451
/// use latchkey_ctap::VerifiedUser;
/// # fn vault() -> latchkey_crypto::vault::VaultId { todo!() }
/// let forged = VerifiedUser { how: latchkey_passkey::Verification::Passphrase, vault: vault(), at: 0 };
/// ```
///
/// And it verifies once:
///
/// ```compile_fail,E0382
/// # use latchkey_ctap::{Prompt, VerifiedUser};
/// fn twice(first: Prompt, second: Prompt, verified: VerifiedUser) {
///     let _ = first.approve(None, Some(verified));
///     let _ = second.approve(None, Some(verified));
/// }
/// ```
#[derive(Debug)]
pub struct VerifiedUser {
    how: Verification,
    vault: VaultId,
    at: UnixSeconds,
}

impl VerifiedUser {
    /// Uses up a proof that the passphrase was given at this time.
    pub fn new(proof: PassphraseProof, how: Verification, at: UnixSeconds) -> Self {
        Self { how, vault: proof.vault(), at }
    }

    /// How the person was verified, if that still holds and was for this vault.
    ///
    /// A time in the future counts as far away as one in the past: a clock that was set back must not make a
    /// verification last.
    pub(crate) fn holds(&self, vault: VaultId, now: UnixSeconds) -> Option<Verification> {
        (self.vault == vault && now.abs_diff(self.at) <= VERIFIED_FOR_SECONDS).then_some(self.how)
    }
}
