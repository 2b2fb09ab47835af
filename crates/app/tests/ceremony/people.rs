//! Persons as the ceremony sees them.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use latchkey_app::{Decision, Person, Refusal, now};
use latchkey_crypto::vault::PassphraseProof;
use latchkey_ctap::{Prompt, VerifiedUser};
use latchkey_passkey::Verification;
use tokio::sync::Notify;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Says {
    Yes,
    No,
    /// Never answers.
    Nothing,
}

/// What became of the prompt.
#[derive(Clone, Default)]
pub(crate) struct Seen {
    pub(crate) asked: Arc<Notify>,
    dismissed: Arc<AtomicBool>,
}

impl Seen {
    pub(crate) fn dismissed(&self) -> bool {
        self.dismissed.load(Ordering::Relaxed)
    }
}

pub(crate) struct Somebody {
    pub(crate) says: Says,
    pub(crate) proof: Option<PassphraseProof>,
    pub(crate) seen: Seen,
}

struct Dismissal(Arc<AtomicBool>);

impl Drop for Dismissal {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Person for Somebody {
    async fn decide(&mut self, prompt: Prompt) -> Decision {
        self.seen.asked.notify_one();
        match self.says {
            Says::Yes => {
                let verified =
                    self.proof.take().map(|proof| VerifiedUser::new(proof, Verification::Passphrase, now()));
                Decision::Approved(prompt.approve(None, verified).unwrap())
            }
            Says::No => Decision::Refused(prompt.refuse(), Refusal::ByPerson),
            Says::Nothing => {
                let _dismissal = Dismissal(self.seen.dismissed.clone());
                std::future::pending().await
            }
        }
    }
}
