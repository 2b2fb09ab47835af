use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use latchkey_crypto::vault::RecordKind;
use latchkey_passkey::{CredentialId, Outcome, PasskeyId, PasskeyStore, StoreError, UseRecord, UserHandle};

use crate::backend::{BackendError, Change, Memory, Tree};
use crate::testing::*;
use crate::vault::record_key;
use crate::{Finding, LabelEdit, NewPasskey, OpenOptions, Status, Vault, VaultError};

fn status_without_findings(status: Status) -> Status {
    assert_eq!(status.findings, []);
    status
}

#[test]
fn what_is_added_is_found_again_after_reopening() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vault");
    let mut vault = new_vault(&path, &OpenOptions::new());
    let alice = passkey("example.org", "alice", 1);
    add(&mut vault, &alice, None, &created(100)).unwrap();
    add(&mut vault, &passkey("example.org", "bob", 2), None, &created(101)).unwrap();
    add(&mut vault, &passkey("example.net", "alice", 3), None, &created(102)).unwrap();
    vault.record_use(alice.core.id, &signed_in(200)).unwrap();
    vault.close().unwrap();

    let vault = reopen(&path, &OpenOptions::new()).unwrap();
    let found = vault.find_by_rp_id(&rp("example.org")).unwrap();
    assert_eq!(found.iter().map(|p| p.labels.user_name.as_str()).collect::<Vec<_>>(), ["alice", "bob"]);
    assert_eq!(found[0].core, alice.core);
    let (kept, made) = (vault.secrets(alice.core.id).unwrap().unwrap(), secrets(1));
    assert_eq!(kept.private_key.to_bytes(), made.private_key.to_bytes());
    assert_eq!(kept.prf_seeds.with_uv.expose(), made.prf_seeds.with_uv.expose());
    assert_eq!((found[0].usage.last_used_at, found[0].usage.sign_in_count), (Some(200), 1));

    let (site, id) = (rp("example.org"), &alice.core.credential_id);
    assert_eq!(vault.find_by_credential_id(&site, id).unwrap().unwrap().core.id, alice.core.id);
    assert!(vault.find_by_credential_id(&rp("example.net"), id).unwrap().is_none());
    assert!(vault.find_by_credential_id(&site, &CredentialId::new(vec![1]).unwrap()).unwrap().is_none());
    let user = |name: &str| UserHandle::new(name.as_bytes().to_vec()).unwrap();
    assert_eq!(
        vault.find_by_user_handle(&site, &user("bob")).unwrap(),
        Some(PasskeyId::parse(&format!("{:016x}{:016x}", 2, 0)).unwrap())
    );
    assert_eq!(vault.find_by_user_handle(&rp("example.net"), &user("bob")).unwrap(), None);

    assert_eq!(uses(&vault, alice.core.id), [created(100), signed_in(200)]);
    assert_eq!(vault.list().unwrap().len(), 3);
    assert_eq!(vault.find(alice.core.id).unwrap().unwrap().passkey.usage.sign_in_count, 1);
    let status = status_without_findings(vault.status().unwrap());
    assert_eq!((status.passkeys, status.binned, status.slots.len()), (3, 0, 1));
    assert_eq!(vault.check().unwrap(), []);
}

#[test]
fn a_replaced_passkey_goes_to_the_bin_in_the_same_commit() {
    let mut vault = vault_in_memory();
    let old = passkey("example.org", "alice", 1);
    add(&mut vault, &old, None, &created(100)).unwrap();
    let before = vault.status().unwrap().epoch;
    let new = passkey("example.org", "alice", 2);
    add(&mut vault, &new, Some(old.core.id), &created(150)).unwrap();
    assert_eq!(vault.status().unwrap().epoch, before + 1);

    let site = rp("example.org");
    let found = vault.find_by_rp_id(&site).unwrap();
    assert_eq!(found.iter().map(|p| p.core.id).collect::<Vec<_>>(), [new.core.id]);
    assert!(vault.find_by_credential_id(&site, &old.core.credential_id).unwrap().is_none());
    assert_eq!(vault.find_by_user_handle(&site, &old.core.user_handle).unwrap(), Some(new.core.id));
    assert_eq!(vault.find(old.core.id).unwrap().unwrap().binned_at, Some(150));
    let status = status_without_findings(vault.status().unwrap());
    assert_eq!((status.passkeys, status.binned), (1, 1));
    assert_eq!(vault.check().unwrap(), []);
}

#[test]
fn only_an_approved_sign_in_counts_and_every_use_is_in_the_history() {
    let mut vault = vault_in_memory();
    let made = passkey("example.org", "alice", 1);
    let id = made.core.id;
    add(&mut vault, &made, None, &created(100)).unwrap();
    vault.record_use(id, &UseRecord { outcome: Outcome::Refused, ..signed_in(150) }).unwrap();
    assert_eq!(vault.find(id).unwrap().unwrap().passkey.usage.sign_in_count, 0);
    vault.record_use(id, &signed_in(160)).unwrap();
    vault.record_use(id, &signed_in(160)).unwrap();
    assert_eq!(vault.find(id).unwrap().unwrap().passkey.usage.sign_in_count, 2);
    assert_eq!(vault.history(id).unwrap().len(), 4);
}

#[test]
fn the_newest_passkey_of_an_account_is_the_one_found() {
    let mut vault = vault_in_memory();
    for n in [2, 3, 1] {
        add(&mut vault, &passkey("example.org", "alice", n), None, &created(100)).unwrap();
    }
    let alice = UserHandle::new(b"alice".to_vec()).unwrap();
    let found = vault.find_by_user_handle(&rp("example.org"), &alice).unwrap().unwrap();
    assert_eq!(vault.find(found).unwrap().unwrap().passkey.core.created_at, 1_800_000_003);
}

#[test]
fn one_credential_id_with_two_keys_keeps_both() {
    let mut vault = vault_in_memory();
    let one = passkey("example.org", "alice", 1);
    let mut two = passkey("example.org", "alice", 2);
    two.core.credential_id = one.core.credential_id.clone();
    add(&mut vault, &one, None, &created(100)).unwrap();
    add(&mut vault, &two, None, &created(101)).unwrap();
    let found = vault.find_by_credential_id(&rp("example.org"), &one.core.credential_id).unwrap().unwrap();
    assert_eq!(found.core.id, one.core.id);
    add(&mut vault, &passkey("example.org", "alice", 3), Some(one.core.id), &created(102)).unwrap();
    let found = vault.find_by_credential_id(&rp("example.org"), &one.core.credential_id).unwrap().unwrap();
    assert_eq!(found.core.id, two.core.id);
}

#[test]
fn refuses_what_makes_no_sense_and_changes_nothing() {
    let mut vault = vault_in_memory();
    let alice = passkey("example.org", "alice", 1);
    add(&mut vault, &alice, None, &created(100)).unwrap();
    let epoch = vault.status().unwrap().epoch;
    let refused = |result: Result<(), StoreError>| result.unwrap_err();
    let variant = |error: &StoreError| format!("{}", error.downcast_ref::<VaultError>().unwrap());

    let again = refused(add(&mut vault, &alice, None, &created(100)));
    assert_eq!(variant(&again), VaultError::AlreadyStored.to_string());
    let nobody = PasskeyId::from_bytes([0xee; 16]);
    let unknown = refused(add(&mut vault, &passkey("example.org", "bob", 2), Some(nobody), &created(100)));
    assert_eq!(variant(&unknown), VaultError::NoSuchPasskey { id: nobody }.to_string());
    assert_eq!(
        variant(&refused(vault.record_use(nobody, &signed_in(1)))),
        VaultError::NoSuchPasskey { id: nobody }.to_string()
    );
    let mut long = passkey("example.org", "carol", 3);
    long.labels.user_display_name = "x".repeat(7000);
    let large = refused(add(&mut vault, &long, None, &created(100)));
    assert!(matches!(large.downcast_ref(), Some(VaultError::TooLarge { most: 5888, .. })));
    assert!(vault.secrets(nobody).unwrap().is_none());
    assert_eq!((vault.status().unwrap().epoch, vault.list().unwrap().len()), (epoch, 1));
    assert_eq!(vault.status().unwrap().findings, []);
}

#[test]
fn a_binned_passkey_takes_no_more_uses() {
    let mut vault = vault_in_memory();
    let old = passkey("example.org", "alice", 1);
    add(&mut vault, &old, None, &created(100)).unwrap();
    add(&mut vault, &passkey("example.org", "alice", 2), Some(old.core.id), &created(101)).unwrap();
    let error = vault.record_use(old.core.id, &signed_in(102)).unwrap_err();
    assert!(matches!(error, StoreError::NoSuchPasskey(_)));
    assert_eq!(uses(&vault, old.core.id), [created(100)]);
}

/// A secret that is spoilt while the vault is open shows when it is opened, so looking up has not opened it.
#[test]
fn looking_up_opens_no_secret_and_what_cannot_sign_is_not_offered_again() {
    let made = passkey("example.org", "alice", 1);
    let (site, id) = (rp("example.org"), made.core.id);
    let damaged = Finding::RecordDamaged { kind: Some(RecordKind::PasskeySecret), id: Some(id) };
    for (value, finding) in [(Some(vec![0; 200]), damaged), (None, Finding::SecretMissing { id })] {
        let mut vault = vault_in_memory();
        add(&mut vault, &made, None, &created(100)).unwrap();
        let key = record_key(RecordKind::PasskeySecret, id);
        vault.backend().commit(&[Change { tree: Tree::Record, key, value }]).unwrap();
        let found = |vault: &Vault| {
            let by_credential_id = vault.find_by_credential_id(&site, &made.core.credential_id).unwrap();
            (vault.find_by_rp_id(&site).unwrap().len(), by_credential_id.is_some())
        };
        assert_eq!(found(&vault), (1, true));
        assert_eq!(vault.status().unwrap().findings, []);
        assert!(vault.secrets(id).unwrap().is_none());
        assert_eq!(vault.status().unwrap().findings, [finding]);
        assert_eq!(found(&vault), (0, false));
    }
}

#[test]
fn a_failed_commit_stops_further_changes_and_keeps_what_was() {
    let memory = Memory::default();
    *memory.fail_next_commit.lock().unwrap() = Some(BackendError::Io(rustix::io::Errno::NOSPC.into()));
    let mut vault = vault_over(memory);
    let made = passkey("example.org", "alice", 1);
    let error = add(&mut vault, &made, None, &created(100)).unwrap_err();
    assert!(
        matches!(error.downcast_ref(), Some(VaultError::Interrupted { cause: Some(cause) }) if matches!(**cause, VaultError::Full))
    );
    let error = add(&mut vault, &made, None, &created(100)).unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(VaultError::Interrupted { cause: None })));
    assert!(vault.list().unwrap().is_empty());
}

#[test]
fn dropping_instead_of_closing_loses_nothing() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vault");
    let mut vault = new_vault(&path, &OpenOptions::new());
    add(&mut vault, &passkey("example.org", "alice", 1), None, &created(100)).unwrap();
    drop(vault);
    let vault = reopen(&path, &OpenOptions::new()).unwrap();
    assert_eq!(status_without_findings(vault.status().unwrap()).passkeys, 1);
}

#[test]
fn closing_makes_a_snapshot_only_after_a_change() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vault");
    let snapshots = || reopen(&path, &OpenOptions::new()).unwrap().status().unwrap().snapshots;
    let vault = new_vault(&path, &OpenOptions::new());
    vault.close().unwrap();
    assert_eq!(snapshots(), [1]);
    let mut vault = reopen(&path, &OpenOptions::new()).unwrap();
    add(&mut vault, &passkey("example.org", "alice", 1), None, &created(100)).unwrap();
    vault.close().unwrap();
    assert_eq!(snapshots(), [2, 1]);
    reopen(&path, &OpenOptions::new()).unwrap().close().unwrap();
    assert_eq!(snapshots(), [2, 1]);
}

#[test]
fn files_are_for_their_owner_alone_and_name_nobody() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vault");
    let options = OpenOptions::new().state_folder(place.path().join("state"));
    let mut vault = new_vault(&path, &options.device_name("unmistakable machine"));
    let mut made = passkey("unmistakable.example", "alice-unmistakable", 1);
    made.core.user_handle = UserHandle::new(b"handle-unmistakable".to_vec()).unwrap();
    made.labels.note = Some("unmistakable note".to_owned());
    let (secrets_of_it, raw) = (secrets(1), [b"unmistakable raw form".as_slice(); 600].concat());
    let (large_blob, source_raw) = (Some(b"unmistakable blob".as_slice()), Some(raw.as_slice()));
    let new = NewPasskey { passkey: &made, secrets: &secrets_of_it, large_blob, source_raw };
    import(&mut vault, &[new], 100).unwrap();
    let texts = || Some("unmistakable".to_owned());
    let edits =
        [LabelEdit::Name(texts()), LabelEdit::Folder(texts()), LabelEdit::AddTag("unmistakable".to_owned())];
    vault.edit(&[made.core.id], &edits, 200).unwrap();
    vault.close().unwrap();
    let mut files = Vec::new();
    walk(place.path(), &mut files);
    assert!(files.len() > 8);
    for (path, is_folder) in files {
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, if is_folder { 0o700 } else { 0o600 }, "{path:?}");
        if !is_folder {
            let bytes = fs::read(&path).unwrap();
            for secret in [b"unmistakable".as_slice(), &secrets(1).private_key.to_bytes()] {
                assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{path:?}");
            }
        }
    }
}

fn walk(folder: &Path, files: &mut Vec<(std::path::PathBuf, bool)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        files.push((path.clone(), path.is_dir()));
        if path.is_dir() {
            walk(&path, files);
        }
    }
}

#[test]
fn the_largest_records_stay_in_the_file_that_is_synced() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vault");
    let mut vault = new_vault(&path, &OpenOptions::new());
    for n in 1..=60 {
        let mut large = passkey("example.org", "alice", n);
        large.labels.user_display_name = "x".repeat(5_500);
        add(&mut vault, &large, None, &created(n)).unwrap();
        assert_eq!(fs::read_dir(path.join("db/1/blobs")).unwrap().count(), 0, "{n}");
    }
    vault.close().unwrap();
    assert_eq!(reopen(&path, &OpenOptions::new()).unwrap().check().unwrap(), []);
    assert_eq!(fs::read_dir(path.join("db/1/blobs")).unwrap().count(), 0);
}

#[test]
fn debug_shows_no_names() {
    let mut vault = vault_in_memory();
    add(&mut vault, &passkey("example.org", "alice", 1), None, &created(100)).unwrap();
    let text = format!("{vault:?} {:?} {:?}", vault.list().unwrap(), vault.status().unwrap());
    assert!(!text.contains("example") && !text.contains("alice") && !text.contains("Example"), "{text}");
}
