//! Into the bin, out of it, and gone.

use latchkey_app::now;
use latchkey_crypto::vault::Passphrase;
use latchkey_passkey::PasskeyId;
use latchkey_vault::{BIN_SECONDS, Vault};
use serde_json::json;

use crate::{
    home::Home,
    list::listed,
    vaults::{ALICE, BINNED, BOB, PASSPHRASE},
};

#[test]
fn what_is_removed_is_in_the_bin_and_comes_back() {
    let home = Home::with_filled_vault();
    let removed = home
        .run_opened(&["remove", "alice"])
        .expect(0, &["30 days", "`latchkey restore ID`", "The sites do not know"]);
    assert_eq!(removed.stdout, "Moved to the bin: 1 passkey.\n");
    assert_eq!(listed(&home, &["--bin", "--sort", "account"]), [ALICE, BINNED]);
    home.run_opened(&["remove", ALICE]).expect(3, &["but for one in the bin", "latchkey restore 0a0a0a0a"]);
    let restored = home.run_opened(&["restore", "alice", "--json"]).json();
    assert_eq!(restored, json!({"changed": [ALICE], "unchanged": []}));
    assert_eq!(listed(&home, &["--bin"]), [BINNED]);
    home.run_opened(&["restore", ALICE])
        .expect(3, &["There is no such passkey in the bin", "Outside of it there is one."]);
}

#[test]
fn only_the_bin_is_purged_and_only_after_a_yes() {
    let home = Home::with_filled_vault();
    home.run_opened(&["purge", ALICE, "--yes"]).expect(3, &["There is no such passkey in the bin"]);
    home.run_opened(&["purge", BINNED]).expect(64, &["There is no terminal to ask you on.", "--yes"]);
    assert_eq!(listed(&home, &["--bin"]), [BINNED]);
    let purged = home.run_opened(&["purge", BINNED, "--yes", "--json"]).expect(0, &[]);
    let purged: serde_json::Value = serde_json::from_str(&purged.stdout).unwrap();
    assert_eq!(purged, json!({"purged": [BINNED], "rewritten": true}));
    assert!(listed(&home, &["--bin"]).is_empty());
    home.run_opened(&["restore", BINNED]).expect(3, &["There is no such passkey"]);
    let nothing = home.run_opened(&["purge", "--bin", "--yes", "--json"]).json();
    assert_eq!(nothing, json!({"purged": [], "rewritten": false}));
    assert_eq!(home.run_opened(&["purge", "--bin"]).expect(0, &[]).stdout, "The bin is empty.\n");
}

#[test]
fn the_whole_bin_goes_after_a_question() {
    let home = Home::with_filled_vault();
    home.run_opened(&["remove", BOB]).expect(0, &[]);
    for (answer, code, left) in [("no", 1, 2), ("y", 0, 0)] {
        let mut terminal = home.at_terminal(&["purge", "--bin"]);
        terminal.read_until("Passphrase: ");
        terminal.wait_for_hidden_typing();
        terminal.type_line(PASSPHRASE);
        terminal.read_until("All 2 go for good: nothing brings them back");
        terminal.read_until("Delete for good? [y/N] ");
        terminal.type_line(answer);
        let (ended, shown) = terminal.end();
        assert_eq!(ended, code, "{shown}");
        assert_eq!(listed(&home, &["--bin"]).len(), left, "{shown}");
    }
}

#[test]
fn what_was_in_the_bin_for_too_long_goes_when_the_vault_is_opened() {
    let home = Home::with_filled_vault();
    let (mut vault, _) = Vault::open(home.vault(), &Passphrase::new(PASSPHRASE).unwrap()).unwrap();
    let long_ago = now() - BIN_SECONDS - 60;
    vault.bin(&[PasskeyId::parse(ALICE).unwrap()], long_ago).unwrap();
    vault.close().unwrap();
    home.run_opened(&["list"]).expect(0, &["1 passkey had been in the bin for 30 days: gone for good."]);
    assert_eq!(listed(&home, &["--bin"]), [BINNED]);
    home.run_opened(&["restore", ALICE]).expect(3, &["There is no such passkey"]);
}
