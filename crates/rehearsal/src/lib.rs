//! What the demo and the tests stage around a real ceremony.
//!
//! - [`bluez`]: an `org.bluez` of our own on a private bus, and [`loopback_radio`]: a radio without any bus
//! - [`staged_relay`]: a tunnel relay with a certificate made for it
//! - [`relying_party`]: a practice site that says what it checks, and [`practice_client`]: the browser's part of a
//!   ceremony without a browser
//! - [`screen`], [`browser`], [`code_on_screen`]: a real Chromium on a screen that nobody sees, and the code it shows
//!
//! Nothing here answers or approves a request: that is the product's own code, the same as in a real ceremony.

pub mod bluez;
pub mod browser;
pub mod code_on_screen;
pub mod loopback_radio;
pub mod practice_client;
pub mod process;
pub mod relying_party;
pub mod screen;
pub mod staged_relay;
