//! A script that said on its command line what it approves: the one exception to the prompt.

use latchkey_app::{Decision, Person, Refusal};
use latchkey_ctap::{NotApprovedReason, Prompt, Question, VerifiedUser};
use latchkey_passkey::{PasskeyId, RpId};

/// Approves exactly one request, from exactly one site, and refuses everything else.
///
/// It exists only together with a [`VerifiedUser`], that is, with the passphrase given in the same call.
pub(crate) struct Script {
    rp_id: RpId,
    account: Option<PasskeyId>,
    may_replace: bool,
    verified: Option<VerifiedUser>,
}

impl Script {
    pub(crate) fn new(
        rp_id: RpId,
        account: Option<PasskeyId>,
        may_replace: bool,
        verified: VerifiedUser,
    ) -> Self {
        Self { rp_id, account, may_replace, verified: Some(verified) }
    }

    /// Why this prompt is not what was approved, if so.
    fn objection(&self, prompt: &Prompt) -> Option<Refusal> {
        if prompt.rp_id() != Some(&self.rp_id) {
            return Some(Refusal::OtherSite);
        }
        if self.verified.is_none() {
            return Some(Refusal::NotCovered);
        }
        match prompt.question() {
            Question::Create { replaces: Some(_), .. } if !self.may_replace => Some(Refusal::WouldReplace),
            Question::SignIn { accounts } => match (self.account, accounts.as_slice()) {
                (None, [_] | []) => None,
                (None, several) => Some(Refusal::SeveralAccounts {
                    accounts: several.iter().map(|a| (a.id.to_string(), a.user_name.clone())).collect(),
                }),
                (Some(id), all) if all.iter().any(|account| account.id == id) => None,
                (Some(_), _) => Some(Refusal::NoSuchAccount),
            },
            _ => None,
        }
    }
}

impl Person for Script {
    async fn decide(&mut self, prompt: Prompt) -> Decision {
        if let Some(refusal) = self.objection(&prompt) {
            return Decision::Refused(prompt.refuse(), refusal);
        }
        let account = match prompt.question() {
            Question::SignIn { .. } => self.account,
            _ => None,
        };
        match prompt.approve(account, self.verified.take()) {
            Ok(answer) => Decision::Approved(answer),
            Err(not) => {
                let refusal = match not.reason {
                    NotApprovedReason::VerificationRequired => Refusal::NotCovered,
                    _ => Refusal::NoSuchAccount,
                };
                Decision::Refused(not.prompt.refuse(), refusal)
            }
        }
    }
}
