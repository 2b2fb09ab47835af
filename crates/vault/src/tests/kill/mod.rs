//! Processes killed with SIGKILL while they change a vault: what they had acknowledged is there, and a change that
//! they had not is there wholly or not at all.

mod child;
mod keys;
mod restoring;
mod victim;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::plain::{Draw, Plain, Step};
use crate::OpenOptions;
use crate::testing::*;
use victim::Victim;

/// So many vaults are being killed at once: most of the time each of them waits for the disk.
const LANES: u64 = 3;
/// A vault is given up after so many kills, so that copies of it stay cheap.
const KILLS_OF_ONE_VAULT: u64 = 40;
/// An opening that was not killed takes longer than this rarely.
const OPENING: Duration = Duration::from_millis(120);
/// Some ten changes.
const CHANGING: Duration = Duration::from_millis(150);

/// How many kills came during which change, and how often it was there afterwards.
type Tally = BTreeMap<&'static str, (u64, u64)>;

#[test]
fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    let (rounds, seed) = (times("LATCHKEY_KILL_ROUNDS", 300), seed());
    println!("{rounds} kills, LATCHKEY_SEED={seed}");
    let began = Instant::now();
    let lane = |lane: u64| {
        let rounds = (lane..rounds).step_by(usize::try_from(LANES).unwrap());
        let mut tally = Tally::new();
        let mut subject = Subject::new(seed, lane);
        for round in rounds {
            if subject.kills == KILLS_OF_ONE_VAULT {
                subject = Subject::new(seed, round + LANES);
            }
            subject.kill_once(&format!("LATCHKEY_SEED={seed}, round {round}"), &mut tally);
        }
        tally
    };
    let tallies: Vec<Tally> = std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..LANES).map(|n| scope.spawn(move || lane(n))).collect();
        lanes.into_iter().map(|lane| lane.join().unwrap()).collect()
    });
    let mut all = Tally::new();
    for (name, (there, not)) in tallies.into_iter().flatten() {
        let counts = all.entry(name).or_default();
        *counts = (counts.0 + there, counts.1 + not);
    }
    println!("killed during | change was there | was not");
    all.iter().for_each(|(name, (there, not))| println!("{name} | {there} | {not}"));
    println!("{rounds} kills in {:?}: nothing lost, every vault opened", began.elapsed());
}

/// A vault whose processes are killed.
struct Subject {
    _place: tempfile::TempDir,
    /// The vault and this machine's memory of it.
    folder: PathBuf,
    /// Where a copy of both is looked at.
    copied: PathBuf,
    seed: u64,
    draw: Draw,
    /// What is in it.
    plain: Plain,
    /// The number of its next change.
    next: u64,
    kills: u64,
}

impl Subject {
    fn new(seed: u64, number: u64) -> Self {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("live");
        let copied = place.path().join("copied");
        let vault = new_vault(&folder.join("vault"), &options(&folder));
        vault.close().unwrap();
        let draw = Draw::new(seed, u64::MAX - number);
        // Its changes are others than those of the vaults before.
        let seed = draw.clone().number();
        Self { _place: place, folder, copied, seed, draw, plain: Plain::default(), next: 1, kills: 0 }
    }

    fn kill_once(&mut self, round: &str, tally: &mut Tally) {
        let during_opening = self.draw.below(4) == 0;
        let mut victim = Victim::start("changes", &self.folder, self.seed, self.next);
        if !during_opening {
            victim.wait_for("opened", round);
        }
        victim.wait(self.draw.number(), if during_opening { OPENING } else { CHANGING });
        let said = victim.kill(round);

        let opened = said.iter().any(|line| line == "opened");
        let mut acknowledged = self.plain.clone();
        let done = said.iter().filter(|line| line.starts_with("done ")).count();
        for line in said.iter().filter(|line| line.starts_with("done ")) {
            assert_eq!(*line, format!("done {}", self.next), "{round}");
            acknowledged = acknowledged.after(&Step::draw(self.seed, self.next, &acknowledged), self.next);
            self.next += 1;
        }
        let step = Step::draw(self.seed, self.next, &acknowledged);
        let with_next = acknowledged.after(&step, self.next);

        let found = self.look(round);
        let context = || format!("{round}, {done} done, during {}", step.name());
        let whole = found == with_next && opened;
        assert!(
            whole || found == acknowledged,
            "{}: acknowledged / found: {}",
            context(),
            acknowledged.difference(&found)
        );
        let counts = tally.entry(if opened { step.name() } else { "opening" }).or_default();
        let changed = whole && with_next != acknowledged;
        if changed {
            self.next += 1;
        }
        *counts = if changed { (counts.0 + 1, counts.1) } else { (counts.0, counts.1 + 1) };
        self.plain = found;
        self.kills += 1;
    }

    /// What is in it now; that it opens, and that nothing is wrong.
    fn look(&mut self, round: &str) -> Plain {
        // Mostly a copy, so that the next process has to open what the kill has left, and may be killed then, too.
        let folder = if self.draw.below(4) > 0 {
            copy(&self.folder, &self.copied);
            &self.copied
        } else {
            &self.folder
        };
        let vault = match reopen(&folder.join("vault"), &options(folder)) {
            Ok(vault) => vault,
            Err(error) => panic!("{round}: does not open: {error}"),
        };
        let plain = Plain::of(&vault).unwrap();
        assert!(plain.is_found(&vault), "{round}");
        assert_eq!(vault.check().unwrap(), [], "{round}");
        assert_eq!(vault.status().unwrap().findings, [], "{round}");
        if self.draw.below(2) == 0 {
            vault.close().unwrap();
        }
        plain
    }
}

fn options(folder: &Path) -> OpenOptions {
    OpenOptions::new().state_folder(folder.join("state"))
}
