//! A whole ceremony on this machine alone, each step explained as it happens.
//!
//! The authenticator's side is the real one: vault, ceremony, authenticator, tunnel client. What is around it is
//! staged, and none of the staged things can be given to a real sign-in: its vault is made here and thrown away,
//! its relying party knows no other site, its tunnel and radio reach nobody.

mod browser;
mod other_machine;
mod stage;

use latchkey_rehearsal::process;

pub(crate) use self::stage::NoFolder;
use self::stage::narrate;
use crate::{Problem, exit::Exit, sentence};

/// Creates a passkey, then signs in with it; the end is the relying party's verdict.
pub(crate) async fn run(browser: bool) -> Result<Exit, Problem> {
    if browser {
        // Told before anything begins, and all at once.
        let missing = process::missing();
        if !missing.is_empty() {
            return Err(sentence::demo_needs(&missing).into());
        }
    }
    let outcome = if browser { browser::run().await } else { other_machine::run().await };
    match outcome {
        Ok(true) => {
            narrate("\nThe site accepted both: the passkey was made and signed in. Nothing of it is kept.");
            Ok(Exit::Done)
        }
        Ok(false) => {
            narrate("\nThe site did not accept it. This should not happen; please report it.");
            Ok(Exit::OtherSideGaveUp)
        }
        Err(problem) => Err(sentence::demo_failed(&*problem).into()),
    }
}
