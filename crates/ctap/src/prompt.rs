use std::{fmt, sync::Arc};

use latchkey_passkey::{Passkey, PasskeyId, RpId, UnixSeconds, shown};

use crate::{
    Origin,
    answer::{Answer, Decision, NotApproved, NotApprovedReason},
    verified_user::VerifiedUser,
};

/// How long a prompt waits for its answer.
pub const ANSWER_WITHIN_SECONDS: UnixSeconds = 120;

/// What a person is asked: site, account or accounts, and what would be done.
///
/// Every text in it is fit to be shown. One prompt belongs to one request; it is used up by the one answer it
/// gives, so answering twice does not compile:
///
/// ```compile_fail,E0382
/// # use latchkey_ctap::Prompt;
/// fn twice(prompt: Prompt) {
///     let first = prompt.refuse();
///     let second = prompt.refuse();
/// }
/// ```
pub struct Prompt {
    pub(crate) request: Arc<RequestMark>,
    pub(crate) contents: Box<Contents>,
    pub(crate) origin: Origin,
    pub(crate) verification_required: bool,
    pub(crate) deadline: UnixSeconds,
}

/// What a prompt says.
pub(crate) struct Contents {
    pub(crate) question: Question,
    /// None where only a touch is wanted.
    pub(crate) rp_id: Option<RpId>,
    /// Fit to be shown.
    pub(crate) rp_name: Option<String>,
}

/// Stands for one request: prompt, answer and pending request hold the same one, told apart by its address.
#[derive(Debug)]
pub(crate) struct RequestMark;

/// What is asked.
#[derive(Clone, PartialEq, Eq)]
pub enum Question {
    /// Create a passkey for this account?
    Create {
        /// `user.name`, may be empty.
        user_name: String,
        /// `user.displayName`, may be empty.
        user_display_name: String,
        /// The passkey of the same account that would go to the bin.
        replaces: Option<Account>,
    },
    /// Sign in with one of these accounts? Newest first, at least one.
    SignIn {
        /// To choose from.
        accounts: Vec<Account>,
    },
    /// The site wants a passkey on another device than one that has one already. May it know that this one has?
    AlreadyRegistered,
    /// There is no passkey for this site. May it know?
    NothingHere,
    /// A program asks which key the person wants to use. Over hybrid a browser sends this when it has given up:
    /// whatever is answered, it ends its request.
    Select,
}

/// A passkey as a person knows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The vault's name of it.
    pub id: PasskeyId,
    /// `user.name`, may be empty.
    pub user_name: String,
    /// `user.displayName`, may be empty.
    pub user_display_name: String,
    /// The owner's own name for it.
    pub name: Option<String>,
    /// When it was made.
    pub created_at: UnixSeconds,
    /// The last sign-in.
    pub last_used_at: Option<UnixSeconds>,
}

impl Account {
    pub(crate) fn of(passkey: &Passkey) -> Self {
        Self {
            id: passkey.core.id,
            user_name: shown(&passkey.labels.user_name),
            user_display_name: shown(&passkey.labels.user_display_name),
            name: passkey.labels.name.as_deref().map(shown),
            created_at: passkey.core.created_at,
            last_used_at: passkey.usage.last_used_at,
        }
    }
}

impl Prompt {
    /// What is asked.
    pub fn question(&self) -> &Question {
        &self.contents.question
    }

    /// The site; none where only a touch is wanted ([`Question::Select`]).
    pub fn rp_id(&self) -> Option<&RpId> {
        self.contents.rp_id.as_ref()
    }

    /// What the site calls itself. Anyone can claim any name: the site is [`Prompt::rp_id`].
    pub fn rp_name(&self) -> Option<&str> {
        self.contents.rp_name.as_deref()
    }

    /// The way the request came.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// Whether approving takes a [`VerifiedUser`].
    pub fn verification_required(&self) -> bool {
        self.verification_required
    }

    /// Until when an answer counts.
    pub fn deadline(&self) -> UnixSeconds {
        self.deadline
    }

    /// The person approves, for this account where several are asked about.
    ///
    /// Fails, and gives everything back, when an account has to be chosen, when it is none of those asked about,
    /// or when verification is required and not there.
    pub fn approve(
        self,
        account: Option<PasskeyId>,
        verified: Option<VerifiedUser>,
    ) -> Result<Answer, NotApproved> {
        let account = match (&self.contents.question, account) {
            (Question::SignIn { accounts }, chosen) => match (accounts.as_slice(), chosen) {
                ([only], None) => Ok(Some(only.id)),
                (_, None) => Err(NotApprovedReason::ChooseAccount),
                (all, Some(id)) if all.iter().any(|account| account.id == id) => Ok(Some(id)),
                (_, Some(_)) => Err(NotApprovedReason::NoSuchAccount),
            },
            (_, Some(_)) => Err(NotApprovedReason::NoSuchAccount),
            (_, None) => Ok(None),
        };
        let account = account.and_then(|account| {
            if self.verification_required && verified.is_none() {
                Err(NotApprovedReason::VerificationRequired)
            } else {
                Ok(account)
            }
        });
        match account {
            Ok(account) => {
                Ok(Answer { request: self.request, decision: Decision::Approved { account, verified } })
            }
            Err(reason) => Err(NotApproved { prompt: self, verified, reason }),
        }
    }

    /// The person refuses.
    pub fn refuse(self) -> Answer {
        Answer { request: self.request, decision: Decision::Refused }
    }
}

/// Personal, so not shown.
impl fmt::Debug for Prompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Prompt(..)")
    }
}

/// Only what is asked; names are personal.
impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Question::Create { .. } => "Create(..)",
            Question::SignIn { .. } => "SignIn(..)",
            Question::AlreadyRegistered => "AlreadyRegistered",
            Question::NothingHere => "NothingHere",
            Question::Select => "Select",
        })
    }
}

/// Personal, so not shown.
impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Account(..)")
    }
}
