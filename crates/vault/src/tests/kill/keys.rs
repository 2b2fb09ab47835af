use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use latchkey_crypto::cbor::Value;
use latchkey_crypto::vault::{KeyedSlot, Passphrase, SlotSecret};

use super::super::plain::{Draw, Plain, Step};
use super::super::stored::{assert_content, bring_back};
use super::options;
use super::victim::Victim;
use crate::header::Header;
use crate::testing::*;
use crate::{Finding, OpenOptions, Vault, VaultError};

/// Of which each takes long or needs a key derivation, so that it gets its own processes.
pub(super) const TASKS: [&str; 3] = ["rekey", "passphrase", "slot"];

fn new_passphrase() -> Passphrase {
    passphrase("battery staple")
}

fn slot_secret() -> SlotSecret {
    SlotSecret::from_bytes([9; 32])
}

/// In the process that is killed.
pub(super) fn change_keys(task: &str, vault: &mut Vault) {
    let old = passphrase(PASSPHRASE);
    match task {
        "rekey" => {
            let mut go_on = |_| ControlFlow::Continue(());
            vault.rekey(&old, &new_passphrase(), cheap(), &mut go_on).unwrap();
        }
        "passphrase" => {
            vault.change_passphrase(&old, &new_passphrase(), cheap()).unwrap();
        }
        _ => {
            let params = Value::Map(Vec::new());
            vault.add_keyed_slot(&old, KeyedSlot::RecoveryKey, &slot_secret(), params).unwrap();
        }
    }
}

#[test]
fn a_change_of_keys_that_is_killed_is_there_wholly_or_not_at_all() {
    let (rounds, seed) = (times("LATCHKEY_KILL_ROUNDS", 300) / 50, seed());
    let (mut draw, place) = (Draw::new(seed, 1), tempfile::tempdir().unwrap());
    let (before, live) = (place.path().join("before"), place.path().join("live"));
    let plain = vault_to_change(&before, seed);
    for task in TASKS {
        let mut there = 0;
        for round in 0..rounds {
            let round = format!("LATCHKEY_SEED={seed}, {task}, round {round}");
            copy(&before, &live);
            let path = live.join("vault");
            let mut victim = Victim::start(task, &live, seed, 0);
            victim.wait_for("opened", &round);
            let untouched = names(&path);
            victim.wait_until(|| names(&path) != untouched);
            victim.wait(draw.number(), Duration::from_millis(if task == "rekey" { 250 } else { 20 }));
            let done = victim.kill(&round).iter().any(|line| line == "done");
            let changed = is_changed(task, &live, &plain, &round);
            assert!(changed || !done, "{round}: acknowledged and lost");
            there += u64::from(changed);
        }
        println!("{rounds} kills during {task}, LATCHKEY_SEED={seed}: {there} were there afterwards");
    }
}

/// Whether the vault is the changed one; it is wholly the one or the other, and holds what it has held.
fn is_changed(task: &str, folder: &Path, plain: &Plain, round: &str) -> bool {
    let path = folder.join("vault");
    let open = |passphrase: &Passphrase| match options(folder).open(&path, passphrase) {
        Ok((vault, _)) => Some(vault),
        Err(VaultError::WrongPassphrase) => None,
        Err(error) => panic!("{round}: {error}"),
    };
    let old = open(&passphrase(PASSPHRASE));
    let (vault, mut changed) = match old {
        Some(vault) => (vault, false),
        None => (open(&new_passphrase()).unwrap(), true),
    };
    if task == "slot" {
        assert!(!changed, "{round}");
        changed = vault.slots().len() == 2;
    } else {
        // Not both passphrases.
        assert_eq!(vault.slots().len(), 1, "{round}");
    }
    let found = Plain::of(&vault).unwrap();
    assert!(found == *plain, "{round}: {}", plain.difference(&found));
    assert_eq!(vault.check().unwrap(), [], "{round}");
    let findings = vault.status().unwrap().findings;
    // The header had the new master key already, this machine's memory had not.
    let foreign = |finding: &Finding| task == "rekey" && *finding == Finding::WitnessForeign;
    assert!(findings.iter().all(foreign), "{round}: {findings:?}");
    vault.close().unwrap();
    if task == "slot" {
        let keyed = options(folder).open_with_keyed_slot(&path, KeyedSlot::RecoveryKey, &slot_secret());
        assert_eq!(keyed.is_ok(), changed, "{round}");
    }
    // No copy of the header keeps what does not open the vault any more.
    let tables: Vec<_> = headers(&path).iter().map(|header| header.slots.encode()).collect();
    assert!(tables.iter().all(|table| *table == tables[0]), "{round}: {changed}, headers differ");
    changed
}

/// A kill between two copies of the header leaves one of them behind.
#[test]
fn a_copy_of_the_header_with_older_slots_goes_at_the_next_opening() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vault");
    let mut vault = new_vault(&path, &OpenOptions::new());
    let older = fs::read(path.join("header")).unwrap();
    vault.change_passphrase(&passphrase(PASSPHRASE), &new_passphrase(), cheap()).unwrap();
    vault.close().unwrap();
    for harmed in ["header.previous", "snapshots/header"] {
        for content in [older.as_slice(), b"", b"latchkey vault\n"] {
            fs::write(path.join(harmed), content).unwrap();
            drop(reopen(&path, &OpenOptions::new()).unwrap());
            assert_eq!(headers(&path).len(), 3, "{harmed}");
            assert!(headers(&path).iter().all(|header| header.slots.generation() == 2), "{harmed}");
        }
    }
    // The third copy rules over two older ones, and mends them.
    fs::write(path.join("header"), &older).unwrap();
    fs::write(path.join("header.previous"), &older).unwrap();
    let vault = reopen(&path, &OpenOptions::new()).unwrap();
    assert_eq!(vault.status().unwrap().findings, [Finding::HeaderGenerationDamaged]);
    assert!(headers(&path).iter().all(|header| header.slots.generation() == 2));
}

fn headers(path: &Path) -> Vec<Header> {
    let copies = ["header", "header.previous", "snapshots/header"];
    let headers = copies.iter().filter_map(|name| fs::read(path.join(name)).ok());
    headers.map(|bytes| Header::decode(&bytes).unwrap()).collect()
}

#[test]
fn a_migration_that_is_killed_is_done_again_or_finished() {
    let (rounds, seed) = (times("LATCHKEY_KILL_ROUNDS", 300) / 50, seed());
    let (mut draw, place) = (Draw::new(seed, 2), tempfile::tempdir().unwrap());
    let (before, live) = (place.path().join("before"), place.path().join("live"));
    bring_back(1, &before.join("vault"));
    let mut there = 0;
    for round in 0..rounds {
        let round = format!("LATCHKEY_SEED={seed}, round {round}");
        copy(&before, &live);
        let path = live.join("vault");
        let untouched = names(&path);
        let mut victim = Victim::start("migrate", &live, seed, 0);
        victim.wait_until(|| names(&path) != untouched);
        victim.wait(draw.number(), Duration::from_millis(250));
        let done = victim.kill(&round).iter().any(|line| line == "done");
        let vault = match OpenOptions::new().open(&path, &passphrase(PASSPHRASE)) {
            Ok((vault, _)) => vault,
            Err(error) => panic!("{round}: {error}"),
        };
        assert_content(&vault);
        let findings = vault.status().unwrap().findings;
        let migrated_now = findings.contains(&Finding::Migrated { from: 1 });
        assert!(!done || !migrated_now, "{round}: acknowledged and lost");
        let expected = |finding: &Finding| *finding == Finding::Migrated { from: 1 };
        assert!(findings.iter().all(expected), "{round}: {findings:?}");
        vault.close().unwrap();
        assert!(path.join("db/1/db").is_file() && !path.join("db/db").exists(), "{round}");
        there += u64::from(!migrated_now);
    }
    println!("{rounds} kills during a migration, LATCHKEY_SEED={seed}: {there} were there afterwards");
}

/// A closed vault with something of everything in it.
fn vault_to_change(folder: &Path, seed: u64) -> Plain {
    let path = folder.join("vault");
    let mut vault = new_vault(&path, &options(folder));
    let mut plain = Plain::default();
    for number in 1..30 {
        let step = Step::draw(seed, number, &plain);
        step.make(&mut vault, number).unwrap();
        plain = plain.after(&step, number);
    }
    vault.close().unwrap();
    plain
}

/// What lies in a vault's folder beside its database, and since when: it changes with the first file that is written.
fn names(path: &Path) -> Vec<(PathBuf, Option<SystemTime>)> {
    let inside = |folder: PathBuf| fs::read_dir(folder).into_iter().flatten();
    let entries =
        inside(path.to_owned()).chain(inside(path.join("snapshots"))).chain(inside(path.join("db")));
    let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
    let of_interest = paths.filter(|path| path.file_name().is_some_and(|name| name != "lock"));
    let mut names: Vec<_> = of_interest
        .map(|path| {
            let changed = fs::metadata(&path).and_then(|facts| facts.modified()).ok();
            (path, changed)
        })
        .collect();
    names.sort();
    names
}
