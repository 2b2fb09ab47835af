//! The stand-in itself: its objects on the bus, and what a test sees and changes.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::StreamExt;
use tokio::task::JoinHandle;
use zbus::{
    Connection, MessageStream, connection, fdo,
    message::{Header, Type},
    zvariant::ObjectPath,
};

use super::{
    adapter::Adapter,
    advert::AdvertOnAir,
    advertising::AdvertisingManager,
    agent::{AgentManager, GattManager},
    air::Air,
    controls::{Controller, Refusal, Tamper},
    device::Device,
    error::BluezError,
};

/// The one adapter.
pub(super) const ADAPTER_PATH: &str = "/org/bluez/hci0";
const DAEMON_PATH: &str = "/org/bluez";

/// Why the stand-in did not start.
#[derive(Debug, thiserror::Error)]
#[error("the bluetoothd stand-in did not start")]
pub struct StandInError(#[from] zbus::Error);

/// An `org.bluez` with one adapter, `hci0`, that is on. Dropping it takes the name off the bus.
#[derive(Debug)]
pub struct BluezStandIn {
    air: Arc<Air>,
    tasks: Vec<JoinHandle<()>>,
}

impl BluezStandIn {
    /// Takes the name `org.bluez` on the bus at this address; fails where somebody has it.
    pub async fn start(address: &str) -> Result<Self, StandInError> {
        let air = Arc::new(Air::new());
        let connection = connection::Builder::address(address)?
            .serve_at(DAEMON_PATH, AgentManager)?
            .serve_at("/", fdo::ObjectManager)?
            .build()
            .await?;
        // Before the name: a program that sees the name finds the adapter, and no call is missed.
        let calls = MessageStream::from(&connection);
        let departures = fdo::DBusProxy::new(&connection).await?.receive_name_owner_changed().await?;
        let mut stage =
            Stage { connection: connection.clone(), air: Arc::clone(&air), shown: Shown::default() };
        stage.arrange().await?;
        connection.request_name("org.bluez").await?;
        let tasks = vec![
            tokio::spawn(stage.follow()),
            tokio::spawn(count_tree_reads(calls, Arc::clone(&air))),
            tokio::spawn(forget_the_departed(departures, Arc::clone(&air))),
        ];
        Ok(Self { air, tasks })
    }

    /// Switches the adapter on or off. Off ends every discovery and silences the adverts.
    pub fn set_powered(&self, powered: bool) {
        self.air.change(|state| state.set_powered(powered));
    }

    /// Plugs the adapter in or out. Out forgets its adverts.
    pub fn set_present(&self, present: bool) {
        self.air.change(|state| state.set_present(present));
    }

    /// Refuses adverts from now on; `None` takes them again.
    pub fn refuse(&self, refusal: Option<Refusal>) {
        self.air.change(|state| state.refusal = refusal);
    }

    /// Changes what arrives of the adverts that are heard from now on.
    pub fn tamper(&self, tamper: Tamper) {
        self.air.change(|state| state.tamper = tamper);
    }

    /// Plays another kind of controller.
    pub fn set_controller(&self, controller: Controller) {
        self.air.change(|state| state.controller = controller);
    }

    /// Changes how many adverts fit (5).
    pub fn set_instances(&self, instances: u8) {
        self.air.change(|state| state.instances = instances);
    }

    /// Changes how long an advert takes to be heard (50 ms, the mean at 100 ms intervals).
    pub fn set_latency(&self, latency: Duration) {
        self.air.change(|state| state.latency = latency);
    }

    /// The adverts on the air now.
    pub fn on_air(&self) -> Vec<AdvertOnAir> {
        self.air.read(|state| state.on_air())
    }

    /// Every advert that was ever registered, in order.
    pub fn history(&self) -> Vec<AdvertOnAir> {
        self.air.read(|state| state.history.clone())
    }

    /// The UUID filter of every discovery ever started, in order; an empty one means no filter.
    pub fn discoveries(&self) -> Vec<Vec<u16>> {
        self.air.read(|state| state.discoveries.clone())
    }

    /// Whether any program listens now.
    pub fn is_discovering(&self) -> bool {
        self.air.read(|state| state.is_discovering())
    }

    /// The highest number of times that one client, still connected, has read the object tree.
    ///
    /// Chromium reads it twice at start, and offers hybrid only after the second answer.
    pub fn tree_reads(&self) -> usize {
        self.air.read(|state| state.tree_reads.values().copied().max().unwrap_or(0))
    }

    /// Waits until this holds, and says whether it did within the time.
    pub async fn until(&self, within: Duration, holds: impl Fn(&Self) -> bool) -> bool {
        let mut changes = self.air.changes();
        let waiting = async {
            while !holds(self) {
                if changes.changed().await.is_err() {
                    return;
                }
            }
        };
        let _ = tokio::time::timeout(within, waiting).await;
        holds(self)
    }
}

impl Drop for BluezStandIn {
    fn drop(&mut self) {
        // The tasks hold the connection; without them it closes.
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl std::fmt::Debug for Air {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Air")
    }
}

/// The unique bus name of the program that calls.
pub(super) fn client(header: &Header<'_>) -> Result<String, BluezError> {
    let sender = header.sender().ok_or_else(|| BluezError::Failed(String::from("no sender")))?;
    Ok(sender.to_string())
}

/// Keeps the objects on the bus as the air says they should be.
struct Stage {
    connection: Connection,
    air: Arc<Air>,
    shown: Shown,
}

/// What the bus has been shown.
#[derive(Default)]
struct Shown {
    present: bool,
    devices: BTreeMap<u32, ObjectPath<'static>>,
    powered: bool,
    discovering: bool,
    active_instances: u8,
}

impl Stage {
    async fn follow(mut self) {
        let mut changes = self.air.changes();
        loop {
            if let Err(error) = self.arrange().await {
                tracing::warn!(%error, "the stand-in could not show a change");
            }
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    async fn arrange(&mut self) -> zbus::Result<()> {
        self.remove_devices().await?;
        self.arrange_adapter().await?;
        let heard = self.air.read(|state| state.sightings());
        if heard.iter().any(|sighting| !self.shown.devices.contains_key(&sighting.id)) {
            tokio::time::sleep(self.air.read(|state| state.latency)).await;
            self.add_devices().await?;
        }
        Ok(())
    }

    async fn arrange_adapter(&mut self) -> zbus::Result<()> {
        let server = self.connection.object_server();
        let air = &self.air;
        let now = air.read(|state| Shown {
            present: state.present,
            devices: BTreeMap::new(),
            powered: state.powered,
            discovering: state.is_discovering(),
            active_instances: state.active_instances(),
        });
        if now.present && !self.shown.present {
            server.at(ADAPTER_PATH, GattManager).await?;
            server.at(ADAPTER_PATH, AdvertisingManager { air: Arc::clone(air) }).await?;
            server.at(ADAPTER_PATH, Adapter { air: Arc::clone(air) }).await?;
        } else if !now.present && self.shown.present {
            server.remove::<Adapter, _>(ADAPTER_PATH).await?;
            server.remove::<AdvertisingManager, _>(ADAPTER_PATH).await?;
            server.remove::<GattManager, _>(ADAPTER_PATH).await?;
        } else if now.present {
            let adapter = server.interface::<_, Adapter>(ADAPTER_PATH).await?;
            let emitter = adapter.signal_emitter();
            if now.powered != self.shown.powered {
                adapter.get().await.powered_changed(emitter).await?;
                adapter.get().await.power_state_changed(emitter).await?;
            }
            if now.discovering != self.shown.discovering {
                adapter.get().await.discovering_changed(emitter).await?;
            }
            if now.active_instances != self.shown.active_instances {
                let manager = server.interface::<_, AdvertisingManager>(ADAPTER_PATH).await?;
                manager.get().await.active_instances_changed(emitter).await?;
                manager.get().await.supported_instances_changed(emitter).await?;
            }
        }
        self.shown = Shown { devices: std::mem::take(&mut self.shown.devices), ..now };
        Ok(())
    }

    async fn remove_devices(&mut self) -> zbus::Result<()> {
        let heard = self.air.read(|state| state.sightings());
        let gone: Vec<u32> = self
            .shown
            .devices
            .keys()
            .copied()
            .filter(|id| heard.iter().all(|sighting| sighting.id != *id))
            .collect();
        for id in gone {
            if let Some(path) = self.shown.devices.remove(&id) {
                self.connection.object_server().remove::<Device, _>(path).await?;
            }
        }
        Ok(())
    }

    async fn add_devices(&mut self) -> zbus::Result<()> {
        for sighting in self.air.read(|state| state.sightings()) {
            let id = sighting.id;
            if self.shown.devices.contains_key(&id) {
                continue;
            }
            let device = Device { sighting };
            let path = device.path()?;
            self.connection.object_server().at(path.clone(), device).await?;
            self.shown.devices.insert(id, path);
        }
        Ok(())
    }
}

async fn count_tree_reads(mut calls: MessageStream, air: Arc<Air>) {
    while let Some(Ok(message)) = calls.next().await {
        let header = message.header();
        let is_read = header.message_type() == Type::MethodCall
            && header.member().is_some_and(|member| member.as_str() == "GetManagedObjects");
        if let (true, Ok(reader)) = (is_read, client(&header)) {
            air.change(|state| {
                let reads = state.tree_reads.entry(reader).or_default();
                *reads = reads.saturating_add(1);
            });
        }
    }
}

async fn forget_the_departed(mut departures: fdo::NameOwnerChangedStream, air: Arc<Air>) {
    while let Some(signal) = departures.next().await {
        let Ok(change) = signal.args() else { continue };
        if change.new_owner().is_none() {
            let name = change.name().to_string();
            air.change(|state| state.forget(&name));
        }
    }
}
