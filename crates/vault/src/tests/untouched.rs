//! Opening never makes damage worse: a folder that does not open is left as it was, byte for byte.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::tampering::lose_passkey;
use crate::testing::*;
use crate::{Damage, OpenOptions, VaultError};

/// Every file below a folder, and what is in it.
fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(tree(&path));
            files.insert(path, Vec::new());
        } else {
            let bytes = fs::read(&path).unwrap();
            files.insert(path, bytes);
        }
    }
    files
}

/// How the last process with the vault ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Closed,
    Killed,
}

/// A vault of twelve passkeys, one sign-in after its last snapshot.
fn left(ended: Ended) -> (tempfile::TempDir, PathBuf) {
    let place = tempfile::tempdir().unwrap();
    let (path, killed) = (place.path().join("vault"), place.path().join("killed"));
    let mut vault = new_vault(&path, &OpenOptions::new());
    for n in 1..=12 {
        add(&mut vault, &passkey("example.org", &format!("user {n}"), n), None, &created(100)).unwrap();
    }
    match ended {
        Ended::Closed => {
            vault.close().unwrap();
            (place, path)
        }
        Ended::Killed => {
            // What is on the disk while it is open is what a kill leaves.
            copy(&path, &killed);
            vault.close().unwrap();
            (place, killed)
        }
    }
}

fn change(file: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(file).unwrap();
    change(&mut bytes);
    fs::write(file, bytes).unwrap();
}

fn flip(at: usize) -> impl Fn(&Path) {
    move |path| change(&path.join("db/1/db"), |bytes| bytes[at] ^= 0x10)
}

fn zero(page: usize) -> impl Fn(&Path) {
    move |path| change(&path.join("db/1/db"), |bytes| bytes[page * 4096..(page + 1) * 4096].fill(0))
}

fn cut(len: usize) -> impl Fn(&Path) {
    move |path| change(&path.join("db/1/db"), |bytes| bytes.truncate(len))
}

/// The database of another vault in place of this one's.
fn swap(path: &Path) {
    let place = tempfile::tempdir().unwrap();
    let other = place.path().join("other");
    new_vault(&other, &OpenOptions::new()).close().unwrap();
    copy(&other.join("db/1"), &path.join("db/1"));
}

fn remove_index(path: &Path) {
    for (file, _) in tree(&path.join("db/1")) {
        if file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("snap.")) {
            fs::remove_file(file).unwrap();
        }
    }
}

type Harm = Box<dyn Fn(&Path)>;

fn harms() -> Vec<(String, Harm)> {
    let mut harms: Vec<(String, Harm)> = Vec::new();
    // Dense where the engine's own marks are, then all over what is used.
    let cases = usize::try_from(times("LATCHKEY_DAMAGE_CASES", 12)).unwrap();
    let spread = (0..cases).map(|case| 50 + case * 23_000 / cases);
    for at in [0, 3, 19, 40, 700].into_iter().chain(spread) {
        harms.push((format!("bit in byte {at}"), Box::new(flip(at))));
    }
    for page in 0..4 {
        harms.push((format!("page {page} of zeros"), Box::new(zero(page))));
    }
    for len in [0, 1, 1_000, 20_000] {
        harms.push((format!("cut at {len}"), Box::new(cut(len))));
    }
    let remove = |path: &Path| fs::remove_file(path.join("db/1/db")).unwrap();
    harms.push(("deleted file".to_owned(), Box::new(remove)));
    harms.push(("deleted folder".to_owned(), Box::new(|path| fs::remove_dir_all(path.join("db")).unwrap())));
    harms.push(("swapped database".to_owned(), Box::new(swap)));
    harms.push(("lost index".to_owned(), Box::new(remove_index)));
    harms
}

/// The files of a database, by their names within it.
fn files_of(tree: &BTreeMap<PathBuf, Vec<u8>>, db: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let inside = tree.iter().filter(|(file, _)| file.parent() == Some(db) && !file.is_dir());
    inside.map(|(file, bytes)| (file.strip_prefix(db).unwrap().to_owned(), bytes.clone())).collect()
}

/// The database is in `set-aside/` as it was before.
fn assert_kept(path: &Path, before: &BTreeMap<PathBuf, Vec<u8>>) {
    let kept: Vec<_> = fs::read_dir(path.join("set-aside")).unwrap().collect();
    assert_eq!(kept.len(), 1);
    let kept = kept.into_iter().next().unwrap().unwrap().path().join("db/1");
    assert!(files_of(&tree(&kept), &kept) == files_of(before, &path.join("db/1")));
    assert!(kept.join("db").is_file());
}

#[test]
fn a_damaged_database_is_never_written_to() {
    for ended in [Ended::Closed, Ended::Killed] {
        let mut refused = 0;
        for (what, harm) in harms() {
            let (_place, path) = left(ended);
            harm(&path);
            let before = tree(&path);
            match reopen(&path, &OpenOptions::new()) {
                Err(VaultError::Damaged(_)) => {
                    assert!(tree(&path) == before, "{ended:?}, {what}: the folder was changed");
                    refused += 1;
                }
                Ok(vault) if vault.status().unwrap().findings.is_empty() => {
                    assert_eq!(vault.list().unwrap().len(), 12, "{ended:?}, {what}");
                    assert_eq!(vault.check().unwrap(), [], "{ended:?}, {what}");
                    vault.close().unwrap();
                }
                Ok(vault) => {
                    vault.close().unwrap();
                    assert_kept(&path, &before);
                }
                Err(error) => panic!("{ended:?}, {what}: {error}"),
            }
        }
        assert!(refused >= 8, "{ended:?}: only {refused} were refused");
    }
}

#[test]
fn a_vault_that_was_set_back_is_not_written_to() {
    let (place, path) = left(Ended::Closed);
    let (state, old) = (place.path().join("state"), place.path().join("old"));
    let knowing = OpenOptions::new().state_folder(&state);
    copy(&path, &old);
    let mut vault = reopen(&path, &knowing).unwrap();
    add(&mut vault, &passkey("example.org", "late", 50), None, &created(100)).unwrap();
    vault.close().unwrap();
    let before = tree(&old);
    assert!(matches!(reopen(&old, &knowing), Err(VaultError::RolledBack { .. })));
    assert!(tree(&old) == before);
    // The database alone.
    copy(&old.join("db"), &path.join("db"));
    let before = tree(&path);
    let result = reopen(&path, &OpenOptions::new());
    assert!(matches!(result, Err(VaultError::Damaged(Damage::CommitsLost { .. }))), "{result:?}");
    assert!(tree(&path) == before);
}

#[test]
fn a_database_that_is_damaged_but_usable_is_kept_as_it_was_found() {
    let (_place, path) = left(Ended::Closed);
    lose_passkey(&path.join("db/1"), 4);
    let before = tree(&path);
    let vault = reopen(&path, &OpenOptions::new()).unwrap();
    assert!(!vault.status().unwrap().findings.is_empty());
    vault.close().unwrap();
    assert_kept(&path, &before);
    // Once: from then on it is as it was closed.
    reopen(&path, &OpenOptions::new()).unwrap().close().unwrap();
    assert_kept(&path, &before);
}

#[test]
fn nothing_is_written_where_nothing_was_changed() {
    let (_place, path) = left(Ended::Closed);
    let open_and_close = || {
        let vault = reopen(&path, &OpenOptions::new()).unwrap();
        assert_eq!(vault.list().unwrap().len(), 12);
        vault.close().unwrap();
        tree(&path)
    };
    // At first the engine writes an index of its own. That is sealed, too.
    let once = open_and_close();
    assert!(open_and_close() == once);
    assert!(open_and_close() == once);
}

#[test]
fn what_a_killed_opening_left_behind_is_cleared_away() {
    let (_place, path) = left(Ended::Killed);
    fs::create_dir(path.join("db.trial")).unwrap();
    fs::write(path.join("db.trial/db"), b"half a copy").unwrap();
    let vault = reopen(&path, &OpenOptions::new()).unwrap();
    assert_eq!((vault.list().unwrap().len(), vault.status().unwrap().findings), (12, vec![]));
    vault.close().unwrap();
    assert!(!path.join("db.trial").exists() && !path.join("set-aside").exists());
}

#[test]
fn nothing_in_the_folder_is_open_to_others() {
    use std::os::unix::fs::PermissionsExt;
    let (_place, path) = left(Ended::Killed);
    let all_closed = |when: &str| {
        for (file, _) in tree(&path) {
            let mode = fs::metadata(&file).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, if file.is_dir() { 0o700 } else { 0o600 }, "{when}: {file:?}");
        }
    };
    let mut vault = reopen(&path, &OpenOptions::new()).unwrap();
    all_closed("open");
    add(&mut vault, &passkey("example.org", "late", 50), None, &created(100)).unwrap();
    drop(vault);
    all_closed("dropped");
    remove_index(&path);
    reopen(&path, &OpenOptions::new()).unwrap().close().unwrap();
    all_closed("closed");
}
