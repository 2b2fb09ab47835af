//! `repair`: back from a snapshot, and on with an older copy, only when asked.

use std::{fs, path::Path, process::Command};

use serde_json::Value;

use crate::{
    home::{Home, ended},
    list::listed,
    vaults::{ALICE, BOB, MALLORY, PASSPHRASE},
};

fn lose_database(home: &Home) {
    fs::remove_dir_all(home.vault().join("db")).unwrap();
}

fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    ended(Command::new("cp").arg("-a").args([from, to])).output();
}

#[test]
fn a_whole_vault_is_left_as_it_is() {
    let home = Home::with_filled_vault();
    let repaired = home.run_opened(&["repair"]).expect(0, &[]);
    assert_eq!(repaired.stdout, "There is nothing to repair.\n");
}

#[test]
fn restores_a_lost_database_when_told_to() {
    let home = Home::with_filled_vault();
    lose_database(&home);
    home.run_opened(&["repair"]).expect(64, &["There is no terminal to ask you on."]);
    assert!(!home.vault().join("db").exists());
    let repaired = home.run_opened(&["repair", "--yes", "--json"]).expect(0, &[]);
    let repaired: Value = serde_json::from_str(&repaired.stdout).unwrap();
    assert_eq!((&repaired["done"], &repaired["changes_lost"]), (&"restored".into(), &0.into()));
    let docs = include_str!("../../../../docs/cli.md");
    for member in repaired.as_object().unwrap().keys() {
        assert!(docs.contains(&format!("`{member}`")), "{member} is not in docs/cli.md");
    }
    assert_eq!(listed(&home, &[]), [ALICE, BOB, MALLORY]);
}

#[test]
fn asks_at_the_terminal() {
    let home = Home::with_filled_vault();
    lose_database(&home);
    for (answer, code) in [("n", 1), ("y", 0)] {
        let mut terminal = home.at_terminal(&["repair"]);
        terminal.read_until("Passphrase: ");
        terminal.wait_for_hidden_typing();
        terminal.type_line(PASSPHRASE);
        terminal.read_until("The vault is damaged: database is missing.");
        terminal.read_until("What neither holds is lost.");
        terminal.read_until("Restore? [y/N] ");
        terminal.type_line(answer);
        assert_eq!(terminal.end().0, code, "{answer}");
    }
    assert_eq!(listed(&home, &[]).len(), 3);
}

#[test]
fn an_older_copy_is_gone_on_with_knowingly() {
    let home = Home::with_filled_vault();
    listed(&home, &[]);
    copy(&home.vault(), &home.path("older"));
    home.run_opened(&["rename", ALICE, "new"]).expect(0, &[]);
    copy(&home.path("older"), &home.vault());
    for arguments in [&["list"][..], &["repair", "--yes"], &["check"]] {
        home.run_opened(arguments)
            .expect(9, &["older than what this machine has seen", "latchkey repair --accept-older"]);
    }
    home.run_opened(&["repair", "--accept-older"]).expect(64, &["There is no terminal to ask you on."]);
    let repaired = home.run_opened(&["repair", "--accept-older", "--yes"]).expect(0, &[]);
    assert!(repaired.stdout.starts_with("The vault goes on at change "), "{repaired:?}");
    assert_eq!(listed(&home, &[]).len(), 3);
}
