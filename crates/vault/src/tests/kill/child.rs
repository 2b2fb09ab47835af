use std::io::Write;
use std::path::{Path, PathBuf};

use super::keys::{TASKS, change_keys};
use super::options;
use super::restoring::restore;
use super::victim::{FOLDER, NEXT, SEED, TASK};
use crate::testing::{PASSPHRASE, passphrase, reopen};
use crate::tests::plain::{Plain, Step};
use crate::{OpenOptions, Vault};

#[test]
#[ignore = "run, and killed, by the other tests of this module"]
fn does_as_it_is_told() {
    let variable = |name| std::env::var(name).unwrap();
    let folder = PathBuf::from(std::env::var_os(FOLDER).unwrap());
    let number = |name| variable(name).parse().unwrap();
    match variable(TASK).as_str() {
        "changes" => changes(&folder, number(SEED), number(NEXT)),
        "restore" => {
            say("opened");
            restore(&folder);
            say("done");
        }
        "migrate" => {
            let opened = OpenOptions::new().open(folder.join("vault"), &passphrase(PASSPHRASE)).unwrap();
            say("done");
            drop(opened);
        }
        task => {
            assert!(TASKS.contains(&task));
            let mut vault = open(&folder);
            say("opened");
            change_keys(task, &mut vault);
            say("done");
        }
    }
}

/// Changes the vault until it is killed.
fn changes(folder: &Path, seed: u64, first: u64) {
    let mut vault = open(folder);
    let mut plain = Plain::of(&vault).unwrap();
    say("opened");
    for number in first.. {
        let step = Step::draw(seed, number, &plain);
        if let Step::Reopen = step {
            vault.close().unwrap();
            vault = open(folder);
        } else {
            step.make(&mut vault, number).unwrap();
        }
        say(&format!("done {number}"));
        plain = plain.after(&step, number);
    }
}

fn open(folder: &Path) -> Vault {
    reopen(&folder.join("vault"), &options(folder)).unwrap()
}

/// Tells the parent, in one write. On a line of its own: the test harness has begun one.
fn say(word: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("\n{word}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}
