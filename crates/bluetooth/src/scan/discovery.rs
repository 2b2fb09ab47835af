//! Asking bluetoothd to listen.
//!
//! btleplug would do it too, but always with transport "auto", which spends half the time on classic inquiry, and
//! it switches the adapter on without asking. So discovery is asked for here, over a connection of its own, and
//! btleplug reads what was found.

use std::collections::HashMap;

use zbus::{Connection, zvariant::Value};

use crate::{Radio, RadioError, Use, bus, facts, uuid};

const ADAPTER: &str = "org.bluez.Adapter1";

/// What bluetoothd reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filter {
    /// Everything. LE-only adapters leave out adverts without the discoverable flags.
    None,
    /// Adverts that list one of our UUIDs, whatever their flags. The kernel does not see UUIDs that come with
    /// service data only, so this alone would miss some.
    HybridUuids,
}

impl Filter {
    pub(super) fn other(self) -> Self {
        match self {
            Self::None => Self::HybridUuids,
            Self::HybridUuids => Self::None,
        }
    }
}

/// A running discovery. Dropping it closes its connection, on which bluetoothd stops it.
pub(super) struct Discovery {
    connection: Connection,
    adapter: String,
    /// The kernel's name of the adapter.
    pub(super) name: String,
}

impl Discovery {
    /// Chooses the adapter and connects; nothing is listened to yet.
    pub(super) async fn open(radio: &Radio) -> Result<Self, RadioError> {
        let connection = radio.bus().connect().await?;
        let adapters = facts::adapters(&connection).await?;
        let chosen = radio.choose(&adapters, Use::Scanning)?;
        Ok(Self { adapter: chosen.path.clone(), name: chosen.name.clone(), connection })
    }

    /// Listens with this filter from now on.
    pub(super) async fn listen(&self, filter: Filter) -> Result<(), RadioError> {
        // A filter takes effect at the start of a discovery. Fails when none runs yet, which is no matter.
        let _ = bus::call(&self.connection, &self.adapter, ADAPTER, "StopDiscovery", &()).await;
        let mut wanted: HashMap<&str, Value<'_>> =
            HashMap::from([("Transport", Value::from("le")), ("DuplicateData", Value::from(true))]);
        if filter == Filter::HybridUuids {
            wanted.insert("UUIDs", Value::from(vec![uuid::FIDO, uuid::GOOGLE]));
        }
        bus::call(&self.connection, &self.adapter, ADAPTER, "SetDiscoveryFilter", &(wanted,)).await?;
        bus::call(&self.connection, &self.adapter, ADAPTER, "StartDiscovery", &()).await?;
        Ok(())
    }
}
