//! The stage of the whole ceremonies: the product's own program, a real Chromium, and everything between them.
//!
//! The program is started as its users start it, without any switch for tests. That needs a network and a mount
//! namespace ([`namespace`]) in which the tunnel service's name is loopback, our relay listens on port 443, and
//! [`stage`] sets the rest: a private bus with an `org.bluez` of ours, a screen, a website on SimpleWebAuthn's server.
//! [`confidential`] reads the logs afterwards.

pub mod confidential;
pub mod namespace;
pub mod product;
pub mod stage;
pub mod website;
