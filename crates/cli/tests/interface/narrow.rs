//! Where a terminal is narrow, text breaks between words.

use crate::home::Home;

const COLUMNS: u16 = 40;

/// No line is longer than the terminal is wide, but for a single word that is.
#[track_caller]
fn expect_whole_words(shown: &str) {
    for line in shown.lines() {
        let words = line.split_whitespace().filter(|word| word.chars().count() > 1).count();
        assert!(line.chars().count() <= usize::from(COLUMNS) || words <= 1, "{line:?} in {shown}");
    }
}

#[test]
fn doctor() {
    let home = Home::new();
    let (_, shown) = home.at_terminal_of(COLUMNS, &["doctor", "--vault", "v"]).end();
    assert!(shown.contains("FAILED     bluetooth adapter\n    "), "{shown}");
    expect_whole_words(&shown);
}

#[test]
fn demo() {
    let home = Home::new();
    let (code, shown) = home.at_terminal_of(COLUMNS, &["demo"]).end();
    assert_eq!((code, shown.matches("ACCEPTED").count()), (0, 2), "{shown}");
    expect_whole_words(&shown);
}

#[test]
fn what_went_wrong() {
    let home = Home::new();
    let (code, shown) = home.at_terminal_of(COLUMNS, &["list"]).end();
    assert_eq!(code, 64);
    expect_whole_words(&shown);
}
