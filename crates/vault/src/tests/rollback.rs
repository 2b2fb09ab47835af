use std::fs;

use crate::testing::*;
use crate::{Damage, Finding, OpenOptions, VaultError};

#[test]
fn a_folder_that_was_set_back_is_noticed_on_a_machine_that_saw_the_newer_one() {
    let place = tempfile::tempdir().unwrap();
    let (path, old) = (place.path().join("vault"), place.path().join("old"));
    let knowing = OpenOptions::new().state_folder(place.path().join("state"));
    let mut vault = new_vault(&path, &knowing);
    add(&mut vault, &passkey("example.org", "alice", 1), None, &created(100)).unwrap();
    vault.close().unwrap();
    copy(&path, &old);
    let mut vault = reopen(&path, &knowing).unwrap();
    add(&mut vault, &passkey("example.org", "bob", 2), None, &created(101)).unwrap();
    vault.close().unwrap();

    copy(&old, &path);
    assert!(matches!(reopen(&path, &knowing), Err(VaultError::RolledBack { seen: 3, found: 2 })));
    // Elsewhere it cannot be noticed.
    assert_eq!(reopen(&path, &OpenOptions::new()).unwrap().status().unwrap().findings, []);

    // Taken on purpose, it goes on, says so, and uses no number twice.
    let vault = reopen(&path, &knowing.clone().accept_older()).unwrap();
    let status = vault.status().unwrap();
    assert_eq!(status.findings, [Finding::OlderAccepted { seen: 3, found: 2 }]);
    assert_eq!((status.epoch, status.passkeys), (5, 1));
    vault.close().unwrap();
    let mut vault = reopen(&path, &knowing).unwrap();
    assert_eq!(vault.status().unwrap().findings, []);
    add(&mut vault, &passkey("example.org", "carol", 3), None, &created(102)).unwrap();
    vault.close().unwrap();
    assert_eq!(reopen(&path, &knowing).unwrap().list().unwrap().len(), 2);
}

#[test]
fn a_database_that_was_set_back_alone_has_lost_commits() {
    let place = tempfile::tempdir().unwrap();
    let (path, old) = (place.path().join("vault"), place.path().join("old"));
    new_vault(&path, &OpenOptions::new()).close().unwrap();
    copy(&path.join("db"), &old);
    let mut vault = reopen(&path, &OpenOptions::new()).unwrap();
    for n in 1..=4 {
        add(&mut vault, &passkey("example.org", "alice", n), None, &created(100)).unwrap();
    }
    drop(vault);
    copy(&old, &path.join("db"));
    let result = reopen(&path, &OpenOptions::new());
    assert!(matches!(result, Err(VaultError::Damaged(Damage::CommitsLost { found: 1, expected: 5 }))));

    // The journal has them.
    let restored = OpenOptions::new().restore(&path, &passphrase(PASSPHRASE)).unwrap();
    assert_eq!((restored.snapshot, restored.reached, restored.commits_lost()), (1, 5, 0));
    let vault = reopen(&path, &OpenOptions::new()).unwrap();
    assert_eq!((vault.list().unwrap().len(), vault.status().unwrap().findings), (4, vec![]));
}

#[test]
fn a_header_that_was_set_back_alone_is_told() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vault");
    let mut vault = new_vault(&path, &OpenOptions::new());
    let old = fs::read(path.join("header")).unwrap();
    for n in 1..=4 {
        add(&mut vault, &passkey("example.org", "alice", n), None, &created(100)).unwrap();
    }
    vault.close().unwrap();
    // One generation alone: the other is the newer one, and serves.
    fs::write(path.join("header"), &old).unwrap();
    let vault = reopen(&path, &OpenOptions::new()).unwrap();
    assert_eq!(vault.status().unwrap().findings, [Finding::HeaderGenerationDamaged]);
    vault.close().unwrap();
    for name in ["header", "header.previous"] {
        fs::write(path.join(name), &old).unwrap();
    }
    let vault = reopen(&path, &OpenOptions::new()).unwrap();
    assert_eq!(vault.status().unwrap().findings, [Finding::HeaderOlder { found: 1, expected: 5 }]);
    drop(vault);
    // It was brought up to date.
    assert_eq!(reopen(&path, &OpenOptions::new()).unwrap().status().unwrap().findings, []);
}

#[test]
fn a_forgotten_or_foreign_memory_is_told_and_written_anew() {
    let place = tempfile::tempdir().unwrap();
    let (path, state) = (place.path().join("vault"), place.path().join("state"));
    let knowing = OpenOptions::new().state_folder(&state);
    new_vault(&path, &knowing).close().unwrap();
    let file = fs::read_dir(&state).unwrap().next().unwrap().unwrap().path();
    fs::write(&file, b"nonsense").unwrap();
    let vault = reopen(&path, &knowing).unwrap();
    assert_eq!(vault.status().unwrap().findings, [Finding::WitnessUnreadable]);
    drop(vault);
    assert_eq!(reopen(&path, &knowing).unwrap().status().unwrap().findings, []);
    // A place that cannot be written is no reason to stop.
    let blocked = OpenOptions::new().state_folder(path.join("header"));
    let vault = reopen(&path, &blocked).unwrap();
    let findings = vault.status().unwrap().findings;
    assert!(findings.contains(&Finding::WitnessUnwritable), "{findings:?}");
}
