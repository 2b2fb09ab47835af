//! A message bus of our own, for as long as a value lives.

use std::{
    ffi::OsString,
    fs,
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    path::Path,
    process::Stdio,
    time::Duration,
};

use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    time::timeout,
};

use crate::process::{DBUS_DAEMON, Kept, StartError};

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

/// Why a private bus did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BusError {
    /// Its folder could not be written.
    #[error("folder of the private message bus")]
    Setup(#[from] std::io::Error),
    /// `dbus-daemon` does not run.
    #[error(transparent)]
    Start(#[from] StartError),
    /// `dbus-daemon` gave up.
    #[error("dbus-daemon gave up: {log}")]
    GaveUp {
        /// What it said.
        log: String,
    },
}

/// A `dbus-daemon` in a folder of its own, in the manner of a system bus. Dropping it ends the daemon.
#[derive(Debug)]
pub struct PrivateBus {
    address: String,
    // The daemon ends before its folder goes: fields drop in this order.
    _daemon: Kept,
    _folder: TempDir,
}

impl PrivateBus {
    /// Starts the daemon and waits until it takes connections, 20 s at most.
    pub async fn start() -> Result<Self, BusError> {
        let folder = tempfile::Builder::new().prefix("latchkey-bus-").tempdir()?;
        // A browser under another user has to reach the socket.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711))?;
        let config = folder.path().join("bus.conf");
        let log = folder.path().join("log");
        let address = format!("unix:path={}", escape(&folder.path().join("socket")));
        fs::write(&config, CONFIG.replace("ADDRESS", &address))?;
        let mut named = OsString::from("--config-file=");
        named.push(&config);
        let arguments = ["--nofork", "--nopidfile", "--nosyslog", "--print-address"].map(OsString::from);
        let errors = Stdio::from(fs::File::create(&log)?);
        let mut daemon = Kept::start(DBUS_DAEMON, [named].into_iter().chain(arguments), [], errors)?;
        let not_ready = || StartError::NotReady { program: DBUS_DAEMON.name() };
        let output = daemon.output.take().ok_or_else(not_ready)?;
        // It prints its address once it listens, and nothing if it gives up.
        let line = timeout(START_LIMIT, BufReader::new(output).lines().next_line()).await;
        match line.map_err(|_| not_ready())?? {
            Some(_) => Ok(Self { address, _daemon: daemon, _folder: folder }),
            None => {
                let log = fs::read_to_string(&log).unwrap_or_default();
                Err(BusError::GaveUp { log: log.trim_end().to_owned() })
            }
        }
    }

    /// Its address, for `DBUS_SYSTEM_BUS_ADDRESS`.
    pub fn address(&self) -> &str {
        &self.address
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
    use std::os::unix::net::UnixStream;

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
