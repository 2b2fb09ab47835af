//! A hybrid ceremony from QR text to shutdown, both roles (CTAP 2.2 §11.5).
//!
//! What comes in which order, as types: each state of a ceremony is its own, and a step consumes it. Bytes, time
//! and randomness are arguments; what is to be sent comes back. The bytes themselves are made and read by
//! [`latchkey_crypto::hybrid`]. What a CTAP request means is left to the authenticator core, and sockets, radio
//! and timers to whoever implements the [`port`]s and keeps the [`times`].
//!
//! ```text
//! authenticator   Scanned ──opened──▶ Advertising ──receive_hello──▶ Session
//! client          QrShown ──matched─▶ Connecting ──receive─▶ AwaitingFirst ──receive─▶ ClientSession
//! ```
//!
//! A whole ceremony, without tunnel and radio:
//!
//! ```
//! use latchkey_crypto::hybrid::{Advert, OperationHint, QrContent, RoutingId, TunnelDomainId};
//! use latchkey_hybrid::{authenticator::{Event, Scanned}, client::{ClientEvent, QrShown}};
//!
//! let mut rng = rand_core::UnwrapErr(getrandom::SysRng);
//!
//! // The client shows a code; the authenticator reads it, opens a tunnel and advertises.
//! let shown = QrShown::generate(&mut rng, OperationHint::GetAssertion, 1_770_000_000);
//! let scanned = Scanned::from_qr(QrContent::parse(&shown.qr_text())?, TunnelDomainId::DEFAULT)?;
//! let advertising = scanned.opened(RoutingId::new([1, 2, 3]), &mut rng);
//!
//! // The client hears the advert, follows it into the tunnel, and both shake hands.
//! let heard = Advert::open(shown.eid_key(), advertising.advert().as_bytes())?;
//! let connecting = shown.matched(heard, &mut rng);
//! let hello = connecting.hello().to_vec();
//! let get_info = [0xa0];
//! let (mut authenticator, [response, first]) = advertising.receive_hello(&hello, &get_info, &mut rng)?;
//! let mut client = connecting.receive(&response)?.receive(&first)?;
//!
//! // One request, one response, and the end.
//! let request = client.request(&[0x02, 0xa0])?;
//! assert_eq!(authenticator.receive(&request)?, Event::Ctap(vec![0x02, 0xa0]));
//! let reply = authenticator.reply(&[0x2e])?;
//! assert_eq!(client.receive(&reply)?, ClientEvent::Response(vec![0x2e]));
//! assert_eq!(authenticator.receive(&client.shutdown()?)?, Event::Shutdown);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

pub mod authenticator;
pub mod client;
mod connection;
mod error;
pub mod port;
pub mod times;

pub use connection::MAX_MESSAGES_PER_DIRECTION;
pub use error::{HandshakeError, ScannedError, SessionError};
