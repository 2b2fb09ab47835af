use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::super::plain::{Plain, Step};
use super::files;
use crate::testing::*;
use crate::{OpenOptions, Vault};

/// How the last process with the vault ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    Closed,
    Killed,
}

const SEED: u64 = 3;
/// After this change the older copy is made.
const OLD: u64 = 40;
const STEPS: u64 = 70;

/// A vault as a process has left it.
pub(super) struct Left {
    _place: tempfile::TempDir,
    pub(super) ended: Ended,
    pub(super) path: PathBuf,
    /// The same vault at an earlier time.
    pub(super) old: PathBuf,
    /// What is in it.
    pub(super) plain: Plain,
    /// What was in it, by commit.
    history: BTreeMap<u64, Plain>,
}

impl Left {
    pub(super) fn make(ended: Ended) -> Self {
        let place = tempfile::tempdir().unwrap();
        let [live, path, old] = ["live", "left", "old"].map(|name| place.path().join(name));
        let mut vault = new_vault(&live, &OpenOptions::new());
        let (mut plain, mut history) = (Plain::default(), BTreeMap::new());
        history.insert(epoch(&vault), plain.clone());
        for number in 1..=STEPS {
            let step = Step::draw(SEED, number, &plain);
            if let Step::Reopen = step {
                vault.close().unwrap();
                vault = reopen(&live, &OpenOptions::new()).unwrap();
            } else {
                step.make(&mut vault, number).unwrap();
            }
            plain = plain.after(&step, number);
            history.insert(epoch(&vault), plain.clone());
            if number == OLD {
                copy(&live, &old);
            }
        }
        match ended {
            Ended::Closed => {
                vault.close().unwrap();
                copy(&live, &path);
            }
            // What is on the disk while it is open is what a kill leaves.
            Ended::Killed => {
                copy(&live, &path);
                drop(vault);
            }
        }
        Self { _place: place, ended, path, old, plain, history }
    }

    /// What was in it after a commit.
    pub(super) fn at(&self, epoch: u64) -> &Plain {
        self.history.get(&epoch).unwrap_or_else(|| panic!("nothing is known of commit {epoch}"))
    }

    /// What kinds of files there are.
    pub(super) fn classes(&self) -> Vec<String> {
        let mut classes: Vec<String> = files(&self.path).iter().map(|file| class(file)).collect();
        classes.sort();
        classes.dedup();
        classes
    }
}

fn epoch(vault: &Vault) -> u64 {
    vault.status().unwrap().epoch
}

/// A file's name, without what differs from one of its kind to the next.
pub(super) fn class(file: &Path) -> String {
    let text = file.to_str().unwrap();
    let name = file.file_name().unwrap().to_str().unwrap();
    match (text.split('/').next().unwrap(), name.rsplit_once('.')) {
        ("db", Some(("snap", _))) => "db/…/snap.N".to_owned(),
        ("db", _) => format!("db/…/{name}"),
        ("snapshots", Some((epoch, kind))) if epoch.len() == 20 => format!("snapshots/N.{kind}"),
        _ => text.to_owned(),
    }
}
