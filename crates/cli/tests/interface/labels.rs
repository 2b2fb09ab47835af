//! What its owner writes on a passkey.

use serde_json::{Value, json};

use crate::{
    home::{Home, ended},
    vaults::{ALICE, BINNED, BOB, MALLORY},
};

fn shown(home: &Home, id: &str) -> Value {
    home.run_opened(&["show", id, "--json"]).json()
}

#[test]
fn a_name_is_given_and_taken_away() {
    let home = Home::with_filled_vault();
    assert_eq!(home.run_opened(&["rename", "alice", "my home"]).output(), "Named 1 passkey.\n");
    assert_eq!(shown(&home, ALICE)["name"], "my home");
    let same = home.run_opened(&["rename", ALICE, "my home", "--json"]).json();
    assert_eq!(same, json!({"changed": [], "unchanged": [ALICE]}));
    let taken = home.run_opened(&["rename", ALICE, "", "--json"]).json();
    assert_eq!(taken, json!({"changed": [ALICE], "unchanged": []}));
    assert_eq!(shown(&home, ALICE)["name"], json!(null));
}

#[test]
fn a_note_is_written_read_and_taken_away() {
    let home = Home::with_filled_vault();
    home.run_opened(&["note", ALICE, "recovery codes: in the safe"]).expect(0, &[]);
    assert_eq!(home.run_opened(&["note", ALICE]).output(), "recovery codes: in the safe\n");
    assert_eq!(home.run_opened(&["list", "safe", "--json"]).json()[0]["id"], ALICE);
    let file = home.passphrase_file();
    home.run_fed(&["note", ALICE, "--stdin", "--passphrase-file", &file], "one\n\ttwo\n").expect(0, &[]);
    assert_eq!(home.run_opened(&["note", ALICE]).output(), "one\n    two\n");
    assert_eq!(
        home.run_opened(&["note", ALICE, "--json"]).json(),
        json!({"id": ALICE, "note": "one\n\ttwo"})
    );
    home.run_opened(&["note", ALICE, "--clear"]).expect(0, &[]);
    assert_eq!(home.run_opened(&["note", ALICE]).output(), "");
}

#[test]
fn labels_that_cannot_be_are_refused_and_change_nothing() {
    let home = Home::with_filled_vault();
    let long = "x".repeat(201);
    let note = "x".repeat(5000);
    for arguments in [
        &["rename", ALICE, &long][..],
        &["rename", ALICE, "a\u{1b}[2J"],
        &["note", ALICE, &note],
        &["tag", "add", " ", ALICE],
        &["folder", "a\nb", ALICE],
    ] {
        home.run_opened(arguments)
            .expect(64, &["This cannot be written on a passkey:", "Nothing was changed."]);
    }
    let file = home.passphrase_file();
    home.run_fed(&["note", ALICE, "--stdin", "--passphrase-file", &file], &note).expect(64, &["note is"]);
    assert_eq!(shown(&home, ALICE)["name"], json!(null));
}

#[test]
fn tags_folder_and_favourite_change_many_at_once() {
    let home = Home::with_filled_vault();
    let tagged = home.run_opened(&["tag", "add", "office", "alice", BOB, "shop.example", "--json"]).json();
    assert_eq!(tagged, json!({"changed": [ALICE, MALLORY], "unchanged": [BOB]}));
    assert_eq!(shown(&home, MALLORY)["tags"], json!(["office"]));
    home.run_opened(&["tag", "remove", "office", MALLORY]).expect(0, &[]);
    assert_eq!(shown(&home, MALLORY)["tags"], json!([]));

    assert_eq!(
        home.run_opened(&["favourite", "--off", BOB, ALICE]).output(),
        "Took the mark of 1 passkey.\n1 passkey had nothing to change.\n"
    );
    home.run_opened(&["favourite", ALICE]).expect(0, &[]);
    assert_eq!(
        (&shown(&home, ALICE)["favourite"], &shown(&home, BOB)["favourite"]),
        (&json!(true), &json!(false))
    );

    home.run_opened(&["folder", "work", ALICE, BOB]).expect(0, &[]);
    assert_eq!(shown(&home, BOB)["folder"], "work");
    home.run_opened(&["folder", "", BOB]).expect(0, &[]);
    assert_eq!(shown(&home, BOB)["folder"], json!(null));
}

#[test]
fn one_that_is_not_there_refuses_the_whole_change() {
    let home = Home::with_filled_vault();
    home.run_opened(&["favourite", ALICE, "nobody"]).expect(3, &["There is no such passkey: nobody."]);
    home.run_opened(&["tag", "add", "x", ALICE, BINNED])
        .expect(3, &["one in the bin", "latchkey restore 0c0c0c0c"]);
    assert_eq!(shown(&home, ALICE)["favourite"], false);
    assert_eq!(shown(&home, ALICE)["tags"], json!([]));
}

#[test]
fn a_note_from_standard_input_that_is_none_changes_nothing() {
    let home = Home::with_filled_vault();
    home.run_opened(&["note", ALICE, "keep"]).expect(0, &[]);
    for input in ["", " \n\n"] {
        let file = home.passphrase_file();
        home.run_fed(&["note", ALICE, "--stdin", "--passphrase-file", &file], input)
            .expect(64, &["There is no note on standard input.", "--clear"]);
    }
    let file = home.passphrase_file();
    let with_file = |bytes: &[u8]| {
        let input = home.file("bytes", bytes, 0o600);
        let mut command = home.command(&["note", ALICE, "--stdin", "--passphrase-file", &file]);
        ended(command.stdin(std::fs::File::open(input).unwrap()))
    };
    with_file(b"caf\xe9").expect(64, &["is no UTF-8 text"]);
    with_file(&[b'x'; 1 << 20]).expect(64, &["is too long for a note: it may have"]);
    home.run_fed(&["note", ALICE, "--stdin", "--passphrase-fd", "0"], "x")
        .expect(64, &["both to come from standard input"]);
    home.run_fed(&["remove", "-", "--passphrase-fd", "0"], "x")
        .expect(64, &["both to come from standard input"]);
    assert_eq!(home.run_opened(&["note", ALICE]).output(), "keep\n");
}

#[test]
fn a_blank_text_is_no_passkey() {
    let home = Home::with_filled_vault();
    home.run_opened(&["show", " "]).expect(3, &["There is no such passkey: the text is empty."]);
    home.run_opened(&["remove", "--all-matching", "", "--yes"])
        .expect(3, &["No passkey matches: the text is empty."]);
}
