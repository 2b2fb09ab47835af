//! A medium that is full, cannot be written, or is gone: small filesystems in memory, in a mount namespace of a child's.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;

use latchkey_passkey::PasskeyStore;

use crate::testing::*;
use crate::{OpenOptions, VaultError};

/// Runs a test of this file as root of a user and mount namespace of its own (unshare(1)).
fn in_a_namespace(test: &str) {
    let place = tempfile::tempdir().unwrap();
    let child = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "--"])
        .arg(std::env::current_exe().unwrap())
        .args([&format!("tests::media::{test}"), "--exact", "--ignored", "--nocapture"])
        .env("LATCHKEY_TEST_MEDIUM", place.path())
        .output()
        .expect("the test needs unshare, of util-linux");
    let (out, err) = (String::from_utf8_lossy(&child.stdout), String::from_utf8_lossy(&child.stderr));
    assert!(child.status.success() && out.contains("1 passed"), "needs user namespaces\n{out}\n{err}");
}

/// A filesystem in memory of some MiB, at the place that the parent gave.
fn medium(mebibytes: u32) -> std::path::PathBuf {
    let place = std::path::PathBuf::from(std::env::var_os("LATCHKEY_TEST_MEDIUM").unwrap());
    run("mount", &["-t", "tmpfs", "-o", &format!("size={mebibytes}m"), "tmpfs", place.to_str().unwrap()]);
    place
}

fn run(program: &str, arguments: &[&str]) {
    assert!(Command::new(program).args(arguments).status().unwrap().success(), "{program} {arguments:?}");
}

/// Takes up what is free, but for some bytes.
fn fill(medium: &Path, but: u64) {
    let facts = rustix::fs::statvfs(medium).unwrap();
    let len = (facts.f_bavail * facts.f_frsize).saturating_sub(but);
    fs::write(medium.join("filler"), vec![1; usize::try_from(len).unwrap()]).unwrap();
}

#[test]
fn a_full_medium_is_told_and_loses_nothing() {
    in_a_namespace("child_on_a_full_medium");
}

#[test]
#[ignore = "run by a_full_medium_is_told_and_loses_nothing"]
fn child_on_a_full_medium() {
    let medium = medium(32);
    let path = medium.join("vault");
    let mut vault = new_vault(&path, &OpenOptions::new());
    let id = |n| passkey("example.org", "x", n).core.id;
    let try_to_add =
        |vault: &mut crate::Vault, n| add(vault, &passkey("example.org", "alice", n), None, &created(n));
    try_to_add(&mut vault, 1).unwrap();
    // Little is free, then nothing.
    for but in [4 * 1024 * 1024, 0] {
        let _ = fs::remove_file(medium.join("filler"));
        fill(&medium, but);
        assert!(try_to_add(&mut vault, 2).is_err());
        assert!(matches!(vault.bin(&[id(1)], 5), Err(VaultError::Full)));
        let rewritten = vault.rewrite(&mut |_| ControlFlow::Continue(()));
        assert!(matches!(rewritten, Err(VaultError::Full)));
        let changed = vault.change_passphrase(&passphrase(PASSPHRASE), &passphrase("new"), cheap());
        assert!(matches!(changed, Err(VaultError::Full)));
        assert_eq!((vault.list().unwrap().len(), vault.check().unwrap()), (1, vec![]));
    }
    // There is room again: it goes on, without being opened again.
    fs::remove_file(medium.join("filler")).unwrap();
    try_to_add(&mut vault, 2).unwrap();
    vault.close().unwrap();

    // To open, the engine writes a little: where not even that is possible it is told, and nothing is lost.
    fill(&medium, 0);
    assert!(matches!(reopen(&path, &OpenOptions::new()), Err(VaultError::Full)));
    fs::remove_file(medium.join("filler")).unwrap();
    fill(&medium, 2 * 1024 * 1024);
    let vault = reopen(&path, &OpenOptions::new()).unwrap();
    assert_eq!((vault.list().unwrap().len(), vault.status().unwrap().findings), (2, vec![]));
    vault.close().unwrap();
    fs::remove_file(medium.join("filler")).unwrap();

    // Full in the middle of a rewrite: the old vault stays, and is whole.
    let mut vault = reopen(&path, &OpenOptions::new()).unwrap();
    vault.bin(&[id(2)], 6).unwrap();
    vault.purge(&[id(2)], 7).unwrap();
    fill(&medium, 8 * 1024 * 1024 + 200 * 1024);
    let rewritten = vault.rewrite(&mut |_| ControlFlow::Continue(()));
    assert!(matches!(rewritten, Err(VaultError::Full)), "{rewritten:?}");
    assert!(vault.rewrite_is_due() && !path.join("db/2").exists());
    vault.close().unwrap();
    fs::remove_file(medium.join("filler")).unwrap();
    let vault = reopen(&path, &OpenOptions::new()).unwrap();
    assert_eq!((vault.list().unwrap().len(), vault.check().unwrap()), (1, vec![]));
    vault.close().unwrap();
    assert!(path.join("db/2").exists());
}

#[test]
fn what_does_not_fit_is_refused_before_it_is_begun() {
    in_a_namespace("child_with_less_room_than_a_snapshot_takes");
}

#[test]
#[ignore = "run by what_does_not_fit_is_refused_before_it_is_begun"]
fn child_with_less_room_than_a_snapshot_takes() {
    let medium = medium(160);
    let path = medium.join("vault");
    let mut vault = new_vault(&path, &OpenOptions::new());
    let raw = vec![7; crate::MAX_SOURCE_RAW_BYTES];
    let import_some = |vault: &mut crate::Vault, numbers: std::ops::Range<u64>| {
        let mut import = vault.begin_import(1);
        for n in numbers {
            let (passkey, secrets) = (passkey("example.org", "alice", n), secrets(n));
            let new = crate::NewPasskey {
                passkey: &passkey,
                secrets: &secrets,
                large_blob: None,
                source_raw: Some(&raw),
            };
            import.add(&new)?;
        }
        import.commit()
    };
    // 12 MiB.
    import_some(&mut vault, 0..48).unwrap();
    let use_one = |vault: &mut crate::Vault, at| {
        vault.record_use(passkey("example.org", "x", 1).core.id, &signed_in(at))
    };

    // Room for a change, but not for one of 6 MiB in the store and again in the journal.
    fill(&medium, 10 * 1024 * 1024);
    assert!(matches!(import_some(&mut vault, 50..74), Err(VaultError::Full)));
    use_one(&mut vault, 10).unwrap();
    // Nor for a snapshot, of which nothing is left.
    assert!(matches!(vault.snapshot(), Err(VaultError::Full)));
    assert!(!path.join("snapshots/new").exists());
    use_one(&mut vault, 11).unwrap();
    assert!(matches!(vault.close(), Err(VaultError::Full)));

    // What an earlier version has left of one makes way.
    fs::remove_file(medium.join("filler")).unwrap();
    fs::write(path.join("snapshots/new"), vec![1; 9 * 1024 * 1024]).unwrap();
    fill(&medium, 1024 * 1024);
    let mut vault = reopen(&path, &OpenOptions::new()).unwrap();
    assert!(!path.join("snapshots/new").exists());
    use_one(&mut vault, 12).unwrap();
    assert_eq!((vault.list().unwrap().len(), vault.check().unwrap()), (48, vec![]));
    // It may also be left by this one, killed while it was open: the next snapshot makes way for itself.
    fs::remove_file(medium.join("filler")).unwrap();
    fs::write(path.join("snapshots/new"), vec![1; 12 * 1024 * 1024]).unwrap();
    fill(&medium, 12 * 1024 * 1024);
    vault.close().unwrap();
    let vault = reopen(&path, &OpenOptions::new()).unwrap();
    assert_eq!((vault.list().unwrap().len(), vault.check().unwrap()), (48, vec![]));
}

#[test]
fn a_medium_that_cannot_be_written_is_told_and_loses_nothing() {
    in_a_namespace("child_on_a_read_only_medium");
}

#[test]
#[ignore = "run by a_medium_that_cannot_be_written_is_told_and_loses_nothing"]
fn child_on_a_read_only_medium() {
    let medium = medium(32);
    let path = medium.join("vault");
    let mut vault = new_vault(&path, &OpenOptions::new());
    add(&mut vault, &passkey("example.org", "alice", 1), None, &created(1)).unwrap();
    vault.close().unwrap();
    let make =
        |how: &str| run("mount", &["-o", &format!("remount,{how},size=32m"), medium.to_str().unwrap()]);
    make("ro");
    assert!(matches!(reopen(&path, &OpenOptions::new()), Err(VaultError::ReadOnly)));
    let created =
        crate::Vault::create(medium.join("new"), &passphrase("x"), cheap(), &mut crate::vault::random());
    assert!(matches!(created, Err(VaultError::ReadOnly)), "{created:?}");
    assert_eq!(crate::describe(&path).unwrap().slots.len(), 1);
    make("rw");
    let vault = reopen(&path, &OpenOptions::new()).unwrap();
    assert_eq!((vault.list().unwrap().len(), vault.status().unwrap().findings), (1, vec![]));
}

#[test]
fn a_medium_that_is_gone_is_noticed() {
    in_a_namespace("child_on_a_medium_that_goes");
}

#[test]
#[ignore = "run by a_medium_that_is_gone_is_noticed"]
fn child_on_a_medium_that_goes() {
    let medium = medium(32);
    let path = medium.join("vault");
    let vault = new_vault(&path, &OpenOptions::new());
    assert!(vault.is_reachable());
    run("umount", &["--lazy", medium.to_str().unwrap()]);
    assert!(!vault.is_reachable());
    // Not even if there is another vault in its place.
    let other = new_vault(&path, &OpenOptions::new());
    assert!(other.is_reachable() && !vault.is_reachable());
}
