//! A vault as each released format wrote it, kept for good: it opens forever.

use std::fs;
use std::path::{Path, PathBuf};

use latchkey_passkey::PasskeyStore;

use crate::testing::*;
use crate::{LabelEdit, OpenOptions, Vault};

/// `stored/FORMAT/`: header, journal and snapshot; the database itself is made from them.
fn stored(format: u8) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("stored").join(format.to_string())
}

#[test]
fn a_vault_of_format_1_opens() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vault");
    fs::create_dir_all(path.join("snapshots")).unwrap();
    for name in ["header", "journal", "snapshots/00000000000000000003.snapshot"] {
        fs::copy(stored(1).join(name), path.join(name)).unwrap();
    }
    let restored = OpenOptions::new().restore(&path, &passphrase(PASSPHRASE)).unwrap();
    assert_eq!((restored.snapshot, restored.reached, restored.commits_lost()), (3, 4, 0));
    let (vault, _) = Vault::open(&path, &passphrase(PASSPHRASE)).unwrap();
    let found = vault.find_by_rp_id(&rp("example.org")).unwrap();
    let names: Vec<_> = found.iter().map(|passkey| passkey.labels.user_name.as_str()).collect();
    assert_eq!(names, ["alice", "b\u{f6}b"]);
    assert_eq!(found[0].core, passkey("example.org", "alice", 1).core);
    let (kept, expected) = (vault.secrets(found[0].core.id).unwrap().unwrap(), secrets(1));
    assert_eq!(kept.private_key.to_bytes(), expected.private_key.to_bytes());
    assert_eq!(kept.prf_seeds.without_uv.expose(), expected.prf_seeds.without_uv.expose());
    assert_eq!(found[0].usage.sign_in_count, 1);
    assert_eq!(uses(&vault, found[0].core.id), [created(100), signed_in(300)]);
    assert_eq!(vault.check().unwrap(), []);
    // The identity that wrote it is known, and followed by one with keys.
    let (devices, history) = (vault.devices().unwrap(), vault.history(found[0].core.id).unwrap());
    assert_eq!((devices.len(), devices[0].this, devices[1].id), (2, true, history[0].device));
    // Labels of its form have the change of their record, and keep it when something else changes.
    let (mut vault, id) = (vault, found[0].core.id);
    assert_eq!(vault.find(id).unwrap().unwrap().modified_at, 300);
    vault.record_use(id, &signed_in(400)).unwrap();
    assert_eq!(vault.find(id).unwrap().unwrap().modified_at, 300);
    vault.edit(&[id], &[LabelEdit::AddTag("new".to_owned())], 500).unwrap();
    let entry = vault.find(id).unwrap().unwrap();
    assert_eq!((entry.modified_at, entry.passkey.labels.user_name.as_str()), (500, "alice"));
    assert_eq!(vault.check().unwrap(), []);
}

#[test]
#[ignore = "writes stored/1, once per format"]
fn write_a_vault_of_format_1() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vault");
    let mut vault = new_vault(&path, &OpenOptions::new());
    add(&mut vault, &passkey("example.org", "alice", 1), None, &created(100)).unwrap();
    add(&mut vault, &passkey("example.org", "b\u{f6}b", 2), None, &created(200)).unwrap();
    vault.close().unwrap();
    let mut vault = reopen(&path, &OpenOptions::new()).unwrap();
    vault.record_use(passkey("example.org", "alice", 1).core.id, &signed_in(300)).unwrap();
    drop(vault);
    assert!(!stored(1).exists(), "a stored format is never written again");
    fs::create_dir_all(stored(1).join("snapshots")).unwrap();
    for name in ["header", "journal", "snapshots/00000000000000000003.snapshot"] {
        fs::copy(path.join(name), stored(1).join(name)).unwrap();
    }
}
