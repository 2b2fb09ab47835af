use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use latchkey_passkey::PasskeyStore;

use crate::testing::*;
use crate::{Damage, Finding, OpenOptions, Vault, VaultError};

pub(super) const PASSKEYS: usize = 12;

/// A closed vault with some passkeys, in a folder of its own.
pub(super) fn filled() -> (tempfile::TempDir, PathBuf) {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vault");
    let mut vault = new_vault(&path, &OpenOptions::new());
    for n in 1..=12 {
        add(&mut vault, &passkey("example.org", &format!("user {n}"), n), None, &created(100)).unwrap();
    }
    vault.close().unwrap();
    (place, path)
}

pub(super) fn restore(path: &Path) -> crate::Restored {
    let newest = crate::restore::Source::Newest;
    crate::restore::restore_with(path, &OpenOptions::new(), newest, |_| Ok(master_key())).unwrap()
}

/// All passkeys are there and nothing is wrong.
pub(super) fn is_whole(vault: &Vault) -> bool {
    let complete = vault.list().is_ok_and(|list| list.len() == PASSKEYS);
    complete && vault.check().is_ok_and(|findings| findings.is_empty())
}

/// Opens a vault that something was done to: it is whole, or says what is wrong, and can be restored.
pub(super) fn whole_or_told(path: &Path, what: &str) {
    match reopen(path, &OpenOptions::new()) {
        Ok(vault) => {
            let told = vault.check().map_or(true, |findings| !findings.is_empty())
                || vault.status().is_ok_and(|status| !status.findings.is_empty());
            assert!(is_whole(&vault) || told, "silent loss: {what}");
            // The rest stays usable: reading never panics.
            let _ = (vault.list(), vault.find_by_rp_id(&rp("example.org")).is_ok());
            let _ = vault.secrets(passkey("example.org", "x", 1).core.id);
        }
        Err(VaultError::Damaged(_)) => {}
        Err(error) => panic!("{what}: {error}"),
    }
    let restored = restore(path);
    assert_eq!(restored.commits_lost(), 0, "{what}");
    let vault = reopen(path, &OpenOptions::new()).unwrap();
    assert!(is_whole(&vault), "{what}: {:?}", vault.status());
}

#[test]
fn a_flipped_bit_in_the_database_is_harmless_or_told() {
    let (_place, path) = filled();
    let db = path.join("db/1/db");
    let pristine = fs::read(&db).unwrap();
    let used = pristine.iter().rposition(|&byte| byte != 0).unwrap();
    let cases = usize::try_from(times("LATCHKEY_DAMAGE_CASES", 12)).unwrap();
    for case in 0..cases {
        let (position, bit) = (used * case / cases + 7, case % 8);
        let mut bytes = pristine.clone();
        bytes[position] ^= 1 << bit;
        fs::write(&db, bytes).unwrap();
        whole_or_told(&path, &format!("bit {bit} of byte {position}"));
        fs::remove_dir_all(path.join("db/1")).unwrap();
        fs::create_dir(path.join("db/1")).unwrap();
        fs::write(&db, &pristine).unwrap();
    }
}

#[test]
fn a_cut_database_is_told_and_restored() {
    for keep in [0, 1, 1000, 20_000] {
        let (_place, path) = filled();
        let db = path.join("db/1/db");
        let bytes = fs::read(&db).unwrap();
        fs::write(&db, &bytes[..keep.min(bytes.len())]).unwrap();
        whole_or_told(&path, &format!("cut at {keep}"));
    }
}

#[test]
fn a_zeroed_page_is_told_and_restored() {
    for page in 0..4 {
        let (_place, path) = filled();
        let db = path.join("db/1/db");
        let mut bytes = fs::read(&db).unwrap();
        let at = (page * 4096).min(bytes.len());
        let end = (at + 4096).min(bytes.len());
        bytes[at..end].fill(0);
        fs::write(&db, bytes).unwrap();
        whole_or_told(&path, &format!("page {page}"));
    }
}

#[test]
fn a_deleted_database_is_named_and_no_new_one_takes_its_place() {
    let (_place, path) = filled();
    fs::remove_dir_all(path.join("db")).unwrap();
    let missing = |path: &Path| {
        matches!(reopen(path, &OpenOptions::new()), Err(VaultError::Damaged(Damage::DatabaseMissing)))
    };
    assert!(missing(&path) && missing(&path));
    fs::create_dir(path.join("db")).unwrap();
    assert!(missing(&path));
    restore(&path);
    assert!(is_whole(&reopen(&path, &OpenOptions::new()).unwrap()));
}

#[test]
fn a_broken_index_of_the_engine_is_set_aside() {
    let (_place, path) = filled();
    let index = fs::read_dir(path.join("db/1")).unwrap().map(|entry| entry.unwrap().path());
    let index: Vec<_> =
        index.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("snap.")).collect();
    for file in index {
        fs::write(file, b"nonsense").unwrap();
    }
    whole_or_told(&path, "engine's index");
}

#[test]
fn both_headers_lost_are_replaced_from_a_snapshot_when_asked() {
    let (_place, path) = filled();
    fs::remove_file(path.join("header")).unwrap();
    assert_eq!(
        reopen(&path, &OpenOptions::new()).unwrap().status().unwrap().findings,
        [Finding::HeaderGenerationDamaged]
    );
    for name in ["header", "header.previous"] {
        fs::write(path.join(name), b"latchkey vault\nnonsense").unwrap();
    }
    let result = reopen(&path, &OpenOptions::new());
    assert!(matches!(result, Err(VaultError::Damaged(Damage::Header))));
    let wrong = OpenOptions::new().restore(&path, &passphrase("wrong"));
    assert!(matches!(wrong, Err(VaultError::WrongPassphrase)));
    let restored = OpenOptions::new().restore(&path, &passphrase(PASSPHRASE)).unwrap();
    assert!(restored.set_aside.unwrap().join("db/1/db").exists());
    assert!(is_whole(&reopen(&path, &OpenOptions::new()).unwrap()));
}

#[test]
fn a_broken_journal_is_told_and_a_snapshot_takes_its_place() {
    let (_place, path) = filled();
    let mut vault = reopen(&path, &OpenOptions::new()).unwrap();
    vault.record_use(passkey("example.org", "user 1", 1).core.id, &signed_in(300)).unwrap();
    drop(vault);
    let mut bytes = fs::read(path.join("journal")).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(path.join("journal"), bytes).unwrap();
    let vault = reopen(&path, &OpenOptions::new()).unwrap();
    let status = vault.status().unwrap();
    assert_eq!(status.findings, [Finding::JournalBroken]);
    assert_eq!(status.snapshots.first(), Some(&status.epoch));
}

#[test]
fn lost_snapshots_are_told_and_another_is_made() {
    let (_place, path) = filled();
    fs::remove_dir_all(path.join("snapshots")).unwrap();
    let vault = reopen(&path, &OpenOptions::new()).unwrap();
    let status = vault.status().unwrap();
    assert_eq!((status.findings, status.snapshots), (vec![Finding::SnapshotMissing], vec![status.epoch]));
    vault.close().unwrap();
    assert_eq!(reopen(&path, &OpenOptions::new()).unwrap().status().unwrap().findings, []);
}

#[test]
fn the_newest_snapshot_broken_the_one_before_and_the_journals_serve() {
    let (_place, path) = filled();
    let mut vault = reopen(&path, &OpenOptions::new()).unwrap();
    vault.record_use(passkey("example.org", "user 1", 1).core.id, &signed_in(300)).unwrap();
    let epoch = vault.status().unwrap().epoch;
    drop(vault);
    let newest = path.join(format!("snapshots/{:020}.snapshot", epoch - 1));
    let mut bytes = fs::read(&newest).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&newest, bytes).unwrap();
    fs::remove_dir_all(path.join("db")).unwrap();
    let restored = restore(&path);
    assert_eq!((restored.snapshot, restored.reached, restored.commits_lost()), (1, epoch, 0));
    let vault = reopen(&path, &OpenOptions::new()).unwrap();
    assert!(is_whole(&vault));
    assert_eq!(vault.history(passkey("example.org", "user 1", 1).core.id).unwrap().len(), 2);
}

#[test]
fn what_a_restore_cannot_bring_back_is_counted() {
    let (_place, path) = filled();
    let mut vault = reopen(&path, &OpenOptions::new()).unwrap();
    vault.record_use(passkey("example.org", "user 1", 1).core.id, &signed_in(300)).unwrap();
    let epoch = vault.status().unwrap().epoch;
    drop(vault);
    fs::remove_file(path.join("journal")).unwrap();
    fs::remove_dir_all(path.join("db")).unwrap();
    let restored = restore(&path);
    assert_eq!((restored.newest_seen, restored.commits_lost()), (epoch, 1));
    let vault = reopen(&path, &OpenOptions::new()).unwrap();
    assert_eq!(vault.status().unwrap().findings, []);
    // No number is used twice; one more commit has given it a new identity.
    assert_eq!(vault.status().unwrap().epoch, epoch + 2);
}

#[test]
fn a_restore_names_the_passkeys_that_it_could_not_bring_back() {
    let (_place, path) = filled();
    let mut vault = reopen(&path, &OpenOptions::new()).unwrap();
    add(&mut vault, &passkey("example.net", "late", 50), None, &created(200)).unwrap();
    drop(vault);
    fs::remove_file(path.join("journal")).unwrap();
    let restored = restore(&path);
    assert_eq!((restored.commits_lost(), restored.passkeys), (1, 12));
    assert_eq!(restored.passkeys_lost, Some(vec![passkey("example.net", "late", 50).core.id]));
    assert!(!path.join("db.trial").exists());
}

#[test]
fn a_snapshot_can_be_chosen_and_brings_back_how_it_was() {
    let (_place, path) = filled();
    let mut vault = reopen(&path, &OpenOptions::new()).unwrap();
    add(&mut vault, &passkey("example.net", "late", 50), None, &created(200)).unwrap();
    let seen = vault.status().unwrap().epoch;
    vault.close().unwrap();
    let snapshots = OpenOptions::new().snapshots(&path, &passphrase(PASSPHRASE)).unwrap();
    let counts: Vec<_> = snapshots.iter().map(|snapshot| snapshot.passkeys).collect();
    assert_eq!(counts, [Some(13), Some(12), Some(0)]);
    assert!(snapshots.iter().all(|snapshot| snapshot.made_at.is_some_and(|at| at > 1_700_000_000)));
    let vault = reopen(&path, &OpenOptions::new()).unwrap();
    assert_eq!(vault.snapshots().unwrap(), snapshots);
    drop(vault);

    let choose = |epoch| OpenOptions::new().restore_snapshot(&path, &passphrase(PASSPHRASE), epoch);
    assert!(matches!(choose(77), Err(VaultError::NothingToRestore)));
    let restored = choose(snapshots[1].epoch).unwrap();
    assert_eq!((restored.snapshot, restored.reached), (snapshots[1].epoch, snapshots[1].epoch));
    assert_eq!((restored.passkeys, restored.commits_lost()), (12, seen - snapshots[1].epoch));
    assert_eq!(restored.passkeys_lost.unwrap().len(), 1);
    assert!(is_whole(&reopen(&path, &OpenOptions::new()).unwrap()));
    let wrong = OpenOptions::new().snapshots(&path, &passphrase("wrong"));
    assert!(matches!(wrong, Err(VaultError::WrongPassphrase)));
    // A damaged one is listed as such.
    let newest = OpenOptions::new().snapshots(&path, &passphrase(PASSPHRASE)).unwrap()[0].epoch;
    fs::write(path.join(format!("snapshots/{newest:020}.snapshot")), b"").unwrap();
    let listed = OpenOptions::new().snapshots(&path, &passphrase(PASSPHRASE)).unwrap();
    assert_eq!((listed[0].epoch, listed[0].passkeys), (newest, None));
}

#[test]
fn without_a_snapshot_there_is_nothing_to_restore() {
    let (_place, path) = filled();
    fs::remove_dir_all(path.join("snapshots")).unwrap();
    let result = OpenOptions::new().restore(&path, &passphrase(PASSPHRASE));
    assert!(matches!(result, Err(VaultError::NothingToRestore)));
    assert!(is_whole(&reopen(&path, &OpenOptions::new()).unwrap()));
}

#[test]
fn a_database_that_takes_too_long_is_given_up() {
    let (_place, path) = filled();
    let result = reopen(&path, &OpenOptions::new().deadline(Duration::ZERO));
    assert!(matches!(result, Err(VaultError::Damaged(Damage::DatabaseHangs))));
}
