//! The errors that bluetoothd answers with, by their names on the bus.

/// `org.bluez.Error.*`.
#[derive(Debug, zbus::DBusError)]
#[zbus(prefix = "org.bluez.Error")]
pub(super) enum BluezError {
    #[zbus(error)]
    ZBus(zbus::Error),
    AlreadyExists(String),
    DoesNotExist(String),
    Failed(String),
    InProgress(String),
    InvalidArguments(String),
    InvalidLength(String),
    NotPermitted(String),
    NotReady(String),
    NotSupported(String),
}

impl BluezError {
    pub(super) fn parse_failed() -> Self {
        Self::Failed(String::from("Failed to parse advertisement."))
    }

    pub(super) fn register_failed() -> Self {
        Self::Failed(String::from("Failed to register advertisement"))
    }

    pub(super) fn maximum_reached() -> Self {
        Self::NotPermitted(String::from("Maximum advertisements reached"))
    }

    pub(super) fn not_ready() -> Self {
        Self::NotReady(String::from("Resource Not Ready"))
    }
}
