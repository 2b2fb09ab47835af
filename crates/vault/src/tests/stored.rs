//! A vault as each released format wrote it, kept for good: it opens forever.

use std::fs;
use std::path::{Path, PathBuf};

use latchkey_passkey::PasskeyStore;

use crate::testing::*;
use crate::{Finding, LabelEdit, OpenOptions, Vault, VaultError};

/// `stored/FORMAT/`: header, journal and snapshot; the database itself is made from them.
fn stored(format: u8) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("stored").join(format.to_string())
}

/// A stored vault as its files were: the database is made of snapshot and journal, and is of the same format.
pub(super) fn bring_back(format: u8, path: &Path) {
    fs::create_dir_all(path.join("snapshots")).unwrap();
    for name in files_of(format) {
        fs::copy(stored(format).join(name), path.join(name)).unwrap();
    }
    let restored = OpenOptions::new().restore(path, &passphrase(PASSPHRASE)).unwrap();
    assert_eq!((restored.snapshot, restored.reached, restored.commits_lost()), (3, 4, 0));
    assert_eq!((restored.passkeys, restored.passkeys_lost), (2, None));
}

fn files_of(format: u8) -> Vec<&'static str> {
    let all = ["header", "journal", "snapshots/00000000000000000003.snapshot", "snapshots/header"];
    all.into_iter().filter(|name| format > 1 || *name != "snapshots/header").collect()
}

/// The vault holds what was stored.
pub(super) fn assert_content(vault: &Vault) {
    let found = vault.find_by_rp_id(&rp("example.org")).unwrap();
    let names: Vec<_> = found.iter().map(|passkey| passkey.labels.user_name.as_str()).collect();
    assert_eq!(names, ["alice", "b\u{f6}b"]);
    let core = &found[0].core;
    assert_eq!(*core, passkey("example.org", "alice", 1).core);
    let by_credential = vault.find_by_credential_id(&core.rp_id, &core.credential_id).unwrap();
    assert_eq!(by_credential.unwrap().core, *core);
    let (kept, expected) = (vault.secrets(core.id).unwrap().unwrap(), secrets(1));
    assert_eq!(kept.private_key.to_bytes(), expected.private_key.to_bytes());
    assert_eq!(kept.prf_seeds.without_uv.expose(), expected.prf_seeds.without_uv.expose());
    assert_eq!(found[0].usage.sign_in_count, 1);
    assert_eq!(uses(vault, core.id), [created(100), signed_in(300)]);
    assert_eq!(vault.check().unwrap(), []);
}

#[test]
fn a_vault_of_format_2_opens() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vault");
    bring_back(2, &path);
    let (vault, _) = Vault::open(&path, &passphrase(PASSPHRASE)).unwrap();
    assert_content(&vault);
    assert_eq!(vault.status().unwrap().findings, []);
}

#[test]
fn a_vault_of_format_1_opens_and_becomes_one_of_format_2() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vault");
    bring_back(1, &path);
    let snapshot = path.join("snapshots/00000000000000000004.snapshot");
    assert!(path.join("db/db").is_file() && snapshot.is_file());
    let (vault, _) = Vault::open(&path, &passphrase(PASSPHRASE)).unwrap();
    assert_content(&vault);
    assert_eq!(vault.status().unwrap().findings, [Finding::Migrated { from: 1 }]);
    vault.close().unwrap();
    assert!(path.join("db/1/db").is_file() && !path.join("db/db").exists());
    // The snapshot from before, with its header: the version before can go back to it.
    assert!(fs::read(&snapshot).unwrap().starts_with(b"latchkey snapshot 1\n"));
    let (mut vault, _) = Vault::open(&path, &passphrase(PASSPHRASE)).unwrap();
    assert_content(&vault);
    assert_eq!(vault.status().unwrap().findings, []);
    // The identity that wrote it is known, and followed by one with keys.
    let id = passkey("example.org", "alice", 1).core.id;
    let (devices, history) = (vault.devices().unwrap(), vault.history(id).unwrap());
    assert_eq!((devices.len(), devices[0].this, devices[1].id), (2, true, history[0].device));
    // Labels of its form have the change of their record, and keep it when something else changes.
    assert_eq!(vault.find(id).unwrap().unwrap().modified_at, 300);
    vault.record_use(id, &signed_in(400)).unwrap();
    assert_eq!(vault.find(id).unwrap().unwrap().modified_at, 300);
    vault.edit(&[id], &[LabelEdit::AddTag("new".to_owned())], 500).unwrap();
    let entry = vault.find(id).unwrap().unwrap();
    assert_eq!((entry.modified_at, entry.passkey.labels.user_name.as_str()), (500, "alice"));
    assert_eq!(vault.check().unwrap(), []);
}

#[test]
fn a_migration_that_is_killed_anywhere_is_done_again_or_finished() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vault");
    bring_back(1, &path);
    let images = images_of(&path, || {
        Vault::open(&path, &passphrase(PASSPHRASE)).unwrap().0.close().unwrap();
    });
    assert_eq!(images.len(), 4, "every step was reached");
    for (step, image) in &images {
        let (vault, _) = Vault::open(image, &passphrase(PASSPHRASE)).unwrap();
        assert_content(&vault);
        // Done again it is told; finished, it was told before.
        let expected = if *step == "built" { vec![Finding::Migrated { from: 1 }] } else { vec![] };
        assert_eq!(vault.status().unwrap().findings, expected, "{step}");
        vault.close().unwrap();
        assert!(image.join("db/1/db").is_file() && !image.join("db/db").exists(), "{step}");
        assert!(image.join("snapshots/00000000000000000004.snapshot").is_file(), "{step}");
    }
}

#[test]
fn a_vault_of_format_1_with_damaged_records_stays_as_it_is_until_it_is_restored() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vault");
    bring_back(1, &path);
    super::tampering::lose_passkey(&path.join("db"), 2);
    let (mut vault, _) = Vault::open(&path, &passphrase(PASSPHRASE)).unwrap();
    let findings = vault.status().unwrap().findings;
    assert!(findings.contains(&Finding::NotMigrated { format: 1 }), "{findings:?}");
    assert_eq!(vault.list().unwrap().len(), 1);
    // What it can do goes on.
    vault.record_use(passkey("example.org", "alice", 1).core.id, &signed_in(400)).unwrap();
    let changed = vault.change_passphrase(&passphrase(PASSPHRASE), &passphrase("new"), cheap());
    assert!(matches!(changed, Err(VaultError::NotMigrated { format: 1 })), "{changed:?}");
    vault.close().unwrap();
    assert!(path.join("db/db").is_file() && !path.join("db/1").exists());

    let restored = OpenOptions::new().restore(&path, &passphrase(PASSPHRASE)).unwrap();
    assert_eq!((restored.commits_lost(), restored.passkeys), (0, 2));
    let (vault, _) = Vault::open(&path, &passphrase(PASSPHRASE)).unwrap();
    assert_eq!(vault.status().unwrap().findings, [Finding::Migrated { from: 1 }]);
    assert_eq!(vault.list().unwrap().len(), 2);
}

#[test]
fn what_a_migration_has_kept_can_be_restored_when_nothing_else_is_left() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vault");
    bring_back(1, &path);
    Vault::open(&path, &passphrase(PASSPHRASE)).unwrap().0.close().unwrap();
    fs::remove_dir_all(path.join("db/1")).unwrap();
    fs::remove_file(path.join("snapshots/00000000000000000006.snapshot")).unwrap();
    let restored = OpenOptions::new().restore(&path, &passphrase(PASSPHRASE)).unwrap();
    assert_eq!((restored.snapshot, restored.commits_lost()), (5, 1));
    let (vault, _) = Vault::open(&path, &passphrase(PASSPHRASE)).unwrap();
    assert_content(&vault);
    assert_eq!(vault.status().unwrap().findings, [Finding::Migrated { from: 1 }]);
}

#[test]
#[ignore = "writes stored/2, once per format"]
fn write_a_vault_of_format_2() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vault");
    let mut vault = new_vault(&path, &OpenOptions::new());
    add(&mut vault, &passkey("example.org", "alice", 1), None, &created(100)).unwrap();
    add(&mut vault, &passkey("example.org", "b\u{f6}b", 2), None, &created(200)).unwrap();
    vault.close().unwrap();
    let mut vault = reopen(&path, &OpenOptions::new()).unwrap();
    vault.record_use(passkey("example.org", "alice", 1).core.id, &signed_in(300)).unwrap();
    drop(vault);
    assert!(!stored(2).exists(), "a stored format is never written again");
    fs::create_dir_all(stored(2).join("snapshots")).unwrap();
    for name in files_of(2) {
        fs::copy(path.join(name), stored(2).join(name)).unwrap();
    }
}
