//! One machine's radio: which bus, which adapter.

use crate::{
    AdapterFacts, Bus, Power, RadioError,
    facts::{self},
};

/// Where bluetoothd is, and which of its adapters to use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Radio {
    bus: Bus,
    choice: AdapterChoice,
}

/// Which adapter to use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AdapterChoice {
    /// The first one, by name, that is on and can do it.
    #[default]
    First,
    /// The one of this name, such as `hci1`, or none.
    Named(String),
}

/// What an adapter is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Use {
    /// Sending adverts.
    Advertising,
    /// Hearing adverts.
    Scanning,
}

impl Radio {
    /// The system's bluetoothd, its first adapter that will do.
    pub fn system() -> Self {
        Self::default()
    }

    /// A bluetoothd on another bus, by D-Bus address.
    pub fn at(address: impl Into<String>) -> Self {
        Self { bus: Bus::At(address.into()), choice: AdapterChoice::First }
    }

    /// The same bluetoothd, but the adapter of this name.
    pub fn with_adapter(self, name: impl Into<String>) -> Self {
        Self { bus: self.bus, choice: AdapterChoice::Named(name.into()) }
    }

    /// The bus asked.
    pub fn bus(&self) -> &Bus {
        &self.bus
    }

    /// Every adapter, by name. An empty list is not an error here: see [`Radio::choose`].
    pub async fn adapters(&self) -> Result<Vec<AdapterFacts>, RadioError> {
        facts::adapters(&self.bus.connect().await?).await
    }

    /// The adapter that would be used, or why none can be.
    pub fn choose<'a>(
        &self,
        adapters: &'a [AdapterFacts],
        wanted: Use,
    ) -> Result<&'a AdapterFacts, RadioError> {
        match &self.choice {
            AdapterChoice::Named(name) => {
                let found = adapters.iter().find(|adapter| adapter.name == *name);
                let adapter = found.ok_or_else(|| RadioError::UnknownAdapter { name: name.clone() })?;
                hindrance(adapter, wanted).map_or(Ok(adapter), Err)
            }
            AdapterChoice::First => {
                let mut nearest: Option<RadioError> = None;
                for adapter in adapters {
                    match hindrance(adapter, wanted) {
                        None => return Ok(adapter),
                        // An adapter that only has to be switched on is nearer to use than one that never can.
                        Some(reason) if rank(&reason) > nearest.as_ref().map_or(0, rank) => {
                            nearest = Some(reason);
                        }
                        Some(_) => {}
                    }
                }
                Err(nearest.unwrap_or(RadioError::NoAdapter))
            }
        }
    }
}

/// Why this adapter cannot be used, if it cannot.
fn hindrance(adapter: &AdapterFacts, wanted: Use) -> Option<RadioError> {
    match (adapter.power, wanted) {
        // An adapter that is off shows no advertising manager on some daemons, so power comes first.
        (Power::Blocked, _) => Some(RadioError::AdapterBlocked),
        (Power::Off, _) => Some(RadioError::AdapterOff),
        (Power::On, Use::Advertising) if adapter.advertising.is_none() => Some(RadioError::CannotAdvertise),
        (Power::On, _) => None,
    }
}

/// How close to usable an adapter with this hindrance is; 0 is "there is none".
fn rank(reason: &RadioError) -> u8 {
    match reason {
        RadioError::AdapterOff => 3,
        RadioError::AdapterBlocked => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AddressKind, AdvertisingFacts};

    fn adapter(name: &str, power: Power, advertises: bool) -> AdapterFacts {
        AdapterFacts {
            name: name.to_owned(),
            power,
            address: AddressKind::Public,
            roles: Vec::new(),
            advertising: advertises.then(AdvertisingFacts::default),
            path: format!("/org/bluez/{name}"),
        }
    }

    fn chosen(radio: &Radio, adapters: &[AdapterFacts], wanted: Use) -> Result<String, RadioError> {
        radio.choose(adapters, wanted).map(|adapter| adapter.name.clone())
    }

    #[test]
    fn the_first_adapter_that_can_do_it_is_taken() {
        let adapters = [
            adapter("hci0", Power::Off, true),
            adapter("hci1", Power::On, false),
            adapter("hci2", Power::On, true),
        ];
        assert_eq!(chosen(&Radio::system(), &adapters, Use::Advertising), Ok(String::from("hci2")));
        assert_eq!(chosen(&Radio::system(), &adapters, Use::Scanning), Ok(String::from("hci1")));
    }

    #[test]
    fn the_reason_nearest_to_use_is_told() {
        let radio = Radio::system();
        let off = [adapter("hci0", Power::On, false), adapter("hci1", Power::Off, true)];
        assert_eq!(chosen(&radio, &off, Use::Advertising), Err(RadioError::AdapterOff));
        let blocked = [adapter("hci0", Power::Blocked, true), adapter("hci1", Power::On, false)];
        assert_eq!(chosen(&radio, &blocked, Use::Advertising), Err(RadioError::AdapterBlocked));
        let mute = [adapter("hci0", Power::On, false)];
        assert_eq!(chosen(&radio, &mute, Use::Advertising), Err(RadioError::CannotAdvertise));
        assert_eq!(chosen(&radio, &[], Use::Scanning), Err(RadioError::NoAdapter));
    }

    #[test]
    fn a_named_adapter_is_that_one_or_none() {
        let radio = Radio::system().with_adapter("hci1");
        let adapters = [adapter("hci0", Power::On, true), adapter("hci1", Power::Off, true)];
        assert_eq!(chosen(&radio, &adapters, Use::Advertising), Err(RadioError::AdapterOff));
        let gone = RadioError::UnknownAdapter { name: String::from("hci1") };
        assert_eq!(chosen(&radio, &adapters[..1], Use::Advertising), Err(gone));
    }
}
