use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use latchkey_crypto::vault::{KdfError, MasterKey};

use crate::testing::*;
use crate::vault::random;
use crate::{Damage, OpenOptions, Vault, VaultError};

#[test]
fn passphrases_open_and_verify_only_their_vault() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("deep/vault");
    Vault::create(&path, &passphrase("right"), cheap(), &mut random()).unwrap().close().unwrap();
    assert!(matches!(Vault::open(&path, &passphrase("wrong")), Err(VaultError::WrongPassphrase)));
    let (vault, proof) = Vault::open(&path, &passphrase("right")).unwrap();
    assert_eq!(proof.vault(), vault.id());
    assert_eq!(vault.verify_passphrase(&passphrase("right")).unwrap().vault(), vault.id());
    assert!(matches!(vault.verify_passphrase(&passphrase("wrong")), Err(VaultError::WrongPassphrase)));
    vault.close().unwrap();
    let key = MasterKey::from_bytes([9; 32]);
    let other_key = Vault::open_with_master_key(&path, &key);
    assert!(matches!(other_key, Err(VaultError::Damaged(Damage::HeaderTampered))));
}

#[test]
fn creating_overwrites_nothing() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vault");
    new_vault(&path, &OpenOptions::new()).close().unwrap();
    let create = |path: &std::path::Path| Vault::create(path, &passphrase("x"), cheap(), &mut random());
    assert!(matches!(create(&path), Err(VaultError::AlreadyExists)));
    assert!(reopen(&path, &OpenOptions::new()).is_ok());
    let other = place.path().join("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("thesis.txt"), b"").unwrap();
    assert!(matches!(create(&other), Err(VaultError::AlreadyExists)));
    assert_eq!(fs::read_dir(&other).unwrap().count(), 1);
    fs::remove_file(other.join("thesis.txt")).unwrap();
    fs::write(other.join("lock"), b"of another program").unwrap();
    assert!(matches!(create(&other), Err(VaultError::AlreadyExists)));
    assert_eq!(fs::read(other.join("lock")).unwrap(), b"of another program");
}

#[test]
fn a_folder_that_cannot_be_made_is_told_with_path_and_reason() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("file"), b"").unwrap();
    let path = place.path().join("file/vault");
    match Vault::create(&path, &passphrase("x"), cheap(), &mut random()) {
        Err(VaultError::Io { doing, path: told, source }) => {
            assert_eq!((doing, told.as_deref()), ("make the folder", Some(path.as_path())));
            assert_eq!(source.kind(), std::io::ErrorKind::NotADirectory);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn folders_above_a_new_vault_are_made_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let place = tempfile::tempdir().unwrap();
    let above = place.path().join("above");
    Vault::create(above.join("vault"), &passphrase("x"), cheap(), &mut random()).unwrap().close().unwrap();
    assert_eq!(fs::metadata(above).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn an_empty_folder_that_was_open_to_others_is_closed() {
    use std::os::unix::fs::PermissionsExt;
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vault");
    fs::create_dir(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    Vault::create(&path, &passphrase("x"), cheap(), &mut random()).unwrap().close().unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_folder_without_a_vault_is_named_and_stays_as_it_is() {
    let place = tempfile::tempdir().unwrap();
    let missing = place.path().join("missing");
    assert!(matches!(reopen(&missing, &OpenOptions::new()), Err(VaultError::NotFound)));
    assert!(!missing.exists());
    assert!(matches!(reopen(place.path(), &OpenOptions::new()), Err(VaultError::NotFound)));
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    let restored = OpenOptions::new().restore(place.path(), &passphrase("x"));
    assert!(matches!(restored, Err(VaultError::NotFound)));
}

#[test]
fn a_vault_is_described_without_being_opened() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vault");
    assert!(matches!(crate::describe(&path), Err(VaultError::NotFound)));
    let vault = new_vault(&path, &OpenOptions::new());
    let described = crate::describe(&path).unwrap();
    assert_eq!((described.vault, described.slots.len(), described.in_use), (vault.id(), 1, true));
    vault.close().unwrap();
    assert!(!crate::describe(&path).unwrap().in_use);
}

#[test]
fn a_second_opening_in_one_process_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vault");
    let vault = new_vault(&path, &OpenOptions::new());
    assert!(matches!(reopen(&path, &OpenOptions::new()), Err(VaultError::InUse { .. })));
    let restored = OpenOptions::new().restore(&path, &passphrase(PASSPHRASE));
    assert!(matches!(restored, Err(VaultError::InUse { .. })));
    vault.close().unwrap();
    assert!(reopen(&path, &OpenOptions::new()).is_ok());
}

#[test]
fn a_second_process_is_refused_and_told_which_has_it() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vault");
    new_vault(&path, &OpenOptions::new()).close().unwrap();
    let mut child = Command::new("/proc/self/exe")
        .args(["tests::refusals::child_that_holds_a_vault", "--exact", "--ignored", "--nocapture"])
        .env("LATCHKEY_TEST_VAULT", &path)
        .env(KEY_VARIABLE, master_key_digits())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("holding")));
    match reopen(&path, &OpenOptions::new()) {
        Err(VaultError::InUse { process }) => assert_eq!(process, Some(child.id())),
        other => panic!("{other:?}"),
    }
    child.stdin.take().unwrap().write_all(b"\n").unwrap();
    child.wait().unwrap();
    assert!(reopen(&path, &OpenOptions::new()).is_ok());
}

#[test]
#[ignore = "run by a_second_process_is_refused_and_told_which_has_it"]
fn child_that_holds_a_vault() {
    let path = std::env::var_os("LATCHKEY_TEST_VAULT").unwrap();
    let vault = reopen(path.as_ref(), &OpenOptions::new()).unwrap();
    println!("holding");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    vault.close().unwrap();
}

#[test]
fn a_header_with_a_cheap_or_ruinous_derivation_is_refused_unpaid() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vault");
    new_vault(&path, &OpenOptions::new()).close().unwrap();
    let header = fs::read(path.join("header")).unwrap();
    // The parameters {1: 3, 2: 65536, 3: 4, 4: salt} of the one slot, with other numbers of the same length.
    let honest = [0xa4, 1, 3, 2, 0x1a, 0, 1, 0, 0, 3, 4, 4];
    let at = header.windows(honest.len()).position(|window| window == honest).unwrap();
    for (position, byte, floor) in [(2, 2, true), (7, 0, true), (5, 0xff, false), (10, 0x17, false)] {
        let mut forged = header.clone();
        forged[at + position] = byte;
        if position == 7 {
            forged[at + 6] = 0;
            forged[at + 7] = 0xff;
        }
        let forged = with_checksum(forged);
        for name in ["header", "header.previous"] {
            fs::write(path.join(name), &forged).unwrap();
        }
        let result = Vault::open(&path, &passphrase(PASSPHRASE));
        match result {
            Err(VaultError::Kdf(KdfError::BelowFloor { .. })) => assert!(floor, "{position}"),
            Err(VaultError::Kdf(KdfError::AboveCeiling { .. })) => assert!(!floor, "{position}"),
            // Not in shortest form any more, so not even CBOR.
            Err(VaultError::Damaged(Damage::Header)) => assert_eq!(position, 7),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_slot_swapped_in_from_elsewhere_is_noticed() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vault");
    new_vault(&path, &OpenOptions::new()).close().unwrap();
    let header = fs::read(path.join("header")).unwrap();
    // The table's own code, the last 32 bytes before the epoch's entry, changed: the slot opens, the whole does not.
    let table = slot_table().encode();
    let at = header.windows(table.len()).position(|window| window == table).unwrap();
    let mut forged = header.clone();
    forged[at + table.len() - 1] ^= 1;
    let forged = with_checksum(forged);
    for name in ["header", "header.previous"] {
        fs::write(path.join(name), &forged).unwrap();
    }
    let result = Vault::open(&path, &passphrase(PASSPHRASE));
    assert!(matches!(result, Err(VaultError::Damaged(Damage::HeaderTampered))));
}

/// The header with its checksum made right again, as somebody who changes it on purpose would.
fn with_checksum(mut header: Vec<u8>) -> Vec<u8> {
    use sha2::Digest;
    header.truncate(header.len() - 32);
    let checksum = sha2::Sha256::digest(&header);
    header.extend_from_slice(&checksum);
    header
}

#[test]
fn a_later_vault_is_refused_kindly() {
    use latchkey_crypto::cbor::{self, Value};
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vault");
    new_vault(&path, &OpenOptions::new()).close().unwrap();
    let body = cbor::encode(&Value::map([(1.into(), 9.into())]));
    let inner = cbor::encode(&Value::array([body.into(), [0; 32].into()]));
    let later = with_checksum([b"latchkey vault\n".as_slice(), &inner, &[0; 32]].concat());
    fs::write(path.join("header"), later).unwrap();
    assert!(matches!(reopen(&path, &OpenOptions::new()), Err(VaultError::TooNew { format: 9 })));
    let restored = OpenOptions::new().restore(&path, &passphrase(PASSPHRASE));
    assert!(matches!(restored, Err(VaultError::TooNew { format: 9 })));
}
