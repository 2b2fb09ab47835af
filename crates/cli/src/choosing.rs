//! A new passphrase: taken, judged, and typed twice.

use latchkey_crypto::vault::Passphrase;
use zeroize::Zeroizing;
use zxcvbn::{Score, zxcvbn};

use crate::{
    Problem,
    passphrase::{PassphraseError, PassphraseSource},
    sentence::{self, Sentence},
    tell,
};

/// How often a passphrase is asked for at the terminal.
const ATTEMPTS: u32 = 5;
/// A passphrase of one's own choice has at least so many characters.
const LEAST_CHARS: usize = 12;
/// More than this is not judged; zxcvbn gets slow, and it is long enough.
const JUDGED_CHARS: usize = 128;

/// Takes the passphrase and judges it. At the terminal one that will not do is asked for again; from a file it ends
/// the call.
pub(crate) async fn choose(source: &PassphraseSource) -> Result<Passphrase, Problem> {
    if source.is_given() {
        let text = source.read("").await.map_err(|error| sentence::of_passphrase(&error))?;
        return Ok(judged(&text)?);
    }
    tell("Choose a passphrase: five or six words that do not belong together are good.");
    let mut attempt = 1;
    loop {
        match typed_twice(source).await {
            Ok(passphrase) => return Ok(passphrase),
            Err(Unfit::Again(why)) if attempt < ATTEMPTS => tell(format_args!("{}\n{}", why.what, why.next)),
            Err(Unfit::Again(why) | Unfit::Left(why)) => return Err(why.into()),
        }
        attempt += 1;
    }
}

/// Why what was typed is no passphrase.
enum Unfit {
    /// Another may be.
    Again(Sentence),
    /// Nothing more will be typed.
    Left(Sentence),
}

async fn typed_twice(source: &PassphraseSource) -> Result<Passphrase, Unfit> {
    let text = typed(source, "New passphrase: ").await?;
    let passphrase = judged(&text).map_err(Unfit::Again)?;
    let again = typed(source, "The same again: ").await?;
    if *again == *text { Ok(passphrase) } else { Err(Unfit::Again(sentence::passphrases_differ())) }
}

async fn typed(source: &PassphraseSource, question: &str) -> Result<Zeroizing<String>, Unfit> {
    source.read(question).await.map_err(|error| match error {
        PassphraseError::NothingTyped | PassphraseError::NotText { .. } => {
            Unfit::Again(sentence::of_passphrase(&error))
        }
        error => Unfit::Left(sentence::of_passphrase(&error)),
    })
}

fn judged(text: &str) -> Result<Passphrase, Sentence> {
    match weakness(text) {
        Some(weakness) => Err(sentence::weak_passphrase(&weakness)),
        None => Passphrase::new(text).map_err(sentence::of_passphrase_text),
    }
}

/// What is wrong with a passphrase, if anything.
fn weakness(text: &str) -> Option<String> {
    let chars = text.chars().count();
    if chars < LEAST_CHARS {
        let characters = if chars == 1 { "character" } else { "characters" };
        return Some(format!("It has {chars} {characters}; it needs {LEAST_CHARS}."));
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
        assert!(weakness("X").is_some_and(|why| why.contains("1 character;")));
        assert!(weakness("password1234").is_some());
        assert!(weakness("aaaaaaaaaaaaaaaa").is_some());
        assert_eq!(weakness("tulip orbit walnut mosaic ferry"), None);
        assert_eq!(weakness(&"tulip orbit walnut mosaic ferry ".repeat(20)), None);
    }
}
