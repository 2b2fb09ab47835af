//! The scanner: from what btleplug reports to the advert that matches.

use std::{collections::HashMap, time::Duration};

use btleplug::{
    api::{Central, CentralEvent, Manager as _, Peripheral as _},
    platform::{Adapter, Manager, PeripheralId},
};
use futures_util::StreamExt;
use tokio::sync::OnceCell;

use super::discovery::{Discovery, Filter};
use crate::{Bus, Radio, RadioError, uuid};

/// How long one way of listening stays before the other takes over.
const TURN: Duration = Duration::from_secs(4);

/// Hears hybrid adverts through bluetoothd.
///
/// Works on the system bus only (`DBUS_SYSTEM_BUS_ADDRESS` is honoured): libdbus underneath knows no other.
/// Needs tokio's run time, also while it is dropped.
pub struct BluezScanner {
    radio: Radio,
    turn: Duration,
    /// btleplug's connection to the bus. It stays open as long as the run time, so it is made once.
    manager: OnceCell<Manager>,
}

impl BluezScanner {
    /// A scanner on this radio.
    pub fn new(radio: Radio) -> Self {
        Self { radio, turn: TURN, manager: OnceCell::new() }
    }

    /// Changes how long each way of listening lasts (4 s): tests are in a hurry.
    pub fn with_turn(self, turn: Duration) -> Self {
        Self { turn, ..self }
    }

    /// Listens until `matches` accepts the service data of an advert, and returns what it made of it.
    ///
    /// `matches` sees the service data under both assigned UUIDs, whatever its length. Fails when the radio cannot
    /// listen; has no deadline of its own. Cancel-safe: bluetoothd stops listening when the future is dropped.
    pub async fn find_data<T>(
        &self,
        mut matches: impl FnMut(&[u8]) -> Option<T> + Send,
    ) -> Result<T, RadioError> {
        let discovery = Discovery::open(&self.radio).await?;
        let adapter = self.adapter(&discovery.name).await?;
        // Before the discovery starts, so that no report comes too early.
        let mut reports = adapter.events().await.map_err(broken)?;
        let mut filter = Filter::None;
        discovery.listen(filter).await?;
        let mut turn = tokio::time::interval(self.turn);
        turn.tick().await;
        loop {
            let seen = tokio::select! {
                report = reports.next() => {
                    let report = report.ok_or_else(|| broken("its stream of reports ended"))?;
                    service_data(&adapter, report).await
                }
                _ = turn.tick() => {
                    filter = filter.other();
                    tracing::debug!(?filter, "listening in the other way");
                    discovery.listen(filter).await?;
                    known_service_data(&adapter).await
                }
            };
            if let Some(found) = seen.iter().find_map(|data| matches(data)) {
                return Ok(found);
            }
        }
    }

    /// btleplug's view of the adapter.
    async fn adapter(&self, name: &str) -> Result<Adapter, RadioError> {
        if *self.radio.bus() != Bus::System {
            return Err(broken("scanning works on the system bus only"));
        }
        let manager = self.manager.get_or_try_init(Manager::new).await.map_err(broken)?;
        for adapter in manager.adapters().await.map_err(broken)? {
            // The description opens with the kernel's name: "hci0 (usb:…)".
            let description = adapter.adapter_info().await.map_err(broken)?;
            if description.split(' ').next() == Some(name) {
                return Ok(adapter);
            }
        }
        Err(RadioError::NoAdapter)
    }
}

/// The hybrid service data that a report brings.
async fn service_data(adapter: &Adapter, report: CentralEvent) -> Vec<Vec<u8>> {
    match report {
        CentralEvent::ServiceDataAdvertisement { service_data, .. } => hybrid_only(service_data),
        // A device that is new is reported without its service data: that has to be read from its properties.
        CentralEvent::DeviceDiscovered(id)
        | CentralEvent::DeviceUpdated(id)
        | CentralEvent::ServicesAdvertisement { id, .. } => properties(adapter, &id).await,
        _ => Vec::new(),
    }
}

/// The hybrid service data of everything that bluetoothd knows: what a report may have missed.
async fn known_service_data(adapter: &Adapter) -> Vec<Vec<u8>> {
    let mut data = Vec::new();
    for peripheral in adapter.peripherals().await.unwrap_or_default() {
        data.extend(properties(adapter, &peripheral.id()).await);
    }
    data
}

/// The hybrid service data among a device's properties. A device that is gone has none.
async fn properties(adapter: &Adapter, id: &PeripheralId) -> Vec<Vec<u8>> {
    let Ok(peripheral) = adapter.peripheral(id).await else { return Vec::new() };
    match peripheral.properties().await {
        Ok(Some(properties)) => hybrid_only(properties.service_data),
        _ => Vec::new(),
    }
}

fn hybrid_only<U: ToString>(service_data: HashMap<U, Vec<u8>>) -> Vec<Vec<u8>> {
    service_data
        .into_iter()
        .filter(|(id, _)| uuid::is_hybrid(&id.to_string()))
        .map(|(_, data)| data)
        .collect()
}

fn broken(error: impl ToString) -> RadioError {
    RadioError::Bus { detail: error.to_string() }
}
