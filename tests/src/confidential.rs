//! What must not be in a log, in every spelling that a log might have it.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};

/// Shorter ones turn up by chance.
const MIN_BYTES: usize = 8;

/// Looks for texts and byte strings in a log. Returns what was found and where, which is nothing if all is well.
pub fn found_in(log: &str, texts: &[String], byte_strings: &[Vec<u8>]) -> Vec<String> {
    let spelt =
        byte_strings.iter().filter(|bytes| bytes.len() >= MIN_BYTES).flat_map(|bytes| spellings(bytes));
    let lower = log.to_lowercase();
    let found = texts.iter().cloned().chain(spelt).filter(|text| lower.contains(&text.to_lowercase()));
    found.map(|text| line_with(log, &text)).collect()
}

/// Hexadecimal, base64 of both alphabets, and the list of numbers that Rust's `Debug` prints. Each as far as it does
/// not depend on what follows.
fn spellings(bytes: &[u8]) -> [String; 4] {
    let whole_groups = &bytes[..bytes.len() - bytes.len() % 3];
    let numbers: Vec<_> = bytes.iter().map(u8::to_string).collect();
    [
        hex::encode(bytes),
        STANDARD_NO_PAD.encode(whole_groups),
        URL_SAFE_NO_PAD.encode(whole_groups),
        numbers.join(", "),
    ]
}

fn line_with(log: &str, text: &str) -> String {
    let line = log.lines().find(|line| line.to_lowercase().contains(&text.to_lowercase()));
    format!("{text:?} in {:?}", line.unwrap_or("several lines"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_every_spelling() {
        let secret: Vec<u8> = (200..=216).collect();
        for text in spellings(&secret) {
            assert_eq!(
                found_in(&format!("a\nb {text} c\n"), &[], std::slice::from_ref(&secret)).len(),
                1,
                "{text}"
            );
        }
        let upper = hex::encode_upper(&secret);
        assert_eq!(found_in(&upper, &[], &[secret]).len(), 1);
    }

    #[test]
    fn finds_texts_whatever_their_case() {
        assert_eq!(found_in("Signed in at Example.ORG", &["example.org".to_owned()], &[]).len(), 1);
    }

    #[test]
    fn passes_a_clean_log() {
        assert!(found_in("nothing here", &["example.org".to_owned()], &[vec![1; 16]]).is_empty());
    }
}
