//! What bluetoothd says about its adapters.

use std::collections::HashMap;

use zbus::{Connection, fdo::ManagedObjects, zvariant::OwnedValue};

use crate::{RadioError, bus};

/// One adapter as bluetoothd shows it.
///
/// The adapter's address is left out on purpose: it identifies the machine, and nothing here needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AdapterFacts {
    /// The kernel's name, such as `hci0`.
    pub name: String,
    /// Whether the adapter is on, off, or held off.
    pub power: Power,
    /// What kind of address it owns.
    pub address: AddressKind,
    /// LE roles it supports at once (`central`, `peripheral`, `central-peripheral`); empty from old daemons.
    pub roles: Vec<String>,
    /// Its advertising side; `None` means no `LEAdvertisingManager1`, so it cannot advertise.
    pub advertising: Option<AdvertisingFacts>,
    /// D-Bus object path.
    pub(crate) path: String,
}

/// Whether an adapter may transmit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Power {
    /// On.
    On,
    /// Off; a program or the desktop's settings can switch it on.
    Off,
    /// Held off by rfkill (bluetoothd 5.65 and later says so; for older ones see [`crate::KernelFacts`]).
    Blocked,
}

/// The adapter's own address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressKind {
    /// From the manufacturer.
    Public,
    /// Static random: the adapter has none of its own.
    Random,
    /// Not said.
    Unknown,
}

/// What `LEAdvertisingManager1` says.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct AdvertisingFacts {
    /// Adverts registered now, by all programs together.
    pub active_instances: u8,
    /// Adverts that could still be registered. bluetoothd counts this down as adverts are registered.
    pub free_instances: u8,
    /// What bluetoothd can add by itself (`tx-power`, `local-name`, …).
    pub includes: Vec<String>,
    /// Longest advert in bytes: 31 where only legacy adverts exist, up to 251 with extended ones.
    pub max_advert_len: Option<u8>,
    /// What the hardware adds, such as `HardwareOffload`.
    pub features: Vec<String>,
}

impl AdvertisingFacts {
    /// No advert can be added. With no program advertising, bluetoothd leaked instances and wants a restart.
    pub fn is_full(&self) -> bool {
        self.free_instances == 0
    }
}

type Properties = HashMap<String, OwnedValue>;

/// Asks bluetoothd for its adapters, in the order of their names.
pub(crate) async fn adapters(connection: &Connection) -> Result<Vec<AdapterFacts>, RadioError> {
    let reply =
        bus::call(connection, "/", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", &()).await?;
    let objects: ManagedObjects =
        reply.body().deserialize().map_err(|error| RadioError::Bus { detail: error.to_string() })?;
    let mut adapters = Vec::new();
    for (path, interfaces) in objects {
        let mut interfaces: HashMap<String, Properties> =
            interfaces.into_iter().map(|(name, properties)| (name.to_string(), properties)).collect();
        let Some(adapter) = interfaces.remove("org.bluez.Adapter1") else { continue };
        let Some(name) = path.as_str().rsplit('/').next() else { continue };
        adapters.push(read_adapter(
            name,
            path.as_str(),
            adapter,
            interfaces.remove("org.bluez.LEAdvertisingManager1"),
        ));
    }
    adapters.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(adapters)
}

fn read_adapter(
    name: &str,
    path: &str,
    mut adapter: Properties,
    advertising: Option<Properties>,
) -> AdapterFacts {
    let powered = take::<bool>(&mut adapter, "Powered").unwrap_or(false);
    let power = match take::<String>(&mut adapter, "PowerState").as_deref() {
        Some("off-blocked") => Power::Blocked,
        _ if powered => Power::On,
        _ => Power::Off,
    };
    let address = match take::<String>(&mut adapter, "AddressType").as_deref() {
        Some("public") => AddressKind::Public,
        Some("random") => AddressKind::Random,
        _ => AddressKind::Unknown,
    };
    AdapterFacts {
        name: name.to_owned(),
        power,
        address,
        roles: take(&mut adapter, "Roles").unwrap_or_default(),
        advertising: advertising.map(read_advertising),
        path: path.to_owned(),
    }
}

fn read_advertising(mut manager: Properties) -> AdvertisingFacts {
    let mut capabilities: Properties = take(&mut manager, "SupportedCapabilities").unwrap_or_default();
    AdvertisingFacts {
        active_instances: take(&mut manager, "ActiveInstances").unwrap_or(0),
        free_instances: take(&mut manager, "SupportedInstances").unwrap_or(0),
        includes: take(&mut manager, "SupportedIncludes").unwrap_or_default(),
        max_advert_len: take(&mut capabilities, "MaxAdvLen"),
        features: take(&mut manager, "SupportedFeatures").unwrap_or_default(),
    }
}

/// A property of the expected type; one of another type counts as absent.
fn take<T: TryFrom<OwnedValue>>(properties: &mut Properties, name: &str) -> Option<T> {
    properties.remove(name).and_then(|value| T::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use zbus::zvariant::Value;

    use super::*;

    fn properties(pairs: Vec<(&str, Value<'static>)>) -> Properties {
        pairs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), OwnedValue::try_from(value).unwrap()))
            .collect()
    }

    #[test]
    fn reads_an_adapter_that_advertises() {
        let capabilities = HashMap::from([(String::from("MaxAdvLen"), Value::from(31_u8))]);
        let facts = read_adapter(
            "hci0",
            "/org/bluez/hci0",
            properties(vec![
                ("Powered", Value::from(true)),
                ("AddressType", Value::from("public")),
                ("Roles", Value::from(vec!["central", "peripheral"])),
            ]),
            Some(properties(vec![
                ("ActiveInstances", Value::from(1_u8)),
                ("SupportedInstances", Value::from(4_u8)),
                ("SupportedIncludes", Value::from(vec!["tx-power"])),
                ("SupportedCapabilities", Value::from(capabilities)),
            ])),
        );
        assert_eq!(facts.power, Power::On);
        assert_eq!(facts.address, AddressKind::Public);
        assert_eq!(facts.roles, ["central", "peripheral"]);
        let advertising = facts.advertising.unwrap();
        assert_eq!((advertising.active_instances, advertising.free_instances), (1, 4));
        assert_eq!(advertising.includes, ["tx-power"]);
        assert_eq!(advertising.max_advert_len, Some(31));
        assert!(!advertising.is_full());
    }

    #[test]
    fn a_blocked_adapter_is_not_merely_off() {
        let facts = read_adapter(
            "hci0",
            "/org/bluez/hci0",
            properties(vec![("Powered", Value::from(false)), ("PowerState", Value::from("off-blocked"))]),
            None,
        );
        assert_eq!(facts.power, Power::Blocked);
        assert_eq!(facts.advertising, None);
    }

    #[test]
    fn properties_of_another_type_count_as_absent() {
        let facts = read_adapter(
            "hci0",
            "/org/bluez/hci0",
            properties(vec![("Powered", Value::from("yes")), ("Roles", Value::from(3_u8))]),
            Some(Properties::new()),
        );
        assert_eq!(facts.power, Power::Off);
        assert!(facts.roles.is_empty());
        assert!(facts.advertising.unwrap().is_full());
    }
}
