use std::fs;
use std::path::Path;
use std::time::Duration;

use super::super::damage;
use super::super::plain::{Draw, Plain, Step};
use super::options;
use super::victim::Victim;
use crate::testing::*;
use crate::{OpenOptions, VaultError};

/// Brings back the vault in a folder, without a key derivation.
pub(super) fn restore(folder: &Path) -> crate::Restored {
    damage::restore(&folder.join("vault"))
}

#[test]
fn a_restore_that_is_killed_can_be_made_again() {
    let (rounds, seed) = (times("LATCHKEY_KILL_ROUNDS", 300) / 12, seed());
    println!("{rounds} kills, LATCHKEY_SEED={seed}");
    let (mut draw, place) = (Draw::new(seed, 0), tempfile::tempdir().unwrap());
    let (damaged, live) = (place.path().join("damaged"), place.path().join("live"));
    let plain = damaged_vault(&damaged, seed);
    let (mut restored, mut not) = (0, 0);
    for round in 0..rounds {
        let round = format!("LATCHKEY_SEED={seed}, round {round}");
        copy(&damaged, &live);
        let mut victim = Victim::start("restore", &live, seed, 0);
        victim.wait_for("opened", &round);
        victim.wait(draw.number(), Duration::from_millis(150));
        let done = victim.kill(&round).iter().any(|line| line == "done");
        let open = || reopen(&live.join("vault"), &OpenOptions::new());
        let vault = match open() {
            Ok(vault) => {
                restored += 1;
                vault
            }
            Err(VaultError::Damaged(_)) if !done => {
                not += 1;
                assert_eq!(restore(&live).commits_lost(), 0, "{round}");
                open().unwrap()
            }
            Err(error) => panic!("{round}: {error}"),
        };
        let found = Plain::of(&vault).unwrap();
        assert!(found == plain, "{round}: {}", plain.difference(&found));
        assert_eq!(vault.check().unwrap(), [], "{round}");
    }
    println!("{rounds} kills of a restore: {restored} were there, {not} were made again");
}

/// A vault whose database is gone, and what was in it.
fn damaged_vault(folder: &Path, seed: u64) -> Plain {
    let path = folder.join("vault");
    let mut vault = new_vault(&path, &options(folder));
    let mut plain = Plain::default();
    for number in 1..40 {
        let step = Step::draw(seed, number, &plain);
        if let Step::Reopen = step {
            vault.close().unwrap();
            vault = reopen(&path, &options(folder)).unwrap();
        } else {
            step.make(&mut vault, number).unwrap();
        }
        plain = plain.after(&step, number);
    }
    drop(vault);
    fs::remove_dir_all(path.join("db")).unwrap();
    plain
}
