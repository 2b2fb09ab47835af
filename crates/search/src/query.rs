use crate::fold::{fold, words};

/// Characters of a query that are looked at; what follows is left out.
pub const MAX_QUERY_CHARS: usize = 256;

/// Words of a query that are looked for; those that follow are left out.
pub const MAX_QUERY_WORDS: usize = 8;

/// Letters from which on a word tolerates one typing error.
const MIN_TOLERANT_CHARS: usize = 4;

/// What a person has typed so far.
pub(crate) enum Query {
    /// Nothing yet: everything is shown.
    Blank,
    /// Something. Signs without a letter or digit ask for nothing that could be found: no words, no hits.
    Words(Vec<QueryWord>),
}

/// One word of a query, folded.
pub(crate) struct QueryWord {
    pub(crate) text: String,
    /// Still being typed: the typing error may be in the beginning of a longer word.
    pub(crate) unfinished: bool,
}

impl Query {
    pub(crate) fn parse(text: &str) -> Self {
        if text.trim().is_empty() {
            return Query::Blank;
        }
        let text: String = text.chars().take(MAX_QUERY_CHARS).collect();
        let folded = fold(&text);
        let mut found: Vec<QueryWord> = Vec::new();
        for word in words(&folded) {
            // A word said twice asks for nothing more.
            if found.len() < MAX_QUERY_WORDS && found.iter().all(|known| known.text != word) {
                found.push(QueryWord { text: word.to_owned(), unfinished: false });
            }
        }
        if folded.ends_with(char::is_alphanumeric)
            && let Some(last) = found.last_mut()
        {
            last.unfinished = true;
        }
        Query::Words(found)
    }
}

impl QueryWord {
    /// Numbers are exempt: 2024 is not a misspelt 2023.
    pub(crate) fn tolerates_error(&self) -> bool {
        self.text.chars().nth(MIN_TOLERANT_CHARS - 1).is_some() && !self.text.chars().all(char::is_numeric)
    }

    /// Whether it is also looked for inside words. One or two letters are inside nearly all of them; a character of
    /// three bytes may be a word of its own (Chinese, Japanese).
    pub(crate) fn is_sought_inside(&self) -> bool {
        self.text.len() >= 3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<Vec<(String, bool)>> {
        match Query::parse(text) {
            Query::Blank => None,
            Query::Words(words) => Some(words.into_iter().map(|word| (word.text, word.unfinished)).collect()),
        }
    }

    #[test]
    fn only_the_last_word_is_unfinished() {
        let word = |text: &str, unfinished| (text.to_owned(), unfinished);
        assert_eq!(parsed("Ann schm"), Some(vec![word("ann", false), word("schm", true)]));
        assert_eq!(parsed("ann "), Some(vec![word("ann", false)]));
        assert_eq!(parsed("ann Änn"), Some(vec![word("ann", true)]));
        assert_eq!(parsed(" \t"), None);
        assert_eq!(parsed("*"), Some(vec![]));
    }

    #[test]
    fn a_query_is_bounded() {
        let long = (0..10_000).map(|n| format!("w{n} ")).collect::<String>();
        assert_eq!(parsed(&long).unwrap().len(), MAX_QUERY_WORDS);
        // U+FDFA is eighteen characters when it is taken apart: the most that Unicode has.
        let spread = parsed(&"\u{fdfa}".repeat(1000)).unwrap();
        assert!(spread.iter().all(|(text, _)| text.chars().count() <= crate::fold::MAX_WORD_CHARS));
    }

    #[test]
    fn short_words_and_numbers_tolerate_nothing() {
        let tolerates = |text: &str| QueryWord { text: text.to_owned(), unfinished: true }.tolerates_error();
        assert!(tolerates("anna") && tolerates("a123"));
        assert!(!tolerates("ann") && !tolerates("2024"));
    }
}
