//! The product's program, run as its users run it.

use std::{
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::Mutex,
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::timeout,
};

/// Good enough for the rules of `latchkey init`, and nowhere else in the tests.
pub const PASSPHRASE: &str = "zauberfloete unter sieben bergen 1791";
/// Opens nothing.
pub const WRONG_PASSPHRASE: &str = "something else entirely 17";

/// Longer than everything that `latchkey` waits for.
const PATIENCE: Duration = Duration::from_secs(150);

/// The program with a vault of its own.
pub struct Product {
    program: PathBuf,
    folder: PathBuf,
    system_bus: String,
    /// What every run has logged, at the most verbose level.
    logs: Mutex<Vec<String>>,
}

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub output: String,
    /// Standard error: the log, and what a person is told.
    pub errors: String,
}

/// A run at a terminal, where a person is asked.
pub struct AtTerminal {
    child: Child,
    keyboard: ChildStdin,
    screen: BufReader<ChildStdout>,
    shown: String,
    errors: PathBuf,
}

impl Product {
    /// A program that trusts `certificate` (PEM) besides nobody, and keeps its files in `folder`.
    pub fn new(program: PathBuf, folder: &Path, certificate: &str, system_bus: &str) -> Self {
        let folder = folder.to_owned();
        std::fs::write(folder.join("certificate.pem"), certificate).expect("writable");
        for (name, passphrase) in [("passphrase", PASSPHRASE), ("wrong-passphrase", WRONG_PASSPHRASE)] {
            write_private(&folder.join(name), passphrase);
        }
        Self { program, folder, system_bus: system_bus.to_owned(), logs: Mutex::default() }
    }

    /// Runs a command with the right passphrase to its end.
    pub async fn run(&self, arguments: &[&str]) -> Outcome {
        self.run_with("passphrase", "", arguments).await
    }

    /// Runs a command with the right passphrase, and something on its standard input, to its end.
    pub async fn run_with_input(&self, input: &str, arguments: &[&str]) -> Outcome {
        self.run_with("passphrase", input, arguments).await
    }

    /// Runs a command with the wrong passphrase to its end.
    pub async fn run_with_wrong_passphrase(&self, arguments: &[&str]) -> Outcome {
        self.run_with("wrong-passphrase", "", arguments).await
    }

    /// Runs `sign-in` for a code, with more options.
    pub async fn sign_in(&self, code: &str, more: &[&str]) -> Outcome {
        self.run(&[&["sign-in", "--qr", code], more].concat()).await
    }

    /// The passkeys of one site, as `list --json` has them.
    pub async fn passkeys(&self, rp_id: &str) -> Vec<Value> {
        let outcome = self.run(&["list", "--json"]).await;
        assert_eq!(outcome.code, 0, "{}", outcome.errors);
        let listed: Vec<Value> = serde_json::from_str(&outcome.output).expect("an array");
        listed.into_iter().filter(|passkey| passkey["rp_id"] == rp_id).collect()
    }

    /// The folder of its vault, which nobody holds between runs.
    pub fn vault_folder(&self) -> PathBuf {
        self.folder.join("data/latchkey/vaults/default")
    }

    /// Starts a command on a terminal of its own (`script` makes one).
    pub fn start_at_terminal(&self, arguments: &[&str]) -> AtTerminal {
        let errors = self.folder.join("terminal-errors");
        let options = ["-vv", "--passphrase-file"].map(String::from);
        let words = [self.program.display().to_string()].into_iter().chain(options);
        let words = words.chain([self.folder.join("passphrase").display().to_string()]);
        // Every word is ours and needs no more than quotes.
        let words: Vec<_> = words
            .chain(arguments.iter().map(|word| word.to_string()))
            .map(|word| format!("'{word}'"))
            .collect();
        let mut child = Command::new("script")
            .args(["--quiet", "--return", "--flush", "--command"])
            .arg(format!("exec {} 2>'{}'", words.join(" "), errors.display()))
            .arg("/dev/null")
            .envs(self.environment())
            .env_remove("SSL_CERT_DIR")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("script starts");
        let keyboard = child.stdin.take().expect("piped");
        let screen = BufReader::new(child.stdout.take().expect("piped"));
        AtTerminal { child, keyboard, screen, shown: String::new(), errors }
    }

    /// Keeps what a run at a terminal has logged.
    pub fn keep_log(&self, outcome: &Outcome) {
        // What follows this mark is said to a person, who may see names.
        let log = outcome.errors.split("\nlatchkey: ").next().unwrap_or_default();
        let log = if log.starts_with("latchkey: ") { "" } else { log };
        self.logs.lock().expect("no panic under the lock").push(log.to_owned());
    }

    /// What all runs have logged.
    pub fn logs(&self) -> String {
        self.logs.lock().expect("no panic under the lock").join("\n")
    }

    async fn run_with(&self, passphrase: &str, input: &str, arguments: &[&str]) -> Outcome {
        // In a session of its own: without a terminal, whoever started the tests.
        let mut child = Command::new("setsid")
            .arg("--wait")
            .arg(&self.program)
            .arg("-vv")
            .arg("--passphrase-file")
            .arg(self.folder.join(passphrase))
            .args(arguments)
            .envs(self.environment())
            .env_remove("SSL_CERT_DIR")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("latchkey starts");
        let mut pipe = child.stdin.take().expect("piped");
        // Who does not read its input closes it.
        let _ = pipe.write_all(input.as_bytes()).await;
        drop(pipe);
        let finished = child.wait_with_output();
        let finished = timeout(PATIENCE, finished).await.expect("latchkey ends").expect("latchkey runs");
        let outcome = Outcome {
            code: code(finished.status),
            output: String::from_utf8(finished.stdout).expect("text"),
            errors: String::from_utf8(finished.stderr).expect("text"),
        };
        self.keep_log(&outcome);
        outcome
    }

    fn environment(&self) -> [(&'static str, std::ffi::OsString); 6] {
        [
            ("HOME", self.folder.clone().into()),
            ("XDG_DATA_HOME", self.folder.join("data").into()),
            ("SSL_CERT_FILE", self.folder.join("certificate.pem").into()),
            ("DBUS_SYSTEM_BUS_ADDRESS", self.system_bus.clone().into()),
            ("RUST_LOG", "trace".into()),
            ("NO_COLOR", "1".into()),
        ]
    }
}

impl AtTerminal {
    /// Waits until the terminal shows this text.
    pub async fn until_shown(&mut self, text: &str) {
        let reading = async {
            while !self.shown.contains(text) {
                let mut chunk = [0; 1024];
                let count = self.screen.read(&mut chunk).await.expect("readable");
                assert!(count > 0, "latchkey ended before it showed {text:?}; it showed {:?}", self.shown);
                self.shown.push_str(&String::from_utf8_lossy(&chunk[..count]));
            }
        };
        if timeout(PATIENCE, reading).await.is_err() {
            panic!("latchkey did not show {text:?} but {:?}", self.shown);
        }
    }

    /// Types a line.
    pub async fn type_line(&mut self, line: &str) {
        self.keyboard.write_all(format!("{line}\n").as_bytes()).await.expect("typed");
        self.keyboard.flush().await.expect("typed");
    }

    /// Waits for the end.
    pub async fn end(mut self) -> Outcome {
        let rest = async {
            while self.screen.read_line(&mut self.shown).await.expect("readable") > 0 {}
            self.child.wait().await.expect("script ends")
        };
        let status = timeout(PATIENCE, rest).await.expect("latchkey ends");
        let errors = std::fs::read_to_string(&self.errors).expect("readable");
        Outcome { code: code(status), output: self.shown, errors }
    }
}

fn code(status: ExitStatus) -> i32 {
    status.code().unwrap_or(-1)
}

fn write_private(path: &Path, text: &str) {
    use std::{io::Write, os::unix::fs::OpenOptionsExt};
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path).expect("writable");
    writeln!(file, "{text}").expect("writable");
}
