//! The D-Bus connection to bluetoothd.

use std::time::Duration;

use zbus::{Connection, connection, zvariant::DynamicType};

use crate::RadioError;

/// bluetoothd's name on the bus.
pub(crate) const BLUEZ: &str = "org.bluez";

/// bluetoothd answers in milliseconds; the slowest seen under emulation took 2 s.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// Where bluetoothd is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Bus {
    /// The system bus: `DBUS_SYSTEM_BUS_ADDRESS`, else the system's fixed socket.
    #[default]
    System,
    /// A bus given by its D-Bus address, such as `unix:path=…` (demo and tests).
    At(String),
}

impl Bus {
    /// Opens a connection of its own; bluetoothd forgets what was asked over it as soon as it is gone.
    pub(crate) async fn connect(&self) -> Result<Connection, RadioError> {
        let builder = match self {
            Self::System => connection::Builder::system(),
            Self::At(address) => connection::Builder::address(address.as_str()),
        };
        // An object from the start: the server of our objects begins to listen with the first one, and must be
        // listening when bluetoothd asks for the advert that it was just told of.
        let connecting = async {
            builder?.method_timeout(ANSWER_LIMIT).serve_at("/", zbus::fdo::ObjectManager)?.build().await
        };
        match tokio::time::timeout(ANSWER_LIMIT, connecting).await {
            Ok(connected) => connected.map_err(|error| RadioError::NoBus { detail: error.to_string() }),
            Err(_) => Err(RadioError::NoBus { detail: String::from("no answer from the message bus") }),
        }
    }
}

/// Calls a method of bluetoothd and waits for its answer, 10 s at most.
pub(crate) async fn call<B>(
    connection: &Connection,
    path: &str,
    interface: &str,
    method: &str,
    body: &B,
) -> Result<zbus::Message, RadioError>
where
    B: serde::Serialize + DynamicType,
{
    connection
        .call_method(Some(BLUEZ), path, Some(interface), method, body)
        .await
        .map_err(RadioError::from_call)
}
