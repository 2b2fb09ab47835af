//! Which passkeys, and what becomes of them.

use clap::{Args, Subcommand};

use super::JsonOption;

/// One passkey.
#[derive(Debug, Args)]
pub(crate) struct One {
    /// The passkey: its id, the first digits of it (4 or more), or words that fit no other
    pub(crate) id: String,
}

/// One or more passkeys.
#[derive(Debug, Args)]
pub(crate) struct Selection {
    /// The passkeys: ids, the first digits of them (4 or more), or words that fit no other; `-` reads ids from
    /// standard input, one a line
    #[arg(value_name = "ID", required_unless_present = "all_matching", conflicts_with = "all_matching")]
    pub(crate) ids: Vec<String>,

    /// All passkeys that `latchkey list QUERY` shows, without typing errors. Asks before it changes them
    #[arg(long, value_name = "QUERY")]
    pub(crate) all_matching: Option<String>,

    /// For scripts: do not ask
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Note {
    #[command(flatten)]
    pub(crate) which: One,

    /// The note, in place of the one before. Without it, the note is shown
    #[arg(conflicts_with_all = ["stdin", "clear"])]
    pub(crate) text: Option<String>,

    /// Read the note from standard input
    #[arg(long, conflicts_with = "clear")]
    pub(crate) stdin: bool,

    /// Take the note away
    #[arg(long)]
    pub(crate) clear: bool,

    #[command(flatten)]
    pub(crate) json: JsonOption,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TagCommand {
    /// Add a tag
    Add(Tagging),
    /// Take a tag away
    Remove(Tagging),
}

#[derive(Debug, Args)]
pub(crate) struct Tagging {
    /// The tag
    pub(crate) tag: String,

    #[command(flatten)]
    pub(crate) which: Selection,

    #[command(flatten)]
    pub(crate) json: JsonOption,
}

#[derive(Debug, Args)]
pub(crate) struct Purge {
    /// Passkeys in the bin: ids, the first digits of them (4 or more), or words that fit no other there; `-` reads ids
    /// from standard input, one a line
    #[arg(value_name = "ID", required_unless_present = "bin", conflicts_with = "bin")]
    pub(crate) ids: Vec<String>,

    /// Everything in the bin
    #[arg(long)]
    pub(crate) bin: bool,

    /// For scripts: do not ask
    #[arg(long)]
    pub(crate) yes: bool,

    #[command(flatten)]
    pub(crate) json: JsonOption,
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::args::Arguments;

    #[test]
    fn a_change_names_what_it_changes() {
        for words in ["remove", "tag add office", "purge", "remove 0a0a --all-matching x"] {
            let words = ["latchkey"].into_iter().chain(words.split(' '));
            assert!(Arguments::try_parse_from(words.clone()).is_err(), "{:?}", words.collect::<Vec<_>>());
        }
        for words in ["remove -", "remove 0a0a 0b0b", "remove --all-matching x --yes", "purge --bin"] {
            assert!(
                Arguments::try_parse_from(["latchkey"].into_iter().chain(words.split(' '))).is_ok(),
                "{words}"
            );
        }
    }

    #[test]
    fn a_note_has_one_source() {
        for words in ["note 0a0a text --stdin", "note 0a0a text --clear", "note 0a0a --stdin --clear"] {
            assert!(
                Arguments::try_parse_from(["latchkey"].into_iter().chain(words.split(' '))).is_err(),
                "{words}"
            );
        }
    }
}
