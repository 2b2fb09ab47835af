use std::{
    io::{self, Write},
    time::Instant,
};

use latchkey_app::{VaultPlace, os_random, vaults};
use latchkey_crypto::vault::Passphrase;
use latchkey_vault::{OpenOptions, VaultError};
use zeroize::Zeroizing;
use zxcvbn::{Score, zxcvbn};

use crate::{Problem, exit::Exit, opening, passphrase::PassphraseSource, sentence, tell};

/// A passphrase of one's own choice has at least so many characters.
const LEAST_CHARS: usize = 12;
/// More than this is not judged; zxcvbn gets slow, and it is long enough.
const JUDGED_CHARS: usize = 128;

/// Makes a new vault.
pub(crate) async fn run(place: &VaultPlace, source: &PassphraseSource) -> Result<Exit, Problem> {
    // Told before a passphrase is thought up.
    if place.folder.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(sentence::of_vault(&VaultError::AlreadyExists).into());
    }
    let text = choose(source).await?;
    let passphrase = Passphrase::new(&text).map_err(sentence::of_passphrase_text)?;
    tell("Measuring this machine, then making the vault …");
    let started = Instant::now();
    let params = vaults::calibrate().map_err(|error| sentence::of_vault(&VaultError::Kdf(error)))?;
    let vault = OpenOptions::new()
        .state_folder(&place.state)
        .create(&place.folder, &passphrase, params, &mut os_random())
        .map_err(|error| sentence::of_vault(&error))?;
    opening::close(vault);
    tracing::debug!(took = ?started.elapsed(), "vault made");
    let cost = params.cost();
    let mut out = io::stdout().lock();
    writeln!(out, "Made a vault in {}", place.folder.display())?;
    writeln!(
        out,
        "Each guess at its passphrase costs {} passes over {} MiB.",
        cost.passes,
        cost.memory_kib >> 10
    )?;
    writeln!(
        out,
        "Nobody can recover a forgotten passphrase: write it down and keep it where you keep papers."
    )?;
    writeln!(out, "Next: latchkey doctor")?;
    Ok(Exit::Done)
}

/// Takes the passphrase, twice at the terminal, and judges it.
async fn choose(source: &PassphraseSource) -> Result<Zeroizing<String>, Problem> {
    if !source.is_given() {
        tell("Choose a passphrase: five or six words that do not belong together are good.");
    }
    let text = source.read("New passphrase: ").await.map_err(|error| sentence::of_passphrase(&error))?;
    if let Some(weakness) = weakness(&text) {
        return Err(sentence::weak_passphrase(&weakness).into());
    }
    if !source.is_given() {
        let again = source.read("The same again: ").await.map_err(|error| sentence::of_passphrase(&error))?;
        if *again != *text {
            return Err(sentence::passphrases_differ().into());
        }
    }
    Ok(text)
}

/// What is wrong with a passphrase, if anything.
fn weakness(text: &str) -> Option<String> {
    let chars = text.chars().count();
    if chars < LEAST_CHARS {
        return Some(format!("It has {chars} characters; it needs {LEAST_CHARS}."));
    }
    let judged: Zeroizing<String> = Zeroizing::new(text.chars().take(JUDGED_CHARS).collect());
    let user = std::env::var("USER").unwrap_or_default();
    let judgement = zxcvbn(&judged, &["latchkey", &user]);
    if judgement.score() == Score::Four {
        return None;
    }
    let reason =
        judgement.feedback().and_then(|feedback| feedback.warning()).map(|warning| warning.to_string());
    Some(reason.unwrap_or_else(|| "It is easy to guess.".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn judges_length_first_then_how_hard_it_is_to_guess() {
        assert!(weakness("Xk9#qL2v").is_some_and(|why| why.contains("8 characters")));
        assert!(weakness("password1234").is_some());
        assert!(weakness("aaaaaaaaaaaaaaaa").is_some());
        assert_eq!(weakness("tulip orbit walnut mosaic ferry"), None);
        assert_eq!(weakness(&"tulip orbit walnut mosaic ferry ".repeat(20)), None);
    }
}
