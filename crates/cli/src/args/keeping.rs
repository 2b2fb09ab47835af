//! What is done with whole vaults.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::JsonOption;

#[derive(Debug, Subcommand)]
pub(crate) enum VaultsCommand {
    /// List the vaults in the usual folder, and those elsewhere that were made or opened on this machine
    List(JsonOption),
    /// Give a vault another name. One outside the usual folder stays where it is
    Rename {
        /// The vault: its name, or its folder
        which: PathBuf,
        /// Its new name: letters, digits, `-`, `_` and `.`
        name: String,
        #[command(flatten)]
        json: JsonOption,
    },
    /// Forget a vault outside the usual folder; the vault itself stays
    Forget {
        /// The vault: its name, or its folder
        which: PathBuf,
        #[command(flatten)]
        json: JsonOption,
    },
    /// Delete a vault with all its passkeys. Asks for its passphrase and its name
    Delete {
        /// The vault: its name, or its folder
        which: PathBuf,
        /// For scripts, with --passphrase-file or --passphrase-fd: the vault's name, in place of the question
        #[arg(long, value_name = "NAME")]
        yes: Option<String>,
        #[command(flatten)]
        json: JsonOption,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Repair {
    /// Go on with a vault that is older than what this machine has seen of it, as it is
    #[arg(long)]
    pub(crate) accept_older: bool,

    /// For scripts: do not ask
    #[arg(long)]
    pub(crate) yes: bool,

    #[command(flatten)]
    pub(crate) json: JsonOption,
}
