//! A stand-in for bluetoothd: an `org.bluez` of our own on a private message bus, with one radio for all.
//!
//! An advert that one program registers is seen by every other program on the bus that listens, as if their
//! machines stood side by side. Programs notice no difference: Chromium, btleplug and our own advertiser run
//! unchanged with `DBUS_SYSTEM_BUS_ADDRESS` set to [`PrivateBus::address`]. What the stand-in answers, refuses and
//! puts on the air follows measurements of bluetoothd 5.82 (`docs/bluetooth.md`); the test at the other end can
//! also switch the adapter off, pull it out, refuse adverts, and change their bytes on the way.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use latchkey_rehearsal::bluez::{BluezStandIn, PrivateBus};
//!
//! let bus = PrivateBus::start().await?;
//! let bluez = BluezStandIn::start(bus.address()).await?;
//! // ... start a program with DBUS_SYSTEM_BUS_ADDRESS=bus.address()
//! assert!(bluez.on_air().is_empty());
//! # Ok(())
//! # }
//! ```

mod adapter;
mod advert;
mod advertising;
mod agent;
mod air;
mod controls;
mod device;
mod error;
mod private_bus;
mod stand_in;
mod uuid;

pub use advert::{AdvertOnAir, Form};
pub use controls::{Controller, Refusal, Refused, Reply, Tamper};
pub use private_bus::{BusError, PrivateBus};
pub use stand_in::{BluezStandIn, StandInError};
