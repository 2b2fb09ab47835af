//! Records changed, lost, added or exchanged by a hand that knows the storage engine, but has no key.

use std::path::Path;

use latchkey_crypto::vault::{DataKey, RecordKind, VaultId, VaultKeys};
use latchkey_passkey::PasskeyStore;

use super::damage::{PASSKEYS, filled, is_whole, restore, whole_or_told};
use crate::backend::{Backend, Change, DEVICE_KEY, Sled, Tree};
use crate::testing::*;
use crate::vault::{random, record_key};
use crate::{Damage, Finding, OpenOptions, VaultError};

/// Changes the store behind the vault's back.
fn tamper(path: &Path, change: impl FnOnce(&Sled) -> Vec<Change>) {
    tamper_with(&path.join("db/1"), change);
}

fn tamper_with(store: &Path, change: impl FnOnce(&Sled) -> Vec<Change>) {
    let mut store = Sled::open(store).unwrap();
    let changes = change(&store);
    store.commit(&changes).unwrap();
    store.close().unwrap();
}

/// Takes a passkey's record out of a store behind the vault's back.
pub(super) fn lose_passkey(store: &Path, n: u64) {
    tamper_with(store, |_| vec![put(RecordKind::Passkey, n, None)]);
}

fn key_of(kind: RecordKind, n: u64) -> Vec<u8> {
    record_key(kind, passkey("example.org", "x", n).core.id)
}

fn get(store: &Sled, kind: RecordKind, n: u64) -> Option<Vec<u8>> {
    store.get(Tree::Record, &key_of(kind, n)).unwrap()
}

fn put(kind: RecordKind, n: u64, value: Option<Vec<u8>>) -> Change {
    Change { tree: Tree::Record, key: key_of(kind, n), value }
}

fn id(n: u64) -> latchkey_passkey::PasskeyId {
    passkey("example.org", "x", n).core.id
}

#[test]
fn a_damaged_record_is_set_aside_and_the_rest_is_usable() {
    let (_place, path) = filled();
    tamper(&path, |store| {
        let mut envelope = get(store, RecordKind::PasskeySecret, 3).unwrap();
        envelope[60] ^= 1;
        vec![put(RecordKind::PasskeySecret, 3, Some(envelope))]
    });
    let mut vault = reopen(&path, &OpenOptions::new()).unwrap();
    let damaged = Finding::RecordDamaged { kind: Some(RecordKind::PasskeySecret), id: Some(id(3)) };
    assert_eq!(vault.status().unwrap().findings, std::slice::from_ref(&damaged));
    // What cannot sign is not offered.
    assert_eq!(vault.find_by_rp_id(&rp("example.org")).unwrap().len(), PASSKEYS - 1);
    assert!(vault.secrets(id(3)).unwrap().is_none());
    assert_eq!(vault.list().unwrap().len(), PASSKEYS);
    add(&mut vault, &passkey("example.net", "alice", 50), None, &created(200)).unwrap();
    drop(vault);
    assert_eq!(reopen(&path, &OpenOptions::new()).unwrap().status().unwrap().findings, [damaged]);
    restore(&path);
    let vault = reopen(&path, &OpenOptions::new()).unwrap();
    assert_eq!((vault.list().unwrap().len(), vault.check().unwrap()), (PASSKEYS + 1, vec![]));
}

#[test]
fn a_damaged_identity_is_not_written_over_and_passkeys_sign_in_all_the_same() {
    let (_place, path) = filled();
    tamper(&path, |store| {
        let mut envelope = store.get(Tree::Meta, DEVICE_KEY).unwrap().unwrap();
        envelope[60] ^= 1;
        vec![Change { tree: Tree::Meta, key: DEVICE_KEY.to_vec(), value: Some(envelope) }]
    });
    let damaged = [Finding::RecordDamaged { kind: Some(RecordKind::Meta), id: None }];
    let envelope = |path: &Path| Sled::open(&path.join("db/1")).unwrap().get(Tree::Meta, DEVICE_KEY).unwrap();
    let before = envelope(&path);
    // The copy has an identity for as long as it is open.
    let mut vault = reopen(&path, &OpenOptions::new()).unwrap();
    let site = rp("example.org");
    assert_eq!(vault.find_by_rp_id(&site).unwrap().len(), PASSKEYS);
    assert!(vault.secrets(id(1)).unwrap().is_some());
    vault.record_use(id(1), &signed_in(300)).unwrap();
    assert_ne!(vault.history(id(1)).unwrap()[0].device, vault.history(id(1)).unwrap()[1].device);
    add(&mut vault, &passkey("example.net", "alice", 50), None, &created(200)).unwrap();
    let epoch = vault.status().unwrap().epoch;
    drop(vault);
    assert_eq!(envelope(&path), before);
    // What is told stays true, and no more than that.
    assert_eq!(reopen(&path, &OpenOptions::new()).unwrap().status().unwrap().findings, damaged);
    assert_eq!(restore(&path).reached, epoch);
    let vault = reopen(&path, &OpenOptions::new()).unwrap();
    assert_eq!((vault.list().unwrap().len(), vault.check().unwrap()), (PASSKEYS + 1, vec![]));
}

#[test]
fn a_damaged_record_is_not_written_over() {
    let (_place, path) = filled();
    let history = |store: &Sled| {
        let mut found = Vec::new();
        store.scan(Tree::History, id(3).as_bytes(), &mut |key, _| found.push(key.to_vec())).unwrap();
        found
    };
    tamper(&path, |store| {
        let mut lines = history(store).into_iter();
        let key = lines.next().unwrap();
        let mut envelope = store.get(Tree::History, &key).unwrap().unwrap();
        envelope[60] ^= 1;
        vec![Change { tree: Tree::History, key, value: Some(envelope) }]
    });
    let damaged = [Finding::RecordDamaged { kind: Some(RecordKind::History), id: Some(id(3)) }];
    let mut vault = reopen(&path, &OpenOptions::new()).unwrap();
    vault.bin(&[id(2), id(3), id(4)], 100).unwrap();
    let epoch = vault.status().unwrap().epoch;
    for ids in [[id(3)].as_slice(), &[id(2), id(3)]] {
        assert!(matches!(vault.purge(ids, 200), Err(VaultError::Damaged(Damage::Records))));
    }
    assert_eq!(vault.status().unwrap().epoch, epoch);
    // The others do not wait for it.
    let late = 101 + crate::BIN_SECONDS;
    assert_eq!(vault.purge_overdue(late).unwrap(), [id(2), id(4)]);
    assert_eq!(vault.purge_overdue(late).unwrap(), []);
    vault.close().unwrap();
    assert_eq!(reopen(&path, &OpenOptions::new()).unwrap().status().unwrap().findings, damaged);
    assert_eq!(restore(&path).commits_lost(), 0);
    let mut vault = reopen(&path, &OpenOptions::new()).unwrap();
    assert_eq!(vault.check().unwrap(), []);
    assert_eq!(vault.purge_overdue(late).unwrap(), [id(3)]);
    assert_eq!(vault.check().unwrap(), []);
}

#[test]
fn a_damage_that_is_lived_with_can_still_be_restored_after_many_snapshots() {
    let (_place, path) = filled();
    tamper(&path, |store| {
        let mut envelope = get(store, RecordKind::PasskeySecret, 3).unwrap();
        envelope[60] ^= 1;
        vec![put(RecordKind::PasskeySecret, 3, Some(envelope))]
    });
    for n in 0..10 {
        let mut vault = reopen(&path, &OpenOptions::new()).unwrap();
        vault.record_use(id(1), &signed_in(300 + n)).unwrap();
        vault.close().unwrap();
    }
    assert_eq!(restore(&path).commits_lost(), 0);
    let vault = reopen(&path, &OpenOptions::new()).unwrap();
    assert!(is_whole(&vault));
    assert_eq!(vault.history(id(1)).unwrap().len(), 11);
    assert_eq!(vault.find_by_rp_id(&rp("example.org")).unwrap().len(), PASSKEYS);
}

#[test]
fn records_swapped_between_ids_kinds_and_vaults_do_not_open() {
    // As another vault would have sealed it, even with the same data key.
    let foreign = |keys: &VaultKeys, store: &Sled| {
        let key = key_of(RecordKind::Passkey, 1);
        let plain = keys.open(RecordKind::Passkey, &key, &get(store, RecordKind::Passkey, 1).unwrap());
        let data_key = DataKey::of_first_format(&master_key());
        let other = VaultKeys::of(&data_key, VaultId::from_bytes([77; 16]));
        other.seal(RecordKind::Passkey, &key, 1, &plain.unwrap().plaintext, &mut random()).unwrap()
    };
    type Swap = Box<dyn FnOnce(&VaultKeys, &Sled) -> Vec<Change>>;
    let swaps: [(&str, Swap); 3] = [
        (
            "ids",
            Box::new(|_, store| {
                vec![
                    put(RecordKind::Passkey, 1, get(store, RecordKind::Passkey, 2)),
                    put(RecordKind::Passkey, 2, get(store, RecordKind::Passkey, 1)),
                ]
            }),
        ),
        (
            "kinds",
            Box::new(|_, store| vec![put(RecordKind::Passkey, 1, get(store, RecordKind::PasskeySecret, 1))]),
        ),
        (
            "vaults",
            Box::new(move |keys, store| vec![put(RecordKind::Passkey, 1, Some(foreign(keys, store)))]),
        ),
    ];
    for (what, swap) in swaps {
        let (_place, path) = filled();
        let keys = keys_in(&path);
        tamper(&path, |store| swap(&keys, store));
        let vault = reopen(&path, &OpenOptions::new()).unwrap();
        let findings = vault.status().unwrap().findings;
        let expected = Finding::RecordDamaged { kind: Some(RecordKind::Passkey), id: Some(id(1)) };
        assert!(findings.contains(&expected), "{what}: {findings:?}");
        assert!(vault.find(id(1)).unwrap().is_none(), "{what}");
        assert!(vault.find(id(3)).unwrap().is_some(), "{what}");
    }
}

#[test]
fn a_record_brought_back_in_an_older_form_is_noticed() {
    let (_place, path) = filled();
    let store = Sled::open(&path.join("db/1")).unwrap();
    let before = get(&store, RecordKind::Passkey, 1);
    drop(store);
    let mut vault = reopen(&path, &OpenOptions::new()).unwrap();
    vault.record_use(id(1), &signed_in(300)).unwrap();
    drop(vault);
    tamper(&path, |_| vec![put(RecordKind::Passkey, 1, before)]);
    let vault = reopen(&path, &OpenOptions::new()).unwrap();
    assert_eq!(vault.status().unwrap().findings, [Finding::RecordsExchanged]);
}

#[test]
fn a_vanished_passkey_is_named() {
    let (_place, path) = filled();
    lose_passkey(&path.join("db/1"), 4);
    let vault = reopen(&path, &OpenOptions::new()).unwrap();
    let expected = [Finding::PasskeyMissing { id: id(4) }, Finding::RecordsMissing { count: 1 }];
    assert_eq!(vault.status().unwrap().findings, expected);
    drop(vault);
    tamper(&path, |_| vec![put(RecordKind::PasskeySecret, 5, None)]);
    let vault = reopen(&path, &OpenOptions::new()).unwrap();
    let findings = vault.status().unwrap().findings;
    assert!(findings.contains(&Finding::SecretMissing { id: id(5) }), "{findings:?}");
    assert!(findings.contains(&Finding::RecordsMissing { count: 2 }), "{findings:?}");
}

#[test]
fn an_added_record_is_noticed() {
    let (_place, path) = filled();
    let added = keys_in(&path).seal(RecordKind::History, b"new", 1, b"x", &mut random()).unwrap();
    tamper(&path, |_| vec![Change { tree: Tree::History, key: b"new".to_vec(), value: Some(added) }]);
    let vault = reopen(&path, &OpenOptions::new()).unwrap();
    let findings = vault.status().unwrap().findings;
    assert!(findings.contains(&Finding::RecordsAdded { count: 1 }), "{findings:?}");
}

#[test]
fn a_lost_manifest_is_damage() {
    let (_place, path) = filled();
    tamper(&path, |_| vec![Change { tree: Tree::Meta, key: b"manifest".to_vec(), value: None }]);
    let result = reopen(&path, &OpenOptions::new());
    assert!(matches!(result, Err(VaultError::Damaged(Damage::Manifest))));
    whole_or_told(&path, "manifest");
}
