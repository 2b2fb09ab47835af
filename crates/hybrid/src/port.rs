//! What a ceremony needs from the world. A shell implements these over sockets and radio, a test over channels.

use std::future::Future;

use latchkey_crypto::hybrid::{Advert, EidKey, MatchedAdvert, RoutingId, TunnelDomainId, TunnelId};

/// A tunnel service, reached by its domain's number.
pub trait TunnelService: Send + Sync {
    /// One end of a tunnel.
    type Tunnel: Tunnel;

    /// Opens a new tunnel, as the authenticator. The routing ID goes into the advert.
    fn create(
        &self,
        domain: TunnelDomainId,
        tunnel_id: &TunnelId,
    ) -> impl Future<Output = Result<(Self::Tunnel, RoutingId), TunnelError>> + Send;

    /// Joins a tunnel, as the client, by what the advert says.
    fn connect(
        &self,
        domain: TunnelDomainId,
        routing_id: RoutingId,
        tunnel_id: &TunnelId,
    ) -> impl Future<Output = Result<Self::Tunnel, TunnelError>> + Send;
}

/// One end of a tunnel: whole messages, in order, each at most
/// [`MAX_CIPHERTEXT_BYTES`](latchkey_crypto::hybrid::MAX_CIPHERTEXT_BYTES). Dropping it breaks the tunnel.
pub trait Tunnel: Send {
    /// Sends one message; when this returns it is flushed to the socket.
    fn send(&mut self, message: Vec<u8>) -> impl Future<Output = Result<(), TunnelError>> + Send;

    /// Waits for the next message; `None` when the peer has closed in order. Cancel-safe.
    fn receive(&mut self) -> impl Future<Output = Result<Option<Vec<u8>>, TunnelError>> + Send;

    /// Closes in order.
    fn close(self) -> impl Future<Output = ()> + Send;
}

/// A radio that sends adverts.
pub trait Advertiser: Send + Sync {
    /// An advert on the air. Dropping it takes the advert down.
    type OnAir: Send;

    /// Puts an advert on the air and keeps it there.
    fn advertise(&self, advert: &Advert)
    -> impl Future<Output = Result<Self::OnAir, AdvertiserError>> + Send;

    /// Takes the advert down, and returns when it is down.
    fn withdraw(&self, on_air: Self::OnAir) -> impl Future<Output = ()> + Send;
}

/// A radio that hears adverts.
pub trait Scanner: Send + Sync {
    /// Listens until an advert matches. The first one decides; all others belong to somebody else.
    fn find(&self, eid_key: &EidKey) -> impl Future<Output = Result<MatchedAdvert, ScannerError>> + Send;
}

/// Why a tunnel could not be opened or broke. The texts hold no tunnel ID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TunnelError {
    /// This machine has no way to the network.
    #[error("no network: {detail}")]
    NoNetwork {
        /// What the system said.
        detail: String,
    },
    /// The service's name does not resolve.
    #[error("name of the tunnel service does not resolve")]
    NameNotFound,
    /// The name resolves, and nobody answers there.
    #[error("tunnel service cannot be reached")]
    Unreachable,
    /// The service did not prove that it is the one.
    #[error("tls with the tunnel service failed")]
    Tls,
    /// The service's answer is not a WebSocket's.
    #[error("tunnel service does not answer as a websocket")]
    NotWebSocket,
    /// The service refused.
    #[error("tunnel service refused with http status {status}")]
    Refused {
        /// HTTP status.
        status: u16,
    },
    /// The service did not select `fido.cable`.
    #[error("tunnel service did not select the subprotocol fido.cable")]
    NoSubprotocol,
    /// The service gave no routing ID, or none of three bytes.
    #[error("tunnel service gave no routing id")]
    NoRoutingId,
    /// A message is longer than 65,535 bytes.
    #[error("message is longer than the tunnel carries")]
    TooLarge,
    /// The other end or the service closed, and not in order.
    #[error("tunnel was closed with code {code}")]
    Closed {
        /// The WebSocket's close code; 1006 when there was none.
        code: u16,
    },
    /// A text frame came.
    #[error("peer sent a frame that is not binary")]
    NotBinary,
    /// The service did not answer in time.
    #[error("tunnel service did not answer in time")]
    TimedOut,
}

/// Why an advert could not be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AdvertiserError {
    /// There is no Bluetooth service to ask.
    #[error("no bluetooth service")]
    NoBluetooth,
    /// There is no adapter.
    #[error("no bluetooth adapter")]
    NoAdapter,
    /// The adapter is switched off.
    #[error("bluetooth adapter is off")]
    AdapterOff,
    /// The adapter is held off by rfkill: flight mode, or a switch on the machine.
    #[error("bluetooth adapter is blocked by rfkill")]
    AdapterBlocked,
    /// The adapter cannot send adverts.
    #[error("bluetooth adapter cannot advertise")]
    CannotAdvertise,
    /// Every advert that the adapter can send is taken.
    #[error("bluetooth adapter has no free advert")]
    TooManyAdverts,
    /// The Bluetooth service rejected the advert.
    #[error("bluetooth service rejected the advert: {reason}")]
    Rejected {
        /// What it said.
        reason: String,
    },
    /// The Bluetooth service does not let this user.
    #[error("not permitted to advertise")]
    NotPermitted,
}

/// Why adverts could not be listened for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScannerError {
    /// There is no Bluetooth service to ask.
    #[error("no bluetooth service")]
    NoBluetooth,
    /// There is no adapter.
    #[error("no bluetooth adapter")]
    NoAdapter,
    /// The adapter is switched off.
    #[error("bluetooth adapter is off")]
    AdapterOff,
    /// The adapter is held off by rfkill: flight mode, or a switch on the machine.
    #[error("bluetooth adapter is blocked by rfkill")]
    AdapterBlocked,
    /// The Bluetooth service rejected the scan.
    #[error("bluetooth service rejected the scan: {reason}")]
    Rejected {
        /// What it said.
        reason: String,
    },
    /// The Bluetooth service does not let this user.
    #[error("not permitted to scan")]
    NotPermitted,
}
