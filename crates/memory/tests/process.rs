//! What a process looks like from outside once it is protected, and inside without the right to lock memory.
//!
//! Both are for good, so each runs in a child: this program again, with one ignored test.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests: a panic is a failure here")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::process::{Child, Command, Stdio};

use latchkey_memory::{Locked, lock_refused, protect_process};
use rustix::process::{DumpableBehavior, Resource, Rlimit, dumpable_behavior, geteuid, getrlimit, setrlimit};
use rustix::thread::{CapabilitySet, capabilities, set_capabilities};
use zeroize::Zeroizing;

/// Starts a child and waits for its word.
fn child(test: &str) -> (Child, String) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--ignored", "--nocapture"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines().map_while(Result::ok);
    let said = lines.find_map(|line| line.strip_prefix("child: ").map(str::to_owned));
    let said = said.unwrap();
    (child, said)
}

/// Says a word and stays until the parent has looked.
fn say_and_wait(word: &str) {
    println!("\nchild: {word}");
    std::io::stdout().flush().unwrap();
    let _ = std::io::stdin().read(&mut [0]);
}

fn end(mut child: Child) {
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_protected_process_is_not_dumped() {
    let (child, said) = child("child_that_protects_itself");
    assert_eq!(said, "[] NotDumpable");
    let proc = format!("/proc/{}", child.id());
    let limits = fs::read_to_string(format!("{proc}/limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    let numbers: Vec<&str> = core.split_whitespace().filter(|word| word.parse::<u64>().is_ok()).collect();
    assert_eq!(numbers, ["0", "0"], "{core}");
    // Its files belong to root; its memory is for root alone.
    assert_eq!(fs::metadata(format!("{proc}/mem")).unwrap().uid(), 0);
    if geteuid().is_root() {
        let filter = fs::read_to_string(format!("{proc}/coredump_filter")).unwrap();
        assert_eq!(u64::from_str_radix(filter.trim(), 16), Ok(0));
    } else {
        assert!(fs::File::open(format!("{proc}/mem")).is_err());
    }
    end(child);
}

#[test]
#[ignore = "run by a_protected_process_is_not_dumped"]
fn child_that_protects_itself() {
    let gaps = protect_process();
    let core = getrlimit(Resource::Core);
    assert_eq!((core.current, core.maximum), (Some(0), Some(0)));
    let dumpable = match dumpable_behavior().unwrap() {
        DumpableBehavior::NotDumpable => "NotDumpable",
        _ => "dumpable",
    };
    say_and_wait(&format!("{gaps:?} {dumpable}"));
}

#[test]
fn without_the_right_to_lock_all_works_and_it_is_told() {
    let (child, said) = child("child_that_may_not_lock");
    assert_eq!(said, "works, locked: false, refused: true");
    end(child);
}

#[test]
#[ignore = "run by without_the_right_to_lock_all_works_and_it_is_told"]
fn child_that_may_not_lock() {
    // Root locks beyond the limit, by a capability; the capabilities are this thread's alone.
    let mut mine = capabilities(None).unwrap();
    mine.effective.remove(CapabilitySet::IPC_LOCK);
    set_capabilities(None, mine).unwrap();
    setrlimit(Resource::Memlock, Rlimit { current: Some(0), maximum: Some(0) }).unwrap();

    assert!(!lock_refused());
    let key = Locked::<Zeroizing<[u8; 32]>>::new_with(|key| key.fill(7));
    let built = Locked::build(|| Zeroizing::new([8_u8; 32]));
    assert_eq!((key[31], built[0]), (7, 8));
    say_and_wait(&format!("works, locked: {}, refused: {}", key.is_locked(), lock_refused()));
}
