//! The sentences for everything that can go wrong: what happened, what to do next, and the exit code.
//!
//! Matches name every case of our own enums, so a new one does not compile until it has its sentence; cases that
//! may come from a library's side of an enum get the general one.

mod call;
mod ceremony;
mod code;
mod command;
mod demo;
mod known;
mod network;
mod passkeys;
mod vault;

pub(crate) use call::*;
pub(crate) use ceremony::*;
pub(crate) use code::*;
pub(crate) use command::*;
pub(crate) use demo::*;
pub(crate) use known::*;
pub(crate) use network::*;
pub(crate) use passkeys::*;
pub(crate) use vault::*;

use std::io;

use crate::exit::Exit;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sentence {
    pub(crate) exit: Exit,
    pub(crate) what: String,
    pub(crate) next: String,
}

fn sentence(exit: Exit, what: impl Into<String>, next: impl Into<String>) -> Sentence {
    Sentence { exit, what: what.into(), next: next.into() }
}

/// An error and what is behind it, in words for developers.
pub(crate) fn causes(error: &(dyn std::error::Error + 'static)) -> impl Iterator<Item = String> {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string)
}

/// What the system said of an error, without its number.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => without_number(&error.to_string()),
    }
}

fn without_number(text: &str) -> String {
    text.split(" (os error ").next().unwrap_or_default().to_owned()
}

const NEW_CODE: &str = "Cancel in the browser, ask for a new QR code there, and try again.";
const DOCTOR: &str = "Run `latchkey doctor` to see what is missing.";
