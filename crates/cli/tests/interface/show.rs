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
    expected["history"] = json!([
        {"at": "2027-01-15T08:02:00Z", "kind": "sign-in", "door": "hybrid", "outcome": "approved", "verification": "script"},
        {"at": "2027-01-15T08:01:00Z", "kind": "sign-in", "door": "hybrid", "outcome": "refused", "verification": null},
        {"at": "2027-01-15T08:00:00Z", "kind": "create", "door": "hybrid", "outcome": "approved", "verification": "passphrase"},
    ]);
    assert_eq!(home.run_opened(&["show", ALICE, "--json"]).json(), expected);
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
        "  2027-01-15T08:02:00Z  sign-in approved over hybrid, verified by script",
        "  2027-01-15T08:01:00Z  sign-in refused over hybrid",
    ] {
        assert!(shown.lines().any(|other| other == line), "no {line:?} in {shown}");
    }
}

#[test]
fn refuses_ids_that_are_unclear_unknown_or_binned() {
    let home = Home::with_filled_vault();
    home.run_opened(&["show", "0a"]).expect(64, &["Several passkeys begin with this.", "more digits"]);
    home.run_opened(&["show", ""]).expect(64, &["Several passkeys"]);
    for id in ["0d", "alice", BINNED, "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0"] {
        home.run_opened(&["show", id]).expect(3, &["There is no such passkey.", "latchkey list"]);
    }
    home.run(&["show"]).expect(64, &["<ID>"]);
}
