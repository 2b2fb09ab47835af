use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

/// Longest word of the index, in characters; a longer run of letters counts as several words.
pub(crate) const MAX_WORD_CHARS: usize = 64;

/// The text as it is compared: without case, accents and the compatibility forms of Unicode.
///
/// UAX 15 (NFKD) takes accents off, and Unicode's full case folding follows, so `STRASSE` meets `Straße`. Latin letters
/// whose stroke is no accent to Unicode (`ø`, `ł`, `đ`, `æ`) become the ASCII that people type for them. Marks that
/// carry meaning of their own, such as the vowels of Devanagari, stay.
pub(crate) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut folded = String::with_capacity(text.len());
    // Accents go before case: folding makes a letter of one of them, the iota below Greek vowels. It may also bring out
    // letters that decompose, hence the second pass of NFKD.
    let bare = text.nfkd().filter(|c| canonical_combining_class(*c) == 0);
    for c in bare.default_case_fold().nfkd() {
        match latin_in_ascii(c) {
            Some(ascii) => folded.extend(ascii.chars().map(|c| c.to_ascii_lowercase())),
            None if canonical_combining_class(c) == 0 => folded.push(c),
            None => {}
        }
    }
    folded
}

/// What stands in ASCII for a Latin letter that has no decomposition.
fn latin_in_ascii(c: char) -> Option<&'static str> {
    let latin_letter = matches!(c, '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}') && c.is_alphabetic();
    if latin_letter { deunicode::deunicode_char(c) } else { None }
}

/// The words of a folded text: runs of letters and digits, of at most [`MAX_WORD_CHARS`] each.
///
/// Query and index are cut alike, so a run that is too long for one word is still found when it is pasted.
pub(crate) fn words(folded: &str) -> impl Iterator<Item = &str> {
    folded.split(|c: char| !c.is_alphanumeric()).flat_map(chunks)
}

fn chunks(mut run: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        let at = run.char_indices().nth(MAX_WORD_CHARS).map_or(run.len(), |(at, _)| at);
        let (word, rest) = run.split_at_checked(at)?;
        run = rest;
        (!word.is_empty()).then_some(word)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_folded_stays_as_it_is(text in any::<String>()) {
            let folded = fold(&text);
            prop_assert_eq!(fold(&folded), folded);
        }
    }

    #[test]
    fn accents_case_and_forms_do_not_count() {
        for (text, folded) in [
            ("Müller", "muller"),
            ("MU\u{308}LLER", "muller"),
            ("Straße", "strasse"),
            ("Łódź", "lodz"),
            ("Ærøskøbing", "aeroskobing"),
            ("ΟΔΟΣ", "οδοσ"),
            ("οδός", "οδοσ"),
            ("ᾠδῇ", "ωδη"),
            ("Москва́", "москва"),
            ("Ｆｕｌｌ", "full"),
            ("ﬁle", "file"),
            ("İstanbul", "istanbul"),
            ("किताब", "किताब"),
            ("東京", "東京"),
        ] {
            assert_eq!(fold(text), folded, "{text}");
            assert_eq!(fold(&fold(text)), folded, "{text} again");
        }
    }

    #[test]
    fn words_are_runs_of_letters_and_digits() {
        let of = |text: &str| words(&fold(text)).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(of("anna.schmidt+7@mail.example"), ["anna", "schmidt", "7", "mail", "example"]);
        assert_eq!(of("  -- "), Vec::<String>::new());
        let long = "é".repeat(MAX_WORD_CHARS + 1);
        assert_eq!(of(&long), ["e".repeat(MAX_WORD_CHARS), "e".to_owned()]);
    }
}
