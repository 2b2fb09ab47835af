//! The state of the radio: who advertises, who listens, what arrives.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::watch;

use super::{
    advert::AdvertOnAir,
    controls::{Controller, Refusal, Reply, Tamper},
    error::BluezError,
    uuid,
};

/// The mean wait for the next advert at 100 ms intervals.
const LATENCY: Duration = Duration::from_millis(50);

/// bluetoothd's usual number of instances with software rotation.
const INSTANCES: u8 = 5;

/// One radio, shared by the objects on the bus and the test's controls.
pub(super) struct Air {
    state: Mutex<State>,
    version: watch::Sender<u64>,
}

/// Everything there is to know; see the fields.
pub(super) struct State {
    pub(super) present: bool,
    pub(super) powered: bool,
    pub(super) controller: Controller,
    pub(super) refusal: Option<Refusal>,
    pub(super) tamper: Tamper,
    pub(super) instances: u8,
    pub(super) latency: Duration,
    /// Every advert ever registered, in order.
    pub(super) history: Vec<AdvertOnAir>,
    /// UUID filter of every discovery ever started, in order; empty means none.
    pub(super) discoveries: Vec<Vec<u16>>,
    /// How often each client has read the object tree.
    pub(super) tree_reads: BTreeMap<String, usize>,
    registered: Vec<Registered>,
    listeners: BTreeMap<String, Listener>,
    next_id: u32,
}

struct Registered {
    id: u32,
    path: String,
    advert: AdvertOnAir,
}

/// One client's discovery session.
#[derive(Default)]
struct Listener {
    filter: Vec<u16>,
    running: bool,
}

/// An advert as a listening program sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sighting {
    pub(super) id: u32,
    pub(super) service_uuids: Vec<u16>,
    pub(super) service_data: Vec<(u16, Vec<u8>)>,
}

impl Air {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                present: true,
                powered: true,
                controller: Controller::default(),
                refusal: None,
                tamper: Tamper::default(),
                instances: INSTANCES,
                latency: LATENCY,
                history: Vec::new(),
                discoveries: Vec::new(),
                tree_reads: BTreeMap::new(),
                registered: Vec::new(),
                listeners: BTreeMap::new(),
                next_id: 0,
            }),
            version: watch::Sender::new(0),
        }
    }

    /// Reads the state.
    pub(super) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.lock())
    }

    /// Changes the state and wakes everybody who waits for a change.
    pub(super) fn change<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let outcome = act(&mut self.lock());
        self.version.send_modify(|version| *version = version.wrapping_add(1));
        outcome
    }

    /// Wakes after each change.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A test that panicked while it held the lock has failed already; the state is plain data.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether an advert could be registered at all, before its contents are read.
    pub(super) fn may_register(&self, owner: &str, path: &str) -> Result<(), BluezError> {
        if self.registered.iter().any(|entry| entry.advert.owner == owner && entry.path == path) {
            return Err(BluezError::AlreadyExists(String::from("Already Exists")));
        }
        if self.active_instances() >= self.instances {
            return Err(BluezError::maximum_reached());
        }
        if !self.powered {
            return Err(BluezError::register_failed());
        }
        Ok(())
    }

    /// Puts an advert on the air, unless the test wants it refused.
    pub(super) fn register(&mut self, path: &str, advert: AdvertOnAir) -> Result<(), BluezError> {
        // Again: the state may have changed while the contents were read.
        self.may_register(&advert.owner, path)?;
        if let Some(refusal) = self.refusal
            && advert.is_among(refusal.of)
        {
            return Err(refuse(refusal.with));
        }
        let id = self.next_id;
        self.next_id = id.wrapping_add(1);
        self.history.push(advert.clone());
        self.registered.push(Registered { id, path: path.to_owned(), advert });
        Ok(())
    }

    pub(super) fn unregister(&mut self, owner: &str, path: &str) -> Result<(), BluezError> {
        let at = self.registered.iter().position(|entry| entry.advert.owner == owner && entry.path == path);
        let at = at.ok_or_else(|| BluezError::DoesNotExist(String::from("Does Not Exist")))?;
        self.registered.remove(at);
        Ok(())
    }

    /// A connection left the bus: its adverts and its discovery go with it.
    pub(super) fn forget(&mut self, owner: &str) {
        self.registered.retain(|entry| entry.advert.owner != owner);
        self.listeners.remove(owner);
        self.tree_reads.remove(owner);
    }

    pub(super) fn set_filter(&mut self, owner: &str, uuids: Vec<u16>) {
        self.listeners.entry(owner.to_owned()).or_default().filter = uuids;
    }

    pub(super) fn start_discovery(&mut self, owner: &str) -> Result<(), BluezError> {
        if !self.powered {
            return Err(BluezError::not_ready());
        }
        let listener = self.listeners.entry(owner.to_owned()).or_default();
        if listener.running {
            return Err(BluezError::InProgress(String::from("Operation already in progress")));
        }
        listener.running = true;
        self.discoveries.push(listener.filter.clone());
        Ok(())
    }

    pub(super) fn stop_discovery(&mut self, owner: &str) -> Result<(), BluezError> {
        match self.listeners.get_mut(owner) {
            Some(listener) if listener.running => {
                listener.running = false;
                Ok(())
            }
            _ => Err(BluezError::Failed(String::from("No discovery started"))),
        }
    }

    /// Switches the radio. Off ends every discovery; adverts stay registered and come back with the power.
    pub(super) fn set_powered(&mut self, powered: bool) {
        self.powered = powered;
        if !powered {
            self.listeners.values_mut().for_each(|listener| listener.running = false);
        }
    }

    /// Plugs the adapter in or out. Out forgets adverts and listeners.
    pub(super) fn set_present(&mut self, present: bool) {
        self.present = present;
        if !present {
            self.registered.clear();
            self.listeners.clear();
        }
    }

    pub(super) fn is_discovering(&self) -> bool {
        self.listeners.values().any(|listener| listener.running)
    }

    pub(super) fn active_instances(&self) -> u8 {
        u8::try_from(self.registered.len()).unwrap_or(u8::MAX)
    }

    pub(super) fn free_instances(&self) -> u8 {
        self.instances.saturating_sub(self.active_instances())
    }

    /// What is sent now.
    pub(super) fn on_air(&self) -> Vec<AdvertOnAir> {
        if !self.powered {
            return Vec::new();
        }
        self.registered.iter().map(|entry| entry.advert.clone()).collect()
    }

    /// What bluetoothd shows on the bus now: every advert that some *other* connection listens for.
    ///
    /// bluetoothd merges the filters of its clients and shows each client what any of them hears.
    pub(super) fn sightings(&self) -> Vec<Sighting> {
        if !self.powered || self.tamper == Tamper::Swallow {
            return Vec::new();
        }
        self.registered
            .iter()
            .filter(|entry| self.is_heard(&entry.advert))
            .map(|e| self.sighting(e))
            .collect()
    }

    fn is_heard(&self, advert: &AdvertOnAir) -> bool {
        self.listeners
            .iter()
            .filter(|(owner, listener)| listener.running && **owner != advert.owner)
            .map(|(_, listener)| if listener.filter.is_empty() { None } else { Some(&*listener.filter) })
            .any(|filter| advert.is_heard(self.controller, filter))
    }

    fn sighting(&self, entry: &Registered) -> Sighting {
        Sighting {
            id: entry.id,
            service_uuids: entry.advert.service_uuids.clone(),
            service_data: entry.advert.arriving_data(self.tamper),
        }
    }
}

/// The UUIDs of a discovery filter that the stand-in can match.
pub(super) fn filter_uuids(texts: &[String]) -> Vec<u16> {
    texts.iter().filter_map(|text| uuid::parse(text)).collect()
}

fn refuse(with: Reply) -> BluezError {
    match with {
        Reply::MaximumReached => BluezError::maximum_reached(),
        Reply::Failed => BluezError::register_failed(),
        Reply::NotPermitted => BluezError::NotPermitted(String::from("Not permitted")),
        Reply::NotSupported => BluezError::NotSupported(String::from("Operation is not supported")),
        Reply::InvalidLength => BluezError::InvalidLength(String::from("Invalid Length")),
    }
}
