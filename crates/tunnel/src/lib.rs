//! The tunnel service of the hybrid transport, both ends of it.
//!
//! [`TunnelClient`] opens WebSockets to a tunnel service over TLS, as authenticator (`/cable/new/`) and as client
//! (`/cable/connect/`), and is the port [`latchkey_hybrid::port::TunnelService`]. [`relay::Relay`] is a tunnel
//! service of our own, for organisations and tests; [`serve::serve`] runs it until a signal. [`domains`] lists the
//! names a service can have.
//!
//! What travels here is sealed by the hybrid handshake; this crate neither opens nor interprets it. It does its
//! own HTTP upgrade, because the WebSocket library logs requests, and a request line holds the tunnel ID.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use latchkey_tunnel::relay::{Limits, Relay};
//!
//! let relay = Relay::bind("127.0.0.1:8443".parse()?, None, Limits::default()).await?;
//! println!("listening on {}", relay.local_addr());
//! relay.run(std::future::pending::<()>()).await;
//! # Ok(())
//! # }
//! ```
//!
//! Specification: CTAP 2.2 §11.5 (hybrid transports), RFC 6455 (WebSocket).

pub mod domains;
pub mod relay;
pub mod serve;

mod client;
mod head;
mod websocket;

pub use client::{Probe, Timing, TrustError, TunnelClient, WebSocketTunnel};

/// The WebSocket subprotocol of the hybrid transport.
pub const SUBPROTOCOL: &str = "fido.cable";

/// The largest message either way, in bytes: what one Noise message can hold.
pub const MAX_MESSAGE_BYTES: usize = 65_535;

/// The largest HTTP head, request or response, in bytes.
const MAX_HEAD_BYTES: usize = 8 * 1024;
