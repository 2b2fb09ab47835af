//! `check`: whole or not, in words and as an exit code.

use std::fs;

use latchkey_crypto::vault::Passphrase;
use latchkey_vault::Vault;
use serde_json::{Value, json};

use crate::{home::Home, vaults::PASSPHRASE};

#[test]
fn a_whole_vault_is_0() {
    let home = Home::with_filled_vault();
    let checked = home.run_opened(&["check"]).expect(0, &[]);
    assert!(checked.stdout.contains("3 passkeys, and 1 passkey in the bin"), "{checked:?}");
    assert!(checked.stdout.contains("Every record, key and manifest is as it should be."));
    let checked = home.run_opened(&["check", "--json"]).expect(0, &[]);
    let checked: Value = serde_json::from_str(&checked.stdout).unwrap();
    assert_eq!(
        (&checked["whole"], &checked["opens"], &checked["findings"]),
        (&json!(true), &json!(true), &json!([]))
    );
    assert_eq!((&checked["passkeys"], &checked["binned"]), (&json!(3), &json!(1)));
    let docs = include_str!("../../../../docs/cli.md");
    for member in checked.as_object().unwrap().keys() {
        assert!(docs.contains(&format!("`{member}`")), "{member} is not in docs/cli.md");
    }
}

#[test]
fn a_damaged_one_is_9_with_each_finding() {
    let home = Home::with_filled_vault();
    fs::write(home.vault().join("header.previous"), b"not a header").unwrap();
    let checked = home.run_opened(&["check", "--json"]).expect(9, &[]);
    let checked: Value = serde_json::from_str(&checked.stdout).unwrap();
    assert_eq!((&checked["whole"], &checked["opens"]), (&json!(false), &json!(true)));
    assert!(checked["findings"][0].as_str().unwrap().contains("copies of the vault's header"), "{checked}");

    fs::remove_dir_all(home.vault().join("db")).unwrap();
    let checked = home.run_opened(&["check", "--json"]).expect(9, &[]);
    let checked: Value = serde_json::from_str(&checked.stdout).unwrap();
    assert_eq!((&checked["whole"], &checked["opens"]), (&json!(false), &json!(false)));
    home.run_opened(&["check"]).expect(9, &["The vault is damaged:", "latchkey repair"]);
    assert!(!home.vault().join("db").exists());
}

/// Overwrites every copy of the header with zeros.
pub(crate) fn spoil_headers(home: &Home) {
    for entry in fs::read_dir(home.vault()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() && path.file_name().unwrap().to_str().unwrap().starts_with("header") {
            let len = fs::metadata(&path).unwrap().len();
            fs::write(&path, vec![0; usize::try_from(len).unwrap()]).unwrap();
        }
    }
}

#[test]
fn one_that_does_not_open_is_json_with_the_same_exit_code() {
    let not_opened = |home: &Home, passphrase: &str, code: i32, error: &str| {
        let file = home.file("the-passphrase", passphrase.as_bytes(), 0o600);
        let checked = home.run(&["check", "--json", "--passphrase-file", &file]).expect(code, &[error]);
        let checked: Value = serde_json::from_str(&checked.stdout).unwrap();
        assert_eq!((&checked["whole"], &checked["opens"]), (&json!(false), &json!(false)));
        assert!(checked["error"].as_str().unwrap().contains(error), "{checked}");
    };
    let home = Home::with_empty_vault();
    not_opened(&home, "another passphrase", 7, "Wrong passphrase.");
    let (vault, _proof) = Vault::open(home.vault(), &Passphrase::new(PASSPHRASE).unwrap()).unwrap();
    not_opened(&home, PASSPHRASE, 8, "in use");
    vault.close().unwrap();
    spoil_headers(&home);
    not_opened(&home, PASSPHRASE, 9, "header cannot be read");
    not_opened(&Home::new(), PASSPHRASE, 64, "There is no vault here.");
}

#[test]
fn without_a_header_repair_says_what_is_left_to_do() {
    let home = Home::with_empty_vault();
    spoil_headers(&home);
    // Those hold a copy, too.
    let _ = fs::remove_dir_all(home.vault().join("snapshots"));
    let repaired = home
        .run_opened(&["repair", "--yes"])
        .expect(9, &["No copy of the vault's header is left", "Put back a copy"]);
    assert!(!repaired.stderr.contains("latchkey repair"), "{repaired:?}");
}
