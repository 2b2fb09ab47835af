//! Runs the relay as a service: files in, signals out.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tokio::signal::unix::{SignalKind, signal};
use zeroize::Zeroizing;

use crate::relay::{Limits, Relay, RelayError, TlsConfig};

/// What `latchkey tunnel` was asked to do.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// Where to listen.
    pub listen: SocketAddr,
    /// PEM certificate chain; goes with `key`.
    pub cert: Option<PathBuf>,
    /// PEM private key; goes with `cert`.
    pub key: Option<PathBuf>,
    /// What the relay allows.
    pub limits: Limits,
}

/// Runs a relay until SIGINT or SIGTERM. `ready` is called once, with the address it listens on.
///
/// Certificate and key are read once; a new certificate needs a restart. Without them it warns, unless it listens on
/// loopback: there it serves a proxy on the same machine, or a test, and nobody else can connect.
pub async fn serve(options: &ServeOptions, ready: impl FnOnce(SocketAddr)) -> Result<(), RelayError> {
    let tls = match (&options.cert, &options.key) {
        (Some(cert), Some(key)) => Some(TlsConfig {
            cert_pem: read(cert, "certificate").await?,
            key_pem: Zeroizing::new(read(key, "private key").await?),
        }),
        (None, None) => None,
        _ => return Err(RelayError::HalfTls),
    };
    if tls.is_none() && !options.listen.ip().is_loopback() {
        tracing::warn!("serving without TLS: no browser connects unless a TLS proxy is in front");
    }
    let signals = |source| RelayError::Signals { source };
    let mut interrupt = signal(SignalKind::interrupt()).map_err(signals)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(signals)?;

    let relay = Relay::bind(options.listen, tls, options.limits.clone()).await?;
    ready(relay.local_addr());
    relay
        .run(async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        })
        .await;
    Ok(())
}

async fn read(path: &Path, what: &'static str) -> Result<Vec<u8>, RelayError> {
    tokio::fs::read(path).await.map_err(|source| RelayError::Read { what, file: path.to_owned(), source })
}
