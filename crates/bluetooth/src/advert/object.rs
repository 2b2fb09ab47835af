//! The object that bluetoothd reads an advert from.

use std::{collections::HashMap, fmt};

use latchkey_crypto::hybrid::ADVERT_LEN;
use zbus::{fdo, interface, zvariant::Value};

use crate::uuid;

/// 100 ms, the shortest that every controller must accept for non-connectable adverts; BlueZ's own is 1280 ms.
const INTERVAL_MS: u32 = 100;

/// The two kinds of advert that carry the same 20 bytes.
///
/// Which of them a scanner hears depends on *its* adapter, which no setting of ours can know, so both take turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AdvertForm {
    /// Not connectable, from a private address, as phones do it: 28 bytes on the air.
    Broadcast,
    /// Connectable and with the discoverable flags, which scans of LE-only adapters ask for: 31 bytes.
    Peripheral,
}

impl AdvertForm {
    /// The other kind.
    pub fn other(self) -> Self {
        match self {
            Self::Broadcast => Self::Peripheral,
            Self::Peripheral => Self::Broadcast,
        }
    }
}

impl fmt::Display for AdvertForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Broadcast => "broadcast",
            Self::Peripheral => "peripheral",
        })
    }
}

/// How often the advert is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// Every 100 ms.
    Fast,
    /// As bluetoothd likes: for adapters that refuse an interval.
    Default,
}

/// `org.bluez.LEAdvertisement1`. No name and no transmit power: they would not fit into 31 bytes.
pub(crate) struct Advertisement {
    pub(crate) form: AdvertForm,
    pub(crate) pace: Pace,
    pub(crate) service_data: [u8; ADVERT_LEN],
}

impl Advertisement {
    fn interval(&self) -> fdo::Result<u32> {
        match self.pace {
            Pace::Fast => Ok(INTERVAL_MS),
            Pace::Default => Err(absent()),
        }
    }
}

/// A property that answers so is left out of `GetAll`, which is how bluetoothd reads the object.
fn absent() -> fdo::Error {
    fdo::Error::UnknownProperty(String::from("not set"))
}

#[interface(name = "org.bluez.LEAdvertisement1")]
impl Advertisement {
    #[zbus(property, name = "Type")]
    fn kind(&self) -> String {
        self.form.to_string()
    }

    #[zbus(property, name = "ServiceUUIDs")]
    fn service_uuids(&self) -> Vec<String> {
        vec![uuid::FIDO.to_owned()]
    }

    #[zbus(property)]
    fn service_data(&self) -> HashMap<String, Value<'static>> {
        HashMap::from([(uuid::FIDO.to_owned(), Value::from(self.service_data.to_vec()))])
    }

    /// bluetoothd refuses the property altogether on a broadcast.
    #[zbus(property)]
    fn discoverable(&self) -> fdo::Result<bool> {
        match self.form {
            AdvertForm::Broadcast => Err(absent()),
            AdvertForm::Peripheral => Ok(true),
        }
    }

    #[zbus(property)]
    fn min_interval(&self) -> fdo::Result<u32> {
        self.interval()
    }

    #[zbus(property)]
    fn max_interval(&self) -> fdo::Result<u32> {
        self.interval()
    }

    /// bluetoothd took the advert down, as when the adapter goes. The next turn puts it up again.
    fn release(&self) {
        tracing::debug!(form = %self.form, "bluetoothd released the advert");
    }
}
