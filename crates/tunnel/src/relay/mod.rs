//! Our own tunnel service: it pairs two WebSockets and passes their messages on.
//!
//! `/cable/new/<tunnel id>` opens a tunnel and is answered with a random routing ID;
//! `/cable/connect/<routing id>/<tunnel id>` joins it. Both need the subprotocol `fido.cable`. Everything else is
//! refused with an HTTP status: 400 (malformed), 404 (no such tunnel or path), 405 (not GET), 409 (in use), 429
//! (too many requests), 431 (head too long), 503 (too many tunnels).
//!
//! A tunnel ends for both ends at once. Close codes: 1000 when one end closed in order, 1001 when it vanished, and
//! for the end that broke a rule 1002, 1003 (text), 1008 (too many messages, too late) or 1009 (too large).
//!
//! Logs hold neither tunnel ID nor routing ID, and show addresses as networks. What an operator has to look after is a
//! warning. Each tunnel's beginning and end, under a number, is `info`. Each connection that was refused is `trace`, with
//! its network: the internet makes as many as it likes.

mod connection;
mod limits;
mod overload;
mod pairing;
mod path;
mod rate;
mod request;
mod room;
mod tls;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

pub use limits::{AddressRate, Limits};
pub use path::{PathError, RelayPath};
pub use tls::TlsConfig;

use overload::Overload;
use rate::{RateLimiter, Verdict};
use room::Rooms;

/// Bytes that wait for their other ends in all tunnels together. In a ceremony none do: the client speaks first.
const MAX_WAITING_BYTES: usize = 64 * 1024 * 1024;

/// How long open tunnels may take to say goodbye when the relay is stopped.
const LAST_CALL: Duration = Duration::from_secs(5);

/// Why a relay did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RelayError {
    /// The address is taken, not ours, or needs a right that we lack.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// A file could not be read.
    #[error("cannot read the {what} {}", file.display())]
    Read {
        /// "certificate" or "private key".
        what: &'static str,
        /// Where it was looked for.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The handlers of SIGINT and SIGTERM could not be set.
    #[error("cannot listen for signals")]
    Signals {
        /// What the system said.
        source: io::Error,
    },
    /// A certificate without key, or the other way round.
    #[error("certificate and private key are given together or not at all")]
    HalfTls,
    /// The certificate file holds no PEM certificate.
    #[error("the certificate file holds no PEM certificate")]
    BadCertificate,
    /// The key file holds no PEM private key.
    #[error("the key file holds no PEM private key")]
    BadKey,
    /// TLS does not take certificate and key, for example because they do not belong together.
    #[error("certificate or private key cannot be used")]
    Tls(#[source] rustls::Error),
}

/// A tunnel service that listens, and serves once [`Relay::run`] is awaited.
pub struct Relay {
    listener: TcpListener,
    local_addr: SocketAddr,
    rate: RateLimiter,
    handshakes: Arc<Semaphore>,
    shared: Arc<Shared>,
}

/// What the connections of a relay have in common.
struct Shared {
    limits: Limits,
    tls: Option<TlsAcceptor>,
    rooms: Arc<Rooms>,
    /// A permit for each byte that may still wait.
    waiting: Arc<Semaphore>,
    numbers: AtomicU64,
    overload: Overload,
}

impl Shared {
    /// The number of a new tunnel, for logs.
    fn next_number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }
}

impl Relay {
    /// Starts to listen. Without TLS it serves plain HTTP, for a TLS proxy in front of it; then every client has
    /// the proxy's address, and the rate limit by address is the proxy's work.
    pub async fn bind(
        address: SocketAddr,
        tls: Option<TlsConfig>,
        limits: Limits,
    ) -> Result<Self, RelayError> {
        let tls = tls.as_ref().map(tls::acceptor).transpose()?;
        let listen = |source| RelayError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let local_addr = listener.local_addr().map_err(listen)?;
        Ok(Self {
            listener,
            local_addr,
            rate: RateLimiter::new(limits.per_address, Instant::now()),
            handshakes: Arc::new(Semaphore::new(limits.max_handshakes)),
            shared: Arc::new(Shared {
                tls,
                rooms: Rooms::new(limits.max_tunnels),
                waiting: Arc::new(Semaphore::new(MAX_WAITING_BYTES)),
                numbers: AtomicU64::new(1),
                overload: Overload::default(),
                limits,
            }),
        })
    }

    /// The address it listens on; with the real port where port 0 was asked for.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Serves until `shutdown` resolves, then closes the open tunnels with 1001.
    ///
    /// Dropping the future instead ends every tunnel without a word.
    pub async fn run(self, shutdown: impl Future) {
        let (stop, stopped) = watch::channel(false);
        let mut connections = JoinSet::new();
        tokio::pin!(shutdown);
        loop {
            tokio::select! {
                _ = &mut shutdown => break,
                Some(_) = connections.join_next() => {}
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, peer)) => self.admit(stream, peer, &stopped, &mut connections),
                    Err(error) => {
                        // Out of file descriptors, mostly: wait for some to come back.
                        tracing::warn!(%error, "cannot accept a connection");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                },
            }
        }
        drop(self.listener);
        let _ = stop.send(true);
        let all_done = async { while connections.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(LAST_CALL, all_done).await;
    }

    /// Starts a connection's task, unless its address or the relay has too many.
    fn admit(
        &self,
        stream: tokio::net::TcpStream,
        peer: SocketAddr,
        stopped: &watch::Receiver<bool>,
        connections: &mut JoinSet<()>,
    ) {
        let verdict = self.rate.take(peer.ip(), Instant::now());
        if verdict == Verdict::Drop {
            return;
        }
        let Ok(handshaking) = Arc::clone(&self.handshakes).try_acquire_owned() else {
            self.shared.overload.warn("handshakes at one time");
            return;
        };
        let shared = Arc::clone(&self.shared);
        let stopped = stopped.clone();
        connections.spawn(async move {
            connection::serve(stream, peer.ip(), verdict, &shared, handshaking, stopped).await;
        });
    }
}
