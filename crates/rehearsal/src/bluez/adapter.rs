//! `org.bluez.Adapter1`.

use std::{collections::HashMap, sync::Arc};

use zbus::{
    interface,
    message::Header,
    zvariant::{ObjectPath, OwnedValue},
};

use super::{
    air::{self, Air},
    error::BluezError,
    stand_in::client,
};

/// The one adapter; what changes is in the [`Air`].
pub(super) struct Adapter {
    pub(super) air: Arc<Air>,
}

#[interface(name = "org.bluez.Adapter1")]
impl Adapter {
    /// Only the UUIDs decide what is heard; transport, RSSI and the like are taken and change nothing.
    fn set_discovery_filter(
        &self,
        #[zbus(header)] header: Header<'_>,
        mut properties: HashMap<String, OwnedValue>,
    ) -> Result<(), BluezError> {
        let uuids = match properties.remove("UUIDs") {
            Some(value) => Vec::<String>::try_from(value).map_err(|_| {
                BluezError::InvalidArguments(String::from("Invalid arguments in method call"))
            })?,
            None => Vec::new(),
        };
        let owner = client(&header)?;
        self.air.change(|state| state.set_filter(&owner, air::filter_uuids(&uuids)));
        Ok(())
    }

    fn get_discovery_filters(&self) -> Vec<String> {
        ["UUIDs", "RSSI", "Pathloss", "Transport", "DuplicateData", "Discoverable", "Pattern"]
            .map(String::from)
            .into()
    }

    fn start_discovery(&self, #[zbus(header)] header: Header<'_>) -> Result<(), BluezError> {
        let owner = client(&header)?;
        self.air.change(|state| state.start_discovery(&owner))
    }

    fn stop_discovery(&self, #[zbus(header)] header: Header<'_>) -> Result<(), BluezError> {
        let owner = client(&header)?;
        self.air.change(|state| state.stop_discovery(&owner))
    }

    /// Programs use it to empty a cache that the stand-in does not keep.
    fn remove_device(&self, device: ObjectPath<'_>) -> Result<(), BluezError> {
        let _ = device;
        Err(BluezError::DoesNotExist(String::from("Does Not Exist")))
    }

    #[zbus(property)]
    fn address(&self) -> &str {
        "02:00:5E:00:00:01"
    }

    #[zbus(property)]
    fn address_type(&self) -> &str {
        "public"
    }

    #[zbus(property)]
    fn name(&self) -> &str {
        "rehearsal"
    }

    #[zbus(property)]
    fn alias(&self) -> &str {
        "rehearsal"
    }

    #[zbus(property)]
    fn class(&self) -> u32 {
        0x0010_010c
    }

    #[zbus(property)]
    fn modalias(&self) -> &str {
        "usb:v1D6Bp0246d0552"
    }

    #[zbus(property)]
    fn powered(&self) -> bool {
        self.air.read(|state| state.powered)
    }

    #[zbus(property)]
    fn set_powered(&self, powered: bool) {
        self.air.change(|state| state.set_powered(powered));
    }

    #[zbus(property)]
    fn power_state(&self) -> &str {
        if self.air.read(|state| state.powered) { "on" } else { "off" }
    }

    #[zbus(property)]
    fn discovering(&self) -> bool {
        self.air.read(|state| state.is_discovering())
    }

    #[zbus(property)]
    fn discoverable(&self) -> bool {
        false
    }

    #[zbus(property)]
    fn discoverable_timeout(&self) -> u32 {
        180
    }

    #[zbus(property)]
    fn pairable(&self) -> bool {
        false
    }

    #[zbus(property)]
    fn pairable_timeout(&self) -> u32 {
        0
    }

    #[zbus(property, name = "UUIDs")]
    fn uuids(&self) -> Vec<String> {
        vec![String::from("00001800-0000-1000-8000-00805f9b34fb")]
    }

    #[zbus(property)]
    fn roles(&self) -> Vec<String> {
        ["central", "peripheral", "central-peripheral"].map(String::from).into()
    }
}
