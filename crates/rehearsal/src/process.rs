//! Programs that the rehearsal starts, and that go when it goes.

use std::{
    env,
    ffi::OsStr,
    io,
    path::PathBuf,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use tokio::process::{Child, ChildStdout, Command};

/// Runs a program until our end of the pipe closes, which also happens when this process is killed. Ctrl-C at the
/// terminal reaches the keeper too, and must not end it before its work is done.
const KEEPER: &str = r#"trap '' INT HUP
"$@" </dev/null & child=$!
exec >/dev/null
read -r _
kill "$child"
wait "$child""#;

/// How long a program may take to end when told to.
const END_TIME: Duration = Duration::from_secs(2);

/// Why a program of the rehearsal does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Not installed.
    #[error("{program} is not installed (Debian package {package})")]
    NotInstalled {
        /// The program's name.
        program: &'static str,
        /// The Debian package that has it.
        package: &'static str,
    },
    /// Started, but not ready in time.
    #[error("{program} was not ready in time")]
    NotReady {
        /// The program's name.
        program: &'static str,
    },
    /// The machine would not start it.
    #[error("{program} could not be started")]
    Machine {
        /// The program's name.
        program: &'static str,
        /// What the machine said.
        #[source]
        error: io::Error,
    },
}

/// A program of the rehearsal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Program {
    /// The names it may have, the usual one first.
    names: &'static [&'static str],
    /// The Debian package that has it.
    package: &'static str,
}

pub(crate) const CHROMIUM: Program =
    Program { names: &["chromium", "chromium-browser", "google-chrome"], package: "chromium" };
pub(crate) const XVFB: Program = Program { names: &["Xvfb"], package: "xvfb" };
pub(crate) const OPENBOX: Program = Program { names: &["openbox"], package: "openbox" };
pub(crate) const DBUS_DAEMON: Program = Program { names: &["dbus-daemon"], package: "dbus-daemon" };

/// The programs of a rehearsal with a browser that are not installed.
pub fn missing() -> Vec<Program> {
    [CHROMIUM, XVFB, OPENBOX, DBUS_DAEMON].into_iter().filter(|program| program.find().is_err()).collect()
}

impl Program {
    /// Its usual name.
    pub fn name(&self) -> &'static str {
        self.names.first().copied().unwrap_or(self.package)
    }

    /// The Debian package that has it.
    pub fn package(&self) -> &'static str {
        self.package
    }

    /// Its place, under the first of its names that is there.
    pub(crate) fn find(&self) -> Result<PathBuf, StartError> {
        let path = env::var_os("PATH").unwrap_or_default();
        let mut places =
            self.names.iter().flat_map(|name| env::split_paths(&path).map(move |folder| folder.join(name)));
        let missing = || StartError::NotInstalled { program: self.name(), package: self.package };
        places.find(|place| place.is_file()).ok_or_else(missing)
    }
}

/// A running program that needs nothing from us; ended when dropped, or when this process ends in whatever way.
#[derive(Debug)]
pub(crate) struct Kept {
    keeper: Child,
    /// What the program writes.
    pub(crate) output: Option<ChildStdout>,
}

impl Kept {
    /// Starts `program` with these arguments and additions to the environment; what it complains of goes to `errors`.
    pub(crate) fn start<'a, A: AsRef<OsStr>>(
        program: Program,
        arguments: impl IntoIterator<Item = A>,
        environment: impl IntoIterator<Item = (&'a str, &'a OsStr)>,
        errors: Stdio,
    ) -> Result<Self, StartError> {
        let place = program.find()?;
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER, "sh"])
            .arg(place)
            .args(arguments)
            .envs(environment)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .map_err(|error| StartError::Machine { program: program.name(), error })?;
        let output = keeper.stdout.take();
        Ok(Self { keeper, output })
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        wait_for_end(&mut self.keeper);
    }
}

/// Waits a moment for a program that was told to end, so that its files can be removed behind it. `false` if it has
/// not ended.
pub(crate) fn wait_for_end(child: &mut Child) -> bool {
    let deadline = Instant::now() + END_TIME;
    while matches!(child.try_wait(), Ok(None)) {
        if Instant::now() >= deadline {
            return false;
        }
        thread::sleep(Duration::from_millis(5));
    }
    true
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn a_kept_program_ends_with_its_owner() {
        let sleep = Program { names: &["sleep"], package: "coreutils" };
        let mut kept = Kept::start(sleep, ["1000"], [], Stdio::null()).unwrap();
        let mut output = kept.output.take().unwrap();
        drop(kept);
        // The pipe closes when the last process that holds it is gone.
        let end = tokio::time::timeout(END_TIME, output.read_u8()).await;
        assert!(end.unwrap().is_err());
    }

    #[test]
    fn says_which_package_is_missing() {
        let program = Program { names: &["no-such-program", "nor-this"], package: "its-package" };
        let missing = program.find().unwrap_err();
        assert_eq!(missing.to_string(), "no-such-program is not installed (Debian package its-package)");
    }
}
