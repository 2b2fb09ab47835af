use std::fs;

use crate::{
    home::{Home, mode},
    vaults::PASSPHRASE,
};

const MADE: &str = "Made a vault in";

#[test]
fn makes_a_vault_for_its_owner_alone_that_opens_with_the_passphrase() {
    let home = Home::new();
    let made = home.run_opened(&["init"]).expect(0, &[]);
    assert!(made.stdout.starts_with(MADE), "{made:?}");
    assert!(made.stdout.contains(&home.vault().display().to_string()));

    let mut folders = vec![home.vault(), home.path("state/latchkey")];
    while let Some(folder) = folders.pop() {
        assert_eq!(mode(&folder), 0o700, "{}", folder.display());
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => assert_eq!(mode(&path), 0o600, "{}", path.display()),
            }
        }
    }
    for above in ["data/latchkey", "data/latchkey/vaults"] {
        assert_eq!(mode(&home.path(above)), 0o700);
    }
    assert_eq!(home.run_opened(&["list"]).output(), "No passkeys yet.\n");
}

#[test]
fn refuses_a_place_where_a_vault_or_anything_else_is() {
    let home = Home::with_empty_vault();
    // Before a passphrase is asked for, so none is needed.
    home.run(&["init"]).expect(64, &["There is a vault here already", "--vault DIR"]);
    fs::create_dir(home.path("letters")).unwrap();
    home.file("letters/one", b"dear", 0o600);
    home.run_opened(&["init", "--vault", "letters"]).expect(64, &["a folder with other files in it"]);
    assert_eq!(fs::read_dir(home.path("letters")).unwrap().count(), 1);
}

#[test]
fn takes_an_empty_folder() {
    let home = Home::new();
    fs::create_dir(home.path("here")).unwrap();
    home.run_opened(&["--vault", "here", "init"]).expect(0, &[]);
    assert_eq!(home.run_opened(&["list", "--vault", "here"]).output(), "No passkeys yet.\n");
}

#[test]
fn refuses_weak_passphrases_and_says_why() {
    for (passphrase, why) in [
        ("Xk9#qL2v", "It has 8 characters; it needs 12."),
        ("aaaaaaaaaaaaaaaa", "too weak"),
        ("password1234", "too weak"),
        ("latchkeylatchkey", "too weak"),
    ] {
        let home = Home::new();
        let file = home.file("weak", passphrase.as_bytes(), 0o600);
        let refused = home.run(&["init", "--passphrase-file", &file]);
        refused.expect(64, &["This passphrase is too weak.", why, "Take five or six words"]);
        assert!(!home.vault().exists());
    }
}

#[test]
fn says_when_the_folder_cannot_be_made() {
    let home = Home::new();
    home.file("in-the-way", b"", 0o600);
    home.run_opened(&["init", "--vault", "in-the-way/vault"]).expect(9, &["Cannot make", "Not a directory"]);
}

#[test]
fn asks_twice_at_the_terminal_and_shows_nothing_of_it() {
    let home = Home::new();
    let mut terminal = home.at_terminal(&["init"]);
    terminal.read_until("New passphrase: ");
    terminal.wait_for_hidden_typing();
    terminal.type_line(PASSPHRASE);
    terminal.read_until("The same again: ");
    terminal.type_line(PASSPHRASE);
    terminal.read_until(MADE);
    let (code, shown) = terminal.end();
    assert_eq!(code, 0);
    assert!(!shown.contains("tulip") && !shown.contains("ferry"), "{shown}");
    assert_eq!(home.run_opened(&["list"]).output(), "No passkeys yet.\n");
}

#[test]
fn asks_again_for_one_that_is_weak_mistyped_or_missing() {
    let home = Home::new();
    let mut terminal = home.at_terminal(&["init"]);
    for (typed, why) in [
        ("short", "It has 5 characters; it needs 12."),
        ("password1234", "This passphrase is too weak."),
        ("", "nothing was typed"),
    ] {
        terminal.read_until("New passphrase: ");
        terminal.wait_for_hidden_typing();
        terminal.type_line(typed);
        terminal.read_until(why);
    }
    terminal.read_until("New passphrase: ");
    terminal.wait_for_hidden_typing();
    terminal.type_line(PASSPHRASE);
    terminal.read_until("The same again: ");
    terminal.wait_for_hidden_typing();
    terminal.type_line("tulip orbit walnut mosaic fairy");
    terminal.read_until("The two are not the same.");
    for question in ["New passphrase: ", "The same again: "] {
        terminal.read_until(question);
        terminal.wait_for_hidden_typing();
        terminal.type_line(PASSPHRASE);
    }
    terminal.read_until(MADE);
    assert_eq!(terminal.end().0, 0);
    assert_eq!(home.run_opened(&["list"]).output(), "No passkeys yet.\n");
}

#[test]
fn asks_five_times_at_most() {
    let home = Home::new();
    let mut terminal = home.at_terminal(&["init"]);
    for _ in 0..5 {
        terminal.read_until("New passphrase: ");
        terminal.wait_for_hidden_typing();
        terminal.type_line("short");
    }
    terminal.read_until("latchkey: This passphrase is too weak.");
    assert_eq!(terminal.end().0, 64);
    assert!(!home.vault().exists());
}

#[test]
fn ctrl_d_leaves() {
    let home = Home::new();
    let mut terminal = home.at_terminal(&["init"]);
    terminal.read_until("New passphrase: ");
    terminal.wait_for_hidden_typing();
    terminal.press_ctrl_d();
    terminal.read_until("No passphrase: nothing was typed.");
    let (code, shown) = terminal.end();
    assert_eq!((code, shown.matches("New passphrase").count()), (64, 1), "{shown}");
    assert!(!home.vault().exists());
}

#[test]
fn the_next_command_is_for_the_vault_of_this_one() {
    let home = Home::new();
    let made = home.run_opened(&["init"]).expect(0, &[]);
    assert!(made.stdout.ends_with("Next: latchkey doctor\n"), "{made:?}");
    let made = home.run_opened(&["init", "--vault", "other"]).expect(0, &[]);
    let next = format!("Next: latchkey doctor --vault {}\n", home.path("").join("other").display());
    assert!(made.stdout.ends_with(&next), "{made:?}");
}
