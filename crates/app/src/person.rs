//! The port to the person in front of this machine.

use latchkey_ctap::{Answer, Prompt};

use crate::failure::Refusal;

/// Shows one request to a person and brings back the answer.
///
/// One request at a time: the ceremony asks only after the last answer. Dropping the future dismisses the prompt.
pub trait Person: Send {
    /// Shows the prompt and waits. An answer is made with [`Prompt::approve`] or [`Prompt::refuse`]; a refusal
    /// comes with its reason.
    fn decide(&mut self, prompt: Prompt) -> impl Future<Output = Decision> + Send;
}

/// What [`Person::decide`] brings back.
#[derive(Debug)]
pub enum Decision {
    /// An answer that approves.
    Approved(Answer),
    /// An answer that refuses, and why.
    Refused(Answer, Refusal),
}
