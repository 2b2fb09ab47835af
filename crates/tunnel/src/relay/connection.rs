use std::net::IpAddr;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, oneshot, watch};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::Shared;
use super::pairing;
use super::path::RelayPath;
use super::rate::{Verdict, coarse};
use super::request::{Refusal, Upgrade};
use super::room::OpenRoom;
use crate::head::{Head, HeadError, read_head};
use crate::websocket::{self, WebSocket, Wire};

/// How long a refused connection may take to read its answer.
const REFUSED: Duration = Duration::from_secs(3);

/// A place in a tunnel, taken before the connection is told so.
enum Place {
    Authenticator(OpenRoom, [u8; 3]),
    Client(oneshot::Sender<WebSocket>),
}

/// Serves one connection from TCP to its end.
pub(super) async fn serve(
    stream: TcpStream,
    from: IpAddr,
    verdict: Verdict,
    shared: &Shared,
    handshaking: OwnedSemaphorePermit,
    stop: watch::Receiver<bool>,
) {
    // Messages are few and waited for: none should wait for a fuller packet.
    let _ = stream.set_nodelay(true);
    let entered = timeout(shared.limits.handshake, enter(stream, verdict, shared)).await;
    match entered {
        Err(_) => tracing::trace!(from = %coarse(from), "dropped: no request in time"),
        Ok(Err(NoRequest)) => tracing::trace!(from = %coarse(from), "dropped: no TLS, or no HTTP request"),
        Ok(Ok(Entered::Refused(stream, refusal))) => {
            tracing::trace!(from = %coarse(from), ?refusal, "refused");
            if refusal == Refusal::TooManyTunnels {
                shared.overload.warn("tunnels");
            }
            // It keeps its place among the handshakes: refused connections are bounded as well.
            let _ = timeout(REFUSED, drain(stream)).await;
            drop(handshaking);
        }
        Ok(Ok(Entered::Joined)) => {}
        Ok(Ok(Entered::Opened(opened))) => {
            drop(handshaking);
            let (room, authenticator) = *opened;
            let number = shared.next_number();
            tracing::info!(number, "tunnel opened");
            let ending = pairing::keep(room, authenticator, shared, stop).await;
            tracing::info!(number, ?ending, "tunnel closed");
        }
    }
}

/// How a handshake ended.
enum Entered {
    /// With an HTTP status other than 101, already sent.
    Refused(Box<dyn Wire>, Refusal),
    /// As the authenticator of a tunnel.
    Opened(Box<(OpenRoom, WebSocket)>),
    /// As the client of a tunnel, whose task has the socket now.
    Joined,
}

/// The connection ended, or spoke something else, before there was a request to answer.
struct NoRequest;

/// TLS, request, answer.
async fn enter(stream: TcpStream, verdict: Verdict, shared: &Shared) -> Result<Entered, NoRequest> {
    let mut stream: Box<dyn Wire> = match &shared.tls {
        Some(acceptor) => Box::new(acceptor.accept(stream).await.map_err(|_| NoRequest)?),
        None => Box::new(stream),
    };
    let (head, rest) = match read_head(&mut stream, shared.limits.max_head_bytes).await {
        Ok(Head { head, rest }) => (head, rest),
        Err(HeadError::TooLong { .. }) => return refuse(stream, Refusal::HeadTooLong).await,
        Err(HeadError::Ended | HeadError::Io(_)) => return Err(NoRequest),
    };
    if verdict != Verdict::Serve {
        return refuse(stream, Refusal::TooManyRequests).await;
    }
    let (upgrade, place) =
        match Upgrade::parse(&head).and_then(|upgrade| Ok((take_place(&upgrade, shared)?, upgrade))) {
            Ok((place, upgrade)) => (upgrade, place),
            Err(refusal) => return refuse(stream, refusal).await,
        };
    let routing_id = match &place {
        Place::Authenticator(_, routing_id) => Some(*routing_id),
        Place::Client(_) => None,
    };
    write(&mut stream, &upgrade.response(routing_id)).await?;
    let socket = websocket::upgraded(stream, rest, Role::Server, shared.limits.max_message_bytes).await;
    match place {
        Place::Authenticator(room, _) => Ok(Entered::Opened(Box::new((room, socket)))),
        Place::Client(authenticator) => {
            if let Err(socket) = authenticator.send(socket) {
                websocket::close(socket, CloseCode::Away, "the other end is gone", REFUSED).await;
            }
            Ok(Entered::Joined)
        }
    }
}

fn take_place(upgrade: &Upgrade, shared: &Shared) -> Result<Place, Refusal> {
    match upgrade.path {
        RelayPath::New { tunnel_id } => {
            let mut routing_id = [0; 3];
            getrandom::fill(&mut routing_id).map_err(|_| Refusal::TooManyTunnels)?;
            Ok(Place::Authenticator(shared.rooms.open(tunnel_id, routing_id)?, routing_id))
        }
        RelayPath::Connect { routing_id, tunnel_id } => {
            Ok(Place::Client(shared.rooms.join(tunnel_id, routing_id)?))
        }
    }
}

async fn refuse(mut stream: Box<dyn Wire>, refusal: Refusal) -> Result<Entered, NoRequest> {
    write(&mut stream, &refusal.response()).await?;
    Ok(Entered::Refused(stream, refusal))
}

async fn write(stream: &mut Box<dyn Wire>, response: &str) -> Result<(), NoRequest> {
    stream.write_all(response.as_bytes()).await.map_err(|_| NoRequest)?;
    stream.flush().await.map_err(|_| NoRequest)
}

/// Ends a refused connection without a reset, which could overtake the answer.
async fn drain(mut stream: Box<dyn Wire>) {
    use tokio::io::AsyncReadExt;
    let _ = stream.shutdown().await;
    let _ = tokio::io::copy(&mut stream.take(64 * 1024), &mut tokio::io::sink()).await;
}
