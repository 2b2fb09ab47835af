//! Interfaces that programs call and that have no effect here: pairing agents and GATT servers.

use std::collections::HashMap;

use zbus::{
    interface,
    zvariant::{ObjectPath, OwnedValue},
};

/// `org.bluez.AgentManager1`: nothing is ever paired, so every agent is welcome.
pub(super) struct AgentManager;

#[interface(name = "org.bluez.AgentManager1")]
impl AgentManager {
    fn register_agent(&self, agent: ObjectPath<'_>, capability: &str) {
        let _ = (agent, capability);
    }

    fn unregister_agent(&self, agent: ObjectPath<'_>) {
        let _ = agent;
    }

    fn request_default_agent(&self, agent: ObjectPath<'_>) {
        let _ = agent;
    }
}

/// `org.bluez.GattManager1`: present on every adapter, never connected to.
pub(super) struct GattManager;

#[interface(name = "org.bluez.GattManager1")]
impl GattManager {
    fn register_application(&self, application: ObjectPath<'_>, options: HashMap<String, OwnedValue>) {
        let _ = (application, options);
    }

    fn unregister_application(&self, application: ObjectPath<'_>) {
        let _ = application;
    }
}
