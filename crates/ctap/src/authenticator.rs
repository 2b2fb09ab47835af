use std::sync::Arc;

use latchkey_crypto::{cbor, vault::VaultId};
use latchkey_passkey::{Aaguid, Door, PasskeyStore, UnixSeconds};

use crate::{
    get_assertion, get_info, make_credential,
    pending::{Pending, Task},
    prompt::{ANSWER_WITHIN_SECONDS, Contents, Prompt, Question, RequestMark},
    request::{GetAssertion, MakeCredential, Parsed},
    status::Status,
};

/// The most bytes of a request: what one message of the tunnel holds.
pub const MAX_MESSAGE_BYTES: usize = 65_535;

/// The authenticator of one vault.
#[derive(Debug)]
pub struct Authenticator {
    vault: VaultId,
    aaguid: Aaguid,
}

/// The way a request came, and what that tells of the asker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Another machine's QR code. Who asks is not known: the code names no program, and its site is the browser's
    /// word.
    Hybrid,
}

impl Origin {
    /// As the history keeps it.
    pub fn door(self) -> Door {
        match self {
            Origin::Hybrid => Door::Hybrid,
        }
    }
}

/// What follows from a request.
#[derive(Debug)]
pub enum Step {
    /// Send this; nobody needs to be asked.
    Respond(Vec<u8>),
    /// Ask a person, then give [`Pending`] the answer.
    Ask(Pending, Prompt),
}

/// What is to be asked, before it is tied to a request.
pub(crate) struct Ask {
    pub(crate) task: Box<Task>,
    pub(crate) contents: Box<Contents>,
    pub(crate) verification_required: bool,
}

impl Ask {
    fn select(task: Task) -> Self {
        let contents = Contents { question: Question::Select, rp_id: None, rp_name: None };
        Self { task: Box::new(task), contents: Box::new(contents), verification_required: false }
    }
}

impl Authenticator {
    /// The authenticator of the vault with this id: a verification counts only if it was made with the
    /// passphrase of this one.
    pub fn new(vault: VaultId) -> Self {
        Self { vault, aaguid: Aaguid::VAULT }
    }

    /// The authenticatorGetInfo response without its status byte, for the hybrid transport's first message.
    pub fn get_info(&self) -> Vec<u8> {
        get_info::response(self.aaguid)
    }

    /// Takes one request: a command byte, then its parameters in CBOR (map keys in any order).
    pub fn receive(
        &self,
        message: &[u8],
        origin: Origin,
        store: &dyn PasskeyStore,
        now: UnixSeconds,
    ) -> Step {
        match self.ask(message, store) {
            Ok(Ok(ask)) => self.step(ask, origin, now),
            Ok(Err(response)) => Step::Respond(response),
            Err(status) => Step::Respond(status.message()),
        }
    }

    /// What to ask, or what to respond without asking.
    fn ask(&self, message: &[u8], store: &dyn PasskeyStore) -> Result<Result<Ask, Vec<u8>>, Status> {
        if message.len() > MAX_MESSAGE_BYTES {
            return Err(Status::RequestTooLarge);
        }
        let (command, parameters) = message.split_first().ok_or(Status::InvalidLength)?;
        let decode = || cbor::decode(parameters).map_err(|_| Status::InvalidCbor);
        Ok(match command {
            0x01 => Ok(match MakeCredential::parse(&decode()?)? {
                Parsed::Touch => Ask::select(Task::Touch),
                Parsed::Request(request) => make_credential::begin(request, store)?,
            }),
            0x02 => Ok(match GetAssertion::parse(&decode()?)? {
                Parsed::Touch => Ask::select(Task::Touch),
                Parsed::Request(request) => get_assertion::begin(request, store)?,
            }),
            0x04 if parameters.is_empty() => Err([Status::Ok.message(), self.get_info()].concat()),
            0x0b if parameters.is_empty() => Ok(Ask::select(Task::Select)),
            0x04 | 0x0b => return Err(Status::InvalidLength),
            _ => return Err(Status::InvalidCommand),
        })
    }

    fn step(&self, ask: Ask, origin: Origin, now: UnixSeconds) -> Step {
        let request = Arc::new(RequestMark);
        let deadline = now.saturating_add(ANSWER_WITHIN_SECONDS);
        let pending = Pending {
            request: Arc::clone(&request),
            task: ask.task,
            origin,
            vault: self.vault,
            aaguid: self.aaguid,
            deadline,
            verification_required: ask.verification_required,
        };
        let prompt = Prompt {
            request,
            contents: ask.contents,
            origin,
            verification_required: ask.verification_required,
            deadline,
        };
        Step::Ask(pending, prompt)
    }
}
