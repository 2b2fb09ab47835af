use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::select_ok;
use latchkey_hybrid::port::TunnelError;
use rustls::client::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::sleep;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// How long the next address waits for the one before it (RFC 8305 §8, "Connection Attempt Delay").
const STAGGER: Duration = Duration::from_millis(250);

/// Addresses tried at most.
const MAX_ADDRESSES: usize = 8;

/// Where names lead.
#[derive(Debug, Clone, Copy)]
pub(super) enum Names {
    /// Where the system's resolver says.
    System,
    /// All to one address, whatever port is asked for.
    Fixed(SocketAddr),
}

/// Makes TLS connections.
pub(super) struct Dialer {
    names: Names,
    tls: TlsConnector,
}

impl Dialer {
    pub(super) fn new(names: Names, tls: Arc<ClientConfig>) -> Self {
        Self { names, tls: TlsConnector::from(tls) }
    }

    /// Connects to a host by name and checks that its certificate says this name. Sets no time limit.
    pub(super) async fn dial(&self, host: &str, port: u16) -> Result<TlsStream<TcpStream>, TunnelError> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| TunnelError::NameNotFound)?;
        let tcp = connect(self.addresses(host, port).await?).await?;
        // Messages are few and waited for: none should wait for a fuller packet.
        let _ = tcp.set_nodelay(true);
        self.tls.connect(name, tcp).await.map_err(|error| tls_failure(&error))
    }

    async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, TunnelError> {
        let found: Vec<_> = match self.names {
            Names::Fixed(address) => vec![address],
            Names::System => match lookup_host((host, port)).await {
                Ok(addresses) => addresses.take(MAX_ADDRESSES).collect(),
                Err(error) => return Err(lookup_failure(&error, has_route())),
            },
        };
        if found.is_empty() { Err(TunnelError::NameNotFound) } else { Ok(found) }
    }
}

/// Connects to whichever address answers first; each next one starts a little later.
async fn connect(addresses: Vec<SocketAddr>) -> Result<TcpStream, TunnelError> {
    let mut delay = Duration::ZERO;
    let attempts = addresses.into_iter().map(|address| {
        let start = delay;
        delay += STAGGER;
        Box::pin(async move {
            sleep(start).await;
            TcpStream::connect(address).await
        })
    });
    let (stream, _others) = select_ok(attempts).await.map_err(|error| tcp_failure(&error))?;
    Ok(stream)
}

/// Whether there is a way out of this machine. Sends nothing: connecting a UDP socket only looks up the route.
///
/// The address belongs to nobody (RFC 5737, TEST-NET-1).
fn has_route() -> bool {
    UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))
        .and_then(|socket| socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)))
        .is_ok()
}

/// The resolver's errors have no kinds, so the routing table tells a missing network from a missing name.
fn lookup_failure(error: &io::Error, has_route: bool) -> TunnelError {
    if has_route {
        TunnelError::NameNotFound
    } else {
        TunnelError::NoNetwork { detail: format!("no route to the internet, and {error}") }
    }
}

fn tcp_failure(error: &io::Error) -> TunnelError {
    match error.kind() {
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::NetworkDown => {
            TunnelError::NoNetwork { detail: error.to_string() }
        }
        _ => TunnelError::Unreachable,
    }
}

/// TLS's own refusals apart from a connection that broke under it.
fn tls_failure(error: &io::Error) -> TunnelError {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(error) => {
            tracing::debug!(reason = tls_trouble(error), "refused the service's TLS");
            TunnelError::Tls
        }
        None => TunnelError::Unreachable,
    }
}

/// The refusals that point to a remedy. In our own words, because the library's name hosts.
fn tls_trouble(error: &rustls::Error) -> &'static str {
    use rustls::CertificateError as Certificate;
    match error {
        rustls::Error::InvalidCertificate(certificate) => match certificate {
            Certificate::Expired | Certificate::ExpiredContext { .. } => {
                "certificate expired, or clock wrong"
            }
            Certificate::NotValidYet | Certificate::NotValidYetContext { .. } => {
                "certificate not valid yet, or clock wrong"
            }
            Certificate::UnknownIssuer => "certificate of an unknown issuer",
            Certificate::NotValidForName | Certificate::NotValidForNameContext { .. } => {
                "certificate for another name"
            }
            _ => "certificate not valid",
        },
        rustls::Error::InvalidMessage(_) => "not TLS",
        rustls::Error::AlertReceived(_) => "alert from the service",
        _ => "handshake failed",
    }
}

#[cfg(test)]
mod tests {
    use super::super::roots;
    use super::*;

    #[test]
    fn a_failed_lookup_without_route_is_a_missing_network() {
        let error = io::Error::other("failed to lookup address information");
        assert!(matches!(lookup_failure(&error, true), TunnelError::NameNotFound));
        assert!(matches!(lookup_failure(&error, false), TunnelError::NoNetwork { .. }));
    }

    /// Names under `.invalid` never resolve (RFC 2606 §2); which error it is depends on the machine's network.
    #[tokio::test]
    async fn a_name_that_does_not_exist_is_not_found() {
        let dialer = Dialer::new(Names::System, roots::tls(rustls::RootCertStore::empty()).unwrap());
        let error = dialer.dial("cable.latchkey.invalid", 443).await.err();
        let expected = matches!(error, Some(TunnelError::NameNotFound | TunnelError::NoNetwork { .. }));
        assert!(expected, "{error:?}");
    }

    #[test]
    fn system_errors_are_told_apart() {
        let failure = |kind: io::ErrorKind| tcp_failure(&kind.into());
        assert_eq!(failure(io::ErrorKind::ConnectionRefused), TunnelError::Unreachable);
        assert_eq!(failure(io::ErrorKind::TimedOut), TunnelError::Unreachable);
        assert!(matches!(failure(io::ErrorKind::NetworkUnreachable), TunnelError::NoNetwork { .. }));
        let expired = rustls::Error::InvalidCertificate(rustls::CertificateError::Expired);
        assert_eq!(tls_failure(&io::Error::other(expired)), TunnelError::Tls);
        assert_eq!(tls_failure(&io::ErrorKind::ConnectionReset.into()), TunnelError::Unreachable);
    }
}
