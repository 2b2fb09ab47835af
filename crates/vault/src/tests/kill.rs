//! Processes killed while they write: whatever they had acknowledged is there.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use latchkey_passkey::PasskeyStore;

use crate::testing::*;
use crate::{OpenOptions, VaultError};

#[test]
fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vault");
    new_vault(&path, &OpenOptions::new()).close().unwrap();
    let (mut acknowledged, mut uses) = (0, 0);
    let rounds = times("LATCHKEY_KILL_ROUNDS", 20);
    for round in 0..rounds {
        // A different moment each time, from "still opening" to "in the middle of it".
        let (added, used) = killed_after(&path, Duration::from_millis(5 + round * 13 % 97), acknowledged);
        acknowledged = acknowledged.max(added);
        uses += used;
        let vault = match reopen(&path, &OpenOptions::new()) {
            Ok(vault) => vault,
            Err(error) => panic!("round {round}: {error}"),
        };
        let entries = vault.list().unwrap();
        let stored = u64::try_from(entries.len()).unwrap();
        // One more may be there than was acknowledged: killed between the commit and the word.
        assert!(
            stored == acknowledged || stored == acknowledged + 1,
            "round {round}: {stored}, {acknowledged}"
        );
        let counted: u64 = entries.iter().map(|entry| entry.passkey.usage.sign_in_count).sum();
        assert!(counted >= uses, "round {round}: {counted}, {uses}");
        assert_eq!(vault.check().unwrap(), [], "round {round}");
        assert_eq!(vault.status().unwrap().findings, [], "round {round}");
        (acknowledged, uses) = (stored, counted);
        vault.close().unwrap();
    }
    assert!(acknowledged > rounds, "only {acknowledged} were written");
}

/// Starts a child that adds passkeys and signs in with them, kills it, and returns the highest number of a passkey
/// and the number of sign-ins that it acknowledged.
fn killed_after(path: &Path, wait: Duration, first: u64) -> (u64, u64) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["tests::kill::child_that_writes", "--exact", "--ignored", "--nocapture"])
        .env("LATCHKEY_TEST_VAULT", path)
        .env(KEY_VARIABLE, master_key_digits())
        .env("LATCHKEY_TEST_FIRST", (first + 1).to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(wait);
    child.kill().unwrap();
    let (mut added, mut used) = (0, 0);
    for line in BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok) {
        match line.split_once(' ') {
            Some(("added", n)) => added = n.parse().unwrap_or(added),
            Some(("used", _)) => used += 1,
            _ => {}
        }
    }
    child.wait().unwrap();
    (added, used)
}

#[test]
#[ignore = "run, and killed, by nothing_acknowledged_is_lost_when_the_process_is_killed"]
fn child_that_writes() {
    let path = std::env::var_os("LATCHKEY_TEST_VAULT").unwrap();
    let first: u64 = std::env::var("LATCHKEY_TEST_FIRST").unwrap().parse().unwrap();
    let mut vault = match reopen(path.as_ref(), &OpenOptions::new()) {
        Err(VaultError::InUse { .. }) => return,
        other => other.unwrap(),
    };
    let mut out = std::io::stdout();
    for n in first.. {
        let made = passkey("example.org", &format!("user {n}"), n);
        add(&mut vault, &made, None, &created(n)).unwrap();
        out.write_all(format!("\nadded {n}\n").as_bytes()).unwrap();
        out.flush().unwrap();
        vault.record_use(made.core.id, &signed_in(n)).unwrap();
        out.write_all(format!("\nused {n}\n").as_bytes()).unwrap();
        out.flush().unwrap();
    }
}
