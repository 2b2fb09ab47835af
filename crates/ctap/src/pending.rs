use std::{fmt, sync::Arc};

use latchkey_crypto::{
    cbor::{self, Value},
    cose::KeyError,
    vault::VaultId,
};
use latchkey_passkey::{
    Aaguid, Outcome, PasskeyId, PasskeyStore, StoreError, UnixSeconds, UseKind, UseRecord,
};
use rand_core::CryptoRng;
use zeroize::Zeroize;

use crate::{
    Origin,
    answer::{Answer, Terms},
    get_assertion::SignIn,
    make_credential::Creation,
    prompt::{Account, RequestMark},
    status::Status,
};

/// A request that waits for a person's answer.
///
/// Every way out uses it up and yields exactly one response.
pub struct Pending {
    pub(crate) request: Arc<RequestMark>,
    pub(crate) task: Box<Task>,
    pub(crate) origin: Origin,
    pub(crate) vault: VaultId,
    pub(crate) aaguid: Aaguid,
    pub(crate) deadline: UnixSeconds,
    pub(crate) verification_required: bool,
}

/// What is done once approved.
pub(crate) enum Task {
    Create(Creation),
    SignIn(SignIn),
    Excluded,
    NothingHere,
    Select,
    Touch,
}

/// A response, and what came of the request.
#[derive(Debug)]
pub struct Reply {
    /// The status byte, then the response in canonical CBOR. May hold PRF outputs: a secret until it is sealed.
    pub message: Vec<u8>,
    /// What came of it, for the person.
    pub conclusion: Conclusion,
}

/// What came of a request.
#[derive(Debug)]
#[non_exhaustive]
pub enum Conclusion {
    /// A passkey was made and stored.
    Created {
        /// The new passkey.
        account: Box<Account>,
        /// The one that went to the bin for it.
        replaced: Option<PasskeyId>,
    },
    /// An assertion was signed, and its use stored.
    SignedIn {
        /// The passkey that signed.
        account: Box<Account>,
    },
    /// A program asked for a touch, or the browser gave up and got its end.
    Selected,
    /// The site was told that it has a passkey here.
    AlreadyRegistered,
    /// The site was told that there is no passkey for it.
    NothingHere,
    /// The person refused.
    Refused,
    /// The answer came after the deadline.
    TooLate,
    /// The verification was missing, too old, or of another vault.
    NotVerified,
    /// The answer was made for another request.
    WrongAnswer,
    /// The store failed. Nothing was sent that it did not keep.
    StoreFailed(StoreError),
    /// The key could not be made, or did not sign.
    KeyFailed(KeyError),
}

impl Conclusion {
    /// The status byte that the other side gets: the one place where it is decided.
    pub fn status(&self) -> Status {
        match self {
            Conclusion::Created { .. } | Conclusion::SignedIn { .. } | Conclusion::Selected => Status::Ok,
            Conclusion::AlreadyRegistered => Status::CredentialExcluded,
            Conclusion::NothingHere => Status::NoCredentials,
            // CTAP 2.2 §6.1.2 step 11 and §6.2.2 step 6: without a PIN to fall back on, failed verification is a
            // refusal.
            Conclusion::Refused | Conclusion::NotVerified | Conclusion::WrongAnswer => {
                Status::OperationDenied
            }
            Conclusion::TooLate => Status::UserActionTimeout,
            Conclusion::StoreFailed(_) | Conclusion::KeyFailed(_) => Status::Other,
        }
    }
}

impl Pending {
    /// Carries out what the person decided. When this returns, what the response tells of is on disk.
    pub fn answer(
        self,
        answer: Answer,
        store: &mut dyn PasskeyStore,
        now: UnixSeconds,
        rng: &mut dyn CryptoRng,
    ) -> Reply {
        let terms = Terms {
            request: &self.request,
            vault: self.vault,
            deadline: self.deadline,
            verification_required: self.verification_required,
        };
        let (account, approval) = match answer.redeem(&terms, now) {
            Ok(approved) => approved,
            Err(conclusion) => return self.not_approved(conclusion, store, now),
        };
        let door = self.origin.door();
        match *self.task {
            Task::Create(creation) => {
                Reply::of(creation.finish(&approval, self.aaguid, door, store, now, rng))
            }
            Task::SignIn(sign_in) => Reply::of(sign_in.finish(account, &approval, door, store, now, rng)),
            Task::Excluded => Reply::bare(Conclusion::AlreadyRegistered),
            Task::NothingHere => Reply::bare(Conclusion::NothingHere),
            Task::Select => Reply::bare(Conclusion::Selected),
            // CTAP 2.2 §6.1.2 step 1: what a key without PIN says once it was touched.
            Task::Touch => Reply { message: Status::PinNotSet.message(), conclusion: Conclusion::Selected },
        }
    }

    /// The other side gave up; the response is for a transport that still wants one.
    pub fn cancelled(self) -> Vec<u8> {
        Status::KeepaliveCancel.message()
    }

    /// Nobody answered in time.
    pub fn timed_out(self) -> Vec<u8> {
        self.status_of(&Conclusion::TooLate).message()
    }

    fn not_approved(self, conclusion: Conclusion, store: &mut dyn PasskeyStore, now: UnixSeconds) -> Reply {
        // A refusal is a line in the history of the passkey that was asked for, where it is clear which.
        if let (Conclusion::Refused, Task::SignIn(sign_in)) = (&conclusion, &*self.task)
            && let Some(id) = sign_in.only_candidate()
        {
            let refused = UseRecord {
                at: now,
                kind: UseKind::SignIn,
                door: self.origin.door(),
                outcome: Outcome::Refused,
                verification: None,
            };
            // Refused it is, kept or not.
            let _ = store.record_use(id, &refused);
        }
        Reply { message: self.status_of(&conclusion).message(), conclusion }
    }

    fn status_of(&self, conclusion: &Conclusion) -> Status {
        match (&*self.task, self.origin) {
            // Chromium sends authenticatorSelection over hybrid when it has decided to fail: any error makes the
            // page hang, success ends it. There is one authenticator at this end of the tunnel to select.
            (Task::Select, Origin::Hybrid) => Status::Ok,
            _ => conclusion.status(),
        }
    }
}

impl Reply {
    fn bare(conclusion: Conclusion) -> Self {
        Self { message: conclusion.status().message(), conclusion }
    }

    fn of(finished: Result<(Value, Conclusion), Conclusion>) -> Self {
        match finished {
            Ok((mut response, conclusion)) => {
                let mut message = conclusion.status().message();
                cbor::encode_to(&mut message, &response);
                response.zeroize();
                Self { message, conclusion }
            }
            Err(conclusion) => Self::bare(conclusion),
        }
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pending(..)")
    }
}
