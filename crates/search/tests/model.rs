//! The index beside a plain model that compares every word of every passkey, through random changes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test: a panic is a failure")]

use std::collections::BTreeMap;

use latchkey_passkey::{PasskeyId, RpId};
use latchkey_search::{Closeness, Fields, SearchIndex};
use proptest::prelude::*;
use strsim::osa_distance;

#[derive(Debug, Clone)]
enum Change {
    Insert { n: u8, site: &'static str, user_name: String, note: Option<String> },
    Remove { n: u8 },
}

const SITES: [(&str, &str); 3] = [("abba", "abba"), ("a.bab", "a.bab"), ("login.aab.co.uk", "aab.co.uk")];

/// Words of few letters, so that they meet. Folding is tested apart: these fold to themselves.
fn text() -> impl Strategy<Value = String> {
    proptest::string::string_regex("[abж]{1,7}( [abж]{1,7}){0,2}").unwrap()
}

fn change() -> impl Strategy<Value = Change> {
    let insert = (0..6_u8, 0..SITES.len(), text(), proptest::option::of(text()))
        .prop_map(|(n, site, user_name, note)| Change::Insert { n, site: SITES[site].0, user_name, note });
    prop_oneof![3 => insert, 1 => (0..6_u8).prop_map(|n| Change::Remove { n })]
}

fn id(n: u8) -> PasskeyId {
    PasskeyId::from_bytes([n; 16])
}

/// Where a word stands, as in the order of hits.
fn words(site: &str, user_name: &str, note: Option<&str>) -> Vec<(String, u32)> {
    let registrable = SITES.iter().find(|known| known.0 == site).unwrap().1;
    let before = site.split('.').count() - registrable.split('.').count();
    let labels = site.split('.').enumerate().map(|(at, label)| {
        (
            label.to_owned(),
            if at < before {
                1
            } else if at == before {
                0
            } else {
                3
            },
        )
    });
    let user_name = user_name.split(' ').map(|word| (word.to_owned(), 1));
    let note = note.into_iter().flat_map(|note| note.split(' ')).map(|word| (word.to_owned(), 3));
    labels.chain(user_name).chain(note).collect()
}

fn closeness(typed: &str, unfinished: bool, word: &str) -> Option<Closeness> {
    let tolerant = typed.chars().count() >= 4;
    let one_error = || match unfinished {
        false => osa_distance(typed, word) <= 1,
        true => {
            (0..=word.len()).filter_map(|end| word.get(..end)).any(|start| osa_distance(typed, start) <= 1)
        }
    };
    if typed == word {
        Some(Closeness::Whole)
    } else if word.starts_with(typed) {
        Some(Closeness::Beginning)
    } else if typed.len() >= 3 && word.contains(typed) {
        Some(Closeness::Inside)
    } else if tolerant && one_error() {
        Some(Closeness::OneError)
    } else {
        None
    }
}

type Model = BTreeMap<u8, (&'static str, String, Option<String>)>;

fn search(model: &Model, query: &str) -> Vec<(PasskeyId, Closeness)> {
    let mut typed: Vec<&str> = Vec::new();
    for word in query.split(' ') {
        if !typed.contains(&word) {
            typed.push(word);
        }
    }
    let mut found = Vec::new();
    'passkeys: for (n, (site, user_name, note)) in model {
        let words = words(site, user_name, note.as_deref());
        let (mut worst, mut sum) = (Closeness::Whole, 0);
        for (at, typed_word) in typed.iter().enumerate() {
            let unfinished = at + 1 == typed.len();
            let best = words
                .iter()
                .filter_map(|(word, place)| Some((closeness(typed_word, unfinished, word)?, *place)))
                .min();
            let Some((closest, place)) = best else { continue 'passkeys };
            worst = worst.max(closest);
            sum += place
                + 4 * [Closeness::Whole, Closeness::Beginning, Closeness::Inside, Closeness::OneError]
                    .iter()
                    .zip(0..)
                    .find_map(|(known, number)| (*known == closest).then_some(number))
                    .unwrap();
        }
        let registrable = SITES.iter().find(|known| known.0 == *site).unwrap().1;
        found.push(((worst, sum, registrable, *site, user_name.clone(), *n), (id(*n), worst)));
    }
    found.sort();
    found.into_iter().map(|(_, hit)| hit).collect()
}

proptest! {
    #[test]
    fn finds_what_a_plain_search_finds_in_the_same_order(
        changes in proptest::collection::vec(change(), 1..30),
        queries in proptest::collection::vec(text(), 1..4),
    ) {
        let (mut index, mut model) = (SearchIndex::new(), Model::new());
        for change in changes {
            match change {
                Change::Insert { n, site, user_name, note } => {
                    let rp_id = RpId::parse(site).unwrap();
                    let fields = Fields { user_name: &user_name, note: note.as_deref(), ..Fields::of_site(&rp_id) };
                    index.insert(id(n), fields);
                    model.insert(n, (site, user_name, note));
                }
                Change::Remove { n } => prop_assert_eq!(index.remove(id(n)), model.remove(&n).is_some()),
            }
            prop_assert_eq!(index.len(), model.len());
            for query in &queries {
                let hits: Vec<_> = index.search(query).into_iter().map(|hit| (hit.id, hit.closeness)).collect();
                prop_assert_eq!(hits, search(&model, query), "{}", query);
            }
        }
    }

    #[test]
    fn any_text_is_taken_and_found_again(text in any::<String>(), query in any::<String>()) {
        let rp_id = RpId::parse("example.org").unwrap();
        let mut index = SearchIndex::new();
        index.insert(id(1), Fields { user_name: &text, note: Some(&query), ..Fields::of_site(&rp_id) });
        index.search(&query);
        let hits = index.search(&text);
        let asks = text.trim().is_empty() || asks_for_something(&text);
        prop_assert_eq!(hits.len(), usize::from(asks));
        prop_assert!(index.remove(id(1)));
        prop_assert!(index.search(&text).is_empty() && index.is_empty());
    }
}

/// Whether a text has a letter or digit left once compatibility forms and accents are taken off.
fn asks_for_something(text: &str) -> bool {
    use unicode_normalization::UnicodeNormalization;
    use unicode_normalization::char::canonical_combining_class;
    let mut letters = text.nfkd().filter(|c| canonical_combining_class(*c) == 0);
    letters.any(char::is_alphanumeric)
}
