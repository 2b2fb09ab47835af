//! What opens a vault.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

use super::JsonOption;

/// Where a new passphrase comes from. None given: asked for on the terminal, twice.
#[derive(Debug, Clone, Default, Args)]
#[group(multiple = false)]
pub(crate) struct NewPassphraseOptions {
    /// Read the new passphrase from a file; one newline at its end is not part of it
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) new_passphrase_file: Option<PathBuf>,

    /// Read the new passphrase from an inherited file descriptor
    #[arg(long, value_name = "N")]
    pub(crate) new_passphrase_fd: Option<u32>,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct PassphraseChange {
    #[command(flatten)]
    pub(crate) new: NewPassphraseOptions,

    /// Also make a new master key and seal everything anew, so that a copy of the vault's folder that somebody took
    /// before does not open this one. Everything else that opens the vault goes
    #[arg(long)]
    pub(crate) rekey: bool,

    /// For scripts, with --rekey: do not ask
    #[arg(long, requires = "rekey")]
    pub(crate) yes: bool,

    #[command(flatten)]
    pub(crate) json: JsonOption,

    #[command(subcommand)]
    pub(crate) also: Option<PassphraseCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PassphraseCommand {
    /// Add another passphrase that opens the vault, beside those there are
    Add {
        #[command(flatten)]
        new: NewPassphraseOptions,
        #[command(flatten)]
        json: JsonOption,
    },
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Slots {
    #[command(flatten)]
    pub(crate) json: JsonOption,

    #[command(subcommand)]
    pub(crate) change: Option<SlotsCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SlotsCommand {
    /// Take a slot away: what it held opens the vault no more. The last one stays
    Remove {
        /// Its number, as `latchkey slots` shows it
        slot: u64,
        /// For scripts: do not ask
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        json: JsonOption,
    },
}
