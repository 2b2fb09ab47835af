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

/// Finds a program, which Debian has in `package`, under the first of its names that is there.
pub(crate) fn installed(names: &[&'static str], package: &'static str) -> Result<PathBuf, StartError> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut places =
        names.iter().flat_map(|name| env::split_paths(&path).map(move |folder| folder.join(name)));
    let program = names.first().copied().unwrap_or(package);
    places.find(|place| place.is_file()).ok_or(StartError::NotInstalled { program, package })
}

/// A running program that needs nothing from us; ended when dropped, or when this process ends in whatever way.
#[derive(Debug)]
pub(crate) struct Kept {
    keeper: Child,
    /// What the program writes.
    pub(crate) output: Option<ChildStdout>,
}

impl Kept {
    /// Starts `program` with these arguments and additions to the environment.
    pub(crate) fn start<'a, A: AsRef<OsStr>>(
        program: &'static str,
        package: &'static str,
        arguments: impl IntoIterator<Item = A>,
        environment: impl IntoIterator<Item = (&'a str, &'a OsStr)>,
    ) -> Result<Self, StartError> {
        let place = installed(&[program], package)?;
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER, "sh"])
            .arg(place)
            .args(arguments)
            .envs(environment)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| StartError::Machine { program, error })?;
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

/// Waits a moment for a program that was told to end, so that its files can be removed behind it.
pub(crate) fn wait_for_end(child: &mut Child) {
    let deadline = Instant::now() + END_TIME;
    while matches!(child.try_wait(), Ok(None)) && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(5));
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn a_kept_program_ends_with_its_owner() {
        let mut kept = Kept::start("sleep", "coreutils", ["1000"], []).unwrap();
        let mut output = kept.output.take().unwrap();
        drop(kept);
        // The pipe closes when the last process that holds it is gone.
        let end = tokio::time::timeout(END_TIME, output.read_u8()).await;
        assert!(end.unwrap().is_err());
    }

    #[test]
    fn says_which_package_is_missing() {
        let missing = installed(&["no-such-program"], "its-package").unwrap_err();
        assert_eq!(missing.to_string(), "no-such-program is not installed (Debian package its-package)");
    }
}
