use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::symlink,
    process::Stdio,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::home::{Home, ended};

#[track_caller]
fn expect_nothing_left(home: &Home) {
    let left: Vec<_> = fs::read_dir(home.path("")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn ends_with_two_acceptances_and_keeps_nothing() {
    let home = Home::new();
    let shown = home.run(&["demo"]).output();
    assert_eq!(shown.matches("ACCEPTED").count(), 2, "{shown}");
    assert!(!shown.contains("REFUSED") && !shown.contains('✗'), "{shown}");
    assert!(shown.contains("Nothing of it is kept."));
    expect_nothing_left(&home);
}

#[test]
fn programs_that_are_missing_are_64_and_told_at_once() {
    let mut home = Home::new();
    fs::create_dir(home.path("bin")).unwrap();
    symlink("/bin/true", home.path("bin/chromium")).unwrap();
    let command = home.command(&["demo", "--browser"]);
    let setsid = std::env::split_paths(&std::env::var_os("PATH").unwrap())
        .map(|folder| folder.join(command.get_program()))
        .find(|place| place.is_file());
    home.set("PATH", &home.path("bin").display().to_string());
    symlink(setsid.unwrap(), home.path("bin/setsid")).unwrap();
    let started = Instant::now();
    let refused = ended(&mut home.command(&["demo", "--browser"]));
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(refused.stdout, "");
    let refused = refused.expect(64, &["Not installed: Xvfb, openbox, dbus-daemon."]);
    refused.expect(64, &["sudo apt-get install xvfb openbox dbus-daemon. Without --browser"]);
}

#[test]
fn a_folder_that_cannot_be_written_is_74() {
    let mut home = Home::new();
    home.set("TMPDIR", "/nonexistent/folder");
    for arguments in [&["demo"][..], &["demo", "--browser"]] {
        let failed = home.run(arguments);
        failed.expect(
            74,
            &["cannot keep files in /nonexistent/folder: No such file", "Let TMPDIR name a folder"],
        );
    }
}

#[test]
fn an_interrupted_demo_in_a_browser_leaves_nothing() {
    for (signal, moment) in
        [(Signal::INT, "shows a QR code"), (Signal::TERM, "Chromium, on a screen that nobody sees")]
    {
        let home = Home::new();
        let mut command = home.command(&["demo", "--browser"]);
        let mut demo = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(demo.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains(moment)), "{:?}", demo.wait_with_output());
        kill_process(Pid::from_child(&demo), signal).unwrap();
        // Read on: its output is not what it should stop for.
        lines.for_each(drop);
        assert_eq!(demo.wait().unwrap().code(), Some(1));
        expect_nothing_left(&home);
    }
}
