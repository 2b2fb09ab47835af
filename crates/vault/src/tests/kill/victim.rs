use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::testing::{KEY_VARIABLE, master_key_digits};

/// What [`super::child`] is told.
pub(super) const TASK: &str = "LATCHKEY_TEST_TASK";
pub(super) const FOLDER: &str = "LATCHKEY_TEST_FOLDER";
pub(super) const SEED: &str = "LATCHKEY_TEST_SEED";
pub(super) const NEXT: &str = "LATCHKEY_TEST_NEXT";

/// A process that is going to be killed.
pub(super) struct Victim {
    child: Child,
    out: BufReader<ChildStdout>,
    said: Vec<String>,
}

impl Victim {
    /// Starts a process for a task, with the master key instead of a passphrase.
    pub(super) fn start(task: &str, folder: &Path, seed: u64, next: u64) -> Self {
        // This very program, even if its file has been replaced by a newer build meanwhile.
        let mut child = Command::new("/proc/self/exe")
            .args(["tests::kill::child::does_as_it_is_told", "--exact", "--ignored", "--nocapture"])
            .env(TASK, task)
            .env(FOLDER, folder)
            .env(SEED, seed.to_string())
            .env(NEXT, next.to_string())
            .env(KEY_VARIABLE, master_key_digits())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out, said: Vec::new() }
    }

    /// Waits until it has said something.
    pub(super) fn wait_for(&mut self, word: &str, round: &str) {
        while self.said.last().is_none_or(|line| line != word) {
            let mut line = String::new();
            if self.out.read_line(&mut line).unwrap() == 0 {
                panic!("{round}: ended before it {word}: {}", self.complaint());
            }
            self.said.push(line.trim_end().to_owned());
        }
    }

    /// Waits until something is so, or it has ended.
    pub(super) fn wait_until(&mut self, is_so: impl Fn() -> bool) {
        while !is_so() && self.child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_micros(300));
        }
    }

    /// Lets it go on for a part of a time.
    pub(super) fn wait(&self, drawn: u64, most: Duration) {
        let micros = u64::try_from(most.as_micros()).unwrap();
        std::thread::sleep(Duration::from_micros(drawn % micros));
    }

    /// Kills it; every line that it has said before.
    pub(super) fn kill(mut self, round: &str) -> Vec<String> {
        self.child.kill().unwrap();
        // After a kill the last line may be half a line, which nobody has acknowledged.
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        let whole = rest.rfind('\n').map_or("", |end| &rest[..end]);
        self.said.extend(whole.lines().map(str::to_owned));
        let ended = self.child.wait().unwrap();
        // One that failed on its own has shown a defect, and was not killed.
        let failed = ended.code().is_some_and(|code| code != 0);
        assert!(!failed, "{round}: failed: {}", self.complaint());
        std::mem::take(&mut self.said)
    }

    fn complaint(&mut self) -> String {
        let mut said = String::new();
        let _ = self.child.stderr.take().unwrap().read_to_string(&mut said);
        said
    }
}

/// Not left running when a test fails.
impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
