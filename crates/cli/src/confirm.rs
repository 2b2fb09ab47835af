//! A question before something that is not easily undone.

use crate::{Problem, sentence, terminal::Terminal};

/// Shows what will be done and asks for a `y`; `--yes` takes the place of the answer. Whoever says no, or cannot be
/// asked, ends the command.
pub(crate) async fn confirm(text: &str, question: &str, yes: bool) -> Result<(), Problem> {
    if yes {
        return Ok(());
    }
    let mut terminal = Terminal::open().ok_or_else(sentence::nobody_to_ask)?;
    terminal.say(text)?;
    let line = terminal.ask_or_leave(&format!("{question} [y/N] ")).await?;
    let line = line.ok_or_else(sentence::nothing_answered)?;
    let is_yes = line.eq_ignore_ascii_case("y") || line.eq_ignore_ascii_case("yes");
    if is_yes { Ok(()) } else { Err(sentence::said_no().into()) }
}
