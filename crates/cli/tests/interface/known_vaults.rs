//! `vaults`: which there are, what they are called, and taking one away.

use std::fs;

use latchkey_crypto::vault::Passphrase;
use latchkey_vault::Vault;
use serde_json::{Value, json};

use crate::{
    home::Home,
    vaults::{self, PASSPHRASE},
};

fn names(home: &Home) -> Vec<String> {
    let listed = home.run(&["vaults", "list", "--json"]).json();
    listed.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

/// A home with a vault outside the usual folder, too, which was opened.
fn with_stick() -> Home {
    let home = Home::with_filled_vault();
    vaults::empty().write_to(&home.path("stick/keys"));
    home.run_opened(&["list", "--vault", "./stick/keys"]).expect(0, &[]);
    home
}

#[test]
fn lists_usual_and_remembered_ones() {
    let home = with_stick();
    let listed = home.run(&["vaults", "list", "--json"]).json();
    let stick = &listed[1];
    assert_eq!(
        (&listed[0]["name"], &listed[0]["default"], &listed[0]["outside"], &listed[0]["present"]),
        (&json!("default"), &json!(true), &json!(false), &json!(true))
    );
    assert_eq!(
        (&stick["name"], &stick["outside"], &stick["problem"]),
        (&json!("keys"), &json!(true), &json!(null))
    );
    assert_eq!(stick["path"], home.path("stick/keys").display().to_string());
    assert_eq!(stick["id"].as_str().unwrap().len(), 32);
    let docs = include_str!("../../../../docs/cli.md");
    for member in stick.as_object().unwrap().keys() {
        assert!(docs.contains(&format!("`{member}`")), "{member} is not in docs/cli.md");
    }

    let (vault, _) = Vault::open(home.path("stick/keys"), &Passphrase::new(PASSPHRASE).unwrap()).unwrap();
    assert_eq!(home.run(&["vaults", "list", "--json"]).json()[1]["in_use"], true);
    vault.close().unwrap();
    fs::rename(home.path("stick"), home.path("away")).unwrap();
    let away = &home.run(&["vaults", "list", "--json"]).json()[1];
    assert_eq!((&away["present"], &away["id"]), (&json!(false), &stick["id"]));
    assert!(home.run(&["vaults", "list"]).output().contains("not there: its medium is away"));
}

#[test]
fn an_empty_home_has_none() {
    assert_eq!(
        Home::new().run(&["vaults", "list"]).output(),
        "No vaults yet. Make one with: latchkey init\n"
    );
}

#[test]
fn a_vault_is_meant_by_its_name() {
    let home = with_stick();
    assert_eq!(home.run_opened(&["list", "--vault", "keys"]).output(), "No passkeys yet.\n");
    home.run_opened(&["init", "--name", "work"]).expect(0, &[]);
    assert!(home.path("data/latchkey/vaults/work/header").exists());
    assert_eq!(home.run_opened(&["list", "--vault", "work"]).output(), "No passkeys yet.\n");
    assert_eq!(names(&home), ["default", "keys", "work"]);
    home.run_opened(&["init", "--name", "keys"]).expect(64, &["A vault has this name already."]);
    home.run_opened(&["init", "--name", "a/b"]).expect(64, &["This cannot be a vault's name."]);
    // Nor does a new one in a folder come to lie where the medium of another is away.
    home.run_opened(&["init", "--vault", "keys"]).expect(64, &["A vault has this name already.", "./"]);

    // Both a name and a folder with a vault in it: neither is guessed.
    vaults::filled().write_to(&home.path("work"));
    home.run_opened(&["list", "--vault", "work"]).expect(64, &["the name of a vault", "./ before it"]);
    assert!(home.run_opened(&["list", "--vault", "./work"]).output().contains("alice"));
}

#[test]
fn renames_and_forgets() {
    let home = with_stick();
    home.run(&["vaults", "rename", "keys", "default"]).expect(64, &["A vault has this name already."]);
    home.run(&["vaults", "rename", "nobody", "other"]).expect(64, &["There is no such vault."]);
    home.run(&["vaults", "rename", "keys", "../up"]).expect(64, &["This cannot be a vault's name."]);
    home.run(&["vaults", "rename", "keys", "stick"]).expect(0, &[]);
    assert!(home.path("stick/keys/header").exists());
    let renamed = home.run(&["vaults", "rename", "default", "old", "--json"]).json();
    assert_eq!(
        renamed,
        json!({"name": "old", "path": home.path("data/latchkey/vaults/old").display().to_string()})
    );
    assert!(!home.vault().exists());
    assert_eq!(names(&home), ["old", "stick"]);

    home.run(&["vaults", "forget", "old"]).expect(64, &["lies in the usual folder"]);
    home.run(&["vaults", "forget", "stick"]).expect(0, &[]);
    assert_eq!(names(&home), ["old"]);
    assert!(home.path("stick/keys/header").exists());
}

#[test]
fn a_vault_in_use_is_neither_renamed_nor_deleted() {
    let home = with_stick();
    let (vault, _) = Vault::open(home.vault(), &Passphrase::new(PASSPHRASE).unwrap()).unwrap();
    home.run(&["vaults", "rename", "default", "old"])
        .expect(8, &["The vault is in use by another process ("]);
    home.run_opened(&["vaults", "delete", "default", "--yes", "default"]).expect(8, &["The vault is in use"]);
    vault.close().unwrap();
}

#[test]
fn a_script_deletes_with_passphrase_and_name() {
    let home = with_stick();
    home.run(&["vaults", "delete", "keys", "--yes", "keys"])
        .expect(64, &["the passphrase must come with the same call"]);
    home.run_opened(&["vaults", "delete", "keys", "--yes", "default"])
        .expect(1, &["--yes names another vault; this one is called keys."]);
    home.run_opened(&["vaults", "delete", "keys"]).expect(64, &["There is no terminal", "--yes NAME"]);
    let wrong = home.file("wrong", b"tulip orbit walnut mosaic fairy", 0o600);
    home.run(&["vaults", "delete", "keys", "--yes", "keys", "--passphrase-file", &wrong])
        .expect(7, &["Wrong passphrase."]);
    assert!(home.path("stick/keys/header").exists());

    home.file("stick/keys/letter", b"dear", 0o600);
    let deleted: Value = home.run_opened(&["vaults", "delete", "keys", "--yes", "keys", "--json"]).json();
    assert_eq!((&deleted["name"], &deleted["passkeys"]), (&json!("keys"), &json!(0)));
    assert_eq!(deleted["left"], json!([home.path("stick/keys/letter").display().to_string()]));
    assert_eq!(fs::read_dir(home.path("stick/keys")).unwrap().count(), 1);
    assert_eq!(names(&home), ["default"]);
}

#[test]
fn the_terminal_asks_for_passphrase_and_name() {
    let home = Home::with_filled_vault();
    for (typed, code) in [("y", 1), ("Default", 1), ("default", 0)] {
        let mut terminal = home.at_terminal(&["vaults", "delete", "default"]);
        terminal.read_until("Passphrase: ");
        terminal.wait_for_hidden_typing();
        terminal.type_line(PASSPHRASE);
        terminal.read_until("and with it 3 passkeys, and 1 passkey in its bin.");
        terminal.read_until("Type its name, default, to delete it: ");
        terminal.type_line(typed);
        let (ended, shown) = terminal.end();
        assert_eq!(ended, code, "{shown}");
        assert_eq!(home.vault().exists(), code != 0);
    }
    assert_eq!(fs::read_dir(home.path("state/latchkey")).unwrap().count(), 0);
}

#[test]
fn a_list_that_somebody_broke_is_told_of_and_stands_in_nobodys_way() {
    let home = with_stick();
    home.file(".config/latchkey/vaults.toml", b"[[vault]]\nname = 7\n", 0o600);
    home.run(&["vaults", "list"]).expect(64, &["vaults.toml cannot be understood in line", "Mend the line"]);
    assert!(home.run_opened(&["list"]).output().contains("alice"));
    home.run_opened(&["list", "--vault", "./stick/keys"])
        .expect(0, &["warning: this vault is not remembered"]);
}
