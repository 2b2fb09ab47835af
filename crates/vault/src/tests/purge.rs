//! What is purged is gone for good.

use latchkey_crypto::vault::RecordKind;
use latchkey_passkey::{PasskeyId, PasskeyStore};

use crate::backend::{Change, OLDEST_BINNED_KEY, REWRITE_DUE_KEY, Tree};
use crate::testing::*;
use crate::vault::record_key;
use crate::write::Write;
use crate::{BIN_SECONDS, NewPasskey, OpenOptions, Vault, VaultError};

fn id(n: u64) -> PasskeyId {
    passkey("example.org", "alice", n).core.id
}

/// Two passkeys with everything that one can have, of which the second stays.
fn fill(vault: &mut Vault) {
    for n in 1..=2 {
        let (passkey, secrets) = (passkey("example.org", &format!("user {n}"), n), secrets(n));
        let (large_blob, source_raw) = (Some([7; 9000].as_slice()), Some([8; 20_000].as_slice()));
        import(vault, &[NewPasskey { passkey: &passkey, secrets: &secrets, large_blob, source_raw }], 100)
            .unwrap();
        for at in 200..210 {
            vault.record_use(id(n), &signed_in(at)).unwrap();
        }
    }
}

fn filled() -> Vault {
    let mut vault = vault_in_memory();
    fill(&mut vault);
    vault
}

fn all_keys(vault: &Vault) -> Vec<(Tree, Vec<u8>)> {
    let mut keys = Vec::new();
    for tree in Tree::ALL {
        vault.backend().scan(tree, &[], &mut |key, _| keys.push((tree, key.to_vec()))).unwrap();
    }
    keys
}

#[test]
fn nothing_of_it_is_left_but_a_tombstone_and_the_wish_for_a_rewrite() {
    let mut vault = vault_in_memory();
    let empty = all_keys(&vault).len();
    fill(&mut vault);
    let full = all_keys(&vault).len();
    vault.bin(&[id(1)], 300).unwrap();
    assert!(vault.backend().get(Tree::Meta, REWRITE_DUE_KEY).unwrap().is_none());
    assert_eq!(vault.purge(&[id(1), id(1)], 400).unwrap(), [id(1)]);
    let left = all_keys(&vault);
    let of_it: Vec<_> =
        left.iter().filter(|(_, key)| key.windows(16).any(|part| part == id(1).as_bytes())).collect();
    assert_eq!(
        of_it,
        [&(Tree::Record, [&[RecordKind::Tombstone.code()], id(1).as_bytes().as_slice()].concat())]
    );
    // Half of what the two had, and the two that stay.
    assert_eq!(left.len(), empty + (full - empty) / 2 + 2);
    assert!(vault.backend().get(Tree::Meta, REWRITE_DUE_KEY).unwrap().is_some());

    assert!(vault.find(id(1)).unwrap().is_none() && vault.secrets(id(1)).unwrap().is_none());
    assert!(vault.history(id(1)).unwrap().is_empty());
    assert!(matches!(vault.large_blob(id(1)), Err(VaultError::NoSuchPasskey { .. })));
    assert_eq!(vault.large_blob(id(2)).unwrap().unwrap().as_slice(), [7; 9000]);
    assert_eq!(vault.history(id(2)).unwrap().len(), 10);
    assert_eq!(vault.find_by_rp_id(&rp("example.org")).unwrap().len(), 1);
    assert_eq!(vault.check().unwrap(), []);
    assert_eq!(vault.status().unwrap().findings, []);
}

#[test]
fn nothing_brings_it_back() {
    let mut vault = filled();
    vault.bin(&[id(1)], 300).unwrap();
    vault.purge(&[id(1)], 400).unwrap();
    let (passkey, secrets) = (passkey("example.org", "user 1", 1), secrets(1));
    let epoch = vault.status().unwrap().epoch;
    let error = add(&mut vault, &passkey, None, &created(500)).unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(VaultError::Purged { id: gone }) if *gone == id(1)));
    let new = NewPasskey { passkey: &passkey, secrets: &secrets, large_blob: None, source_raw: None };
    assert!(matches!(import(&mut vault, &[new], 500), Err(VaultError::Purged { .. })));
    for result in [vault.unbin(&[id(1)], 500), vault.purge(&[id(1)], 500)] {
        assert!(matches!(result, Err(VaultError::NoSuchPasskey { .. })));
    }
    assert_eq!(vault.status().unwrap().epoch, epoch);
}

#[test]
fn only_what_is_in_the_bin_is_purged() {
    let mut vault = filled();
    vault.bin(&[id(1)], 300).unwrap();
    match vault.purge(&[id(1), id(2)], 400) {
        Err(VaultError::NotInBin { id: refused }) => assert_eq!(refused, id(2)),
        other => panic!("{other:?}"),
    }
    assert!(vault.find(id(1)).unwrap().is_some());
    assert_eq!(vault.purge(&[], 400).unwrap(), []);
}

#[test]
fn another_passkey_of_the_same_credential_id_stays() {
    let made = |n| {
        let mut made = passkey("example.org", "alice", n);
        made.core.credential_id = passkey("example.org", "alice", 1).core.credential_id;
        made
    };
    let (site, credential_id) = (rp("example.org"), made(1).core.credential_id);
    let found = |vault: &Vault| {
        let found = vault.find_by_credential_id(&site, &credential_id).unwrap();
        found.map(|passkey| passkey.core.id)
    };
    for (gone, stays) in [(vec![id(1)], Some(id(2))), (vec![id(2)], Some(id(1))), (vec![id(1), id(2)], None)]
    {
        let mut vault = vault_in_memory();
        let (one, two, keys) = (made(1), made(2), [secrets(1), secrets(2)]);
        let new = |passkey, secrets| NewPasskey { passkey, secrets, large_blob: None, source_raw: None };
        import(&mut vault, &[new(&one, &keys[0]), new(&two, &keys[1])], 100).unwrap();
        vault.bin(&gone, 200).unwrap();
        vault.purge(&gone, 300).unwrap();
        assert_eq!(found(&vault), stays);
        let mut entries = 0;
        vault.backend().scan(Tree::IndexCredential, &[], &mut |_, _| entries += 1).unwrap();
        assert_eq!(entries, usize::from(stays.is_some()));
        assert_eq!(vault.check().unwrap(), []);
    }
}

#[test]
fn the_bin_is_emptied_after_thirty_days_and_not_a_second_before() {
    let mut vault = filled();
    vault.bin(&[id(1)], 1000).unwrap();
    vault.bin(&[id(2)], 2000).unwrap();
    assert_eq!(vault.purge_overdue(1000 + BIN_SECONDS).unwrap(), []);
    // A clock that was set back purges nothing.
    assert_eq!(vault.purge_overdue(0).unwrap(), []);
    assert_eq!(vault.purge_overdue(1001 + BIN_SECONDS).unwrap(), [id(1)]);
    vault.unbin(&[id(2)], 3000).unwrap();
    assert_eq!(vault.purge_overdue(u64::MAX).unwrap(), []);
}

#[test]
fn a_bin_with_nothing_overdue_is_not_read_through() {
    let mut vault = filled();
    let garbage = record_key(RecordKind::Passkey, id(7));
    vault.backend().commit(&[Change { tree: Tree::Record, key: garbage, value: Some(vec![1; 80]) }]).unwrap();
    assert_eq!(vault.purge_overdue(u64::MAX).unwrap(), []);
    vault.bin(&[id(1)], 1000).unwrap();
    vault.bin(&[id(2)], 500).unwrap();
    assert_eq!(vault.purge_overdue(500 + BIN_SECONDS).unwrap(), []);
    assert!(!vault.has_wrong_records());
    assert_eq!(vault.purge_overdue(501 + BIN_SECONDS).unwrap(), [id(2)]);
    assert!(vault.has_wrong_records());
    // One that is replaced goes into the bin, too.
    let mut vault = filled();
    add(&mut vault, &passkey("example.org", "user 1", 3), Some(id(1)), &created(600)).unwrap();
    assert_eq!(vault.purge_overdue(601 + BIN_SECONDS).unwrap(), [id(1)]);
}

#[test]
fn a_bin_of_which_nothing_is_known_is_read_through_once() {
    let mut vault = filled();
    vault.commit(&[Write::take_away(Tree::Meta, OLDEST_BINNED_KEY.to_vec())]).unwrap();
    vault.bin(&[id(1)], 1000).unwrap();
    let epoch = vault.status().unwrap().epoch;
    for _ in 0..2 {
        assert_eq!(vault.purge_overdue(2000).unwrap(), []);
        assert_eq!(vault.status().unwrap().epoch, epoch + 1);
    }
    vault.bin(&[id(2)], 900).unwrap();
    assert_eq!(vault.purge_overdue(901 + BIN_SECONDS).unwrap(), [id(2)]);
    assert_eq!(vault.purge_overdue(1001 + BIN_SECONDS).unwrap(), [id(1)]);
}

#[test]
fn a_full_bin_is_emptied_in_several_commits() {
    let mut vault = vault_in_memory();
    let passkeys: Vec<_> = (0..1500).map(|n| passkey("example.org", "alice", n)).collect();
    let secrets = secrets(1);
    let new = |passkey| NewPasskey { passkey, secrets: &secrets, large_blob: None, source_raw: None };
    import(&mut vault, &passkeys.iter().map(new).collect::<Vec<_>>(), 100).unwrap();
    let ids: Vec<_> = passkeys.iter().map(|passkey| passkey.core.id).collect();
    vault.bin(&ids, 200).unwrap();
    let epoch = vault.status().unwrap().epoch;
    assert_eq!(vault.purge_overdue(201 + BIN_SECONDS).unwrap().len(), 1500);
    // Twice to purge, and that the bin is empty.
    assert_eq!(vault.status().unwrap().epoch, epoch + 3);
    assert_eq!(vault.check().unwrap(), []);
}

#[test]
fn it_stays_gone_after_reopening_and_restoring() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vault");
    let mut vault = new_vault(&path, &OpenOptions::new());
    fill(&mut vault);
    vault.close().unwrap();
    let mut vault = reopen(&path, &OpenOptions::new()).unwrap();
    vault.bin(&[id(1)], 300).unwrap();
    vault.purge(&[id(1)], 400).unwrap();
    drop(vault);
    let is_gone = |vault: Vault| {
        assert_eq!(vault.list().unwrap().len(), 1);
        assert!(vault.backend().get(Tree::Meta, REWRITE_DUE_KEY).unwrap().is_some());
        assert_eq!(vault.check().unwrap(), []);
        drop(vault);
    };
    is_gone(reopen(&path, &OpenOptions::new()).unwrap());
    // From the snapshot that still has it, and the journal that has its end.
    OpenOptions::new().restore(&path, &passphrase(PASSPHRASE)).unwrap();
    is_gone(reopen(&path, &OpenOptions::new()).unwrap());
}
