//! Where the passphrase comes from.

use std::{fs::File, process::Command};

use crate::{
    home::{Home, ended},
    terminal::Terminal,
    vaults::PASSPHRASE,
};

const EMPTY_LIST: &str = "No passkeys yet.\n";

#[test]
fn one_newline_at_a_files_end_is_not_part_of_it() {
    let home = Home::with_empty_vault();
    for (content, code) in [
        (PASSPHRASE.to_owned(), 0),
        (format!("{PASSPHRASE}\n"), 0),
        (format!("{PASSPHRASE}\n\n"), 7),
        (format!(" {PASSPHRASE}"), 7),
        (format!("{PASSPHRASE} "), 7),
    ] {
        let file = home.file("candidate", content.as_bytes(), 0o600);
        let run = home.run(&["list", "--passphrase-file", &file]);
        assert_eq!(run.code, code, "{content:?}: {run:?}");
    }
}

#[test]
fn a_file_that_others_can_read_is_warned_of() {
    let home = Home::with_empty_vault();
    for (mode, warned) in [(0o600, false), (0o640, true), (0o604, true), (0o400, false)] {
        let file = home.file("candidate", PASSPHRASE.as_bytes(), mode);
        let run = home.run(&["list", "--passphrase-file", &file]).expect(0, &[]);
        assert_eq!(run.stderr.contains("can be read by others"), warned, "{mode:o}: {run:?}");
        assert_eq!(run.stderr.contains(&format!("chmod 600 {file}")), warned);
    }
}

#[test]
fn comes_from_an_inherited_descriptor() {
    let home = Home::with_empty_vault();
    let file = home.passphrase_file();
    let mut from_stdin = home.command(&["list", "--passphrase-fd", "0"]);
    assert_eq!(ended(from_stdin.stdin(File::open(&file).unwrap())).output(), EMPTY_LIST);

    // From a pipe, by a shell: standard input is something else.
    let script =
        r#"printf '%s\n' "$2" | { exec 3<&0 </dev/null; exec "$0" list --vault "$1" --passphrase-fd 3; }"#;
    let mut shell = Command::new("sh");
    shell.args(["-c", script, env!("CARGO_BIN_EXE_latchkey")]).arg(home.vault()).arg(PASSPHRASE);
    home.furnish(&mut shell);
    assert_eq!(ended(&mut shell).output(), EMPTY_LIST);

    home.run(&["list", "--passphrase-fd", "77"]).expect(64, &["No passphrase", "file descriptor 77"]);
}

#[test]
fn says_what_is_wrong_with_a_file() {
    let home = Home::with_empty_vault();
    for (name, content, why) in [
        ("none", &b""[..], "is empty"),
        ("newline", b"\n", "is empty"),
        ("bytes", &[0xff, 0xfe], "is not UTF-8 text"),
        ("long", &[b'x'; 5000], "holds more than 4096 bytes"),
    ] {
        let file = home.file(name, content, 0o600);
        home.run(&["list", "--passphrase-file", &file]).expect(64, &["No passphrase:", &file, why]);
    }
    home.run(&["list", "--passphrase-file", "missing"]).expect(64, &["missing: No such file or directory."]);
    home.run(&["list", "--passphrase-file", "."]).expect(64, &["from .: it is a folder."]);
}

#[test]
fn never_comes_from_arguments_environment_or_standard_input() {
    let mut home = Home::with_empty_vault();
    home.run(&["list", "--passphrase", PASSPHRASE]).expect(64, &["--passphrase"]);
    for name in ["LATCHKEY_PASSPHRASE", "PASSPHRASE", "LATCHKEY_PASSPHRASE_FILE"] {
        home.set(name, PASSPHRASE);
    }
    let refused = home.run_fed(&["list"], PASSPHRASE);
    refused.expect(64, &["there is no terminal to ask for it", "--passphrase-file"]);
}

#[test]
fn is_the_same_on_another_keyboard() {
    let home = Home::new();
    // "ü" and "fi" in one code point each, then in two.
    let made = home.file("made", "grüne ﬁnken zählen vierzehn kiesel".as_bytes(), 0o600);
    home.run(&["init", "--passphrase-file", &made]).expect(0, &[]);
    let typed = home.file("typed", "gru\u{308}ne finken za\u{308}hlen vierzehn kiesel".as_bytes(), 0o600);
    assert_eq!(home.run(&["list", "--passphrase-file", &typed]).output(), EMPTY_LIST);
}

#[test]
fn is_asked_for_at_the_terminal_and_not_shown() {
    let home = Home::with_empty_vault();
    let mut terminal = home.at_terminal(&["list"]);
    terminal.read_until("Passphrase: ");
    terminal.wait_for_hidden_typing();
    terminal.type_line(PASSPHRASE);
    terminal.read_until("No passkeys yet.");
    let (code, shown) = terminal.end();
    assert_eq!((code, shown.as_str()), (0, "Passphrase: \nNo passkeys yet.\n"));
}

#[test]
fn nothing_typed_is_no_passphrase() {
    let home = Home::with_empty_vault();
    for press in [|at: &Terminal| at.type_line(""), Terminal::press_ctrl_d] {
        let mut terminal = home.at_terminal(&["list"]);
        terminal.read_until("Passphrase: ");
        terminal.wait_for_hidden_typing();
        press(&terminal);
        terminal.read_until("No passphrase: nothing was typed.");
        assert_eq!(terminal.end().0, 64);
    }
}

#[test]
fn a_descriptor_that_is_not_open_is_said_to_be_so() {
    let home = Home::with_empty_vault();
    home.run(&["list", "--passphrase-fd", "99"]).expect(64, &["file descriptor 99 is not open"]);
}
