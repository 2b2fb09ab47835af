use std::sync::Arc;

use latchkey_crypto::vault::VaultId;
use latchkey_passkey::{PasskeyId, UnixSeconds, Verification};

use crate::{
    Conclusion,
    prompt::{Prompt, RequestMark},
    verified_user::VerifiedUser,
};

/// What the person decided. Made only by [`Prompt::approve`] and [`Prompt::refuse`].
///
/// ```compile_fail,E0451
/// use latchkey_ctap::Answer;
/// # fn pieces<T>() -> T { todo!() }
/// let forged = Answer { request: pieces(), decision: pieces() };
/// ```
///
/// And it answers once, as [`Pending::answer`](crate::Pending::answer) takes both:
///
/// ```compile_fail,E0382
/// # use latchkey_ctap::{Answer, Pending};
/// # use latchkey_passkey::PasskeyStore;
/// fn twice(a: Pending, b: Pending, answer: Answer, store: &mut dyn PasskeyStore, rng: &mut dyn rand_core::CryptoRng) {
///     a.answer(answer, store, 0, rng);
///     b.answer(answer, store, 0, rng);
/// }
/// ```
#[derive(Debug)]
pub struct Answer {
    pub(crate) request: Arc<RequestMark>,
    pub(crate) decision: Decision,
}

#[derive(Debug)]
pub(crate) enum Decision {
    Approved { account: Option<PasskeyId>, verified: Option<VerifiedUser> },
    Refused,
}

/// An approval that lacks something; prompt and verification come back.
#[derive(Debug)]
pub struct NotApproved {
    /// The prompt, still open.
    pub prompt: Prompt,
    /// The verification that was given, unused.
    pub verified: Option<VerifiedUser>,
    /// What is missing.
    pub reason: NotApprovedReason,
}

/// What an approval lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotApprovedReason {
    /// Several accounts are asked about, and none was named.
    #[error("several accounts, none chosen")]
    ChooseAccount,
    /// The account named is not one of those asked about.
    #[error("account is none of those asked about")]
    NoSuchAccount,
    /// The request demands verification.
    #[error("user verification is required")]
    VerificationRequired,
}

/// The evidence behind UP and UV: an approval that belongs to the request and came in time.
///
/// Made only by [`Answer::redeem`], and the only thing that flags are built from.
pub(crate) struct Approval {
    verification: Option<Verification>,
}

impl Approval {
    /// How the person was verified; none if only present.
    pub(crate) fn verification(&self) -> Option<Verification> {
        self.verification
    }
}

/// What an answer has to fit.
pub(crate) struct Terms<'a> {
    pub(crate) request: &'a Arc<RequestMark>,
    pub(crate) vault: VaultId,
    pub(crate) deadline: UnixSeconds,
    pub(crate) verification_required: bool,
}

impl Answer {
    /// Turns the answer into evidence, with the account chosen, or into the reason why there is none.
    pub(crate) fn redeem(
        self,
        terms: &Terms<'_>,
        now: UnixSeconds,
    ) -> Result<(Option<PasskeyId>, Approval), Conclusion> {
        if !Arc::ptr_eq(&self.request, terms.request) {
            return Err(Conclusion::WrongAnswer);
        }
        if now > terms.deadline {
            return Err(Conclusion::TooLate);
        }
        let Decision::Approved { account, verified } = self.decision else {
            return Err(Conclusion::Refused);
        };
        let verification = match verified {
            // A verification that does not hold is not passed over, even where none is required.
            Some(verified) => Some(verified.holds(terms.vault, now).ok_or(Conclusion::NotVerified)?),
            None if terms.verification_required => return Err(Conclusion::NotVerified),
            None => None,
        };
        Ok((account, Approval { verification }))
    }
}
