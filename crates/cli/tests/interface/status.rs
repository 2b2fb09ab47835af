use latchkey_crypto::vault::Passphrase;
use latchkey_vault::Vault;
use serde_json::json;

use crate::{check::spoil_headers, home::Home, vaults::PASSPHRASE};

#[test]
fn needs_no_passphrase() {
    let home = Home::with_empty_vault();
    let shown = home.run(&["status"]).output();
    assert!(shown.contains(&home.vault().display().to_string()), "{shown}");
    assert!(shown.contains("Opens by passphrase (Argon2id, 3 passes over 64 MiB)"), "{shown}");
    assert!(shown.contains("In use   no"));
    let expected = json!({
        "vault": home.vault(),
        "exists": true,
        "in_use": false,
        "slots": [{"kind": "passphrase", "passes": 3, "memory_kib": 65536, "lanes": 4}],
        "error": null,
    });
    assert_eq!(home.run(&["status", "--json"]).json(), expected);
}

#[test]
fn tells_a_missing_vault() {
    let home = Home::new();
    assert!(home.run(&["status"]).output().contains("not there yet; make it with: latchkey init"));
    let expected =
        json!({"vault": home.vault(), "exists": false, "in_use": false, "slots": [], "error": null});
    assert_eq!(home.run(&["status", "--json"]).json(), expected);
    assert!(!home.vault().exists());
}

#[test]
fn tells_what_is_no_vault_and_what_to_do() {
    let home = Home::new();
    for (place, what) in [("/etc", "a folder with other files in it"), ("/etc/passwd", "a file")] {
        let shown = home.run(&["status", "--vault", place]).output();
        assert!(shown.contains(&format!("is no vault, but {what}; name yours with --vault DIR")), "{shown}");
        assert_eq!(home.run(&["status", "--json", "--vault", place]).json()["exists"], false);
    }
    let shown = home.run(&["status", "--vault", "other"]).output();
    let place = home.path("").join("other");
    assert!(shown.contains(&format!("make it with: latchkey init --vault {}\n", place.display())), "{shown}");
}

#[test]
fn a_vault_that_cannot_be_read_is_json_too() {
    let home = Home::with_empty_vault();
    spoil_headers(&home);
    let shown = home.run(&["status", "--json"]).expect(9, &["header cannot be read"]);
    let shown: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!((&shown["exists"], &shown["slots"]), (&json!(true), &json!([])));
    assert!(shown["error"].as_str().unwrap().contains("header"), "{shown}");
}

#[test]
fn names_the_whole_path() {
    let home = Home::new();
    let expected = home.path("").join("some/vault");
    assert_eq!(home.run(&["status", "--json", "--vault", "some/vault"]).json()["vault"], json!(expected));
}

#[test]
fn tells_whether_a_process_holds_it() {
    let home = Home::with_empty_vault();
    let (vault, _proof) = Vault::open(home.vault(), &Passphrase::new(PASSPHRASE).unwrap()).unwrap();
    assert_eq!(home.run(&["status", "--json"]).json()["in_use"], true);
    assert!(home.run(&["status"]).output().contains("In use   yes, by another process"));
    vault.close().unwrap();
    assert_eq!(home.run(&["status", "--json"]).json()["in_use"], false);
}
