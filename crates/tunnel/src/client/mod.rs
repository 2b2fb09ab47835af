mod dial;
mod roots;
mod tunnel;
mod upgrade;

use std::net::SocketAddr;
use std::time::Duration;

use latchkey_crypto::hybrid::{RoutingId, TunnelDomainId, TunnelId, connect_url, new_url};
use latchkey_hybrid::port::{Tunnel, TunnelError, TunnelService};
use rustls::pki_types::CertificateDer;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::head::{HeadError, read_head};
use crate::websocket::{self, WebSocket};
use crate::{MAX_HEAD_BYTES, MAX_MESSAGE_BYTES};
use dial::{Dialer, Names};
use upgrade::{Answer, Opened, Request, Target};

pub use roots::TrustError;
pub use tunnel::WebSocketTunnel;

/// Redirects followed at most.
const MAX_REDIRECTS: usize = 3;

/// Opens tunnels. One is enough for a process; it holds the trusted roots.
pub struct TunnelClient {
    dialer: Dialer,
    timing: Timing,
}

/// How long a tunnel client waits. [`Timing::default`] is meant for the internet.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// For name, TCP, TLS and HTTP upgrade together, redirects included. 10 s.
    pub connect: Duration,
    /// For a message to leave. 10 s.
    pub send: Duration,
    /// Silence after which a ping is sent, and again after which an unanswered one means that nobody is there.
    /// 15 s.
    pub ping_after: Duration,
    /// For the service to take note of our goodbye. 2 s.
    pub close: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            send: Duration::from_secs(10),
            ping_after: Duration::from_secs(15),
            close: Duration::from_secs(2),
        }
    }
}

/// What [`TunnelClient::probe`] learnt.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Probe {
    /// The service's clock, as it wrote it into its answer (RFC 9110 §6.6.1, `Date`).
    pub date: Option<String>,
}

/// Which end of a tunnel asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Authenticator,
    Client,
}

impl TunnelClient {
    /// Trusts the system's roots, or those of `SSL_CERT_FILE` and `SSL_CERT_DIR`. Reads them now, and only now.
    pub fn new() -> Result<Self, TrustError> {
        Self::with(Names::System, roots::tls(roots::system()?)?)
    }

    /// For loopback stages such as `demo` and tests: every domain leads to one address, and one root is trusted.
    ///
    /// The certificate is still checked for the domain's name.
    pub fn for_relay_at(address: SocketAddr, root: CertificateDer<'_>) -> Result<Self, TrustError> {
        Self::with(Names::Fixed(address), roots::tls(roots::only(root)?)?)
    }

    /// The same client with other times.
    pub fn with_timing(self, timing: Timing) -> Self {
        Self { timing, ..self }
    }

    fn with(names: Names, tls: std::sync::Arc<rustls::ClientConfig>) -> Result<Self, TrustError> {
        Ok(Self { dialer: Dialer::new(names, tls), timing: Timing::default() })
    }

    /// Opens a tunnel that nobody will join and closes it again, to see whether the service would serve us.
    pub async fn probe(&self, domain: TunnelDomainId) -> Result<Probe, TunnelError> {
        let mut tunnel_id = [0; 16];
        // Only other tunnels' safety needs it to be random, and a taken one is refused.
        let _ = getrandom::fill(&mut tunnel_id);
        let url = new_url(domain, &TunnelId::from_bytes(tunnel_id));
        let (socket, opened) = self.open(&url, End::Authenticator).await?;
        WebSocketTunnel::new(socket, self.timing).close().await;
        opened.routing_id.ok_or(TunnelError::NoRoutingId)?;
        Ok(Probe { date: opened.date })
    }

    /// Opens the WebSocket of a URL within the time for connecting.
    async fn open(&self, url: &str, end: End) -> Result<(WebSocket, Opened), TunnelError> {
        timeout(self.timing.connect, self.follow(url, end)).await.unwrap_or(Err(TunnelError::TimedOut))
    }

    /// Follows redirects, as a client. A service does not redirect authenticators, and the private convention of
    /// `/cable/new/` knows nothing of it.
    async fn follow(&self, url: &str, end: End) -> Result<(WebSocket, Opened), TunnelError> {
        let mut target = Target::parse(url).ok_or(TunnelError::NameNotFound)?;
        let mut redirects = 0;
        loop {
            let mut stream = self.dialer.dial(&target.host, target.port).await?;
            let request = Request::new(&target);
            let broken = |_| TunnelError::Unreachable;
            stream.write_all(request.head.as_bytes()).await.map_err(broken)?;
            stream.flush().await.map_err(broken)?;
            let answer = read_head(&mut stream, MAX_HEAD_BYTES).await.map_err(|error| match error {
                HeadError::Io(_) => TunnelError::Unreachable,
                HeadError::TooLong { .. } | HeadError::Ended => TunnelError::NotWebSocket,
            })?;
            match request.answer(&answer.head)? {
                Answer::Open(opened) => {
                    let socket =
                        websocket::upgraded(Box::new(stream), answer.rest, Role::Client, MAX_MESSAGE_BYTES)
                            .await;
                    return Ok((socket, opened));
                }
                Answer::Redirect { status, location } => {
                    redirects += 1;
                    if end == End::Authenticator || redirects > MAX_REDIRECTS {
                        return Err(TunnelError::Refused { status });
                    }
                    target = target.redirected(&location).ok_or(TunnelError::Refused { status })?;
                }
            }
        }
    }
}

impl TunnelService for TunnelClient {
    type Tunnel = WebSocketTunnel;

    async fn create(
        &self,
        domain: TunnelDomainId,
        tunnel_id: &TunnelId,
    ) -> Result<(Self::Tunnel, RoutingId), TunnelError> {
        let (socket, opened) = self.open(&new_url(domain, tunnel_id), End::Authenticator).await?;
        let routing_id = opened.routing_id.ok_or(TunnelError::NoRoutingId)?;
        tracing::debug!(domain = domain.id(), "tunnel opened");
        Ok((WebSocketTunnel::new(socket, self.timing), routing_id))
    }

    async fn connect(
        &self,
        domain: TunnelDomainId,
        routing_id: RoutingId,
        tunnel_id: &TunnelId,
    ) -> Result<Self::Tunnel, TunnelError> {
        let (socket, _) = self.open(&connect_url(domain, routing_id, tunnel_id), End::Client).await?;
        tracing::debug!(domain = domain.id(), "tunnel joined");
        Ok(WebSocketTunnel::new(socket, self.timing))
    }
}
