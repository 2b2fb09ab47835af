use std::process::Command;

use crate::{
    home::{Home, ended},
    vaults::PASSPHRASE,
};

const COMMANDS: [&str; 23] = [
    "init",
    "status",
    "list",
    "show",
    "history",
    "rename",
    "note",
    "tag",
    "favourite",
    "folder",
    "remove",
    "restore",
    "purge",
    "sign-in",
    "check",
    "repair",
    "passphrase",
    "slots",
    "vaults",
    "tunnel",
    "doctor",
    "demo",
    "completions",
];

#[test]
fn global_options_stand_before_or_after_the_sub_command() {
    let home = Home::with_empty_vault();
    move_vault(&home);
    let passphrase = home.passphrase_file();
    for arguments in [
        ["--vault", "elsewhere", "--passphrase-file", &passphrase, "list"],
        ["list", "--vault", "elsewhere", "--passphrase-file", &passphrase],
        ["--vault", "elsewhere", "list", "--passphrase-file", &passphrase],
    ] {
        assert_eq!(home.run(&arguments).output(), "No passkeys yet.\n", "{arguments:?}");
    }
    for arguments in [["--tunnel", "1", "doctor"], ["doctor", "--tunnel", "1"]] {
        home.run(&arguments).expect(64, &["Tunnel service 1 serves only its own maker's phones."]);
    }
}

/// Moves the vault out of the place where it would be found anyway.
fn move_vault(home: &Home) {
    std::fs::rename(home.vault(), home.path("elsewhere")).unwrap();
}

#[test]
fn help_and_version_are_answers() {
    let home = Home::new();
    assert_eq!(home.run(&["--version"]).output(), concat!("latchkey ", env!("CARGO_PKG_VERSION"), "\n"));
    for arguments in [&["--help"][..], &["-h"], &["help"]] {
        let help = home.run(arguments).output();
        for command in COMMANDS {
            assert!(help.contains(&format!("\n  {command} ")), "{command} is not in {help}");
        }
        for option in
            ["--vault", "--passphrase-file", "--passphrase-fd", "--tunnel", "--adapter", "--version"]
        {
            assert!(help.contains(option), "{option} is not in {help}");
        }
    }
    for command in COMMANDS {
        assert!(home.run(&[command, "--help"]).output().contains("Usage: latchkey"));
    }
}

#[test]
fn a_call_that_is_not_understood_is_64() {
    let home = Home::with_empty_vault();
    for arguments in [
        &[][..],
        &["fly"],
        &["list", "--fly"],
        &["list", "one", "two"],
        &["--vault"],
        &["list", "--passphrase-file", "a", "--passphrase-fd", "3"],
        &["list", "--passphrase-fd", "minus-one"],
        &["sign-in", "--qr", "FIDO:/1", "--qr-stdin"],
        &["sign-in", "--account", "0a"],
        &["sign-in", "--replace"],
        &["tunnel"],
        &["tunnel", "--listen", "nowhere"],
        &["tunnel", "--listen", "127.0.0.1:0", "--cert", "a"],
        &["tunnel", "domains", "--id", "65536"],
        &["tunnel", "domains", "--id", "2"],
        &["completions", "cmd.exe"],
        &["show"],
        &["rename", "0a0a"],
        &["tag", "add", "office"],
        &["remove"],
        &["remove", "0a0a", "--all-matching", "x"],
        &["purge"],
        &["vaults"],
        &["vaults", "delete"],
    ] {
        let refused = home.run(arguments);
        assert_eq!((refused.code, refused.stdout.as_str()), (64, ""), "{arguments:?}: {refused:?}");
        assert!(!refused.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn tunnel_services_that_cannot_be_are_refused() {
    let home = Home::with_empty_vault();
    for (domain, why) in [
        ("1", "Tunnel service 1 serves only its own maker's phones."),
        ("cable.auth.com", "Tunnel service 1 serves only its own maker's phones."),
        ("2", "No tunnel service has this id or name."),
        ("100", "No tunnel service has this id or name."),
        ("255", "No tunnel service has this id or name."),
        ("65536", "No tunnel service has this id or name."),
        ("-1", "No tunnel service has this id or name."),
        ("relay.example.org", "No tunnel service has this id or name."),
        ("", "No tunnel service has this id or name."),
    ] {
        for command in ["sign-in", "doctor"] {
            let tunnel = format!("--tunnel={domain}");
            home.run(&[command, &tunnel]).expect(64, &[why]);
        }
    }
}

#[test]
fn completions_are_there_for_every_shell() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = home.run(&["completions", shell]).output();
        assert!(script.contains("sign-in") && script.contains("passphrase-file"), "{shell}");
        if shell == "bash" {
            let path = home.file("completions.bash", script.as_bytes(), 0o600);
            assert_eq!(ended(Command::new("bash").args(["-n", &path])).output(), "");
        }
    }
}

#[test]
fn logs_at_the_most_verbose_level_hold_nothing_personal() {
    let home = Home::with_filled_vault();
    for arguments in [&["-vv", "list"][..], &["show", "0a0a", "-v", "-v"]] {
        let run = home.run_opened(arguments).expect(0, &[]);
        for secret in ["example.org", "alice", "0a0a0a0a", PASSPHRASE] {
            assert!(!run.stderr.contains(secret), "{secret} in {}", run.stderr);
        }
    }
}
