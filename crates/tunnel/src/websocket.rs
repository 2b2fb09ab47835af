use std::time::Duration;

use futures_util::SinkExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};

/// A byte stream under a WebSocket: TCP, or TLS over TCP.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// A WebSocket after its upgrade.
pub(crate) type WebSocket = WebSocketStream<Box<dyn Wire>>;

/// How many bytes of a peer's unread messages are thrown away after our close frame.
const DRAIN_BYTES: u64 = 1024 * 1024;

/// Makes a WebSocket of a stream whose HTTP upgrade is done. `rest` is what was read beyond the head.
pub(crate) async fn upgraded(
    stream: Box<dyn Wire>,
    rest: Vec<u8>,
    role: Role,
    max_message_bytes: usize,
) -> WebSocket {
    // The library checks a frame's declared length against these before it allocates.
    let config = WebSocketConfig::default()
        .max_message_size(Some(max_message_bytes))
        .max_frame_size(Some(max_message_bytes))
        .read_buffer_size(4 * 1024)
        .write_buffer_size(0)
        .max_write_buffer_size(4 * max_message_bytes + 1024);
    WebSocketStream::from_partially_read(stream, rest, role, Some(config)).await
}

/// Says goodbye with a code and ends the connection, within `patience`.
///
/// The write side is shut first and the read side drained: closing a socket that still holds unread bytes resets
/// it, and a reset can overtake the close frame on its way to the peer.
pub(crate) async fn close(mut socket: WebSocket, code: CloseCode, reason: &'static str, patience: Duration) {
    let farewell = async {
        let frame = CloseFrame { code, reason: reason.into() };
        // After the peer's own close frame this only flushes the library's answer to it.
        if socket.close(Some(frame)).await.is_err() {
            let _ = socket.flush().await;
        }
        let stream = socket.get_mut();
        stream.shutdown().await?;
        tokio::io::copy(&mut stream.take(DRAIN_BYTES), &mut tokio::io::sink()).await
    };
    // Nobody is left to tell when this fails.
    let _ = timeout(patience, farewell).await;
}
