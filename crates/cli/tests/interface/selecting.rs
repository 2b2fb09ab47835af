//! How a call says which passkeys it means: many at once, with a question.

use crate::{
    home::Home,
    list::listed,
    vaults::{ALICE, BOB, MALLORY, PASSPHRASE},
};

#[test]
fn all_that_match_are_changed_with_yes() {
    let home = Home::with_filled_vault();
    home.run_opened(&["tag", "add", "org", "--all-matching", "example.org", "--yes"]).expect(0, &[]);
    assert_eq!(listed(&home, &["--tag", "org"]), [ALICE, BOB]);
}

#[test]
fn without_a_terminal_nobody_can_be_asked() {
    let home = Home::with_filled_vault();
    home.run_opened(&["remove", "--all-matching", "example.org"])
        .expect(64, &["There is no terminal to ask you on.", "--yes"]);
    assert_eq!(listed(&home, &[]).len(), 3);
}

#[test]
fn a_typing_error_or_nothing_matches_nothing() {
    let home = Home::with_filled_vault();
    for query in ["exmaple.org", "nobody", "", " "] {
        home.run_opened(&["remove", "--all-matching", query, "--yes"])
            .expect(3, &["No passkey matches", "Nothing was changed."]);
    }
}

#[test]
fn ids_come_from_standard_input() {
    let home = Home::with_filled_vault();
    let file = home.passphrase_file();
    let call = ["favourite", "-", "--passphrase-file", &file];
    home.run_fed(&call, &format!("{ALICE}\n\n  ffff  \n{ALICE}\n")).expect(0, &[]);
    assert_eq!(listed(&home, &["--favourite"]), [ALICE, BOB, MALLORY]);
    home.run_fed(&call, "\n").expect(64, &["There are no ids on standard input."]);
    home.run_fed(&call, "0d0d\n").expect(3, &["There is no such passkey: 0d0d."]);
}

#[test]
fn asks_at_the_terminal_and_shows_what_would_be_changed() {
    let home = Home::with_filled_vault();
    for (answer, code, left) in [("n", 1, 3), ("", 1, 3), ("y", 0, 1)] {
        let mut terminal = home.at_terminal(&["remove", "--all-matching", "example.org"]);
        terminal.read_until("Passphrase: ");
        terminal.wait_for_hidden_typing();
        terminal.type_line(PASSPHRASE);
        terminal.read_until(
            "2 passkeys match:\n  0a0a0a0a  example.org  alice@example.org\n  0a0b0b0b  example.org  work\n",
        );
        terminal.read_until("Move them to the bin? [y/N] ");
        terminal.type_line(answer);
        let (ended, shown) = terminal.end();
        assert_eq!(ended, code, "{shown}");
        assert_eq!(listed(&home, &[]).len(), left, "{shown}");
    }
}

#[test]
fn leaving_the_question_changes_nothing() {
    let home = Home::with_filled_vault();
    for press in [crate::terminal::Terminal::press_ctrl_c, crate::terminal::Terminal::press_ctrl_d] {
        let mut terminal = home.at_terminal(&["remove", "--all-matching", "example.org"]);
        terminal.read_until("Passphrase: ");
        terminal.wait_for_hidden_typing();
        terminal.type_line(PASSPHRASE);
        terminal.read_until("[y/N] ");
        press(&terminal);
        terminal.read_until("Nothing was changed.");
        assert_eq!(terminal.end().0, 1);
    }
    assert_eq!(listed(&home, &[]).len(), 3);
}
