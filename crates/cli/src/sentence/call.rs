use std::io;

use latchkey_app::VaultPlace;
use latchkey_passkey::RpIdError;

use super::{Sentence, reason, sentence};
use crate::exit::Exit;

pub(crate) fn no_home() -> Sentence {
    sentence(
        Exit::Usage,
        "There is no home folder to keep vaults in.",
        "Set HOME, or name the vault with --vault DIR.",
    )
}

pub(crate) fn no_such_tunnel() -> Sentence {
    sentence(
        Exit::Usage,
        "No tunnel service has this id or name.",
        "Ids are 0 and 256 to 65535; `latchkey tunnel domains` lists the names.",
    )
}

pub(crate) fn tunnel_without_authenticators() -> Sentence {
    sentence(
        Exit::Usage,
        "Tunnel service 1 serves only its own maker's phones.",
        "Use 0, or a service of your own (256 to 65535).",
    )
}

pub(crate) fn no_terminal() -> Sentence {
    sentence(
        Exit::Usage,
        "There is no terminal to ask you on.",
        "For scripts: --approve RP_ID with --passphrase-file or --passphrase-fd.",
    )
}

pub(crate) fn approve_without_passphrase() -> Sentence {
    sentence(
        Exit::Usage,
        "--approve takes the place of your answer, so the passphrase must come with the same call.",
        "Add --passphrase-file or --passphrase-fd.",
    )
}

pub(crate) fn not_an_rp_id(error: &RpIdError) -> Sentence {
    sentence(
        Exit::Usage,
        format!("--approve names no site: {error}."),
        "Give a bare domain in small letters, such as example.org.",
    )
}

pub(crate) fn not_an_id() -> Sentence {
    sentence(Exit::Usage, "--account is no id.", "`latchkey list --json` shows them: 32 hex digits.")
}

pub(crate) fn interrupted() -> Sentence {
    sentence(Exit::Refused, "Interrupted.", "Nothing was changed.")
}

pub(crate) fn ceremony_interrupted() -> Sentence {
    sentence(
        Exit::Refused,
        "Interrupted. The advert is down and the other side gets no answer.",
        "Cancel in the browser too.",
    )
}

pub(crate) fn not_a_vault(place: &VaultPlace) -> Sentence {
    let what = if place.folder.is_file() { "is a file" } else { "holds other files, and no vault" };
    sentence(
        Exit::Usage,
        format!("There is no vault here: {} {what}.", place.folder.display()),
        "Name yours with --vault DIR, or make one with `latchkey init --vault DIR`.",
    )
}

pub(crate) fn both_want_stdin() -> Sentence {
    sentence(
        Exit::Usage,
        "The passphrase and something else are both to come from standard input.",
        "Give the passphrase with --passphrase-file, or with --passphrase-fd and another descriptor.",
    )
}

pub(crate) fn output_after_change(error: &io::Error) -> Sentence {
    sentence(
        Exit::InputOutput,
        format!("The change was made, but telling of it failed: {}.", reason(error)),
        "Do not make it again. Look at where the output goes: is there room, and is it still there?",
    )
}

pub(crate) fn input_output(error: &io::Error) -> Sentence {
    sentence(
        Exit::InputOutput,
        format!("Input or output failed: {}.", reason(error)),
        "Look at where the output goes: is there room, and is it still there?",
    )
}
