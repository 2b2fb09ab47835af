//! Who made a change.

use latchkey_passkey::PasskeyStore;

use crate::backend::{DEVICE_KEY, Tree};
use crate::testing::*;
use crate::write::Write;
use crate::{OpenOptions, Vault};

fn names(vault: &Vault) -> Vec<(Option<String>, bool)> {
    vault.devices().unwrap().into_iter().map(|device| (device.name, device.this)).collect()
}

#[test]
fn a_copy_keeps_its_identity_and_signs_its_history_with_it() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vault");
    let mut vault = new_vault(&path, &OpenOptions::new().device_name("workshop\u{1b}[2J"));
    let made = passkey("example.org", "alice", 1);
    add(&mut vault, &made, None, &created(100)).unwrap();
    let this = vault.devices().unwrap();
    assert_eq!(names(&vault), [(Some("workshop\u{fffd}[2J".to_owned()), true)]);
    vault.close().unwrap();
    let mut vault = reopen(&path, &OpenOptions::new().device_name("another name")).unwrap();
    vault.record_use(made.core.id, &signed_in(200)).unwrap();
    assert_eq!(vault.devices().unwrap(), this);
    let history = vault.history(made.core.id).unwrap();
    assert!(history.iter().all(|line| line.device == this[0].id) && history.len() == 2);
    assert!(!format!("{this:?}").contains("workshop"));
}

#[test]
fn a_copy_that_was_set_back_is_another_from_then_on() {
    let place = tempfile::tempdir().unwrap();
    let (path, copied) = (place.path().join("vault"), place.path().join("copy"));
    let options = OpenOptions::new().state_folder(place.path().join("state")).device_name("one");
    let mut vault = new_vault(&path, &options);
    let made = passkey("example.org", "alice", 1);
    add(&mut vault, &made, None, &created(100)).unwrap();
    vault.close().unwrap();
    copy(&path, &copied);
    let mut vault = reopen(&path, &options).unwrap();
    vault.record_use(made.core.id, &signed_in(200)).unwrap();
    vault.close().unwrap();
    copy(&copied, &path);
    let vault = reopen(&path, &options.device_name("two").accept_older()).unwrap();
    assert_eq!(names(&vault), [(Some("two".to_owned()), true), (Some("one".to_owned()), false)]);
    assert_eq!(vault.history(made.core.id).unwrap()[0].device, vault.devices().unwrap()[1].id);
}

#[test]
fn an_identity_of_the_first_form_stays_known_and_gets_a_successor() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vault");
    let mut vault = new_vault(&path, &OpenOptions::new());
    let before = vault.devices().unwrap()[0].id;
    vault.commit(&[Write::put(Tree::Meta, DEVICE_KEY, before.as_bytes().to_vec())]).unwrap();
    vault.close().unwrap();
    let vault = reopen(&path, &OpenOptions::new().device_name("new")).unwrap();
    let devices = vault.devices().unwrap();
    assert_eq!((devices.len(), devices[0].this, devices[1].id), (2, true, before));
    assert_ne!(devices[0].id, before);
    let epoch = vault.status().unwrap().epoch;
    drop(vault);
    let vault = reopen(&path, &OpenOptions::new()).unwrap();
    assert_eq!((vault.devices().unwrap(), vault.status().unwrap().epoch), (devices, epoch));
    assert_eq!(vault.check().unwrap(), []);
}
