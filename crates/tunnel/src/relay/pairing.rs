use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::Bytes;
use tokio_tungstenite::tungstenite::error::{CapacityError, Error};
use tokio_tungstenite::tungstenite::protocol::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::room::OpenRoom;
use super::{Limits, Shared};
use crate::websocket::{self, WebSocket};

/// How long a closing end is listened to before its connection is dropped.
const FAREWELL: Duration = Duration::from_secs(3);

/// Why a tunnel ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// One end closed with 1000 or without a code.
    Orderly,
    /// One end vanished, or closed with another code.
    Disappeared,
    /// One end sent a message that is too large.
    TooLarge,
    /// One end sent more messages than allowed.
    TooMany,
    /// The authenticator sent more than is buffered while it was alone, or others have filled the buffer.
    BufferFull,
    /// One end sent text.
    NotBinary,
    /// One end broke the WebSocket protocol.
    Malformed,
    /// Nobody joined in time.
    Alone,
    /// The tunnel's time is over.
    LifetimeOver,
    /// The relay is being stopped.
    ShuttingDown,
}

impl Ending {
    /// What the end that caused this, and the other end, are closed with.
    fn codes(self) -> (CloseCode, CloseCode, &'static str) {
        match self {
            Self::Orderly => (CloseCode::Normal, CloseCode::Normal, ""),
            Self::Disappeared => (CloseCode::Away, CloseCode::Away, "the other end is gone"),
            Self::TooLarge => (CloseCode::Size, CloseCode::Away, "message too large"),
            Self::TooMany => (CloseCode::Policy, CloseCode::Away, "too many messages"),
            Self::BufferFull => {
                (CloseCode::Policy, CloseCode::Away, "too many messages before the other end came")
            }
            Self::NotBinary => (CloseCode::Unsupported, CloseCode::Away, "only binary messages"),
            Self::Malformed => (CloseCode::Protocol, CloseCode::Away, "malformed frame"),
            Self::Alone => (CloseCode::Policy, CloseCode::Policy, "the other end did not come"),
            Self::LifetimeOver => (CloseCode::Policy, CloseCode::Policy, "the tunnel's time is over"),
            Self::ShuttingDown => (CloseCode::Away, CloseCode::Away, "the relay is being stopped"),
        }
    }
}

/// The two ends of a tunnel.
enum End {
    Authenticator,
    Client,
}

/// What one end sent.
enum Incoming {
    Message(Bytes),
    /// Ping or pong, which the library handles and nobody counts.
    Nothing,
    End(Ending),
}

fn classify(received: Option<Result<Message, Error>>) -> Incoming {
    match received {
        Some(Ok(Message::Binary(bytes))) => Incoming::Message(bytes),
        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Incoming::Nothing,
        Some(Ok(Message::Text(_)) | Err(Error::Utf8(_))) => Incoming::End(Ending::NotBinary),
        Some(Ok(Message::Close(frame))) => Incoming::End(match frame.map(|frame| frame.code) {
            None | Some(CloseCode::Normal | CloseCode::Status) => Ending::Orderly,
            Some(_) => Ending::Disappeared,
        }),
        Some(Err(Error::Capacity(CapacityError::MessageTooLong { .. }))) => Incoming::End(Ending::TooLarge),
        Some(Err(Error::Protocol(error))) if error != RESET => Incoming::End(Ending::Malformed),
        Some(Err(_)) | None => Incoming::End(Ending::Disappeared),
    }
}

/// The library counts a connection that ends without a close frame as a breach of protocol; here it is common.
const RESET: tokio_tungstenite::tungstenite::error::ProtocolError =
    tokio_tungstenite::tungstenite::error::ProtocolError::ResetWithoutClosingHandshake;

/// Keeps one tunnel from the authenticator's upgrade to its end, and closes both ends.
pub(super) async fn keep(
    mut room: OpenRoom,
    mut authenticator: WebSocket,
    shared: &Shared,
    mut stop: watch::Receiver<bool>,
) -> Ending {
    let limits = &shared.limits;
    let opened = Instant::now();
    let over = opened + limits.lifetime;
    let alone = (opened + limits.until_paired).min(over);
    let mut buffered = VecDeque::new();
    // Held as long as the tunnel, since the messages may wait for a slow reader afterwards.
    let mut places = Vec::new();

    let waited = loop {
        tokio::select! {
            client = &mut room.joiner => break client.map_err(|_| Ending::Disappeared),
            received = authenticator.next() => match classify(received) {
                Incoming::Message(_) if buffered.len() >= limits.max_buffered => break Err(Ending::BufferFull),
                Incoming::Message(message) => match place_for(&message, &shared.waiting) {
                    Some(place) => {
                        places.push(place);
                        buffered.push_back(message);
                    }
                    None => break Err(Ending::BufferFull),
                },
                Incoming::Nothing => {}
                Incoming::End(ending) => break Err(ending),
            },
            () = sleep_until(alone) => break Err(Ending::Alone),
            _ = stop.wait_for(|stop| *stop) => break Err(Ending::ShuttingDown),
        }
    };
    let client = match waited {
        Ok(client) => client,
        Err(ending) => {
            drop(room);
            let (code, _, reason) = ending.codes();
            websocket::close(authenticator, code, reason, FAREWELL).await;
            return ending;
        }
    };

    // Two directions, each with its own pace: a slow reader on one side does not hold up the other.
    let (mut to_authenticator, mut from_authenticator) = authenticator.split();
    let (mut to_client, mut from_client) = client.split();
    let (cause, ending) = tokio::select! {
        ending = pass_on(&mut from_authenticator, &mut to_client, buffered, limits) => {
            (End::Authenticator, ending)
        }
        ending = pass_on(&mut from_client, &mut to_authenticator, VecDeque::new(), limits) => {
            (End::Client, ending)
        }
        () = sleep_until(over) => (End::Authenticator, Ending::LifetimeOver),
        _ = stop.wait_for(|stop| *stop) => (End::Authenticator, Ending::ShuttingDown),
    };

    // From here on the tunnel ID is free again.
    drop(room);
    let (to_cause, to_other, reason) = ending.codes();
    let (authenticator_code, client_code) = match cause {
        End::Authenticator => (to_cause, to_other),
        End::Client => (to_other, to_cause),
    };
    let farewell = |from: SplitStream<WebSocket>, to: SplitSink<WebSocket, Message>, code| async move {
        if let Ok(socket) = from.reunite(to) {
            websocket::close(socket, code, reason, FAREWELL).await;
        }
    };
    tokio::join!(
        farewell(from_authenticator, to_authenticator, authenticator_code),
        farewell(from_client, to_client, client_code),
    );
    ending
}

/// A place among the bytes that wait in all tunnels, if there is one left.
fn place_for(message: &Bytes, waiting: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    Arc::clone(waiting).try_acquire_many_owned(u32::try_from(message.len()).ok()?).ok()
}

/// Passes the messages of one end on to the other until something ends it; first those that waited.
async fn pass_on(
    from: &mut SplitStream<WebSocket>,
    to: &mut SplitSink<WebSocket, Message>,
    buffered: VecDeque<Bytes>,
    limits: &Limits,
) -> Ending {
    let mut waiting = buffered.into_iter();
    let mut passed = 0_u32;
    loop {
        let message = match waiting.next() {
            Some(message) => message,
            None => match classify(from.next().await) {
                Incoming::Message(message) => message,
                Incoming::Nothing => continue,
                Incoming::End(ending) => return ending,
            },
        };
        passed = passed.saturating_add(1);
        if passed > limits.max_messages {
            return Ending::TooMany;
        }
        if to.send(Message::Binary(message)).await.is_err() {
            return Ending::Disappeared;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_in_all_tunnels_together_is_bounded() {
        let waiting = Arc::new(Semaphore::new(100));
        let message = Bytes::from(vec![0; 60]);
        let first = place_for(&message, &waiting);
        assert!(first.is_some() && place_for(&message, &waiting).is_none());
        drop(first);
        assert!(place_for(&message, &waiting).is_some());
    }
}
