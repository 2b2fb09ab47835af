//! One file of a vault harmed in every way: the vault is whole, is brought back from its snapshots when asked, or
//! says what is lost. Nothing panics, hangs, or is lost in silence.

mod kind;
mod left;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use super::plain::{Draw, Plain};
use crate::restore::{Restored, Source, restore_with};
use crate::testing::*;
use crate::{OpenOptions, VaultError};
use kind::Kind;
use left::{Ended, Left};

/// At least this many, and every kind with every file.
const LEAST_CASES: u64 = 60;
const LANES: usize = 3;
/// What opening is given; a case takes three openings at most.
const OPENING_DEADLINE: Duration = Duration::from_secs(30);
const CASE_DEADLINE: Duration = Duration::from_secs(120);

/// How a case ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Ending {
    /// Everything is there, and there was nothing to tell.
    Whole,
    /// Everything is there, and it was told what is wrong beside the database.
    WholeAndTold,
    /// Told when it was opened; everything is there after a restore.
    Restored,
    /// Told when it was opened; after a restore everything is there up to a commit that was named.
    RestoredShort,
    /// Told when it was opened, and that there is nothing left to restore from.
    Named,
}

/// How often each ending was met, by file and kind.
type Table = BTreeMap<(String, Kind), BTreeMap<Ending, u64>>;

/// One harm to one file.
#[derive(Debug, Clone)]
struct Case {
    number: u64,
    ended: Ended,
    kind: Kind,
    class: String,
}

#[test]
fn every_harm_to_every_file_is_harmless_repaired_or_told() {
    let lefts = Arc::new([Left::make(Ended::Closed), Left::make(Ended::Killed)]);
    let cases = cases(&lefts[0].classes(), times("LATCHKEY_DAMAGE_CASES", LEAST_CASES));
    let (began, next) = (Instant::now(), AtomicUsize::new(0));
    let (table, longest) = (Mutex::new(Table::new()), Mutex::new(Duration::ZERO));
    std::thread::scope(|scope| {
        for _ in 0..LANES {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let began = Instant::now();
                    let ending = within_deadline(&lefts, case);
                    let mut table = table.lock().unwrap();
                    *table.entry((case.class.clone(), case.kind)).or_default().entry(ending).or_default() +=
                        1;
                    let mut longest = longest.lock().unwrap();
                    *longest = longest.max(began.elapsed());
                }
            });
        }
    });
    print(&table.into_inner().unwrap());
    println!("{} cases in {:?}, the longest in {:?}", cases.len(), began.elapsed(), longest.lock().unwrap());
}

/// Every kind with every file in turn, after both ends.
fn cases(classes: &[String], count: u64) -> Vec<Case> {
    let pairs: Vec<_> = classes.iter().flat_map(|class| Kind::ALL.map(|kind| (class, kind))).collect();
    let around = u64::try_from(pairs.len()).unwrap();
    let case = |number: u64| {
        let (class, kind) = pairs[usize::try_from(number % around).unwrap()];
        let ended = if (number + number / around).is_multiple_of(2) { Ended::Closed } else { Ended::Killed };
        Case { number, ended, kind, class: class.clone() }
    };
    (0..count.max(around)).map(case).collect()
}

/// Runs a case in a thread of its own; one that hangs is left behind.
fn within_deadline(lefts: &Arc<[Left; 2]>, case: &Case) -> Ending {
    let (send, receive) = mpsc::channel();
    let (lefts, own) = (Arc::clone(lefts), case.clone());
    let thread = std::thread::spawn(move || {
        let left = lefts.iter().find(|left| left.ended == own.ended).unwrap();
        let _ = send.send(run(left, &own));
    });
    match receive.recv_timeout(CASE_DEADLINE) {
        Ok(ending) => ending,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("{case:?} hangs"),
        Err(mpsc::RecvTimeoutError::Disconnected) => panic!("{case:?}: {:?}", thread.join().unwrap_err()),
    }
}

fn run(left: &Left, case: &Case) -> Ending {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vault");
    copy(&left.path, &path);
    let mut draw = Draw::new(1, case.number);
    let Some(done) = case.kind.harm(&path, left, &case.class, &mut draw) else { return Ending::Whole };
    let context = format!("{case:?}: {done}");

    match look(&path) {
        Ok((found, told)) if found == left.plain => {
            if told {
                // It was mended by the way: from now on there is nothing to tell.
                assert_whole(&path, &left.plain, &context);
                return Ending::WholeAndTold;
            }
            return Ending::Whole;
        }
        Ok((found, told)) => assert!(told, "{context}: silent loss: {}", left.plain.difference(&found)),
        Err(VaultError::Damaged(_)) => {}
        Err(error) => panic!("{context}: {error}"),
    }
    let restored = match restore(&path) {
        Ok(restored) => restored,
        // Database and only snapshot, exchanged with each other.
        Err(VaultError::NothingToRestore) if case.kind == Kind::Swap => return Ending::Named,
        Err(error) => panic!("{context}: {error}"),
    };
    let lost = restored.commits_lost();
    let expected = if lost == 0 { &left.plain } else { left.at(restored.reached) };
    assert_whole(&path, expected, &format!("{context}, restored: {restored:?}"));
    if lost == 0 { Ending::Restored } else { Ending::RestoredShort }
}

/// What can be read, and whether anything was told of.
fn look(path: &Path) -> Result<(Plain, bool), VaultError> {
    let vault = reopen(path, &OpenOptions::new().deadline(OPENING_DEADLINE))?;
    let found = Plain::of(&vault)?;
    let checked = vault.check()?;
    let status = vault.status()?;
    // What is told of records is told of by both.
    assert!(checked.iter().all(|finding| status.findings.contains(finding)));
    let told = !status.findings.is_empty();
    assert!(told || found.is_found(&vault));
    vault.close()?;
    Ok((found, told))
}

fn assert_whole(path: &Path, plain: &Plain, context: &str) {
    match look(path) {
        Ok((found, told)) => {
            assert!(found == *plain, "{context}: {}", plain.difference(&found));
            assert!(!told, "{context}: still told of");
        }
        Err(error) => panic!("{context}: {error}"),
    }
}

fn restore(path: &Path) -> Result<Restored, VaultError> {
    restore_with(path, &OpenOptions::new(), Source::Newest, |_| Ok(master_key()))
}

fn print(table: &Table) {
    println!(
        "`=` whole, `t` whole and told, `r` told and restored whole, `s` told and restored up to a named commit"
    );
    println!("| file | {} |", Kind::ALL.map(Kind::name).join(" | "));
    println!("|---{}|", "|---".repeat(Kind::ALL.len()));
    let mut classes: Vec<&String> = table.keys().map(|(class, _)| class).collect();
    classes.dedup();
    for class in classes {
        let cells = Kind::ALL.map(|kind| {
            let endings = table.get(&(class.clone(), kind));
            let cell = endings.into_iter().flatten().map(|(ending, count)| {
                let sign = match ending {
                    Ending::Whole => '=',
                    Ending::WholeAndTold => 't',
                    Ending::Restored => 'r',
                    Ending::RestoredShort => 's',
                    Ending::Named => 'n',
                };
                format!("{count}{sign}")
            });
            cell.collect::<Vec<_>>().join(" ")
        });
        println!("| `{class}` | {} |", cells.join(" | "));
    }
}

/// The files below a folder, relative to it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let files = crate::folder::files_below(folder).unwrap();
    files.into_iter().map(|file| file.strip_prefix(folder).unwrap().to_owned()).collect()
}
