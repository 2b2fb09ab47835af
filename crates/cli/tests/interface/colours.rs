//! Colours are for terminals, and for people who did not ask to be spared them.

use std::process::Command;

use crate::{
    home::{Home, ended},
    terminal::Terminal,
};

const ESCAPE: char = '\u{1b}';

/// The log of the making of a vault.
const LOGGED: &str = "vault made";

/// What the program shows at a terminal, logs and all.
fn shown(home: &Home) -> String {
    let passphrase = home.passphrase_file();
    let terminal = home.at_terminal(&["init", "-v", "--passphrase-file", &passphrase]);
    let (code, shown) = terminal.end();
    assert!(code == 0 && shown.contains(LOGGED), "{shown}");
    shown
}

#[test]
fn logs_are_coloured_at_a_terminal_only() {
    let home = Home::new();
    let written = home.run_opened(&["init", "-v"]).expect(0, &[LOGGED]);
    assert!(!written.stderr.contains(ESCAPE), "{written:?}");
    assert!(shown(&Home::new()).contains(ESCAPE));
    let mut spared = Home::new();
    spared.set("NO_COLOR", "1");
    assert!(!shown(&spared).contains(ESCAPE));
}

#[test]
fn scripts_mark_their_lines_at_a_terminal_only() {
    let scripts = format!("{}/../../scripts/env.sh", env!("CARGO_MANIFEST_DIR"));
    let say = || {
        let mut command = Command::new("bash");
        command.args(["-c", r#". "$0"; say "a line""#, &scripts]).env_remove("NO_COLOR");
        command
    };
    assert_eq!(ended(&mut say()).output(), "==> a line\n");
    let at_terminal = |command| Terminal::start(command).end().1;
    assert_eq!(at_terminal(say()), "\u{1b}[1m==>\u{1b}[0m a line\n");
    let mut spared = say();
    spared.env("NO_COLOR", "1");
    assert_eq!(at_terminal(spared), "==> a line\n");
}
