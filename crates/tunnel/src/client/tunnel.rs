use futures_util::{FutureExt, SinkExt, StreamExt};
use latchkey_hybrid::port::{Tunnel, TunnelError};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::error::{CapacityError, Error};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message};

use super::Timing;
use crate::MAX_MESSAGE_BYTES;
use crate::websocket::{self, WebSocket};

/// An open tunnel over a WebSocket. Dropping it ends the connection without a word; [`Tunnel::close`] is polite.
///
/// `receive` is cancel-safe. `send` is not: a message whose `send` was dropped may or may not be on its way.
///
/// While `receive` waits, it pings a silent service every [`Timing::ping_after`], which keeps address translators
/// awake, and takes a service that does not answer for gone.
pub struct WebSocketTunnel {
    socket: WebSocket,
    timing: Timing,
    /// When the service will have been silent long enough for a ping, or for a verdict on the last one.
    silent_at: Instant,
    unanswered_ping: bool,
    ended: Option<End>,
}

/// How the tunnel ended; every later call says it again.
#[derive(Debug, Clone, Copy)]
enum End {
    Orderly,
    Code(u16),
    NotBinary,
    TooLarge,
    TimedOut,
}

/// The WebSocket's code for a connection that ended without a close frame (RFC 6455 §7.4.1).
const ABNORMAL: u16 = 1006;

impl WebSocketTunnel {
    pub(super) fn new(socket: WebSocket, timing: Timing) -> Self {
        let silent_at = Instant::now() + timing.ping_after;
        Self { socket, timing, silent_at, unanswered_ping: false, ended: None }
    }

    fn heard(&mut self) {
        self.silent_at = Instant::now() + self.timing.ping_after;
        self.unanswered_ping = false;
    }

    /// Writes a frame without waiting, so that `receive` stays cancel-safe: what does not fit into the socket now
    /// is kept by the library and goes with the next write.
    fn send_soon(&mut self, message: Message) {
        let _ = self.socket.send(message).now_or_never();
    }

    /// Takes a message, or notes how the tunnel ended.
    fn take(&mut self, received: Option<Result<Message, Error>>) -> Option<Vec<u8>> {
        self.heard();
        let (end, code) = match received {
            Some(Ok(Message::Binary(bytes))) => return Some(bytes.into()),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => return None,
            Some(Ok(Message::Close(frame))) => {
                // The library has its answer ready; this sends it.
                let _ = self.socket.flush().now_or_never();
                match frame.map(|frame| frame.code) {
                    None | Some(CloseCode::Normal | CloseCode::Status) => (End::Orderly, None),
                    Some(code) => (End::Code(code.into()), None),
                }
            }
            Some(Ok(Message::Text(_)) | Err(Error::Utf8(_))) => {
                (End::NotBinary, Some(CloseCode::Unsupported))
            }
            Some(Err(Error::Capacity(CapacityError::MessageTooLong { .. }))) => {
                (End::TooLarge, Some(CloseCode::Size))
            }
            Some(Err(Error::Protocol(_))) => (End::Code(ABNORMAL), Some(CloseCode::Protocol)),
            Some(Err(_)) | None => (End::Code(ABNORMAL), None),
        };
        if let Some(code) = code {
            self.send_soon(Message::Close(Some(CloseFrame { code, reason: "".into() })));
        }
        self.ended = Some(end);
        None
    }
}

impl End {
    fn into_result(self) -> Result<Option<Vec<u8>>, TunnelError> {
        match self {
            Self::Orderly => Ok(None),
            Self::Code(code) => Err(TunnelError::Closed { code }),
            Self::NotBinary => Err(TunnelError::NotBinary),
            Self::TooLarge => Err(TunnelError::TooLarge),
            Self::TimedOut => Err(TunnelError::TimedOut),
        }
    }
}

impl Tunnel for WebSocketTunnel {
    async fn send(&mut self, message: Vec<u8>) -> Result<(), TunnelError> {
        if message.len() > MAX_MESSAGE_BYTES {
            return Err(TunnelError::TooLarge);
        }
        match self.ended {
            None => {}
            Some(End::Orderly) => return Err(TunnelError::Closed { code: CloseCode::Normal.into() }),
            Some(end) => return end.into_result().map(|_| ()),
        }
        let sent = timeout(self.timing.send, self.socket.send(Message::Binary(message.into()))).await;
        self.ended = match sent {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(_)) => Some(End::Code(ABNORMAL)),
            Err(_) => Some(End::TimedOut),
        };
        self.ended.map_or(Ok(()), |end| end.into_result().map(|_| ()))
    }

    async fn receive(&mut self) -> Result<Option<Vec<u8>>, TunnelError> {
        loop {
            if let Some(end) = self.ended {
                return end.into_result();
            }
            tokio::select! {
                biased;
                received = self.socket.next() => {
                    if let Some(message) = self.take(received) {
                        return Ok(Some(message));
                    }
                }
                () = sleep_until(self.silent_at) => {
                    if self.unanswered_ping {
                        self.ended = Some(End::TimedOut);
                    } else {
                        self.unanswered_ping = true;
                        self.silent_at = Instant::now() + self.timing.ping_after;
                        self.send_soon(Message::Ping(Vec::new().into()));
                    }
                }
            }
        }
    }

    async fn close(self) {
        websocket::close(self.socket, CloseCode::Normal, "", self.timing.close).await;
    }
}
