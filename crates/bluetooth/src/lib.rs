//! BlueZ: adverts out, adverts in, what the adapter can do.
//!
//! [`BluezAdvertiser`] puts the 20 bytes of a hybrid advert on the air through bluetoothd, [`BluezScanner`] hears
//! the adverts of others, and [`Radio`] says what adapters there are and why one cannot be used. Both roles speak
//! D-Bus to bluetoothd on the system bus, so the process needs no rights of its own over the hardware. What the
//! 20 bytes mean is left to `latchkey-crypto`, when to advertise to `latchkey-hybrid`.
//!
//! The kinds of advert and the scan rule were measured on real daemons; see `docs/bluetooth.md`.
//!
//! ```no_run
//! use latchkey_bluetooth::{BluezAdvertiser, Radio};
//!
//! # async fn run() -> Result<(), latchkey_bluetooth::RadioError> {
//! let advertiser = BluezAdvertiser::new(Radio::system());
//! let on_air = advertiser.put_on_air([0; 20]).await?;
//! // ... until the other side has called, or the deadline passed
//! advertiser.take_down(on_air).await;
//! # Ok(())
//! # }
//! ```

mod advert;
mod bus;
mod error;
mod facts;
mod kernel;
mod port;
mod radio;
mod scan;
mod uuid;

pub use advert::{AdvertForm, BluezAdvertiser, OnAir};
pub use bus::Bus;
pub use error::RadioError;
pub use facts::{AdapterFacts, AddressKind, AdvertisingFacts, Power};
pub use kernel::{KernelFacts, RadioSwitch};
pub use radio::{AdapterChoice, Radio, Use};
pub use scan::BluezScanner;
