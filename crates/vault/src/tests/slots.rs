//! What opens a vault, and what no longer does.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use latchkey_crypto::cbor::Value;
use latchkey_crypto::vault::{KeyedSlot, SlotId, SlotKind, SlotSecret};

use crate::backend::{Change, SLOTS_KEY, Tree};
use crate::header::{Header, MAGIC};
use crate::testing::*;
use crate::{Damage, Finding, OpenOptions, Vault, VaultError};

fn with_one_passkey() -> (tempfile::TempDir, PathBuf, Vault) {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vault");
    let mut vault = new_vault(&path, &OpenOptions::new());
    add(&mut vault, &passkey("example.org", "alice", 1), None, &created(1)).unwrap();
    (place, path, vault)
}

fn opens(path: &Path, text: &str) -> bool {
    match Vault::open(path, &passphrase(text)) {
        Ok((vault, _)) => {
            assert_eq!((vault.list().unwrap().len(), vault.status().unwrap().findings), (1, vec![]));
            vault.close().unwrap();
            true
        }
        Err(VaultError::WrongPassphrase) => false,
        Err(error) => panic!("{error}"),
    }
}

/// Whether any file of the folder holds a header, at whatever place in it, that the passphrase opens.
fn any_file_opens(folder: &Path, text: &str) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return any_file_opens(&path, text);
        }
        let bytes = fs::read(&path).unwrap();
        let starts = bytes.windows(MAGIC.len()).enumerate().filter(|(_, window)| *window == MAGIC);
        let mut headers = starts.filter_map(|(at, _)| {
            // Alone in a file, or with its length before it, as in snapshots of the first format.
            let len =
                bytes.get(at.wrapping_sub(4)..at).and_then(|len| len.try_into().ok()).map(u32::from_be_bytes);
            let within = len.and_then(|len| bytes.get(at..at + usize::try_from(len).unwrap()));
            within.and_then(|bytes| Header::decode(bytes).ok()).or_else(|| Header::decode(&bytes[at..]).ok())
        });
        headers.any(|header| header.slots.open(&passphrase(text)).is_ok())
    })
}

#[test]
fn a_changed_passphrase_leaves_no_file_that_the_old_one_opens() {
    // One that was migrated: its old snapshots hold headers.
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vault");
    super::stored::bring_back(1, &path);
    let (mut vault, _) = Vault::open(&path, &passphrase(PASSPHRASE)).unwrap();
    fs::write(path.join("snapshots/new"), fs::read(path.join("header")).unwrap()).unwrap();
    assert!(any_file_opens(&path, PASSPHRASE));

    let wrong = vault.change_passphrase(&passphrase("wrong"), &passphrase("new"), cheap());
    assert!(matches!(wrong, Err(VaultError::WrongPassphrase)));
    assert!(any_file_opens(&path, PASSPHRASE), "a refused change changes nothing");
    let proof = vault.change_passphrase(&passphrase(PASSPHRASE), &passphrase("new"), cheap()).unwrap();
    assert_eq!(proof.vault(), vault.id());
    // It is on the disk before anything is closed.
    assert!(!any_file_opens(&path, PASSPHRASE) && any_file_opens(&path, "new"));
    vault.verify_passphrase(&passphrase("new")).unwrap();
    assert!(matches!(vault.verify_passphrase(&passphrase(PASSPHRASE)), Err(VaultError::WrongPassphrase)));
    vault.close().unwrap();
    assert!(!any_file_opens(&path, PASSPHRASE));
    let restore = |text| OpenOptions::new().restore(&path, &passphrase(text));
    assert!(matches!(restore(PASSPHRASE), Err(VaultError::WrongPassphrase)));
    // Not even where both generations of the header are lost.
    for name in ["header", "header.previous"] {
        fs::remove_file(path.join(name)).unwrap();
    }
    assert!(matches!(restore(PASSPHRASE), Err(VaultError::WrongPassphrase)));
    assert_eq!(restore("new").unwrap().commits_lost(), 0);
    let (vault, _) = Vault::open(&path, &passphrase("new")).unwrap();
    super::stored::assert_content(&vault);
}

#[test]
fn passphrases_are_added_and_removed_but_never_the_last() {
    let (_place, path, mut vault) = with_one_passkey();
    let first = vault.slots()[0].id;
    let refused = vault.remove_slot(&passphrase(PASSPHRASE), first);
    assert!(matches!(refused, Err(VaultError::LastSlot)));
    let wrong = vault.add_passphrase(&passphrase("wrong"), &passphrase("second"), cheap());
    assert!(matches!(wrong, Err(VaultError::WrongPassphrase)));
    let second = vault.add_passphrase(&passphrase(PASSPHRASE), &passphrase("second"), cheap()).unwrap();
    assert_eq!(vault.slots().len(), 2);
    drop(vault);
    assert!(opens(&path, PASSPHRASE) && opens(&path, "second"));

    let (mut vault, _) = Vault::open(&path, &passphrase("second")).unwrap();
    let unknown = vault.remove_slot(&passphrase("second"), SlotId(77));
    assert!(matches!(unknown, Err(VaultError::NoSuchSlot)));
    assert!(matches!(vault.remove_slot(&passphrase("wrong"), first), Err(VaultError::WrongPassphrase)));
    vault.remove_slot(&passphrase("second"), first).unwrap();
    assert!(matches!(vault.remove_slot(&passphrase("second"), second), Err(VaultError::LastSlot)));
    drop(vault);
    assert!(!opens(&path, PASSPHRASE) && opens(&path, "second"));
    assert!(!any_file_opens(&path, PASSPHRASE));
}

#[test]
fn a_keyed_slot_opens_without_a_passphrase() {
    let (_place, path, mut vault) = with_one_passkey();
    let (secret, params) = (SlotSecret::from_bytes([5; 32]), Value::from(vec![1, 2, 3]));
    let way = KeyedSlot::RecoveryKey;
    let too_long = vault.add_keyed_slot(&passphrase(PASSPHRASE), way, &secret, vec![0; 5000].into());
    assert!(matches!(too_long, Err(VaultError::TooLarge { .. })));
    let id = vault.add_keyed_slot(&passphrase(PASSPHRASE), way, &secret, params.clone()).unwrap();
    assert_eq!((vault.slots()[1].kind, vault.slot_params(id)), (SlotKind::RecoveryKey, Some(params)));
    vault.close().unwrap();
    let options = OpenOptions::new();
    let open = |way, byte| options.open_with_keyed_slot(&path, way, &SlotSecret::from_bytes([byte; 32]));
    assert!(matches!(open(way, 6), Err(VaultError::WrongSecret)));
    assert!(matches!(open(KeyedSlot::Tpm, 5), Err(VaultError::WrongSecret)));
    let mut vault = open(way, 5).unwrap();
    assert_eq!(vault.list().unwrap().len(), 1);
    vault.remove_slot(&passphrase(PASSPHRASE), id).unwrap();
    vault.close().unwrap();
    assert!(matches!(open(way, 5), Err(VaultError::WrongSecret)));
}

#[test]
fn an_older_slot_table_that_is_brought_back_is_told() {
    let (_place, path, mut vault) = with_one_passkey();
    let old = fs::read(path.join("header")).unwrap();
    vault.change_passphrase(&passphrase(PASSPHRASE), &passphrase("new"), cheap()).unwrap();
    vault.close().unwrap();
    // One generation alone is passed over.
    fs::write(path.join("header"), &old).unwrap();
    assert!(matches!(Vault::open(&path, &passphrase(PASSPHRASE)), Err(VaultError::WrongPassphrase)));
    // And both, for the third copy, in a restore as well.
    fs::write(path.join("header.previous"), &old).unwrap();
    assert!(matches!(Vault::open(&path, &passphrase(PASSPHRASE)), Err(VaultError::WrongPassphrase)));
    let restored = OpenOptions::new().restore(&path, &passphrase(PASSPHRASE));
    assert!(matches!(restored, Err(VaultError::WrongPassphrase)));
    fs::write(path.join("snapshots/header"), &old).unwrap();
    let (vault, _) = Vault::open(&path, &passphrase(PASSPHRASE)).unwrap();
    assert!(vault.status().unwrap().findings.contains(&Finding::SlotsOlder));
}

#[test]
fn a_slot_table_of_another_hand_is_refused() {
    let (_place, path, mut vault) = with_one_passkey();
    // Genuine in itself, for the same passphrase and vault, but under another master key.
    let other = latchkey_crypto::vault::SlotTable::create(
        vault.id(),
        &passphrase("other"),
        cheap(),
        &mut crate::vault::random(),
    );
    vault.safeguards.as_mut().unwrap().header.slots = other.unwrap().0;
    assert!(matches!(vault.verify_passphrase(&passphrase("other")), Err(VaultError::WrongPassphrase)));
    vault.safeguards.as_mut().unwrap().mark_anew(2).unwrap();
    drop(vault);
    let result = Vault::open(&path, &passphrase("other"));
    assert!(matches!(result, Err(VaultError::Damaged(Damage::HeaderTampered))));
}

#[test]
fn a_new_master_key_shuts_out_everything_from_before() {
    let place = tempfile::tempdir().unwrap();
    let (path, copy_before) = (place.path().join("vault"), place.path().join("before"));
    let knowing = OpenOptions::new().state_folder(place.path().join("state"));
    let mut vault = new_vault(&path, &knowing);
    add(&mut vault, &passkey("example.org", "alice", 1), None, &created(1)).unwrap();
    let secret = SlotSecret::from_bytes([5; 32]);
    let keyed = vault.add_keyed_slot(&passphrase(PASSPHRASE), KeyedSlot::Tpm, &secret, Value::Null).unwrap();
    copy(&path, &copy_before);

    let mut go_on = |_| ControlFlow::Continue(());
    let wrong = vault.rekey(&passphrase("wrong"), &passphrase("new"), cheap(), &mut go_on);
    assert!(matches!(wrong, Err(VaultError::WrongPassphrase)));
    let mut stop = |_| ControlFlow::Break(());
    let stopped = vault.rekey(&passphrase(PASSPHRASE), &passphrase("new"), cheap(), &mut stop);
    assert!(matches!(stopped, Err(VaultError::Cancelled)));
    vault.verify_passphrase(&passphrase(PASSPHRASE)).unwrap();

    let rekeyed = vault.rekey(&passphrase(PASSPHRASE), &passphrase("new"), cheap(), &mut go_on).unwrap();
    let dropped: Vec<_> = rekeyed.dropped.iter().map(|slot| (slot.id, slot.kind)).collect();
    assert_eq!((dropped, rekeyed.proof.vault()), (vec![(keyed, SlotKind::Tpm)], vault.id()));
    assert_eq!(vault.slots().len(), 1);
    assert!(!any_file_opens(&path, PASSPHRASE));
    drop(vault);
    assert!(!opens(&path, PASSPHRASE) && opens(&path, "new"));
    assert!(matches!(
        OpenOptions::new().open_with_keyed_slot(&path, KeyedSlot::Tpm, &secret),
        Err(VaultError::WrongSecret)
    ));
    let old_key = OpenOptions::new().open_with_master_key(&path, &master_key());
    assert!(matches!(old_key, Err(VaultError::Damaged(Damage::HeaderTampered))));

    // A copy from before is refused on the machine that has seen the newer one, though another key wrote that down.
    let rolled_back = knowing.open(&copy_before, &passphrase(PASSPHRASE));
    assert!(matches!(rolled_back, Err(VaultError::RolledBack { .. })), "{rolled_back:?}");
    // Elsewhere it opens, as it always will.
    assert!(opens(&copy_before, PASSPHRASE));
}

/// Does one thing at a step of a rewrite.
fn at(step: &'static str, path: &Path, act: impl Fn(&Path) + 'static) {
    let path = path.to_owned();
    at_each_step(move |reached| {
        if reached == step {
            act(&path);
        }
    });
}

#[test]
fn new_keys_that_hold_are_no_failure_whatever_comes_after() {
    type Act = fn(&Path);
    // In the way of the third copy of the header, of the snapshot, and of clearing away.
    let hinder: [(&str, &str, Act); 3] = [
        ("built", "snapshots/header", |path| {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        }),
        ("switched", "snapshots/new", |path| fs::create_dir(path).unwrap()),
        ("snapshot", "set-aside", |path| fs::write(path, b"").unwrap()),
    ];
    for (step, name, act) in hinder {
        let (_place, path, mut vault) = with_one_passkey();
        at(step, &path.join(name), act);
        let mut go_on = |_| ControlFlow::Continue(());
        let rekeyed = vault.rekey(&passphrase(PASSPHRASE), &passphrase("new"), cheap(), &mut go_on);
        at_each_step(|_| ());
        rekeyed.unwrap();
        assert!(vault.status().unwrap().findings.contains(&Finding::Unfinished), "{name}");
        drop(vault);
        let hindrance = path.join(name);
        if hindrance.is_dir() {
            fs::remove_dir(hindrance).unwrap()
        } else {
            fs::remove_file(hindrance).unwrap()
        }
        assert!(opens(&path, "new") && !opens(&path, PASSPHRASE), "{name}");
        assert!(!any_file_opens(&path, PASSPHRASE) && !path.join("db/1").exists(), "{name}");
    }
}

#[test]
fn a_changed_passphrase_that_holds_is_no_failure_whatever_comes_after() {
    let change = |vault: &mut Vault, old: &str, new: &str| {
        vault.change_passphrase(&passphrase(old), &passphrase(new), cheap()).map(drop)
    };
    // Nothing of the new header can be written: the old passphrase opens.
    let (_place, path, mut vault) = with_one_passkey();
    fs::create_dir(path.join("header.new")).unwrap();
    let failed = change(&mut vault, PASSPHRASE, "new");
    assert!(matches!(failed, Err(VaultError::Interrupted { cause: Some(_) })), "{failed:?}");
    drop(vault);
    fs::remove_dir(path.join("header.new")).unwrap();
    assert!(opens(&path, PASSPHRASE) && !opens(&path, "new"));

    // All but the third copy: the new one does.
    let (mut vault, _) = Vault::open(&path, &passphrase(PASSPHRASE)).unwrap();
    fs::remove_file(path.join("snapshots/header")).unwrap();
    fs::create_dir(path.join("snapshots/header")).unwrap();
    change(&mut vault, PASSPHRASE, "new").unwrap();
    assert!(vault.status().unwrap().findings.contains(&Finding::Unfinished));
    drop(vault);
    fs::remove_dir(path.join("snapshots/header")).unwrap();
    assert!(opens(&path, "new") && !opens(&path, PASSPHRASE));

    // The store cannot learn of it, as what it knows is damaged.
    let (mut vault, _) = Vault::open(&path, &passphrase("new")).unwrap();
    change(&mut vault, "new", "newer").unwrap();
    let damaged = Change { tree: Tree::Meta, key: SLOTS_KEY.to_vec(), value: Some(vec![1; 80]) };
    vault.backend().commit(&[damaged]).unwrap();
    change(&mut vault, "newer", "newest").unwrap();
    assert!(vault.status().unwrap().findings.contains(&Finding::Unfinished));
    drop(vault);
    assert!(Vault::open(&path, &passphrase("newest")).is_ok());
    assert!(matches!(Vault::open(&path, &passphrase("newer")), Err(VaultError::WrongPassphrase)));
}

#[test]
fn a_vault_that_got_its_master_key_elsewhere_is_taken_and_told() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vault");
    let here = OpenOptions::new().state_folder(place.path().join("here"));
    let mut vault = new_vault(&path, &here);
    add(&mut vault, &passkey("example.org", "alice", 1), None, &created(1)).unwrap();
    vault.close().unwrap();
    let (mut vault, _) = Vault::open(&path, &passphrase(PASSPHRASE)).unwrap();
    vault
        .rekey(&passphrase(PASSPHRASE), &passphrase("new"), cheap(), &mut |_| ControlFlow::Continue(()))
        .unwrap();
    vault.close().unwrap();
    let (vault, _) = here.open(&path, &passphrase("new")).unwrap();
    assert_eq!(vault.status().unwrap().findings, [Finding::WitnessForeign]);
    vault.close().unwrap();
    assert_eq!(here.open(&path, &passphrase("new")).unwrap().0.status().unwrap().findings, []);
}
