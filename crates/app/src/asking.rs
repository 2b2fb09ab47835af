//! One task that owns one ceremony, as client: it shows a code, hears the authenticator's advert, and asks.
//!
//! The other end of [`ceremony`](crate::ceremony). The demo and the tests use it; a door for phones will.

use latchkey_crypto::hybrid::OperationHint;
use latchkey_hybrid::{
    HandshakeError, SessionError,
    client::{ClientEvent, ClientSession, QrShown},
    port::{Scanner, ScannerError, Tunnel, TunnelError, TunnelService},
    times,
};
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::random::{now, os_random};

/// Why there is no response.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AskingFailure {
    /// Adverts could not be listened for.
    #[error("bluetooth scan")]
    Radio(#[source] ScannerError),
    /// The tunnel could not be joined, or broke.
    #[error("tunnel service")]
    Tunnel(#[source] TunnelError),
    /// The authenticator could not prove that it read this code.
    #[error("handshake failed")]
    Handshake(#[source] HandshakeError),
    /// The authenticator broke the protocol, or left without a response.
    #[error("the authenticator broke the protocol")]
    Session(#[source] SessionError),
    /// Nobody answered the code, or the answer did not come, in time.
    #[error("time ran out")]
    TimeRanOut,
}

/// Shows a code and asks whoever answers it one CTAP request; gives the response, status byte and CBOR.
///
/// `show` is handed the code's text. Everything together may take [`times::CLIENT_TOTAL`].
pub async fn ask<S: TunnelService, R: Scanner>(
    request: &[u8],
    hint: OperationHint,
    service: &S,
    scanner: &R,
    show: impl FnOnce(String),
) -> Result<Zeroizing<Vec<u8>>, AskingFailure> {
    let ceremony = async {
        let shown = QrShown::generate(&mut os_random(), hint, now());
        show(shown.qr_text());
        let advert = scanner.find(shown.eid_key()).await.map_err(AskingFailure::Radio)?;
        let (session, tunnel) =
            timeout(times::CLIENT_HANDSHAKE, join(shown.matched(advert, &mut os_random()), service))
                .await
                .map_err(|_elapsed| AskingFailure::TimeRanOut)??;
        exchange(session, tunnel, request).await
    };
    timeout(times::CLIENT_TOTAL, ceremony).await.unwrap_or(Err(AskingFailure::TimeRanOut))
}

async fn join<S: TunnelService>(
    connecting: latchkey_hybrid::client::Connecting,
    service: &S,
) -> Result<(ClientSession, S::Tunnel), AskingFailure> {
    let joined = service.connect(connecting.domain(), connecting.routing_id(), connecting.tunnel_id()).await;
    let mut tunnel = joined.map_err(AskingFailure::Tunnel)?;
    tunnel.send(connecting.hello().to_vec()).await.map_err(AskingFailure::Tunnel)?;
    let awaiting = connecting.receive(&message(&mut tunnel).await?).map_err(AskingFailure::Handshake)?;
    let session = awaiting.receive(&message(&mut tunnel).await?).map_err(AskingFailure::Handshake)?;
    Ok((session, tunnel))
}

async fn exchange(
    mut session: ClientSession,
    mut tunnel: impl Tunnel,
    request: &[u8],
) -> Result<Zeroizing<Vec<u8>>, AskingFailure> {
    let sealed = session.request(request).map_err(AskingFailure::Session)?;
    tunnel.send(sealed).await.map_err(AskingFailure::Tunnel)?;
    loop {
        let sealed = message(&mut tunnel).await?;
        if let ClientEvent::Response(response) = session.receive(&sealed).map_err(AskingFailure::Session)? {
            let goodbye = session.shutdown().map_err(AskingFailure::Session)?;
            // The response is here; whether the goodbye arrives is of no interest.
            let _ = tunnel.send(goodbye).await;
            tunnel.close().await;
            return Ok(Zeroizing::new(response));
        }
    }
}

async fn message(tunnel: &mut impl Tunnel) -> Result<Vec<u8>, AskingFailure> {
    let message = tunnel.receive().await.map_err(AskingFailure::Tunnel)?;
    message.ok_or(AskingFailure::Session(SessionError::ClosedTooEarly))
}
