//! Older copies of some files beside newer ones of others, what no vault has made, and what a kill has left.

use std::fs;
use std::path::{Path, PathBuf};

use super::stored;
use crate::folder::{Folder, Lock, create_private_folder};
use crate::header::Header;
use crate::restore::{Restored, Source, restore_with};
use crate::safeguards::{JournalState, Safeguards};
use crate::testing::*;
use crate::{Finding, OpenOptions, Vault, VaultError, snapshot};

const PASSKEYS: usize = 3;

/// A closed vault of three passkeys after a rewrite, with the header from before.
fn rewritten() -> (tempfile::TempDir, PathBuf, Vec<u8>) {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vault");
    let mut vault = new_vault(&path, &OpenOptions::new());
    add_some(&mut vault, 1);
    let older = fs::read(path.join("header")).unwrap();
    vault.rewrite(&mut |_| std::ops::ControlFlow::Continue(())).unwrap();
    vault.close().unwrap();
    (place, path, older)
}

fn add_some(vault: &mut Vault, first: u64) {
    for n in first..first + 3 {
        add(vault, &passkey("example.org", &format!("user {n}"), n), None, &created(100)).unwrap();
    }
}

fn restore(path: &Path, source: Source) -> Result<Restored, VaultError> {
    restore_with(path, &OpenOptions::new(), source, |_| Ok(master_key()))
}

fn open(path: &Path) -> Vault {
    reopen(path, &OpenOptions::new()).unwrap()
}

fn set_back(path: &Path, header: &[u8]) {
    for name in ["header", "header.previous"] {
        fs::write(path.join(name), header).unwrap();
    }
}

#[test]
fn two_headers_from_before_a_rewrite_are_passed_over_for_the_third() {
    let (_place, path, older) = rewritten();
    set_back(&path, &older);
    let vault = open(&path);
    assert_eq!(vault.list().unwrap().len(), PASSKEYS);
    assert_eq!(vault.status().unwrap().findings, [Finding::HeaderGenerationDamaged]);
    vault.close().unwrap();
    assert_eq!(open(&path).status().unwrap().findings, []);

    set_back(&path, &older);
    fs::remove_dir_all(path.join("db")).unwrap();
    assert_eq!(restore(&path, Source::Newest).unwrap().commits_lost(), 0);
    assert_eq!(open(&path).list().unwrap().len(), PASSKEYS);
}

#[test]
fn two_headers_from_before_a_migration_do_not_lead_back_there() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vault");
    stored::bring_back(1, &path);
    let older = fs::read(path.join("header")).unwrap();
    let (mut vault, _) = Vault::open(&path, &passphrase(PASSPHRASE)).unwrap();
    add_some(&mut vault, 11);
    vault.close().unwrap();
    set_back(&path, &older);
    let restored = OpenOptions::new().restore(&path, &passphrase(PASSPHRASE)).unwrap();
    assert_eq!((restored.passkeys, restored.commits_lost()), (5, 0));
    let third = Header::decode(&fs::read(path.join("snapshots/header")).unwrap()).unwrap();
    assert_eq!(third.generation(), 1);
    let (vault, _) = Vault::open(&path, &passphrase(PASSPHRASE)).unwrap();
    assert_eq!(vault.list().unwrap().len(), 5);
}

#[test]
fn a_forged_copy_of_the_header_does_not_keep_a_genuine_one_from_a_restore() {
    let (_place, path, _) = rewritten();
    let mut forged = Header::decode(&fs::read(path.join("header")).unwrap()).unwrap();
    let other = latchkey_crypto::vault::HeaderKeys::derive(
        &latchkey_crypto::vault::MasterKey::from_bytes([9; 32]),
        forged.slots.vault(),
    );
    let genuine = fs::read(path.join("header")).unwrap();
    forged.write(&Folder::at(&path), &other, 1000).unwrap();
    fs::write(path.join("header.previous"), genuine).unwrap();
    let restored = restore(&path, Source::Newest).unwrap();
    assert_eq!((restored.commits_lost(), restored.passkeys), (0, 3));
}

#[test]
fn a_file_of_somebody_elses_beside_the_stores_costs_no_snapshot() {
    let (_place, path, _) = rewritten();
    let mut vault = open(&path);
    add_some(&mut vault, 4);
    vault.close().unwrap();
    let folder = Folder::at(&path);
    let before = snapshot::list(&folder).unwrap();
    assert!(before.len() > 1);
    fs::write(path.join("db/.DS_Store"), b"of another").unwrap();
    fs::create_dir_all(path.join("set-aside/1/db")).unwrap();
    drop(open(&path));
    assert_eq!(snapshot::list(&folder).unwrap(), before);
    assert!(path.join("set-aside/1/db").exists() && path.join("db/.DS_Store").exists());
}

#[test]
fn what_a_rewrite_has_left_stays_while_records_are_damaged() {
    let (_place, path, _) = rewritten();
    let mut vault = open(&path);
    add_some(&mut vault, 4);
    vault.close().unwrap();
    let folder = Folder::at(&path);
    let before = snapshot::list(&folder).unwrap();
    copy(&path.join("db/2"), &path.join("db/1"));
    super::tampering::lose_passkey(&path.join("db/2"), 2);
    for _ in 0..2 {
        let vault = open(&path);
        let findings = vault.status().unwrap().findings;
        let id = passkey("example.org", "x", 2).core.id;
        assert!(findings.contains(&Finding::PasskeyMissing { id }), "{findings:?}");
        assert!(path.join("db/1/db").exists());
        assert!(before.iter().all(|epoch| snapshot::path_of(&folder, *epoch).exists()));
    }
    assert_eq!(restore(&path, Source::Newest).unwrap().commits_lost(), 0);
    assert_eq!(open(&path).list().unwrap().len(), 2 * PASSKEYS);
}

#[test]
fn commits_whose_loss_was_accepted_are_not_made_again() {
    let place = tempfile::tempdir().unwrap();
    let (path, old) = (place.path().join("vault"), place.path().join("old"));
    new_vault(&path, &OpenOptions::new()).close().unwrap();
    copy(&path.join("db"), &old);
    let mut vault = open(&path);
    add_some(&mut vault, 1);
    drop(vault);
    copy(&old, &path.join("db"));
    let mut vault = reopen(&path, &OpenOptions::new().accept_older()).unwrap();
    let epoch = vault.status().unwrap().epoch;
    assert_eq!(vault.status().unwrap().snapshots.first(), Some(&epoch));
    add(&mut vault, &passkey("example.net", "carol", 9), None, &created(100)).unwrap();
    drop(vault);
    let restored = restore(&path, Source::Newest).unwrap();
    assert_eq!((restored.snapshot, restored.reached, restored.passkeys), (epoch, epoch + 1, 1));
    // Nor when the snapshot from then is lost.
    for newer in snapshot::list(&Folder::at(&path)).unwrap().into_iter().filter(|newer| *newer >= epoch) {
        fs::remove_file(snapshot::path_of(&Folder::at(&path), newer)).unwrap();
    }
    assert_eq!(restore(&path, Source::Newest).unwrap().passkeys, 0);
}

#[test]
fn a_copy_that_has_lost_changes_becomes_another_device() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vault");
    let mut vault = new_vault(&path, &OpenOptions::new().device_name("old".to_owned()));
    add_some(&mut vault, 1);
    vault.close().unwrap();
    let mut vault = open(&path);
    add_some(&mut vault, 4);
    let before = vault.device();
    vault.close().unwrap();

    assert_eq!(restore(&path, Source::Newest).unwrap().commits_lost(), 0);
    let vault = open(&path);
    assert_eq!(vault.device(), before);
    vault.close().unwrap();
    let chosen = *snapshot::list(&Folder::at(&path)).unwrap().last().unwrap();
    assert!(restore(&path, Source::Snapshot(chosen)).unwrap().commits_lost() > 0);
    let vault = open(&path);
    assert_eq!((vault.status().unwrap().findings, vault.check().unwrap()), (vec![], vec![]));
    assert_ne!(vault.device(), before);
    let devices = vault.devices().unwrap();
    assert_eq!(devices.len(), 2);
    assert_eq!((devices[1].id, devices[1].name.as_deref()), (before, Some("old")));
    vault.close().unwrap();
}

#[test]
fn a_folder_in_which_the_making_of_a_vault_was_cut_short_takes_one() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vault");
    create_private_folder(&path.join("db/1")).unwrap();
    fs::write(path.join("db/1/db"), b"half of one").unwrap();
    fs::write(path.join("lock"), b"123").unwrap();
    fs::write(path.join("header.new"), b"half of one").unwrap();
    let create = |path: &Path| {
        let (passphrase, options) = (passphrase(PASSPHRASE), OpenOptions::new());
        crate::open::create(path, &options, &passphrase, cheap(), &mut crate::vault::random())
    };
    for (name, more) in [("snapshots/header", "snapshots"), ("db/2/db", "db/2"), ("journal", "journal")] {
        let file = path.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, b"").unwrap();
        assert!(matches!(create(&path), Err(VaultError::AlreadyExists)), "{name}");
        assert!(path.join("db/1/db").exists());
        let more = path.join(more);
        if more.is_dir() { fs::remove_dir_all(more).unwrap() } else { fs::remove_file(more).unwrap() }
    }
    create(&path).unwrap().close().unwrap();
    assert_eq!(open_with_passphrase(&path).list().unwrap().len(), 0);
}

fn open_with_passphrase(path: &Path) -> Vault {
    Vault::open(path, &passphrase(PASSPHRASE)).unwrap().0
}

#[test]
fn a_new_vault_opens_without_its_journal_and_first_snapshot() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vault");
    drop(new_vault(&path, &OpenOptions::new()));
    fs::remove_file(path.join("journal")).unwrap();
    fs::remove_file(snapshot::path_of(&Folder::at(&path), 1)).unwrap();
    let vault = open(&path);
    assert_eq!((vault.status().unwrap().findings, vault.list().unwrap().len()), (vec![], 0));
}

#[test]
fn a_kill_before_the_snapshot_that_an_opening_makes_is_no_damage() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vault");
    let mut vault = new_vault(&path, &OpenOptions::new());
    add_some(&mut vault, 1);
    let epoch = vault.status().unwrap().epoch;
    drop(vault);
    // The last commit is in the store, and cut short in the journal.
    let bytes = fs::read(path.join("journal")).unwrap();
    fs::write(path.join("journal"), &bytes[..bytes.len() - 1]).unwrap();
    for _ in 0..3 {
        let folder = Folder::at(&path);
        let (lock, header) = (Lock::take(&folder.lock()).unwrap(), Header::read(&folder).unwrap().header);
        let keys = latchkey_memory::Locked::build(header_keys);
        let (_, state) =
            Safeguards::take_up(folder, lock, header, keys, None, &keys_in(&path), epoch).unwrap();
        assert_eq!(state, JournalState::CutShort);
    }
    let vault = open(&path);
    assert_eq!((vault.status().unwrap().findings, vault.list().unwrap().len()), (vec![], PASSKEYS));
}
