//! A person's home folder, and the program run in it.

use std::{
    fs,
    io::Write,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;

use crate::{terminal::Terminal, vaults};

/// An empty home folder.
pub(crate) struct Home {
    folder: TempDir,
    environment: Vec<(&'static str, String)>,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Home {
    pub(crate) fn new() -> Self {
        let folder = TempDir::with_prefix("latchkey-home-").unwrap();
        let inside = |name: &str| folder.path().join(name).display().to_string();
        let environment = vec![
            ("PATH", std::env::var("PATH").unwrap()),
            ("LANG", "C.UTF-8".to_owned()),
            ("HOME", inside("")),
            ("TMPDIR", inside("")),
            ("XDG_DATA_HOME", inside("data")),
            ("XDG_STATE_HOME", inside("state")),
            ("DBUS_SYSTEM_BUS_ADDRESS", format!("unix:path={}", inside("no-bus"))),
            ("SSL_CERT_FILE", inside("no-certificates")),
        ];
        Self { folder, environment }
    }

    /// A home with a copy of the vault without passkeys.
    pub(crate) fn with_empty_vault() -> Self {
        let home = Self::new();
        vaults::empty().write_to(&home.vault());
        home
    }

    /// A home with a copy of the vault of [`vaults::filled`].
    pub(crate) fn with_filled_vault() -> Self {
        let home = Self::new();
        vaults::filled().write_to(&home.vault());
        home
    }

    /// Sets or replaces a variable.
    pub(crate) fn set(&mut self, name: &'static str, value: &str) {
        self.environment.retain(|(other, _)| *other != name);
        self.environment.push((name, value.to_owned()));
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where the vault is that is used when none is named.
    pub(crate) fn vault(&self) -> PathBuf {
        self.path("data/latchkey/vaults/default")
    }

    /// Writes a file and gives its path.
    pub(crate) fn file(&self, name: &str, content: &[u8], mode: u32) -> String {
        let path = self.path(name);
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(mode);
        options.open(&path).unwrap().write_all(content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path.display().to_string()
    }

    /// A private file with the vaults' passphrase.
    pub(crate) fn passphrase_file(&self) -> String {
        self.file("passphrase", format!("{}\n", vaults::PASSPHRASE).as_bytes(), 0o600)
    }

    /// The program in a session of its own, so that it has no terminal even where the tests have one.
    pub(crate) fn command<S: AsRef<str>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new("setsid");
        command.arg(env!("CARGO_BIN_EXE_latchkey")).args(arguments.iter().map(AsRef::as_ref));
        self.furnish(&mut command);
        command
    }

    /// Runs the program without a terminal.
    pub(crate) fn run<S: AsRef<str>>(&self, arguments: &[S]) -> Ended {
        ended(&mut self.command(arguments))
    }

    /// Runs the program with the vaults' passphrase from a file.
    pub(crate) fn run_opened<S: AsRef<str>>(&self, arguments: &[S]) -> Ended {
        let file = self.passphrase_file();
        let mut all: Vec<&str> = arguments.iter().map(AsRef::as_ref).collect();
        all.extend(["--passphrase-file", &file]);
        self.run(&all)
    }

    /// Runs the program with something on standard input.
    pub(crate) fn run_fed<S: AsRef<str>>(&self, arguments: &[S], input: &str) -> Ended {
        let file = self.file("standard-input", input.as_bytes(), 0o600);
        ended(self.command(arguments).stdin(fs::File::open(file).unwrap()))
    }

    /// Starts the program at a terminal.
    pub(crate) fn at_terminal<S: AsRef<str>>(&self, arguments: &[S]) -> Terminal {
        let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
        command.args(arguments.iter().map(AsRef::as_ref));
        self.furnish(&mut command);
        Terminal::start(command)
    }

    /// The same at a terminal of so many columns.
    pub(crate) fn at_terminal_of<S: AsRef<str>>(&self, columns: u16, arguments: &[S]) -> Terminal {
        let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
        command.args(arguments.iter().map(AsRef::as_ref));
        self.furnish(&mut command);
        Terminal::start_with(columns, command)
    }

    /// Gives a command this home and nothing else.
    pub(crate) fn furnish(&self, command: &mut Command) {
        command
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
    }
}

/// Runs to the end.
pub(crate) fn ended(command: &mut Command) -> Ended {
    let output = command.output().unwrap();
    Ended {
        code: output.status.code().unwrap_or_else(|| panic!("{:?}", output.status)),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Ended {
    /// Expects this exit code and these words on standard error, and gives back the end.
    #[track_caller]
    pub(crate) fn expect(self, code: i32, said: &[&str]) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        for words in said {
            assert!(self.stderr.contains(words), "no {words:?} in {self:?}");
        }
        self
    }

    /// Expects success with nothing on standard error, and gives standard output.
    #[track_caller]
    pub(crate) fn output(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (0, ""), "{self:?}");
        self.stdout
    }

    /// The same, as JSON.
    #[track_caller]
    pub(crate) fn json(self) -> serde_json::Value {
        serde_json::from_str(&self.output()).unwrap()
    }
}

/// The permission bits of a path.
pub(crate) fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
}
