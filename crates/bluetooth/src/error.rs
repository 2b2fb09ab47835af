//! Why the radio cannot be used.

use std::io;

/// Why an advert could not go out, or a scan not start.
///
/// The variants are apart where a person has to do different things; `doctor` and the shells match on them. The
/// reasons are bluetoothd's own words and hold nothing of the ceremony.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RadioError {
    /// There is no message bus to ask, as in a container.
    #[error("the system message bus cannot be reached: {detail}")]
    NoBus {
        /// What the attempt to connect said.
        detail: String,
    },
    /// The bus is there, bluetoothd is not: not installed, not running, or crashed.
    #[error("bluetoothd does not run")]
    NoDaemon,
    /// bluetoothd runs and did not answer within 10 s.
    #[error("bluetoothd does not answer")]
    NoAnswer,
    /// bluetoothd knows no adapter.
    #[error("no bluetooth adapter")]
    NoAdapter,
    /// An adapter was asked for by name and is not there.
    #[error("no bluetooth adapter named {name:?}")]
    UnknownAdapter {
        /// The name asked for.
        name: String,
    },
    /// The adapter is switched off in software.
    #[error("the bluetooth adapter is off")]
    AdapterOff,
    /// The adapter is held off by rfkill: flight mode, or a switch on the machine.
    #[error("the bluetooth adapter is blocked by rfkill")]
    AdapterBlocked,
    /// The adapter has no LE advertising (no `LEAdvertisingManager1`).
    #[error("the bluetooth adapter cannot advertise")]
    CannotAdvertise,
    /// Every advertising instance of the adapter is taken, or was leaked by bluetoothd until it restarts.
    #[error("the bluetooth adapter has no free advertising instance")]
    TooManyAdverts,
    /// The adapter or bluetoothd refused.
    #[error("bluetoothd refused: {reason}")]
    Rejected {
        /// bluetoothd's error name and words.
        reason: String,
    },
    /// The bus or bluetoothd does not allow this user to do it.
    #[error("not permitted: {reason}")]
    NotPermitted {
        /// Their words.
        reason: String,
    },
    /// The conversation over the bus broke.
    #[error("the message bus failed: {detail}")]
    Bus {
        /// What the D-Bus library said.
        detail: String,
    },
}

impl RadioError {
    /// Reads the outcome of a failed call to bluetoothd.
    pub(crate) fn from_call(error: zbus::Error) -> Self {
        match error {
            zbus::Error::MethodError(name, words, _) => {
                Self::from_reply(name.as_str(), words.as_deref().unwrap_or_default())
            }
            zbus::Error::InputOutput(error) if error.kind() == io::ErrorKind::TimedOut => Self::NoAnswer,
            other => Self::Bus { detail: other.to_string() },
        }
    }

    /// Reads an error reply: its D-Bus name and its words.
    ///
    /// bluetoothd uses few names for many causes, so the words decide where they are known.
    fn from_reply(name: &str, words: &str) -> Self {
        let reason = || if words.is_empty() { name.to_owned() } else { format!("{name}: {words}") };
        if words.contains("Maximum advertisements") {
            return Self::TooManyAdverts;
        }
        // The bus tries to start bluetoothd through systemd; systemd has many ways to say that the unit is missing,
        // masked or broken, and names it in all of them.
        if words.contains("dbus-org.bluez.service") {
            return Self::NoDaemon;
        }
        if words.contains("rfkill") || name == "org.bluez.Error.Blocked" {
            return Self::AdapterBlocked;
        }
        match name {
            "org.freedesktop.DBus.Error.ServiceUnknown" | "org.freedesktop.DBus.Error.NameHasNoOwner" => {
                Self::NoDaemon
            }
            // The bus tried to start bluetoothd and could not.
            _ if name.starts_with("org.freedesktop.DBus.Error.Spawn.")
                || name.starts_with("org.freedesktop.systemd1.") =>
            {
                Self::NoDaemon
            }
            "org.freedesktop.DBus.Error.NoReply"
            | "org.freedesktop.DBus.Error.Timeout"
            | "org.freedesktop.DBus.Error.TimedOut" => Self::NoAnswer,
            "org.freedesktop.DBus.Error.AccessDenied" | "org.bluez.Error.NotPermitted" => {
                Self::NotPermitted { reason: reason() }
            }
            // The adapter was unplugged between looking and asking.
            "org.freedesktop.DBus.Error.UnknownObject" => Self::NoAdapter,
            "org.freedesktop.DBus.Error.UnknownMethod" | "org.freedesktop.DBus.Error.UnknownInterface" => {
                Self::CannotAdvertise
            }
            "org.bluez.Error.NotReady" => Self::AdapterOff,
            _ => Self::Rejected { reason: reason() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RadioError;

    #[test]
    fn known_replies_are_told_apart() {
        let cases = [
            ("org.freedesktop.DBus.Error.ServiceUnknown", "", RadioError::NoDaemon),
            ("org.freedesktop.DBus.Error.Spawn.ChildExited", "exit 1", RadioError::NoDaemon),
            (
                "org.freedesktop.systemd1.NoSuchUnit",
                "Unit dbus-org.bluez.service not found",
                RadioError::NoDaemon,
            ),
            (
                "org.freedesktop.DBus.Error.FileExists",
                "Unit dbus-org.bluez.service failed to load properly",
                RadioError::NoDaemon,
            ),
            ("org.freedesktop.DBus.Error.NoReply", "", RadioError::NoAnswer),
            ("org.freedesktop.DBus.Error.UnknownObject", "", RadioError::NoAdapter),
            ("org.freedesktop.DBus.Error.UnknownMethod", "", RadioError::CannotAdvertise),
            ("org.bluez.Error.NotPermitted", "Maximum advertisements reached", RadioError::TooManyAdverts),
            ("org.bluez.Error.NotReady", "Resource Not Ready", RadioError::AdapterOff),
            ("org.bluez.Error.Failed", "Blocked through rfkill", RadioError::AdapterBlocked),
        ];
        for (name, words, expected) in cases {
            assert_eq!(RadioError::from_reply(name, words), expected, "{name}");
        }
    }

    #[test]
    fn refusals_keep_the_words_of_the_daemon() {
        assert_eq!(
            RadioError::from_reply("org.bluez.Error.Failed", "Failed to register advertisement"),
            RadioError::Rejected {
                reason: String::from("org.bluez.Error.Failed: Failed to register advertisement")
            }
        );
        assert_eq!(
            RadioError::from_reply("org.freedesktop.DBus.Error.AccessDenied", ""),
            RadioError::NotPermitted { reason: String::from("org.freedesktop.DBus.Error.AccessDenied") }
        );
    }
}
