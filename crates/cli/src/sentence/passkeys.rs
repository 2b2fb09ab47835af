//! Passkeys that are meant and not found, and questions before changes.

use latchkey_passkey::{PasskeyId, shown};
use latchkey_vault::MAX_NOTE_BYTES;

use super::{Sentence, sentence};
use crate::exit::Exit;

/// `close` has lines of passkeys that would fit with another letter.
pub(crate) fn no_such_passkey(text: &str, close: &str) -> Sentence {
    let what = format!("There is no such passkey: {}.", shown_or_empty(text));
    let next = "`latchkey list` shows the ids.";
    if close.is_empty() {
        return sentence(Exit::Nothing, what, next);
    }
    sentence(Exit::Nothing, format!("{what} Did you mean:\n{}", close.trim_end()), next)
}

/// A blank text would leave nothing to see.
fn shown_or_empty(text: &str) -> String {
    if text.trim().is_empty() { "the text is empty".to_owned() } else { shown(text) }
}

/// `meant` has lines of passkeys.
pub(crate) fn unclear_passkey(text: &str, meant: &str) -> Sentence {
    sentence(
        Exit::Usage,
        format!("Several passkeys are meant by this: {}\n{}", shown(text), meant.trim_end()),
        "Give more digits of the id, or more words.",
    )
}

pub(crate) fn passkey_in_bin(id: PasskeyId) -> Sentence {
    let id = id.to_string();
    let short = id.get(..8).unwrap_or_default();
    sentence(
        Exit::Nothing,
        "There is no such passkey, but for one in the bin.",
        format!("Bring it back with `latchkey restore {short}`."),
    )
}

pub(crate) fn passkey_not_in_bin(text: &str) -> Sentence {
    sentence(
        Exit::Nothing,
        format!("There is no such passkey in the bin: {}.", shown(text)),
        "Outside of it there is one. `latchkey list --bin` shows the bin.",
    )
}

pub(crate) fn nothing_matches(query: &str) -> Sentence {
    sentence(
        Exit::Nothing,
        format!("No passkey matches: {}.", shown_or_empty(query)),
        "`latchkey list` shows them all. Nothing was changed.",
    )
}

pub(crate) fn no_ids_on_stdin() -> Sentence {
    sentence(Exit::Usage, "There are no ids on standard input.", "Give one a line.")
}

pub(crate) fn no_note_on_stdin() -> Sentence {
    sentence(
        Exit::Usage,
        "There is no note on standard input.",
        "--clear takes the note away. Nothing was changed.",
    )
}

pub(crate) fn note_is_no_text() -> Sentence {
    sentence(
        Exit::Usage,
        "What is on standard input is no UTF-8 text.",
        "A note is text. Nothing was changed.",
    )
}

pub(crate) fn note_too_long() -> Sentence {
    sentence(
        Exit::Usage,
        format!("What is on standard input is too long for a note: it may have {MAX_NOTE_BYTES} bytes."),
        "Nothing was changed.",
    )
}

pub(crate) fn nobody_to_ask() -> Sentence {
    sentence(Exit::Usage, "There is no terminal to ask you on.", "For scripts: --yes. Nothing was changed.")
}

pub(crate) fn nothing_answered() -> Sentence {
    sentence(Exit::Refused, "There was no answer.", "Nothing was changed.")
}

pub(crate) fn said_no() -> Sentence {
    sentence(Exit::Refused, "Refused, as you said.", "Nothing was changed.")
}
