//! A reader that goes away, as `head` does, is no reason to panic.

use std::{
    fs::File,
    io::{Read, pipe},
    process::{Command, Stdio},
};

use crate::home::{Home, ended};

/// The program's exit code where nobody reads standard output, standard error, or both.
fn codes(command: impl Fn() -> Command) -> [i32; 3] {
    [(true, false), (false, true), (true, true)].map(|(no_output, no_errors)| {
        let mut command = command();
        let closed = || Stdio::from(pipe().unwrap().1);
        command.stdout(if no_output { closed() } else { Stdio::piped() });
        command.stderr(if no_errors { closed() } else { Stdio::piped() });
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!said.contains("panicked"), "{said}");
        output.status.code().unwrap_or_else(|| panic!("{:?}", output.status))
    })
}

#[test]
fn every_command_ends_as_it_would() {
    let home = Home::with_filled_vault();
    let passphrase = home.passphrase_file();
    for (arguments, code) in [
        (&["--help"][..], 0),
        (&["--version"], 0),
        (&["fly"], 64),
        (&["status"], 0),
        (&["status", "--json"], 0),
        (&["list"], 0),
        (&["list", "-vv", "--json"], 0),
        (&["show", "0a0a"], 0),
        (&["show", "0a0a", "--json"], 0),
        (&["show", "example.org"], 64),
        (&["sign-in", "--qr", "http://example.org", "--approve", "example.org"], 64),
        (&["tunnel", "domains"], 0),
        (&["tunnel", "domains", "--id", "256"], 0),
        (&["completions", "bash"], 0),
    ] {
        let all = [arguments, &["--passphrase-file", &passphrase]].concat();
        assert_eq!(codes(|| home.command(&all)), [code; 3], "{arguments:?}");
    }
}

#[test]
fn output_that_cannot_be_written_is_74() {
    let home = Home::with_filled_vault();
    let passphrase = home.passphrase_file();
    for arguments in [
        &["--help"][..],
        &["--version"],
        &["status"],
        &["status", "--json"],
        &["list"],
        &["show", "0a0a", "--json"],
        &["tunnel", "domains"],
        &["doctor"],
        &["completions", "bash"],
    ] {
        let all = [arguments, &["--passphrase-file", &passphrase]].concat();
        let full = File::options().write(true).open("/dev/full").unwrap();
        let run = home.command(&all).stdout(full).stderr(Stdio::piped()).output().unwrap();
        let said = String::from_utf8(run.stderr).unwrap();
        assert_eq!(run.status.code(), Some(74), "{arguments:?}: {said}");
        assert!(said.contains("Input or output failed: No space left on device.\n"), "{arguments:?}: {said}");
    }
}

#[test]
fn init_makes_the_vault_all_the_same() {
    let home = Home::new();
    let passphrase = home.passphrase_file();
    let mut command = home.command(&["init", "--passphrase-file", &passphrase]);
    let closed = || Stdio::from(pipe().unwrap().1);
    assert_eq!(command.stdout(closed()).stderr(closed()).status().unwrap().code(), Some(0));
    assert_eq!(home.run_opened(&["list"]).output(), "No passkeys yet.\n");
}

#[test]
fn doctor_does_not_panic() {
    let home = Home::new();
    // Without output, the code of the report is not asked for.
    for code in codes(|| home.command(&["doctor"])) {
        assert!([0, 5, 6].contains(&code), "{code}");
    }
}

#[test]
fn the_demo_goes_on_after_its_first_line_was_read() {
    let home = Home::new();
    let (mut reader, writer) = pipe().unwrap();
    let mut command = home.command(&["demo"]);
    let child = command.stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
    // The command holds the writing end too.
    drop(command);
    let mut first = [0; 16];
    reader.read_exact(&mut first).unwrap();
    drop(reader);
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}

#[test]
fn a_change_that_cannot_be_told_of_is_said_to_be_made() {
    let home = Home::with_filled_vault();
    let passphrase = home.passphrase_file();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut command = home.command(&["remove", "alice", "--json", "--passphrase-file", &passphrase]);
    ended(command.stdout(full)).expect(74, &["The change was made, but telling of it failed"]);
    home.run_opened(&["remove", "alice"]).expect(3, &["one in the bin"]);
}
