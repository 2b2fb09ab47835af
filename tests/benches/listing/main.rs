//! Listing 10,000 passkeys on the command line, beside `keepassxc-cli` listing a database of the same 10,000.
//!
//! Of each program's time, that of the same command over an empty vault or database with the same key derivation is
//! taken off: what is left is opening, verifying and decrypting the entries, and printing them. Both read the
//! passphrase from a file, write into nothing, and take turns. KeePassXC's database is in its format 4 and has each
//! passkey as KeePassXC itself keeps them, in an entry's attributes. It prints titles, we all that `--json` shows.
#![allow(missing_docs, reason = "a bench")]

mod database;
#[path = "../../../crates/vault/benches/vault/figures.rs"]
#[allow(dead_code, reason = "the other bench looks at memory and goals, too")]
mod figures;
#[path = "../../../crates/search/benches/search/people.rs"]
#[allow(dead_code, reason = "the other bench has queries")]
mod people;
#[path = "../../../crates/vault/benches/vault/stored.rs"]
#[allow(dead_code, reason = "the other bench looks into the vaults")]
mod stored;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
    time::Duration,
};

use figures::{Taken, load};
use latchkey_tests::namespace::product;
use stored::{PASSPHRASE, Stored};

const PASSKEYS: usize = 10_000;
const ROUNDS: usize = 15;
/// We should be at least so many times faster.
const GOAL: f64 = 5.0;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [fill, place, count] = &arguments[..]
        && fill == "fill"
    {
        return stored::fill(Path::new(place), count.parse().unwrap());
    }
    let home = tempfile::TempDir::with_prefix_in("latchkey-bench-", env!("CARGO_TARGET_TMPDIR")).unwrap();
    let home = home.path();
    let passphrase = home.join("passphrase");
    fs::write(&passphrase, format!("{PASSPHRASE}\n")).unwrap();
    fs::set_permissions(&passphrase, fs::Permissions::from_mode(0o600)).unwrap();

    let program = product().unwrap();
    let latchkey = |count| {
        let mut words = vec![program.display().to_string()];
        let (vault, passphrase) = (Stored::of(count).folder(), &passphrase);
        words.extend(["--vault", &vault.display().to_string()].map(str::to_owned));
        words.extend(["--passphrase-file", &passphrase.display().to_string()].map(str::to_owned));
        words.extend(["list", "--json"].map(str::to_owned));
        words
    };
    let keepassxc = |count| {
        let database = home.join(format!("{count}.kdbx"));
        database::make(&database, &people::generate(count));
        ["keepassxc-cli", "ls", "-q", "-R", &database.display().to_string()].map(str::to_owned).to_vec()
    };
    let commands = [latchkey(PASSKEYS), latchkey(0), keepassxc(PASSKEYS), keepassxc(0)];
    let listed = commands.each_ref().map(|command| {
        let output = run(home, "\"$@\"", command);
        String::from_utf8(output.stdout).unwrap()
    });
    assert_eq!(listed[0].matches("\"rp_id\"").count(), PASSKEYS);
    assert_eq!(listed[2].lines().count(), PASSKEYS);

    let before = load();
    let mut taken: [[Taken; 2]; 4] = Default::default();
    for _ in 0..ROUNDS {
        for (command, [clock, processor]) in commands.iter().zip(&mut taken) {
            let timed = run(home, "TIMEFORMAT='%3R %3U %3S'; { time \"$@\" 2>&3 >&3; } 3>/dev/null", command);
            let seconds: Vec<f64> = String::from_utf8(timed.stderr)
                .unwrap()
                .split_whitespace()
                .map(|number| number.parse().unwrap())
                .collect();
            clock.add(Duration::from_secs_f64(seconds[0]));
            processor.add(Duration::from_secs_f64(seconds[1] + seconds[2]));
        }
    }
    println!(
        "{PASSKEYS} entries, medians of {ROUNDS}; load average {before} before, {} after; keepassxc-cli {}\n",
        load(),
        version()
    );
    println!("| ms | all | empty | difference | | processor: all | empty | difference | |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    let medians = taken.map(|both| both.map(|taken| taken.median()));
    let rows = [("latchkey list --json", 0), ("keepassxc-cli ls -R", 2)];
    let difference = |row: usize, kind: usize| medians[row][kind] - medians[row + 1][kind];
    for (name, row) in rows {
        print!("| {name} ");
        for kind in [0, 1] {
            let [all, empty] = [medians[row][kind], medians[row + 1][kind]];
            let times = difference(row, kind) / difference(0, kind);
            print!("| {all:.0} | {empty:.0} | {:.0} | {times:.1} ", all - empty);
        }
        println!("|");
    }
    for (kind, by) in [(0, "the clock"), (1, "processor time")] {
        let ratio = difference(2, kind) / difference(0, kind);
        let verdict = if ratio >= GOAL { "met" } else { "MISSED" };
        println!("\n{ratio:.1} times faster by {by}; goal ≥ {GOAL}: {verdict}");
    }
}

/// Runs a line of bash with a command as its arguments and the passphrase as its input.
fn run(home: &Path, line: &str, command: &[String]) -> Output {
    let output = Command::new("bash")
        .args(["-c", line, "bash"])
        .args(command)
        .stdin(fs::File::open(home.join("passphrase")).unwrap())
        .env("HOME", home)
        .env_remove("XDG_STATE_HOME")
        .env_remove("XDG_CONFIG_HOME")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

fn version() -> String {
    let output = Command::new("keepassxc-cli").arg("--version").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
