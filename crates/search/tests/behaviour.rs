//! What a query finds, and what it does not.
#![allow(clippy::unwrap_used, reason = "a test: a panic is a failure")]

use latchkey_passkey::{PasskeyId, RpId};
use latchkey_search::{Closeness, Fields, SearchIndex};

fn id(n: u8) -> PasskeyId {
    PasskeyId::from_bytes([n; 16])
}

/// One passkey with a word in every field.
fn finds(query: &str) -> bool {
    let rp_id = RpId::parse("login.example.co.uk").unwrap();
    let tags = ["Arbeit".to_owned(), "Büro 2".to_owned()];
    let fields = Fields {
        rp_name: Some("GitHub Enterprise"),
        user_name: "zoe.mueller@mail.test",
        user_display_name: "Zoë Łukaszewicz-Müller",
        name: Some("Rechner im Keller"),
        note: Some("Ersatz für die verlorene Straße 2024, abc"),
        tags: &tags,
        folder: Some("Familie"),
        ..Fields::of_site(&rp_id)
    };
    let mut index = SearchIndex::new();
    index.insert(id(1), fields);
    // Another, in which none of this is found.
    index.insert(id(2), Fields { user_name: "qqqq", ..Fields::of_site(&RpId::parse("other.test").unwrap()) });
    let hits = index.search(query);
    assert!(hits.iter().all(|hit| hit.id == id(1)), "{query}");
    !hits.is_empty()
}

#[test]
fn every_field_is_found() {
    for query in [
        "login",
        "example",
        "example.co.uk",
        "login.example.co.uk",
        "LOGIN.",
        "co",
        "uk",
        "enterprise",
        "mueller",
        "zoe.mueller@mail",
        "łukaszewicz",
        "rechner",
        "keller",
        "ersatz",
        "arbeit",
        "büro",
        "familie",
    ] {
        assert!(finds(query), "{query}");
    }
}

#[test]
fn accents_and_case_count_in_neither_direction() {
    for query in [
        "Zoë",
        "zoe",
        "ZOË",
        "zoé",
        "müller",
        "muller",
        "MÜLLER",
        "mu\u{308}ller",
        "lukaszewicz",
        "strasse",
        "STRASSE",
        "straße",
        "buro",
    ] {
        assert!(finds(query), "{query}");
    }
}

#[test]
fn one_typing_error_of_each_kind_is_forgiven() {
    for query in [
        "exmple",
        "examplle",
        "exanple",
        "exmaple", // within
        "xample",
        "aexample",
        "rxample",
        "xeample", // at the beginning
        "github entreprise",
        "enterp",
        "entrep",
        "enerp",           // while still typing
        "exmaple rechenr", // in each of two words
    ] {
        assert!(finds(query), "{query}");
    }
}

#[test]
fn two_errors_are_too_many() {
    for query in ["exmplee x", "xemapl", "gtihbu", "exxxmple", "rechenre keler"] {
        assert!(!finds(query), "{query}");
    }
}

#[test]
fn short_words_and_numbers_forgive_nothing() {
    for query in ["abd", "acb", "2023", "2042", "zeo"] {
        assert!(!finds(query), "{query}");
    }
    assert!(finds("abc") && finds("2024"));
}

#[test]
fn a_finished_word_is_not_the_misspelt_beginning_of_another() {
    assert!(finds("entrep") && finds("enterp "));
    assert!(!finds("entrep "));
    assert!(!finds("entrep zoe"));
}

#[test]
fn all_words_must_be_found_in_any_order() {
    for query in ["zoe example", "example zoe", "kell zo git", "arbeit, example!"] {
        assert!(finds(query), "{query}");
    }
    for query in ["zoe peter", "example qqqq", "qqqq example"] {
        let hits = finds(query);
        assert!(!hits, "{query}");
    }
}

#[test]
fn a_part_of_a_word_is_found_from_three_letters_on() {
    assert!(finds("hub") && finds("xamp") && finds("szewi"));
    assert!(!finds("ub") && !finds("pl"));
}

#[test]
fn words_of_chinese_are_found_inside_others() {
    let mut index = SearchIndex::new();
    let rp_id = RpId::parse("example.org").unwrap();
    index.insert(id(1), Fields { rp_name: Some("三菱東京銀行"), ..Fields::of_site(&rp_id) });
    assert_eq!(index.search("東京").len(), 1);
    assert_eq!(index.search("銀").len(), 1);
    assert_eq!(index.search("大").len(), 0);
}

#[test]
fn a_blank_query_finds_all_and_signs_find_none() {
    let mut index = SearchIndex::new();
    for (n, site) in [(1, "b.example"), (2, "a.example"), (3, "c.example")] {
        index.insert(id(n), Fields::of_site(&RpId::parse(site).unwrap()));
    }
    let found = |query| index.search(query).into_iter().map(|hit| hit.id).collect::<Vec<_>>();
    assert_eq!(found(""), [id(2), id(1), id(3)]);
    assert_eq!(found("  \n"), [id(2), id(1), id(3)]);
    assert_eq!(found("* %"), []);
}

#[test]
fn the_closest_come_first_then_the_most_telling_place() {
    let mut index = SearchIndex::new();
    let put = |index: &mut SearchIndex, n, site: &str, user_name: &str, note: Option<&str>| {
        let rp_id = RpId::parse(site).unwrap();
        index.insert(id(n), Fields { user_name, note, ..Fields::of_site(&rp_id) });
    };
    put(&mut index, 1, "gitbub.test", "", None);
    put(&mut index, 2, "mygithub.test", "", None);
    put(&mut index, 3, "githubber.test", "", None);
    put(&mut index, 4, "a.test", "", Some("github"));
    put(&mut index, 5, "b.test", "github", None);
    put(&mut index, 6, "github.test", "zoe", None);
    put(&mut index, 7, "github.test", "anna", None);
    put(&mut index, 8, "unrelated.test", "anna", None);
    let hits = index.search("github");
    assert_eq!(hits.iter().map(|hit| hit.id).collect::<Vec<_>>(), [7, 6, 5, 4, 3, 2, 1].map(id));
    assert_eq!(
        hits.iter().map(|hit| hit.closeness).skip(3).collect::<Vec<_>>(),
        [Closeness::Whole, Closeness::Beginning, Closeness::Inside, Closeness::OneError]
    );
}

#[test]
fn debug_shows_no_names() {
    let mut index = SearchIndex::new();
    index.insert(
        id(1),
        Fields { user_name: "alice", ..Fields::of_site(&RpId::parse("example.org").unwrap()) },
    );
    assert_eq!(format!("{index:?}"), "SearchIndex(1 passkeys, 3 words)");
}
