use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::{
    home::Home,
    vaults::{ALICE, BOB, MALLORY, NASTY_DISPLAY_NAME, NASTY_NAME},
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
        "tags": [],
        "favourite": false,
        "credential_id": credential_id(ALICE),
        "user_handle": "__4B",
        "algorithm": "ES256",
        "discoverable": true,
        "backup_eligible": true,
        "created_at": "2027-01-15T08:00:00Z",
        "last_used_at": "2027-01-15T08:02:00Z",
        "sign_in_count": 1,
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
        "tags": ["office"],
        "favourite": true,
        "credential_id": credential_id(BOB),
        "user_handle": "__4B",
        "algorithm": "EdDSA",
        "discoverable": true,
        "backup_eligible": true,
        "created_at": "2027-01-15T08:00:00Z",
        "last_used_at": null,
        "sign_in_count": 0,
    });
    let mallory = json!({
        "id": MALLORY,
        "rp_id": "shop.example",
        "user_name": NASTY_NAME,
        "user_display_name": NASTY_DISPLAY_NAME,
        "name": null,
        "tags": [],
        "favourite": false,
        "credential_id": credential_id(MALLORY),
        "user_handle": "__4B",
        "algorithm": "ES384",
        "discoverable": true,
        "backup_eligible": true,
        "created_at": "2027-01-15T08:00:00Z",
        "last_used_at": null,
        "sign_in_count": 0,
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
fn a_query_finds_site_account_and_own_name_in_any_case() {
    let home = Home::with_filled_vault();
    for (query, found) in [
        ("EXAMPLE.ORG", &[ALICE, BOB][..]),
        ("alice@", &[ALICE]),
        ("WORK", &[BOB]),
        ("shop", &[MALLORY]),
        ("example", &[ALICE, BOB, MALLORY]),
        ("nobody", &[]),
    ] {
        let listed = home.run_opened(&["list", query, "--json"]).json();
        let ids: Vec<_> = listed.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
        assert_eq!(ids, found, "{query}");
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
    assert_eq!(lines.len(), 3, "{shown}");
    assert!(lines[0].starts_with("0a0a0a0a  example.org   alice@example.org"), "{shown}");
    assert!(lines[0].ends_with("last used 2027-01-15"), "{shown}");
    assert!(lines[1].contains("work") && lines[1].ends_with("never used"), "{shown}");
}

#[test]
fn no_name_that_a_site_gave_disturbs_the_terminal() {
    let home = Home::with_filled_vault();
    let disturbing = |c: char| {
        (c.is_control() && c != '\n') || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{206f}')
    };
    for arguments in [&["list"][..], &["list", "--json"], &["show", "ff"], &["show", "ff", "--json"]] {
        let shown = home.run_opened(arguments).output();
        assert!(shown.contains("lory"), "{arguments:?}: {shown:?}");
        assert!(!shown.contains(disturbing), "{arguments:?}: {shown:?}");
        // Nor is there a line that the site wrote.
        assert!(!shown.lines().any(|line| line.starts_with("Site  other")), "{arguments:?}: {shown:?}");
    }
}
