//! Vaults that do not open.

use std::{fs, os::unix::fs::PermissionsExt};

use latchkey_crypto::vault::Passphrase;
use latchkey_vault::Vault;

use crate::{home::Home, vaults::PASSPHRASE};

const OPENING: [&[&str]; 2] = [&["list"], &["show", "0a0a"]];

#[test]
fn a_missing_vault_is_told_before_a_passphrase_is_asked_for() {
    let home = Home::new();
    for arguments in OPENING {
        home.run(arguments).expect(64, &["There is no vault here.", "latchkey init"]);
    }
    fs::create_dir(home.path("nothing")).unwrap();
    home.run(&["list", "--vault", "nothing"]).expect(64, &["There is no vault here."]);
    // The command that is advised is one for the place of this call.
    let advised = format!("`latchkey init --vault {}`", home.path("").join("nothing").display());
    home.run(&["list", "--vault", "nothing"]).expect(64, &[&advised]);
    // A file is no vault either, and nothing could be made there.
    home.file("file", b"", 0o600);
    home.run(&["list", "--vault", "file"]).expect(64, &["There is no vault here:", "file is a file."]);
    let told = home.run(&["list", "--vault", "/etc"]);
    told.expect(64, &["There is no vault here: /etc holds other files", "`latchkey init --vault DIR`"]);
}

#[test]
fn without_a_home_there_is_no_place_for_vaults() {
    let mut home = Home::new();
    for name in ["HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"] {
        home.set(name, "relative");
    }
    home.run(&["status"]).expect(64, &["There is no home folder to keep vaults in."]);
}

#[test]
fn a_wrong_passphrase_is_7() {
    let home = Home::with_empty_vault();
    let file = home.file("wrong", b"tulip orbit walnut mosaic fairy", 0o600);
    for arguments in OPENING {
        let refused = home.run(&[arguments, &["--passphrase-file", &file]].concat());
        refused.expect(7, &["Wrong passphrase."]);
    }
}

#[test]
fn a_vault_in_use_is_8() {
    let home = Home::with_filled_vault();
    let (vault, _proof) = Vault::open(home.vault(), &Passphrase::new(PASSPHRASE).unwrap()).unwrap();
    let process = std::process::id().to_string();
    for arguments in OPENING {
        home.run_opened(arguments).expect(8, &["The vault is in use by another process", &process]);
    }
    vault.close().unwrap();
    home.run_opened(&["list"]).expect(0, &[]);
}

#[test]
fn a_damaged_header_is_9_before_anything_is_asked() {
    let home = Home::with_empty_vault();
    for header in ["header", "header.previous"] {
        let path = home.vault().join(header);
        if let Ok(content) = fs::read(&path) {
            fs::write(&path, &content[..content.len() / 2]).unwrap();
        }
    }
    for arguments in [&["list"][..], &["show", "0a0a"], &["status"]] {
        home.run(arguments).expect(9, &["The vault is damaged:", "Keep a copy of its folder"]);
    }
    home.run_opened(&["sign-in", "--approve", "example.org"]).expect(9, &["The vault is damaged:"]);
}

#[test]
fn a_lost_database_is_9_and_nothing_takes_its_place() {
    let home = Home::with_filled_vault();
    fs::remove_dir_all(home.vault().join("db")).unwrap();
    home.run_opened(&["list"]).expect(9, &["The vault is damaged:"]);
    home.run(&["init"]).expect(64, &["There is a vault here already"]);
}

#[test]
fn a_vault_that_may_not_be_read_is_9() {
    if rustix::process::geteuid().is_root() {
        return; // Nothing is forbidden to root.
    }
    let home = Home::with_empty_vault();
    fs::set_permissions(home.vault(), fs::Permissions::from_mode(0o000)).unwrap();
    let refused = home.run_opened(&["list"]);
    fs::set_permissions(home.vault(), fs::Permissions::from_mode(0o700)).unwrap();
    refused.expect(9, &[]);
}
