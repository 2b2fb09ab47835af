use std::fmt;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// The most bytes a passphrase may have before it is normalised.
pub const MAX_PASSPHRASE_BYTES: usize = 1024;

/// No text grows more than this under NFKC in UTF-8 (U+FDFA: 3 bytes become 33).
const NFKC_GROWTH: usize = 11;

/// A passphrase as it goes into the key derivation: NFKC-normalised UTF-8, spaces kept, wiped when dropped.
///
/// Normalised so that the same letters typed on another keyboard or system give the same bytes.
pub struct Passphrase(Zeroizing<String>);

/// Why a text is not a passphrase. Whether it is a good one is for the shell to say, where it is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PassphraseError {
    /// Nothing was given.
    #[error("passphrase is empty")]
    Empty,
    /// More than [`MAX_PASSPHRASE_BYTES`].
    #[error("passphrase is {got} bytes, expected at most {MAX_PASSPHRASE_BYTES}")]
    TooLong {
        /// Bytes given.
        got: usize,
    },
}

impl Passphrase {
    /// Normalises a text. The caller wipes its own copy.
    pub fn new(text: &str) -> Result<Self, PassphraseError> {
        if text.is_empty() {
            return Err(PassphraseError::Empty);
        }
        if text.len() > MAX_PASSPHRASE_BYTES {
            return Err(PassphraseError::TooLong { got: text.len() });
        }
        // Room for the longest result, so that the text is never moved and no copy stays behind.
        let mut normalised = Zeroizing::new(String::with_capacity(text.len() * NFKC_GROWTH));
        if text.is_ascii() {
            normalised.push_str(text);
        } else {
            normalised.extend(text.nfkc());
        }
        Ok(Self(normalised))
    }

    /// The normalised bytes.
    pub(super) fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_letters_give_the_same_bytes() {
        let composed = Passphrase::new("caf\u{e9} \u{fb01}ve").unwrap();
        let decomposed = Passphrase::new("cafe\u{301} five").unwrap();
        assert_eq!(composed.expose(), decomposed.expose());
        assert_eq!(composed.expose(), "caf\u{e9} five".as_bytes());
    }

    #[test]
    fn spaces_count() {
        assert_eq!(Passphrase::new(" a  b ").unwrap().expose(), b" a  b ");
    }

    #[test]
    fn normalising_never_moves_the_text() {
        let longest = "\u{fdfa}".repeat(MAX_PASSPHRASE_BYTES / 3);
        let passphrase = Passphrase::new(&longest).unwrap();
        assert_eq!(passphrase.0.capacity(), longest.len() * NFKC_GROWTH);
    }

    #[test]
    fn refuses_empty_and_endless_ones() {
        assert_eq!(Passphrase::new("").unwrap_err(), PassphraseError::Empty);
        let long = "x".repeat(MAX_PASSPHRASE_BYTES + 1);
        assert_eq!(Passphrase::new(&long).unwrap_err(), PassphraseError::TooLong { got: long.len() });
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Passphrase::new("hunter2").unwrap()), "Passphrase(redacted)");
    }
}
