//! What can be said on the command line.

mod keeping;
mod listing;
mod passkeys;
mod unlocking;

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueHint};
use clap_complete::Shell;

pub(crate) use self::{keeping::*, listing::*, passkeys::*, unlocking::*};

/// A passkey vault that other devices can sign in with.
///
/// A browser on another machine shows a QR code ("use a phone or tablet"); `latchkey sign-in` reads it, shows you
/// the site and the account, and answers with a passkey from your vault.
#[derive(Debug, Parser)]
#[command(name = "latchkey", version, max_term_width = 100)]
#[command(after_help = "Exit codes and the JSON formats are described in docs/cli.md.")]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: GlobalOptions,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Apart in the help, where they would stand among the options of a sub-command.
const EVERYWHERE: &str = "Options of every command";

/// Options that may stand before or after the sub-command.
#[derive(Debug, Args)]
pub(crate) struct GlobalOptions {
    /// The vault: its name, or a folder, with a slash in it [default: the vault `default`]
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "NAME|DIR", value_hint = ValueHint::DirPath)]
    pub(crate) vault: Option<PathBuf>,

    /// Read the passphrase from a file instead of the terminal; one newline at its end is not part of it
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "passphrase_fd")]
    pub(crate) passphrase_file: Option<PathBuf>,

    /// Read the passphrase from an inherited file descriptor
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "N")]
    pub(crate) passphrase_fd: Option<u32>,

    /// The tunnel service to answer through: a domain id (0, or 256 to 65535) or its name
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "DOMAIN", default_value = "0")]
    pub(crate) tunnel: String,

    /// The Bluetooth adapter to send from, such as hci0 [default: the first that is on]
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "NAME")]
    pub(crate) adapter: Option<String>,

    /// Log more to standard error; twice for everything. Logs hold no sites, names, challenges or keys
    #[arg(short, long, global = true, help_heading = EVERYWHERE, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a new vault
    Init {
        /// Name it: it is made beside the vault `default`
        #[arg(long, value_name = "NAME", conflicts_with = "vault")]
        name: Option<String>,
    },
    /// Show where the vault is and how it is protected
    Status(JsonOption),
    /// List passkeys
    List(List),
    /// Show everything about one passkey, but for its secrets, and its history
    Show {
        #[command(flatten)]
        which: One,
        #[command(flatten)]
        json: JsonOption,
    },
    /// Show when and how a passkey was used
    History {
        #[command(flatten)]
        which: One,
        #[command(flatten)]
        json: JsonOption,
    },
    /// Give a passkey a name of your own
    Rename {
        #[command(flatten)]
        which: One,
        /// The name; an empty one takes it away
        name: String,
        #[command(flatten)]
        json: JsonOption,
    },
    /// Read or write your note on a passkey
    Note(Note),
    /// Add a tag to passkeys, or take one away
    #[command(subcommand)]
    Tag(TagCommand),
    /// Mark passkeys as favourites
    Favourite {
        /// Take the mark away
        #[arg(long)]
        off: bool,
        #[command(flatten)]
        which: Selection,
        #[command(flatten)]
        json: JsonOption,
    },
    /// Put passkeys into a folder
    Folder {
        /// The folder; an empty name takes them out of theirs
        folder: String,
        #[command(flatten)]
        which: Selection,
        #[command(flatten)]
        json: JsonOption,
    },
    /// Move passkeys to the bin, where they stay for 30 days
    Remove {
        #[command(flatten)]
        which: Selection,
        #[command(flatten)]
        json: JsonOption,
    },
    /// Bring passkeys back from the bin
    Restore {
        #[command(flatten)]
        which: Selection,
        #[command(flatten)]
        json: JsonOption,
    },
    /// Delete passkeys in the bin for good
    Purge(Purge),
    /// Answer the QR code that another machine shows: make a passkey there, or sign in
    #[command(visible_alias = "answer")]
    SignIn(SignIn),
    /// Change the passphrase, or add another
    Passphrase(PassphraseChange),
    /// Show what opens the vault, or take one of it away
    Slots(Slots),
    /// Verify every record, key and manifest of the vault
    Check(JsonOption),
    /// Bring a damaged vault back from its newest good snapshot, or go on with one that was set back
    Repair(Repair),
    /// List, rename, forget or delete vaults
    #[command(subcommand)]
    Vaults(VaultsCommand),
    /// Run a tunnel service of your own, or list the names that one can have
    Tunnel(Tunnel),
    /// Try everything that a sign-in needs, and say how to mend what is missing
    Doctor(JsonOption),
    /// Show a whole ceremony on this machine alone, with a throw-away vault
    Demo {
        /// Use a real Chromium as the other machine
        #[arg(long)]
        browser: bool,
    },
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

impl Command {
    /// Whether it reads standard input for something other than a passphrase.
    pub(crate) fn reads_stdin(&self) -> bool {
        let dash = |ids: &[String]| ids.iter().any(|id| id == "-");
        match self {
            Self::Note(note) => note.stdin,
            Self::Tag(TagCommand::Add(tagging) | TagCommand::Remove(tagging)) => dash(&tagging.which.ids),
            Self::Favourite { which, .. }
            | Self::Folder { which, .. }
            | Self::Remove { which, .. }
            | Self::Restore { which, .. } => dash(&which.ids),
            Self::Purge(purge) => dash(&purge.ids),
            Self::SignIn(sign_in) => sign_in.code.qr_stdin,
            _ => false,
        }
    }

    /// Whether it opens a vault. The others need nothing that protecting the process would take from them.
    pub(crate) fn holds_secrets(&self) -> bool {
        !matches!(
            self,
            Self::Status(_)
                | Self::Tunnel(_)
                | Self::Doctor(_)
                | Self::Slots(Slots { change: None, .. })
                | Self::Demo { .. }
                | Self::Completions { .. }
                | Self::Vaults(
                    VaultsCommand::List(_) | VaultsCommand::Rename { .. } | VaultsCommand::Forget { .. }
                )
        )
    }
}

#[derive(Debug, Args)]
pub(crate) struct JsonOption {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SignIn {
    #[command(flatten)]
    pub(crate) code: CodeSource,

    /// For scripts: approve one request without asking, if it comes from exactly this site. Needs
    /// --passphrase-file or --passphrase-fd
    #[arg(long, value_name = "RP_ID")]
    pub(crate) approve: Option<String>,

    /// With --approve: the passkey to use where the site has several (an id of `latchkey list`)
    #[arg(long, value_name = "ID", requires = "approve")]
    pub(crate) account: Option<String>,

    /// With --approve: let a new passkey take the place of the one for the same account
    #[arg(long, requires = "approve")]
    pub(crate) replace: bool,
}

/// Where the QR code comes from. None given: asked for on the terminal.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct CodeSource {
    /// The text of the code, FIDO:/ and digits
    #[arg(long, value_name = "TEXT")]
    pub(crate) qr: Option<String>,

    /// A picture of the code, PNG or JPEG, such as a screenshot or a photograph
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) qr_image: Option<PathBuf>,

    /// Read the text of the code from standard input
    #[arg(long)]
    pub(crate) qr_stdin: bool,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(
    override_usage = "latchkey tunnel --listen <ADDR> [--cert <FILE> --key <FILE>]\n       latchkey tunnel domains [--id <N>]"
)]
pub(crate) struct Tunnel {
    /// Address and port to serve at, such as 0.0.0.0:443
    #[arg(long, value_name = "ADDR", required = true)]
    pub(crate) listen: Option<SocketAddr>,

    /// The certificate chain, PEM. Without it the service speaks plain HTTP, for a proxy that adds TLS
    #[arg(long, value_name = "FILE", requires = "key", value_hint = ValueHint::FilePath)]
    pub(crate) cert: Option<PathBuf>,

    /// The certificate's private key, PEM
    #[arg(long, value_name = "FILE", requires = "cert", value_hint = ValueHint::FilePath)]
    pub(crate) key: Option<PathBuf>,

    #[command(subcommand)]
    pub(crate) names: Option<TunnelNames>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TunnelNames {
    /// Print the domain names that a tunnel service can have, with their ids
    Domains {
        /// Only the name of this id
        #[arg(long, value_name = "N")]
        id: Option<u16>,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn global_options_stand_before_or_after_the_sub_command() {
        for words in [["latchkey", "--vault", "v", "list"], ["latchkey", "list", "--vault", "v"]] {
            let parsed = Arguments::try_parse_from(words).unwrap();
            assert_eq!(parsed.global.vault, Some(PathBuf::from("v")));
        }
    }

    #[test]
    fn one_source_of_the_code_at_a_time() {
        assert!(Arguments::try_parse_from(["latchkey", "sign-in", "--qr", "x", "--qr-stdin"]).is_err());
    }

    #[test]
    fn no_passphrase_on_the_command_line() {
        assert!(Arguments::try_parse_from(["latchkey", "list", "--passphrase", "secret"]).is_err());
    }

    #[test]
    fn account_and_replace_are_for_scripts() {
        assert!(Arguments::try_parse_from(["latchkey", "sign-in", "--account", "1"]).is_err());
        assert!(Arguments::try_parse_from(["latchkey", "sign-in", "--replace"]).is_err());
    }

    #[test]
    fn tunnel_serves_or_lists() {
        assert!(Arguments::try_parse_from(["latchkey", "tunnel"]).is_err());
        assert!(Arguments::try_parse_from(["latchkey", "tunnel", "domains"]).is_ok());
        assert!(Arguments::try_parse_from(["latchkey", "tunnel", "--listen", "127.0.0.1:1"]).is_ok());
    }
}
