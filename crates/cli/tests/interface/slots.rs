//! `passphrase` and `slots`: what opens the vault.

use serde_json::Value;

use crate::{
    home::Home,
    list::listed,
    vaults::{ALICE, BINNED, PASSPHRASE},
};

const NEW: &str = "gravel anthem pocket lantern drizzle";

fn slots(home: &Home) -> Vec<u64> {
    let listed = home.run(&["slots", "--json"]).json();
    listed.as_array().unwrap().iter().map(|slot| slot["slot"].as_u64().unwrap()).collect()
}

#[test]
fn a_script_changes_the_passphrase() {
    let home = Home::with_filled_vault();
    let new = home.file("new", NEW.as_bytes(), 0o600);
    let changed = home.run_opened(&["passphrase", "--new-passphrase-file", &new]).expect(0, &[]);
    assert!(
        changed.stdout.contains("the old one does not.")
            && changed.stdout.contains("latchkey passphrase --rekey"),
        "{changed:?}"
    );
    home.run_opened(&["list"]).expect(7, &["Wrong passphrase."]);
    home.run(&["list", "--passphrase-file", &new]).expect(0, &[]);
}

#[test]
fn the_new_one_is_judged_as_by_init() {
    let home = Home::with_empty_vault();
    let weak = home.file("weak", b"password1234", 0o600);
    for words in [&["passphrase"][..], &["passphrase", "--rekey"], &["passphrase", "add"]] {
        let refused = home.run_opened(&[words, &["--new-passphrase-file", &weak]].concat());
        refused.expect(64, &["This passphrase is too weak."]);
    }
    home.run_opened(&["passphrase"])
        .expect(64, &["there is no terminal to ask for the new one", "--new-passphrase-file"]);
    home.run_opened(&["list"]).expect(0, &[]);
}

#[test]
fn the_terminal_asks_for_the_old_one_and_twice_for_the_new_one() {
    let home = Home::with_empty_vault();
    let mut terminal = home.at_terminal(&["passphrase"]);
    for (question, typed) in
        [("Current passphrase: ", PASSPHRASE), ("New passphrase: ", NEW), ("The same again: ", NEW)]
    {
        terminal.read_until(question);
        terminal.wait_for_hidden_typing();
        terminal.type_line(typed);
    }
    terminal.read_until("The new passphrase opens the vault");
    let (code, shown) = terminal.end();
    assert_eq!((code, shown.contains("gravel"), shown.contains("tulip")), (0, false, false), "{shown}");
}

#[test]
fn rekey_makes_new_keys_and_names_the_slots_that_go() {
    let home = Home::with_filled_vault();
    let new = home.file("new", NEW.as_bytes(), 0o600);
    let other = home.file("other", b"basalt mirror candle harvest oblong", 0o600);
    home.run_opened(&["passphrase", "add", "--new-passphrase-file", &other]).expect(0, &[]);
    assert_eq!(slots(&home).len(), 2);
    let call = ["passphrase", "--rekey", "--new-passphrase-file", &new];
    home.run_opened(&call).expect(64, &["There is no terminal to ask you on.", "--yes"]);
    let rekeyed = home
        .run_opened(&[&call[..], &["--yes", "--json"]].concat())
        .expect(0, &["Writing everything under new keys"]);
    let rekeyed: Value = serde_json::from_str(&rekeyed.stdout).unwrap();
    assert_eq!(rekeyed["rekeyed"], true);
    assert_eq!(rekeyed["dropped_slots"].as_array().unwrap().len(), 1);
    assert_eq!(slots(&home).len(), 1);
    for file in [&home.passphrase_file(), &other] {
        home.run(&["list", "--passphrase-file", file]).expect(7, &[]);
    }
    let listed = home.run(&["list", "--json", "--passphrase-file", &new]).json();
    assert_eq!(listed[0]["id"], ALICE);
}

#[test]
fn another_passphrase_opens_until_it_is_taken_away() {
    let home = Home::with_empty_vault();
    let other = home.file("other", NEW.as_bytes(), 0o600);
    let before = slots(&home);
    let added =
        home.run_opened(&["passphrase", "add", "--new-passphrase-file", &other, "--json"]).expect(0, &[]);
    let added: Value = serde_json::from_str(&added.stdout).unwrap();
    let slot = added["slot"].as_u64().unwrap();
    assert_eq!(slots(&home), [before[0], slot]);
    home.run(&["list", "--passphrase-file", &other]).expect(0, &[]);

    let number = slot.to_string();
    home.run_opened(&["slots", "remove", &number]).expect(64, &["There is no terminal"]);
    home.run_opened(&["slots", "remove", "99", "--yes"]).expect(64, &["There is no slot of this number."]);
    home.run_opened(&["slots", "remove", &number, "--yes"]).expect(0, &[]);
    home.run(&["list", "--passphrase-file", &other]).expect(7, &[]);
    home.run_opened(&["slots", "remove", &before[0].to_string(), "--yes"])
        .expect(1, &["the last passphrase", "passphrase add"]);
    assert_eq!(slots(&home), before);
}

#[test]
fn a_purge_leaves_no_rewrite_to_be_done() {
    let home = Home::with_filled_vault();
    let purged = home.run_opened(&["purge", BINNED, "--yes"]).expect(0, &["Writing the vault anew"]);
    assert_eq!(purged.stdout, "Deleted 1 passkey for good.\n");
    assert_eq!(listed(&home, &["--all"]).len(), 3);
    assert!(home.run_opened(&["check", "--json"]).expect(0, &[]).stdout.contains("\"whole\": true"));
}
