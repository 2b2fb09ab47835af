//! One advert: what its owner asked for, and its bytes on the air.

use std::collections::HashMap;

use zbus::zvariant::{OwnedValue, Value};

use super::{
    controls::{Controller, Refused, Tamper},
    error::BluezError,
    uuid,
};

/// The two types of advert that bluetoothd knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// Not connectable, from a private address.
    Broadcast,
    /// Connectable.
    Peripheral,
}

/// An advert that is, or was, on the air.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AdvertOnAir {
    /// The unique bus name of the connection that registered it.
    pub owner: String,
    /// Its type.
    pub form: Form,
    /// Whether the discoverable flags were asked for; `None` when nothing was said.
    pub discoverable: Option<bool>,
    /// Listed 16-bit service UUIDs.
    pub service_uuids: Vec<u16>,
    /// Service data by 16-bit UUID, as registered.
    pub service_data: Vec<(u16, Vec<u8>)>,
    /// Interval asked for in milliseconds, shortest and longest.
    pub interval_ms: Option<(u32, u32)>,
    /// The whole advert as sent: AD structures, at most 31 bytes.
    pub packet: Vec<u8>,
}

impl AdvertOnAir {
    /// The service data under the FIDO Alliance's UUID.
    pub fn fido_data(&self) -> Option<&[u8]> {
        self.service_data.iter().find(|(uuid, _)| *uuid == uuid::FIDO).map(|(_, data)| data.as_slice())
    }

    /// Reads the properties of an `org.bluez.LEAdvertisement1`, as strictly as bluetoothd does where it matters.
    pub(super) fn read(
        owner: &str,
        mut properties: HashMap<String, OwnedValue>,
        controller: Controller,
    ) -> Result<Self, BluezError> {
        let form = match read::<String>(&mut properties, "Type")?.as_deref() {
            Some("broadcast") => Form::Broadcast,
            Some("peripheral") => Form::Peripheral,
            _ => return Err(BluezError::parse_failed()),
        };
        let discoverable = read::<bool>(&mut properties, "Discoverable")?;
        if form == Form::Broadcast && discoverable.is_some() {
            return Err(BluezError::parse_failed());
        }
        let mut service_uuids = Vec::new();
        for text in read::<Vec<String>>(&mut properties, "ServiceUUIDs")?.unwrap_or_default() {
            service_uuids.push(uuid::parse(&text).ok_or_else(BluezError::parse_failed)?);
        }
        let mut service_data = Vec::new();
        let given = read::<HashMap<String, OwnedValue>>(&mut properties, "ServiceData")?.unwrap_or_default();
        for (text, value) in given {
            let uuid = uuid::parse(&text).ok_or_else(BluezError::parse_failed)?;
            service_data.push((uuid, bytes(value)?));
        }
        let includes = read::<Vec<String>>(&mut properties, "Includes")?.unwrap_or_default();
        let shortest = read::<u32>(&mut properties, "MinInterval")?;
        let longest = read::<u32>(&mut properties, "MaxInterval")?;
        let interval_ms = match (shortest, longest) {
            (None, None) => None,
            (Some(shortest), Some(longest)) if (20..=longest).contains(&shortest) => {
                Some((shortest, longest))
            }
            _ => return Err(BluezError::parse_failed()),
        };
        let mut advert = Self {
            owner: owner.to_owned(),
            form,
            discoverable,
            service_uuids,
            service_data,
            interval_ms,
            packet: Vec::new(),
        };
        let tx_power = includes.iter().any(|item| item == "tx-power");
        advert.packet = advert.encode(controller, tx_power)?;
        Ok(advert)
    }

    /// Whether a refusal applies.
    pub(super) fn is_among(&self, refused: Refused) -> bool {
        match refused {
            Refused::All => true,
            Refused::Broadcasts => self.form == Form::Broadcast,
            Refused::Peripherals => self.form == Form::Peripheral,
            Refused::Intervals => self.interval_ms.is_some(),
        }
    }

    /// Whether a scan reports it: without a UUID filter (`None`), or with one.
    pub(super) fn is_heard(&self, controller: Controller, filter: Option<&[u16]>) -> bool {
        match (filter, controller) {
            // The kernel matches lists only; UUIDs that come with service data do not count.
            (Some(wanted), _) => self.service_uuids.iter().any(|uuid| wanted.contains(uuid)),
            (None, Controller::DualMode) => true,
            (None, Controller::LeOnly) => self.discoverable == Some(true),
        }
    }

    /// The service data as it arrives.
    pub(super) fn arriving_data(&self, tamper: Tamper) -> Vec<(u16, Vec<u8>)> {
        let mut arriving = self.service_data.clone();
        for (_, data) in &mut arriving {
            match tamper {
                Tamper::Faithful | Tamper::Swallow => {}
                Tamper::WrongTag => {
                    if let Some(last) = data.last_mut() {
                        *last ^= 0x01;
                    }
                }
                Tamper::OneByteMore => data.push(0),
            }
        }
        arriving
    }

    /// AD structures: length, type, value (Core Specification, Supplement A). At most 31 bytes fit.
    fn encode(&self, controller: Controller, tx_power: bool) -> Result<Vec<u8>, BluezError> {
        let mut packet = Vec::new();
        let flags = match (self.discoverable, controller) {
            (Some(true), _) => Some(0x06),
            (Some(false), _) | (None, Controller::LeOnly) => Some(0x04),
            (None, Controller::DualMode) => None,
        };
        if let Some(flags) = flags {
            structure(&mut packet, 0x01, &[flags])?;
        }
        if !self.service_uuids.is_empty() {
            let list: Vec<u8> = self.service_uuids.iter().flat_map(|uuid| uuid.to_le_bytes()).collect();
            structure(&mut packet, 0x03, &list)?;
        }
        for (uuid, data) in &self.service_data {
            structure(&mut packet, 0x16, &[uuid.to_le_bytes().as_slice(), data].concat())?;
        }
        if tx_power {
            structure(&mut packet, 0x0a, &[0])?;
        }
        if packet.len() > 31 {
            return Err(BluezError::register_failed());
        }
        Ok(packet)
    }
}

fn structure(packet: &mut Vec<u8>, kind: u8, value: &[u8]) -> Result<(), BluezError> {
    let len = u8::try_from(value.len().saturating_add(1)).map_err(|_| BluezError::register_failed())?;
    packet.extend([len, kind]);
    packet.extend(value);
    Ok(())
}

/// A property that may be absent but must not be of another type.
fn read<T: TryFrom<OwnedValue>>(
    properties: &mut HashMap<String, OwnedValue>,
    name: &str,
) -> Result<Option<T>, BluezError> {
    properties
        .remove(name)
        .map(|value| T::try_from(value).map_err(|_| BluezError::parse_failed()))
        .transpose()
}

/// An array of bytes, also inside a further variant, as some libraries send it.
fn bytes(value: OwnedValue) -> Result<Vec<u8>, BluezError> {
    let value = match Value::from(value) {
        Value::Value(inner) => *inner,
        plain => plain,
    };
    Vec::<u8>::try_from(value).map_err(|_| BluezError::parse_failed())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn properties(kind: &str, data: Vec<u8>) -> HashMap<String, OwnedValue> {
        let own = |value: Value<'static>| OwnedValue::try_from(value).unwrap();
        HashMap::from([
            (String::from("Type"), own(Value::from(kind.to_owned()))),
            (String::from("ServiceUUIDs"), own(Value::from(vec![uuid::format(0xfff9)]))),
            (
                String::from("ServiceData"),
                own(Value::from(HashMap::from([(uuid::format(0xfff9), Value::from(data))]))),
            ),
        ])
    }

    fn discoverable(kind: &str, data: Vec<u8>) -> HashMap<String, OwnedValue> {
        let mut properties = properties(kind, data);
        properties.insert(String::from("Discoverable"), OwnedValue::from(true));
        properties
    }

    #[test]
    fn a_broadcast_is_28_bytes_and_a_discoverable_advert_31() {
        let broadcast =
            AdvertOnAir::read(":1.1", properties("broadcast", vec![7; 20]), Controller::DualMode).unwrap();
        assert_eq!(broadcast.packet.len(), 28);
        assert_eq!(broadcast.packet[..8], [3, 0x03, 0xf9, 0xff, 0x17, 0x16, 0xf9, 0xff]);
        assert_eq!(broadcast.fido_data(), Some([7; 20].as_slice()));
        let peripheral =
            AdvertOnAir::read(":1.1", discoverable("peripheral", vec![7; 20]), Controller::DualMode).unwrap();
        assert_eq!(peripheral.packet.len(), 31);
        assert_eq!(peripheral.packet[..3], [2, 0x01, 0x06]);
    }

    #[test]
    fn refuses_what_does_not_fit_into_31_bytes() {
        let longer = discoverable("peripheral", vec![7; 21]);
        assert!(matches!(
            AdvertOnAir::read(":1.1", longer, Controller::DualMode),
            Err(BluezError::Failed(words)) if words == "Failed to register advertisement"
        ));
    }

    #[test]
    fn refuses_what_bluetoothd_cannot_parse() {
        let mut untyped = properties("broadcast", vec![7; 20]);
        untyped.remove("Type");
        let mut half = properties("broadcast", vec![7; 20]);
        half.insert(String::from("MinInterval"), OwnedValue::from(100_u32));
        for bad in [untyped, half, discoverable("broadcast", vec![7; 20]), properties("beacon", vec![])] {
            assert!(matches!(
                AdvertOnAir::read(":1.1", bad, Controller::DualMode),
                Err(BluezError::Failed(words)) if words == "Failed to parse advertisement."
            ));
        }
    }

    #[test]
    fn an_le_only_adapter_misses_a_broadcast_unless_it_filters() {
        let advert =
            AdvertOnAir::read(":1.1", properties("broadcast", vec![7; 20]), Controller::LeOnly).unwrap();
        assert!(!advert.is_heard(Controller::LeOnly, None));
        assert!(advert.is_heard(Controller::LeOnly, Some(&[0xfff9, 0xfde2])));
        assert!(!advert.is_heard(Controller::LeOnly, Some(&[0xfde2])));
        assert!(advert.is_heard(Controller::DualMode, None));
    }

    #[test]
    fn tampering_changes_what_arrives_and_not_what_was_sent() {
        let advert =
            AdvertOnAir::read(":1.1", properties("broadcast", vec![7; 20]), Controller::DualMode).unwrap();
        assert_eq!(advert.arriving_data(Tamper::Faithful), advert.service_data);
        let wrong = advert.arriving_data(Tamper::WrongTag);
        assert_eq!(wrong[0].1[..19], [7; 19]);
        assert_ne!(wrong[0].1[19], 7);
        assert_eq!(advert.arriving_data(Tamper::OneByteMore)[0].1.len(), 21);
    }
}
