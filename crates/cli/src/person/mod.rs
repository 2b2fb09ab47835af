//! Who answers a request: a person at the terminal, or a script that said beforehand what it approves.

mod ask;
mod script;

pub(crate) use ask::AtTerminal;
pub(crate) use script::Script;
