//! Holds the command line to docs/cli.md: names, exit codes, JSON members, sentences, and how prompts behave.
//!
//! Every test has a home folder of its own, and no way to the machine's Bluetooth. None needs a network: what the
//! tunnel service would be asked fails for want of trusted certificates. Whole ceremonies are in `tests/`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests, so they may panic")]

mod bin;
mod check;
mod closed_output;
mod code;
mod colours;
mod demo;
mod doctor;
mod history;
mod home;
mod init;
mod interruption;
mod known_vaults;
mod labels;
mod list;
mod narrow;
mod opening;
mod passphrase;
mod repair;
mod selecting;
mod show;
mod slots;
mod status;
mod terminal;
mod tunnel;
mod usage;
mod vaults;
