//! Every way in which a tunnel service can fail us, told apart.

use std::time::Duration;

use futures_util::SinkExt;
use latchkey_crypto::hybrid::TunnelDomainId;
use latchkey_hybrid::port::{Tunnel, TunnelError, TunnelService};
use latchkey_tunnel::{Timing, TunnelClient};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use crate::client::tunnel_id;
use crate::server::{Server, ServerSocket, bare_opening, opening};
use crate::stage::{Stage, binary, certificate, roomy, soon};

const DOMAIN: TunnelDomainId = TunnelDomainId::DEFAULT;

async fn create(client: TunnelClient) -> Result<(), TunnelError> {
    soon(client.create(DOMAIN, &tunnel_id())).await.map(|_| ())
}

#[tokio::test]
async fn nobody_listens() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let client = TunnelClient::for_relay_at(address, certificate().0).unwrap();
    assert!(matches!(create(client).await, Err(TunnelError::Unreachable)));
}

#[tokio::test]
async fn a_dead_server_times_out() {
    let dead = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let timing = Timing { connect: Duration::from_millis(200), ..Timing::default() };
    let client = TunnelClient::for_relay_at(dead.local_addr().unwrap(), certificate().0).unwrap();
    assert!(matches!(create(client.with_timing(timing)).await, Err(TunnelError::TimedOut)));
}

#[tokio::test]
async fn a_server_that_falls_silent_after_tls_times_out() {
    let server = Server::new(async |stream, _request| {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let timing = Timing { connect: Duration::from_millis(200), ..Timing::default() };
    assert!(matches!(create(server.client().with_timing(timing)).await, Err(TunnelError::TimedOut)));
}

#[tokio::test]
async fn an_untrusted_certificate() {
    let stage = Stage::new(roomy()).await;
    let client = TunnelClient::for_relay_at(stage.address, certificate().0).unwrap();
    assert!(matches!(create(client).await, Err(TunnelError::Tls)));
}

#[tokio::test]
async fn a_certificate_for_another_name() {
    let stage = Stage::new(roomy()).await;
    let other = TunnelDomainId::new(256).unwrap();
    let refused = soon(stage.client().create(other, &tunnel_id())).await.map(|_| ());
    assert!(matches!(refused, Err(TunnelError::Tls)));
}

#[tokio::test]
async fn statuses() {
    for status in [200, 400, 403, 404, 410, 429, 500, 503] {
        let server = Server::answering(move |_| format!("HTTP/1.1 {status} X\r\n\r\n")).await;
        assert!(
            matches!(create(server.client()).await, Err(TunnelError::Refused { status: got }) if got == status)
        );
    }
}

#[tokio::test]
async fn no_subprotocol() {
    let server = Server::answering(|request| bare_opening(request, "X-caBLE-Routing-ID: 0A0B0C\r\n")).await;
    assert!(matches!(create(server.client()).await, Err(TunnelError::NoSubprotocol)));
    let server = Server::answering(|request| bare_opening(request, "Sec-WebSocket-Protocol: chat\r\n")).await;
    assert!(matches!(create(server.client()).await, Err(TunnelError::NoSubprotocol)));
}

#[tokio::test]
async fn no_single_good_routing_id() {
    let line = |id: &str| format!("X-caBLE-Routing-ID: {id}\r\n");
    for lines in
        [String::new(), line("0A0B"), line("0A0B0C0D"), line("0A0B0G"), line("0A0B0C") + &line("0A0B0C")]
    {
        let server = Server::answering(move |request| opening(request, &lines)).await;
        assert!(matches!(create(server.client()).await, Err(TunnelError::NoRoutingId)));
    }
}

#[tokio::test]
async fn a_client_needs_no_routing_id() {
    let server = Server::answering(|request| opening(request, "")).await;
    let routing_id = latchkey_crypto::hybrid::RoutingId::new([1; 3]);
    assert!(soon(server.client().connect(DOMAIN, routing_id, &tunnel_id())).await.is_ok());
}

#[tokio::test]
async fn no_websocket() {
    for answer in ["SSH-2.0-OpenSSH_9.2\r\n\r\n".to_owned(), "HTTP/1.1 101 X\r\n\r\n".into(), String::new()] {
        let server = Server::answering(move |_| answer.clone()).await;
        assert!(matches!(create(server.client()).await, Err(TunnelError::NotWebSocket)));
    }
}

#[tokio::test]
async fn an_endless_head_is_cut_off() {
    let server = Server::answering(|request| opening(request, &"X: y\r\n".repeat(2000))).await;
    assert!(matches!(create(server.client()).await, Err(TunnelError::NotWebSocket)));
}

/// Opens a tunnel to a server that does one thing, and receives.
async fn receive<F, Served>(serve: F) -> Result<Option<Vec<u8>>, TunnelError>
where
    F: Fn(ServerSocket) -> Served + Send + Sync + 'static,
    Served: Future<Output = ()> + Send,
{
    let server = Server::opening(serve).await;
    let (mut tunnel, _) = soon(server.client().create(DOMAIN, &tunnel_id())).await.unwrap();
    let first = soon(tunnel.receive()).await;
    // However it ended, it stays so, and nothing can be sent.
    if first.is_err() {
        let again = soon(tunnel.receive()).await;
        assert_eq!(format!("{again:?}"), format!("{first:?}"));
        assert!(soon(tunnel.send(vec![1])).await.is_err());
    }
    soon(tunnel.close()).await;
    first
}

#[tokio::test]
async fn text_is_refused() {
    let got = receive(async |mut socket: ServerSocket| {
        socket.send(Message::text("hello")).await.unwrap();
        assert_eq!(close_code(&mut socket).await, Some(1003));
    });
    assert!(matches!(got.await, Err(TunnelError::NotBinary)));
}

#[tokio::test]
async fn oversized_messages_are_refused() {
    let got = receive(async |mut socket: ServerSocket| {
        socket.send(binary(vec![0; 65_536])).await.unwrap();
        assert_eq!(close_code(&mut socket).await, Some(1009));
    });
    assert!(matches!(got.await, Err(TunnelError::TooLarge)));
}

#[tokio::test]
async fn closing_codes() {
    for code in [1001_u16, 1008, 1009, 4000] {
        let got = receive(move |mut socket: ServerSocket| async move {
            socket.close(Some(CloseFrame { code: code.into(), reason: "".into() })).await.unwrap();
            assert_eq!(close_code(&mut socket).await, Some(code));
        });
        assert!(matches!(got.await, Err(TunnelError::Closed { code: got }) if got == code));
    }
    let orderly = receive(async |mut socket: ServerSocket| {
        socket.close(Some(CloseFrame { code: 1000.into(), reason: "".into() })).await.unwrap();
    });
    assert!(matches!(orderly.await, Ok(None)));
    let without_code = receive(async |mut socket: ServerSocket| socket.close(None).await.unwrap());
    assert!(matches!(without_code.await, Ok(None)));
}

#[tokio::test]
async fn a_connection_that_ends_without_goodbye() {
    let got = receive(async |socket: ServerSocket| drop(socket));
    assert!(matches!(got.await, Err(TunnelError::Closed { code: 1006 })));
}

/// The code of the close frame that the client sends.
async fn close_code(socket: &mut ServerSocket) -> Option<u16> {
    use futures_util::StreamExt;
    while let Some(Ok(message)) = soon(socket.next()).await {
        if let Message::Close(frame) = message {
            return frame.map(|frame| frame.code.into());
        }
    }
    None
}
