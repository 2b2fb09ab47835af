//! Ctrl-C and SIGTERM end a command with a sentence, and leave the terminal as it was. `Terminal::end` checks the
//! latter after every test.

use rustix::process::Signal;

use crate::home::Home;

#[test]
fn ctrl_c_at_a_passphrase_prompt() {
    let home = Home::with_empty_vault();
    for (arguments, question) in [
        (&["list"][..], "Passphrase: "),
        (&["show", "0a0a"], "Passphrase: "),
        (&["remove", "0a0a"], "Passphrase: "),
        (&["init", "--vault", "new"], "New passphrase: "),
    ] {
        let mut terminal = home.at_terminal(arguments);
        terminal.read_until(question);
        terminal.wait_for_hidden_typing();
        terminal.press_ctrl_c();
        terminal.read_until("Interrupted.");
        assert_eq!(terminal.end().0, 1, "{arguments:?}");
    }
    assert!(!home.path("new").exists());
}

#[test]
fn sigterm_at_a_passphrase_prompt() {
    let home = Home::with_empty_vault();
    let mut terminal = home.at_terminal(&["list"]);
    terminal.read_until("Passphrase: ");
    terminal.wait_for_hidden_typing();
    terminal.terminate();
    terminal.read_until("Interrupted.");
    assert_eq!(terminal.end().0, 1);
}

#[test]
fn ctrl_c_where_a_code_is_awaited() {
    let home = Home::with_empty_vault();
    let mut terminal = home.at_terminal(&["sign-in"]);
    terminal.read_until("Text of the code (FIDO:/…): ");
    assert!(terminal.echoes());
    terminal.press_ctrl_c();
    terminal.read_until("Interrupted.");
    assert_eq!(terminal.end().0, 1);

    // Here standard input is read, which never ends.
    let terminal = home.at_terminal(&["sign-in", "--qr-stdin", "-v"]);
    std::thread::sleep(std::time::Duration::from_millis(300));
    terminal.terminate();
    let (code, shown) = terminal.end();
    assert_eq!((code, shown.contains("Interrupted.")), (1, true), "{shown}");
}

#[test]
fn ctrl_c_while_a_passphrase_is_awaited_from_a_pipe() {
    let home = Home::with_empty_vault();
    let mut terminal = home.at_terminal(&["list", "--passphrase-fd", "0"]);
    std::thread::sleep(std::time::Duration::from_millis(300));
    terminal.press_ctrl_c();
    terminal.read_until("Interrupted.");
    assert_eq!(terminal.end().0, 1);
}

#[test]
fn a_terminal_that_is_closed_and_ctrl_backslash_end_in_order() {
    let home = Home::with_empty_vault();
    for signal in [Signal::HUP, Signal::QUIT] {
        let mut terminal = home.at_terminal(&["list"]);
        terminal.read_until("Passphrase: ");
        terminal.wait_for_hidden_typing();
        terminal.send(signal);
        terminal.read_until("Interrupted.");
        assert_eq!(terminal.end().0, 1, "{signal:?}");
    }
}

#[test]
fn while_a_key_is_derived_the_process_waits_for_it_and_wipes_it() {
    let home = Home::with_empty_vault();
    let mut terminal = home.at_terminal(&["list", "-vv"]);
    terminal.read_until("Passphrase: ");
    terminal.wait_for_hidden_typing();
    terminal.type_line(crate::vaults::PASSPHRASE);
    terminal.terminate();
    let (code, shown) = terminal.end();
    // Told, or done before the signal came; never killed by it.
    assert!(code == 1 && shown.contains("Interrupted.") || code == 0, "{shown}");
    // And the vault was left in order.
    home.run_opened(&["check"]).expect(0, &[]);
}

#[test]
fn the_process_cannot_be_dumped_while_it_holds_secrets() {
    let home = Home::with_empty_vault();
    let mut terminal = home.at_terminal(&["list"]);
    terminal.read_until("Passphrase: ");
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", terminal.process())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
    terminal.press_ctrl_c();
    assert_eq!(terminal.end().0, 1);
}

#[test]
fn ctrl_c_while_a_vault_is_made_leaves_none() {
    for millis in [0, 200, 800] {
        let home = Home::new();
        let file = home.passphrase_file();
        let mut terminal = home.at_terminal(&["init", "--passphrase-file", &file]);
        terminal.read_until("Measuring");
        std::thread::sleep(std::time::Duration::from_millis(millis));
        terminal.send(Signal::INT);
        let (code, shown) = terminal.end();
        // Where the machine is fast it was made before.
        assert!(code == 1 && shown.contains("Interrupted.") || code == 0 && millis > 0, "{code} {shown}");
        assert_eq!(home.vault().exists(), code == 0, "{shown}");
    }
}
