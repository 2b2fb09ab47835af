//! `org.bluez.Device1`: an advert as listening programs see it.

use std::collections::HashMap;

use zbus::{
    interface,
    zvariant::{ObjectPath, OwnedObjectPath, Value},
};

use super::{air::Sighting, error::BluezError, stand_in::ADAPTER_PATH, uuid};

/// Every advert comes from an address of its own, as phones do it.
pub(super) struct Device {
    pub(super) sighting: Sighting,
}

impl Device {
    fn octets(&self) -> [u8; 4] {
        self.sighting.id.to_be_bytes()
    }

    fn address_with(&self, separator: char) -> String {
        let [a, b, c, d] = self.octets();
        // The two highest bits are those of a non-resolvable private address.
        let octets = [0x1a, 0x7c, a, b, c, d].map(|octet| format!("{octet:02X}"));
        octets.join(&separator.to_string())
    }

    /// Where bluetoothd would put it.
    pub(super) fn path(&self) -> Result<ObjectPath<'static>, zbus::Error> {
        Ok(ObjectPath::try_from(format!("{ADAPTER_PATH}/dev_{}", self.address_with('_')))?)
    }
}

#[interface(name = "org.bluez.Device1")]
impl Device {
    /// No hybrid client connects to the device that advertises.
    fn connect(&self) -> Result<(), BluezError> {
        Err(BluezError::Failed(String::from("le-connection-abort-by-local")))
    }

    fn disconnect(&self) -> Result<(), BluezError> {
        Err(BluezError::Failed(String::from("Not Connected")))
    }

    fn pair(&self) -> Result<(), BluezError> {
        Err(BluezError::NotSupported(String::from("Operation is not supported")))
    }

    #[zbus(property)]
    fn address(&self) -> String {
        self.address_with(':')
    }

    #[zbus(property)]
    fn address_type(&self) -> &str {
        "random"
    }

    #[zbus(property)]
    fn alias(&self) -> String {
        self.address_with('-')
    }

    #[zbus(property)]
    fn adapter(&self) -> OwnedObjectPath {
        ObjectPath::from_static_str_unchecked(ADAPTER_PATH).into()
    }

    #[zbus(property)]
    fn paired(&self) -> bool {
        false
    }

    #[zbus(property)]
    fn bonded(&self) -> bool {
        false
    }

    #[zbus(property)]
    fn connected(&self) -> bool {
        false
    }

    #[zbus(property)]
    fn trusted(&self) -> bool {
        false
    }

    #[zbus(property)]
    fn blocked(&self) -> bool {
        false
    }

    #[zbus(property)]
    fn legacy_pairing(&self) -> bool {
        false
    }

    #[zbus(property)]
    fn services_resolved(&self) -> bool {
        false
    }

    #[zbus(property, name = "RSSI")]
    fn rssi(&self) -> i16 {
        -50
    }

    /// What the advert lists, and what it brings data for.
    #[zbus(property, name = "UUIDs")]
    fn uuids(&self) -> Vec<String> {
        let brought = self.sighting.service_data.iter().map(|(id, _)| *id);
        let mut uuids: Vec<u16> = self.sighting.service_uuids.iter().copied().chain(brought).collect();
        uuids.sort_unstable();
        uuids.dedup();
        uuids.into_iter().map(uuid::format).collect()
    }

    #[zbus(property)]
    fn service_data(&self) -> HashMap<String, Value<'static>> {
        let data = self.sighting.service_data.iter();
        data.map(|(id, data)| (uuid::format(*id), Value::from(data.clone()))).collect()
    }
}
