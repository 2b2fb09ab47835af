//! A message bus of our own, for as long as a value lives.

use std::{
    fs,
    os::unix::{ffi::OsStrExt, fs::PermissionsExt, net::UnixStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// `dbus-daemon` starts in milliseconds; a loaded machine takes longer.
const START_LIMIT: Duration = Duration::from_secs(20);

/// Everybody may do everything: the bus holds nothing but a rehearsal.
const CONFIG: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>ADDRESS</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
  </policy>
</busconfig>
"#;

/// Runs the daemon until our end of the pipe closes, which also happens when this process is killed. Ctrl-C at the
/// terminal reaches the keeper too, and must not end it before its work is done.
const KEEPER: &str = r#"trap '' INT HUP
dbus-daemon --config-file="$1" --nofork --nopidfile --nosyslog &
daemon=$!
read -r _
kill "$daemon"
wait "$daemon""#;

/// Why a private bus did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BusError {
    /// Its folder could not be written or the shell not started.
    #[error("cannot set up a private message bus")]
    Setup(#[from] std::io::Error),
    /// `dbus-daemon` is not installed, or gave up.
    #[error("dbus-daemon did not start: {log}")]
    NotStarted {
        /// What it said.
        log: String,
    },
}

/// A `dbus-daemon` in a folder of its own, in the manner of a system bus. Dropping it ends the daemon.
#[derive(Debug)]
pub struct PrivateBus {
    keeper: Child,
    address: String,
    _folder: TempDir,
}

impl PrivateBus {
    /// Starts the daemon and waits until it takes connections, 20 s at most.
    pub async fn start() -> Result<Self, BusError> {
        let folder = tempfile::Builder::new().prefix("latchkey-bus-").tempdir()?;
        // A browser under another user has to reach the socket.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711))?;
        let socket = folder.path().join("socket");
        let config = folder.path().join("bus.conf");
        let log = folder.path().join("log");
        let address = format!("unix:path={}", escape(&socket));
        fs::write(&config, CONFIG.replace("ADDRESS", &address))?;
        let keeper = Command::new("/bin/sh")
            .args(["-c", KEEPER, "sh"])
            .arg(&config)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(fs::File::create(&log)?)
            .spawn()?;
        let bus = Self { keeper, address, _folder: folder };
        let started = Instant::now();
        while UnixStream::connect(&socket).is_err() {
            if started.elapsed() > START_LIMIT {
                return Err(BusError::NotStarted { log: fs::read_to_string(&log).unwrap_or_default() });
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(bus)
    }

    /// Its address, for `DBUS_SYSTEM_BUS_ADDRESS`.
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for PrivateBus {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        // Milliseconds: the keeper kills the daemon and reaps it.
        let _ = self.keeper.wait();
    }
}

/// A path in a D-Bus address: all but a few characters as `%xx` (D-Bus specification, "Server Addresses").
fn escape(path: &Path) -> String {
    path.as_os_str()
        .as_bytes()
        .iter()
        .map(|byte| match byte {
            b'-' | b'_' | b'/' | b'.' | b'\\' | b'*' => char::from(*byte).to_string(),
            letter if letter.is_ascii_alphanumeric() => char::from(*letter).to_string(),
            other => format!("%{other:02x}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_characters_in_a_path_are_escaped() {
        assert_eq!(escape(Path::new("/tmp/a b,c=d/é")), "/tmp/a%20b%2cc%3dd/%c3%a9");
    }

    #[tokio::test]
    async fn a_bus_ends_with_its_value() {
        let bus = PrivateBus::start().await.unwrap();
        let socket = bus.address().trim_start_matches("unix:path=").to_owned();
        UnixStream::connect(&socket).unwrap();
        drop(bus);
        UnixStream::connect(&socket).unwrap_err();
    }
}
