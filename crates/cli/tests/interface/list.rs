use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::{
    home::Home,
    vaults::{ALICE, BINNED, BOB, MALLORY, NASTY_DISPLAY_NAME, NASTY_NAME},
};

/// What the filled vault's passkeys have as credential ID: the id, then 16 times 0xfb.
fn credential_id(id: &str) -> String {
    let id = u128::from_str_radix(id, 16).unwrap().to_be_bytes();
    URL_SAFE_NO_PAD.encode([id, [0xfb; 16]].concat())
}

/// Alice's passkey, in exactly the members that docs/cli.md names.
pub(crate) fn alice() -> Value {
    json!({
        "id": ALICE,
        "rp_id": "example.org",
        "user_name": "alice@example.org",
        "user_display_name": "Alice",
        "name": null,
        "note": null,
        "folder": null,
        "tags": [],
        "favourite": false,
        "credential_id": credential_id(ALICE),
        "user_handle": "__4B",
        "algorithm": "ES256",
        "discoverable": true,
        "backup_eligible": true,
        "created_at": "2097-01-15T08:00:00Z",
        "modified_at": "2097-01-15T08:00:00Z",
        "last_used_at": "2097-01-15T08:02:00Z",
        "sign_in_count": 1,
        "binned_at": null,
        "only_passkey_of_site": false,
    })
}

#[test]
fn json_has_exactly_the_members_of_the_docs() {
    let home = Home::with_filled_vault();
    let bob = json!({
        "id": BOB,
        "rp_id": "example.org",
        "user_name": "bob",
        "user_display_name": "Bob",
        "name": "work",
        "note": null,
        "folder": null,
        "tags": ["office"],
        "favourite": true,
        "credential_id": credential_id(BOB),
        "user_handle": "__4B",
        "algorithm": "EdDSA",
        "discoverable": true,
        "backup_eligible": true,
        "created_at": "2097-01-15T08:00:00Z",
        "modified_at": "2097-01-15T08:00:00Z",
        "last_used_at": null,
        "sign_in_count": 0,
        "binned_at": null,
        "only_passkey_of_site": false,
    });
    let mallory = json!({
        "id": MALLORY,
        "rp_id": "shop.example",
        "user_name": NASTY_NAME,
        "user_display_name": NASTY_DISPLAY_NAME,
        "name": null,
        "note": null,
        "folder": null,
        "tags": [],
        "favourite": false,
        "credential_id": credential_id(MALLORY),
        "user_handle": "__4B",
        "algorithm": "ES384",
        "discoverable": true,
        "backup_eligible": true,
        "created_at": "2097-01-15T08:00:00Z",
        "modified_at": "2097-01-15T08:00:00Z",
        "last_used_at": null,
        "sign_in_count": 0,
        "binned_at": null,
        "only_passkey_of_site": true,
    });
    assert_eq!(home.run_opened(&["list", "--json"]).json(), json!([alice(), bob, mallory]));
}

#[test]
fn every_member_is_in_the_docs() {
    let docs = include_str!("../../../../docs/cli.md");
    for member in alice().as_object().unwrap().keys() {
        assert!(docs.contains(&format!("`{member}`")), "{member} is not in docs/cli.md");
    }
}

#[test]
fn a_query_finds_words_in_any_case_with_accents_and_a_typing_error() {
    let home = Home::with_filled_vault();
    for (query, found) in [
        ("EXAMPLE.ORG", &[ALICE, BOB][..]),
        ("alice@", &[ALICE]),
        ("Álice", &[ALICE]),
        ("alcie", &[ALICE]),
        ("WORK", &[BOB]),
        ("office bob", &[BOB]),
        ("shop", &[MALLORY]),
        // The better the place where it stands, the earlier.
        ("example", &[ALICE, BOB, MALLORY]),
        ("nobody", &[]),
    ] {
        assert_eq!(listed(&home, &[query]), found, "{query}");
    }
}

#[test]
fn an_empty_vault_and_an_empty_answer_say_so() {
    let home = Home::with_empty_vault();
    assert_eq!(home.run_opened(&["list"]).output(), "No passkeys yet.\n");
    assert_eq!(home.run_opened(&["list", "--json"]).json(), json!([]));
    assert_eq!(home.run_opened(&["list", "nobody"]).output(), "Nothing fits.\n");
}

#[test]
fn the_table_has_a_line_for_each() {
    let home = Home::with_filled_vault();
    let shown = home.run_opened(&["list"]).output();
    let lines: Vec<_> = shown.lines().collect();
    assert_eq!(lines.len(), 5, "{shown}");
    assert!(lines[4].starts_with("One passkey only: shop.example."), "{shown}");
    assert!(lines[0].starts_with("0a0a0a0a  example.org   alice@example.org"), "{shown}");
    assert!(lines[0].ends_with("last used 2097-01-15"), "{shown}");
    assert!(lines[1].contains("work") && lines[1].ends_with("never used"), "{shown}");
}

#[test]
fn no_name_that_a_site_gave_disturbs_the_terminal() {
    let home = Home::with_filled_vault();
    let disturbing = |c: char| {
        (c.is_control() && c != '\n') || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{206f}')
    };
    for arguments in [
        &["list"][..],
        &["list", "--json"],
        &["show", "ffff"],
        &["show", "ffff", "--json"],
        &["history", "ffff"],
    ] {
        let shown = home.run_opened(arguments).output();
        assert!(shown.contains("lory") || arguments[0] == "history", "{arguments:?}: {shown:?}");
        assert!(!shown.contains(disturbing), "{arguments:?}: {shown:?}");
        // Nor is there a line that the site wrote.
        assert!(!shown.lines().any(|line| line.starts_with("Site  other")), "{arguments:?}: {shown:?}");
    }
}

/// The ids that a call lists, in order.
pub(crate) fn listed(home: &Home, arguments: &[&str]) -> Vec<String> {
    let all = [&["list", "--json"], arguments].concat();
    let listed = home.run_opened(&all).json();
    listed.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn filters_leave_out_what_does_not_fit() {
    let home = Home::with_filled_vault();
    for (arguments, found) in [
        (&["--tag", "OFFICE"][..], &[BOB][..]),
        (&["--tag", "office", "--tag", "home"], &[]),
        (&["--favourite"], &[BOB]),
        (&["--site", "example.org"], &[ALICE, BOB]),
        (&["--site", "shop.example"], &[MALLORY]),
        (&["--unused-since", "2097-01-15"], &[]),
        (&["--unused-since", "2097-01-16"], &[ALICE, BOB, MALLORY]),
        (&["--bin"], &[BINNED]),
        (&["--all"], &[ALICE, BOB, BINNED, MALLORY]),
        (&["bob", "--bin"], &[BINNED]),
        (&["example", "--favourite"], &[BOB]),
    ] {
        assert_eq!(listed(&home, arguments), found, "{arguments:?}");
    }
    for arguments in [["--unused-since", "soon"], ["--site", "https://example.org"], ["--sort", "size"]] {
        home.run_opened(&[&["list"], &arguments[..]].concat()).expect(64, &[arguments[0]]);
    }
    home.run(&["list", "--all", "--bin"]).expect(64, &["--bin"]);
}

#[test]
fn sorts_by_what_is_asked_for() {
    let home = Home::with_filled_vault();
    for (order, found) in [
        ("site", [ALICE, BOB, MALLORY]),
        ("name", [ALICE, MALLORY, BOB]),
        ("account", [ALICE, BOB, MALLORY]),
        ("last-used", [ALICE, BOB, MALLORY]),
    ] {
        assert_eq!(listed(&home, &["--sort", order]), found, "{order}");
    }
}

#[test]
fn the_bin_is_marked() {
    let home = Home::with_filled_vault();
    let shown = home.run_opened(&["list", "--bin"]).output();
    assert!(shown.ends_with("never used, in the bin since 2097-01-15\n"), "{shown}");
    assert_eq!(shown.lines().count(), 1, "{shown}");
    let listed = home.run_opened(&["list", "--bin", "--json"]).json();
    assert_eq!(listed[0]["binned_at"], "2097-01-15T08:00:00Z");
}
