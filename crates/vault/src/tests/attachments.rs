//! Large blobs and raw sources, in pieces.

use std::fs;

use latchkey_crypto::vault::RecordKind;
use latchkey_passkey::{BackupEligibility, CounterMode, CredBlob, LargeBlobKey, PasskeyId, PasskeyStore};

use crate::backend::{Change, Tree};
use crate::testing::*;
use crate::vault::record_key;
use crate::{
    Finding, MAX_LARGE_BLOB_BYTES, MAX_SOURCE_RAW_BYTES, NewPasskey, OpenOptions, Vault, VaultError,
};

fn id() -> PasskeyId {
    passkey("example.org", "alice", 1).core.id
}

fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(|n| u8::try_from(n % 251).unwrap()).collect()
}

fn with_one() -> Vault {
    let mut vault = vault_in_memory();
    add(&mut vault, &passkey("example.org", "alice", 1), None, &created(100)).unwrap();
    vault
}

fn pieces(vault: &Vault) -> usize {
    let mut count = 0;
    let prefix = [RecordKind::LargeBlob.code()];
    vault.backend().scan(Tree::Record, &prefix, &mut |_, _| count += 1).unwrap();
    count
}

#[test]
fn a_large_blob_of_any_length_is_kept_and_exchanged_whole() {
    let mut vault = with_one();
    assert!(vault.large_blob(id()).unwrap().is_none());
    assert!(!vault.set_large_blob(id(), None, 150).unwrap());
    for (at, (len, count)) in
        (200..).zip([(65_536, 13), (0, 0), (5120, 1), (5121, 2), (1, 1), (20_000, 4), (65_536, 13)])
    {
        let epoch = vault.status().unwrap().epoch;
        assert!(vault.set_large_blob(id(), Some(&bytes(len)), at).unwrap());
        assert_eq!(vault.large_blob(id()).unwrap().unwrap().as_slice(), bytes(len));
        assert!(!vault.set_large_blob(id(), Some(&bytes(len)), at).unwrap());
        assert_eq!((pieces(&vault), vault.status().unwrap().epoch), (count, epoch + 1));
        assert_eq!(vault.find(id()).unwrap().unwrap().modified_at, at);
        assert_eq!(vault.check().unwrap(), [], "{len}");
    }
    assert!(vault.set_large_blob(id(), None, 300).unwrap());
    assert!(vault.large_blob(id()).unwrap().is_none());
    assert_eq!((pieces(&vault), vault.check().unwrap()), (0, vec![]));
}

#[test]
fn refuses_what_is_too_large_and_whom_it_does_not_know() {
    let mut vault = with_one();
    let (passkey, secrets) = (passkey("example.org", "bob", 2), secrets(2));
    let epoch = vault.status().unwrap().epoch;
    let large = bytes(MAX_LARGE_BLOB_BYTES + 1);
    let most = MAX_LARGE_BLOB_BYTES;
    match vault.set_large_blob(id(), Some(&large), 200) {
        Err(VaultError::TooLarge { got: 65_537, most: named }) => assert_eq!(named, most),
        other => panic!("{other:?}"),
    }
    let raw = bytes(MAX_SOURCE_RAW_BYTES + 1);
    let new = NewPasskey { passkey: &passkey, secrets: &secrets, large_blob: None, source_raw: Some(&raw) };
    assert!(matches!(import(&mut vault, &[new], 200), Err(VaultError::TooLarge { .. })));
    let nobody = PasskeyId::from_bytes([0xee; 16]);
    assert!(matches!(vault.set_large_blob(nobody, None, 200), Err(VaultError::NoSuchPasskey { .. })));
    assert!(matches!(vault.source_raw(nobody), Err(VaultError::NoSuchPasskey { .. })));
    assert_eq!((vault.status().unwrap().epoch, vault.list().unwrap().len()), (epoch, 1));
}

#[test]
fn everything_that_an_import_brings_is_there_after_reopening() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vault");
    let mut vault = new_vault(&path, &OpenOptions::new());
    let mut made = passkey("example.org", "alice", 1);
    made.core.backup = BackupEligibility::Unknown;
    made.core.payments = true;
    made.core.counter = CounterMode::Time;
    made.core.source_counter = Some(7);
    made.labels.note = Some("from elsewhere".to_owned());
    made.labels.folder = Some("old".to_owned());
    made.labels.tags = vec!["imported".to_owned()];
    let mut keys = secrets(1);
    keys.cred_blob = Some(CredBlob::new(vec![5; 40]).unwrap());
    keys.large_blob_key = Some(LargeBlobKey::from_bytes([6; 32]));
    let (blob, raw) = (bytes(MAX_LARGE_BLOB_BYTES), bytes(MAX_SOURCE_RAW_BYTES));
    let new = NewPasskey { passkey: &made, secrets: &keys, large_blob: Some(&blob), source_raw: Some(&raw) };
    assert!(matches!(import(&mut vault, &[new, new], 100), Err(VaultError::AlreadyStored)));
    import(&mut vault, &[new], 100).unwrap();
    assert!(matches!(import(&mut vault, &[new], 100), Err(VaultError::AlreadyStored)));
    assert_eq!(
        fs::read_dir(path.join("db/1/blobs")).unwrap().count(),
        0,
        "pieces stay in the file that is synced"
    );
    drop(vault);

    let vault = reopen(&path, &OpenOptions::new()).unwrap();
    assert_eq!(vault.find(id()).unwrap().unwrap().passkey, made);
    let kept = vault.secrets(id()).unwrap().unwrap();
    assert_eq!(kept.cred_blob.unwrap().expose(), [5; 40]);
    assert_eq!(kept.large_blob_key.unwrap().expose(), &[6; 32]);
    assert_eq!(vault.large_blob(id()).unwrap().unwrap().as_slice(), blob);
    assert_eq!(vault.source_raw(id()).unwrap().unwrap().as_slice(), raw);
    assert!(vault.history(id()).unwrap().is_empty());
    assert_eq!(vault.check().unwrap(), []);
}

#[test]
fn what_an_import_refuses_leaves_the_rest_of_it() {
    let mut vault = with_one();
    let (two, three) = (passkey("example.org", "bob", 2), passkey("example.org", "carol", 3));
    let (epoch, keys, raw) = (vault.status().unwrap().epoch, secrets(2), bytes(MAX_SOURCE_RAW_BYTES + 1));
    let new =
        |passkey, source_raw| NewPasskey { passkey, secrets: &keys, large_blob: Some(&raw[..9]), source_raw };
    let there = passkey("example.org", "alice", 1);
    let mut import = vault.begin_import(200);
    import.add(&new(&two, None)).unwrap();
    assert!(matches!(import.add(&new(&there, None)), Err(VaultError::AlreadyStored)));
    assert!(matches!(import.add(&new(&three, Some(&raw))), Err(VaultError::TooLarge { .. })));
    assert_eq!(format!("{import:?}"), "Import(1 passkeys)");
    import.commit().unwrap();
    assert_eq!((vault.list().unwrap().len(), vault.status().unwrap().epoch), (2, epoch + 1));
    assert_eq!(pieces(&vault), 1);
    vault.begin_import(300).commit().unwrap();
    assert_eq!((vault.check().unwrap(), vault.status().unwrap().epoch), (vec![], epoch + 1));
}

#[test]
fn a_piece_that_is_lost_damaged_or_cut_is_told_of() {
    let damaged = Finding::RecordDamaged { kind: Some(RecordKind::LargeBlob), id: Some(id()) };
    let key = [record_key(RecordKind::LargeBlob, id()), vec![0, 1]].concat();
    for value in [None, Some(vec![0; 200])] {
        let mut vault = with_one();
        vault.set_large_blob(id(), Some(&bytes(12_000)), 200).unwrap();
        let is_lost = value.is_none();
        vault.backend().commit(&[Change { tree: Tree::Record, key: key.clone(), value }]).unwrap();
        assert!(vault.large_blob(id()).unwrap().is_none());
        assert_eq!(vault.status().unwrap().findings, std::slice::from_ref(&damaged));
        let found = vault.check().unwrap();
        assert_eq!(found.iter().filter(|finding| **finding == damaged).count(), 1, "{found:?}");
        if !is_lost {
            // What is there and does not open is for a restore.
            let refused = vault.set_large_blob(id(), None, 300);
            assert!(matches!(refused, Err(VaultError::Damaged(crate::Damage::Records))), "{refused:?}");
            continue;
        }
        // Another one takes its place, and so does none.
        assert!(vault.set_large_blob(id(), None, 300).unwrap());
        assert!(!vault.set_large_blob(id(), None, 300).unwrap());
    }
}
