use serde_json::json;

use super::list::alice;
use crate::{
    home::Home,
    vaults::{ALICE, BINNED},
};

#[test]
fn json_is_the_listed_object_and_the_history_newest_first() {
    let home = Home::with_filled_vault();
    let mut expected = alice();
    for (member, value) in [
        ("rp_name", json!("Example")),
        ("cred_protect", json!(1)),
        ("device_bound", json!(false)),
        ("payments", json!(false)),
        ("counter", json!("zero")),
        ("source_counter", json!(null)),
        ("large_blob_bytes", json!(null)),
        ("source_raw_bytes", json!(null)),
    ] {
        expected[member] = value;
    }
    let shown = home.run_opened(&["show", ALICE, "--json"]).json();
    expected["history"] = home.run_opened(&["history", ALICE, "--json"]).json();
    assert_eq!(shown, expected);
}

#[test]
fn text_shows_passkey_and_history() {
    let home = Home::with_filled_vault();
    // Cut, and in capitals.
    let shown = home.run_opened(&["show", "0A0A"]).output();
    for line in [
        "Site          example.org",
        "Account       alice@example.org",
        "Algorithm     ES256",
        "Sign-ins      1",
        "  2097-01-15T08:02:00Z  sign-in approved over hybrid, verified by script",
        "  2097-01-15T08:01:00Z  sign-in refused over hybrid",
    ] {
        assert!(shown.lines().any(|other| other == line), "no {line:?} in {shown}");
    }
}

#[test]
fn a_passkey_is_meant_by_words_that_fit_no_other() {
    let home = Home::with_filled_vault();
    for text in ["alice", "alice@example.org", "0a0a", "0A0A0A0A", ALICE] {
        assert_eq!(home.run_opened(&["show", text, "--json"]).json()["id"], ALICE, "{text}");
    }
}

#[test]
fn one_in_the_bin_is_shown_as_such() {
    let home = Home::with_filled_vault();
    for text in [BINNED, "0c0c"] {
        let shown = home.run_opened(&["show", text]).output();
        assert!(shown.contains("In the bin    since 2097-01-15T08:00:00Z"), "{shown}");
    }
}

#[test]
fn the_only_passkey_of_a_site_is_told_of() {
    let home = Home::with_filled_vault();
    assert!(
        home.run_opened(&["show", "shop.example"]).output().contains("It is your only passkey at this site.")
    );
    assert!(!home.run_opened(&["show", "alice"]).output().contains("only passkey"));
}

#[test]
fn every_member_is_in_the_docs() {
    let docs = include_str!("../../../../docs/cli.md");
    let home = Home::with_filled_vault();
    for member in home.run_opened(&["show", ALICE, "--json"]).json().as_object().unwrap().keys() {
        assert!(docs.contains(&format!("`{member}`")), "{member} is not in docs/cli.md");
    }
}

#[test]
fn refuses_what_means_several_or_none() {
    let home = Home::with_filled_vault();
    home.run_opened(&["show", "example.org"]).expect(
        64,
        &["Several passkeys are meant by this: example.org", "0a0a0a0a  example.org  alice", "more digits"],
    );
    // Fewer than four digits are words.
    for id in ["0a", "0d0d", "nobody", "", " ", "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0"] {
        home.run_opened(&["show", id]).expect(3, &["There is no such passkey", "latchkey list"]);
    }
    // With a typing error nothing is chosen unasked.
    home.run_opened(&["show", "alcie"])
        .expect(3, &["Did you mean:", "0a0a0a0a  example.org  alice@example.org"]);
    home.run(&["show"]).expect(64, &["<ID>"]);
}
