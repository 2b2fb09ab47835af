//! What must not be in a log, in every spelling that a log might have it.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};

/// Shorter ones turn up by chance.
const MIN_BYTES: usize = 8;
/// Longer byte strings are looked for piece by piece, so that a part of one is found too: of an RSA key, any of its
/// numbers.
const PIECE_BYTES: usize = 32;

/// Looks for texts and byte strings in a log. Returns what was found and where, which is nothing if all is well.
pub fn found_in(log: &str, texts: &[String], byte_strings: &[Vec<u8>]) -> Vec<String> {
    let lower = log.to_lowercase();
    let pieces = byte_strings.iter().flat_map(|bytes| bytes.chunks(PIECE_BYTES));
    let pieces: Vec<_> = pieces.filter(|bytes| bytes.len() >= MIN_BYTES).collect();
    let spelt = pieces.iter().flat_map(|bytes| spellings(bytes));
    let found = texts.iter().cloned().chain(spelt).filter(|text| lower.contains(&text.to_lowercase()));
    let raw = pieces.iter().filter(|bytes| contains(log.as_bytes(), bytes));
    found.map(|text| line_with(log, &text)).chain(raw.map(|bytes| format!("{bytes:?}, raw"))).collect()
}

/// The ways in which programs print bytes: hexadecimal, with and without something between; base64 of both alphabets;
/// the numbers of Rust's `Debug`; and its escaped text.
fn spellings(bytes: &[u8]) -> Vec<String> {
    let joined =
        |each: fn(&u8) -> String, between: &str| bytes.iter().map(each).collect::<Vec<_>>().join(between);
    let hex_digits = |byte: &u8| format!("{byte:02x}");
    let mut spellings = vec![
        hex::encode(bytes),
        joined(hex_digits, " "),
        joined(hex_digits, ":"),
        joined(hex_digits, ", "),
        joined(u8::to_string, ", "),
        bytes.escape_ascii().to_string(),
    ];
    // Three bytes are four letters, wherever within a longer text the first of them stands; what shares a letter with
    // its neighbours is left out.
    for skipped in 0..3 {
        let (groups, _) = bytes[skipped..].as_chunks::<3>();
        spellings.push(STANDARD_NO_PAD.encode(groups.as_flattened()));
        spellings.push(URL_SAFE_NO_PAD.encode(groups.as_flattened()));
    }
    spellings
}

fn contains(log: &[u8], bytes: &[u8]) -> bool {
    let [first, rest @ ..] = bytes else { return true };
    let mut places = log.iter().enumerate().filter(|(_, byte)| *byte == first);
    places.any(|(place, _)| log[place + 1..].starts_with(rest))
}

fn line_with(log: &str, text: &str) -> String {
    let line = log.lines().find(|line| line.to_lowercase().contains(&text.to_lowercase()));
    format!("{text:?} in {:?}", line.unwrap_or("several lines"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Vec<u8> {
        (200..=216).collect()
    }

    #[test]
    fn finds_every_spelling() {
        for text in spellings(&secret()) {
            assert!(!found_in(&format!("a\nb {text} c\n"), &[], &[secret()]).is_empty(), "{text}");
        }
        let upper = hex::encode_upper(secret());
        assert_eq!(found_in(&upper, &[], &[secret()]).len(), 1);
        let debug = format!("{:?} {:x?}", secret(), secret());
        assert_eq!(found_in(&debug, &[], &[secret()]).len(), 2);
    }

    #[test]
    fn finds_raw_bytes() {
        assert_eq!(found_in("key=\u{1}\u{2}abcdefg.", &[], &[b"\x01\x02abcdefg".to_vec()]).len(), 1);
    }

    #[test]
    fn finds_base64_amid_other_bytes() {
        for before in 0..4 {
            let around = [vec![7; before], secret(), vec![9; 5]].concat();
            let text = STANDARD_NO_PAD.encode(around);
            assert!(!found_in(&text, &[], &[secret()]).is_empty(), "after {before} bytes");
        }
    }

    #[test]
    fn finds_a_part_of_what_is_long() {
        let long: Vec<u8> = (0..1200_u32).map(|n| u8::try_from(n * 7 % 251).unwrap()).collect();
        let part = hex::encode(&long[500..500 + 2 * PIECE_BYTES]);
        assert!(!found_in(&part, &[], &[long]).is_empty());
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
