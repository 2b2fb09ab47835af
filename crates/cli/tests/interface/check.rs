//! `check`: whole or not, in words and as an exit code.

use std::fs;

use serde_json::{Value, json};

use crate::home::Home;

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
