use levenshtein_automata::{DFA, Distance, LevenshteinAutomatonBuilder, SINK_STATE};

/// Makes the automata that know a word with one typing error: a letter too many, one too few, a wrong one, or two
/// neighbours swapped.
pub(crate) struct TypingErrors(LevenshteinAutomatonBuilder);

/// Knows one word as typed.
pub(crate) struct Misspelling(DFA);

/// What an automaton says of a word.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// At most one error apart.
    Fits,
    /// Further apart; another word with the same beginning may fit.
    Differs,
    /// No word that begins with these bytes fits.
    HopelessFrom {
        /// How many bytes, at least 1.
        len: usize,
    },
}

impl TypingErrors {
    pub(crate) fn new() -> Self {
        Self(LevenshteinAutomatonBuilder::new(1, true))
    }

    /// Of a whole word, or of one still being typed: then the error may be in the beginning of a longer word.
    pub(crate) fn of(&self, word: &str, unfinished: bool) -> Misspelling {
        Misspelling(if unfinished { self.0.build_prefix_dfa(word) } else { self.0.build_dfa(word) })
    }
}

impl Misspelling {
    /// Takes a word in UTF-8.
    pub(crate) fn judge(&self, word: impl Iterator<Item = u8>) -> Verdict {
        let mut state = self.0.initial_state();
        for (at, byte) in word.enumerate() {
            state = self.0.transition(state, byte);
            if state == SINK_STATE {
                return Verdict::HopelessFrom { len: at + 1 };
            }
        }
        match self.0.distance(state) {
            Distance::Exact(_) => Verdict::Fits,
            Distance::AtLeast(_) => Verdict::Differs,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use strsim::osa_distance;

    use super::*;

    /// Short words of few letters, of one, two and three bytes, so that near ones come up.
    fn word() -> impl Strategy<Value = String> {
        proptest::collection::vec(prop_oneof![Just('a'), Just('b'), Just('ж'), Just('東')], 0..8)
            .prop_map(|letters| letters.into_iter().collect())
    }

    proptest! {
        #[test]
        fn agrees_with_the_edit_distance(typed in word(), word in word()) {
            let errors = TypingErrors::new();
            let whole = errors.of(&typed, false).judge(word.bytes()) == Verdict::Fits;
            prop_assert_eq!(whole, osa_distance(&typed, &word) <= 1);

            let begun = errors.of(&typed, true).judge(word.bytes()) == Verdict::Fits;
            let beginnings = (0..=word.len()).filter_map(|end| word.get(..end));
            prop_assert_eq!(begun, beginnings.map(|start| osa_distance(&typed, start)).any(|errors| errors <= 1));
        }

        #[test]
        fn hopeless_beginnings_are_hopeless(typed in word(), word in word()) {
            let misspelling = TypingErrors::new().of(&typed, false);
            if let Verdict::HopelessFrom { len } = misspelling.judge(word.bytes()) {
                let longer = [word.as_bytes().get(..len).unwrap(), "b".as_bytes()].concat();
                prop_assert_eq!(misspelling.judge(longer.into_iter()), Verdict::HopelessFrom { len });
            }
        }
    }
}
