//! The client with the relay, and with servers that watch it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use latchkey_crypto::hybrid::{RoutingId, TunnelDomainId, TunnelId};
use latchkey_hybrid::port::{Tunnel, TunnelError, TunnelService};
use latchkey_tunnel::Timing;
use latchkey_tunnel::relay::Limits;
use tokio_tungstenite::tungstenite::Message;

use crate::server::Server;
use crate::stage::{HOST, Stage, TUNNEL, binary, roomy, soon};

const DOMAIN: TunnelDomainId = TunnelDomainId::DEFAULT;

pub(crate) fn tunnel_id() -> TunnelId {
    TunnelId::from_slice(&hex::decode(TUNNEL).unwrap()).unwrap()
}

#[tokio::test]
async fn two_clients_meet_at_the_relay() {
    let stage = Stage::new(roomy()).await;
    let client = stage.client();
    let (mut authenticator, routing_id) = soon(client.create(DOMAIN, &tunnel_id())).await.unwrap();
    let mut browser = soon(client.connect(DOMAIN, routing_id, &tunnel_id())).await.unwrap();

    soon(browser.send(vec![1; 65_535])).await.unwrap();
    assert_eq!(soon(authenticator.receive()).await.unwrap(), Some(vec![1; 65_535]));
    soon(authenticator.send(vec![])).await.unwrap();
    assert_eq!(soon(browser.receive()).await.unwrap(), Some(vec![]));

    soon(authenticator.send(vec![2])).await.unwrap();
    soon(authenticator.close()).await;
    assert_eq!(soon(browser.receive()).await.unwrap(), Some(vec![2]));
    assert_eq!(soon(browser.receive()).await.unwrap(), None);
    // It stays closed, for both calls.
    assert_eq!(soon(browser.receive()).await.unwrap(), None);
    assert!(matches!(browser.send(vec![3]).await, Err(TunnelError::Closed { code: 1000 })));
}

#[tokio::test]
async fn fifty_tunnels_at_once_do_not_mix() {
    let stage = Stage::new(roomy()).await;
    let client = Arc::new(stage.client());
    let mut ceremonies = tokio::task::JoinSet::new();
    for n in 0..50_u8 {
        let client = Arc::clone(&client);
        ceremonies.spawn(async move {
            let tunnel_id = || TunnelId::from_bytes([n; 16]);
            let (mut authenticator, routing_id) = client.create(DOMAIN, &tunnel_id()).await.unwrap();
            let mut browser = client.connect(DOMAIN, routing_id, &tunnel_id()).await.unwrap();
            for step in 0..10_u8 {
                browser.send(vec![n, step]).await.unwrap();
                assert_eq!(authenticator.receive().await.unwrap(), Some(vec![n, step]));
                authenticator.send(vec![step, n]).await.unwrap();
                assert_eq!(browser.receive().await.unwrap(), Some(vec![step, n]));
            }
            browser.close().await;
            assert_eq!(authenticator.receive().await.unwrap(), None);
        });
    }
    soon(ceremonies.join_all()).await;
}

#[tokio::test]
async fn an_end_that_vanishes_is_not_an_orderly_close() {
    let stage = Stage::new(roomy()).await;
    let client = stage.client();
    let (authenticator, routing_id) = soon(client.create(DOMAIN, &tunnel_id())).await.unwrap();
    let mut browser = soon(client.connect(DOMAIN, routing_id, &tunnel_id())).await.unwrap();
    drop(authenticator);
    for _ in 0..2 {
        assert!(matches!(soon(browser.receive()).await, Err(TunnelError::Closed { code: 1001 })));
    }
}

#[tokio::test]
async fn the_relays_refusals_arrive() {
    let stage = Stage::new(roomy()).await;
    let client = stage.client();
    let nobody = soon(client.connect(DOMAIN, RoutingId::new([0; 3]), &tunnel_id())).await;
    assert!(matches!(nobody, Err(TunnelError::Refused { status: 404 })));
    let (_held, _) = soon(client.create(DOMAIN, &tunnel_id())).await.unwrap();
    let taken = soon(client.create(DOMAIN, &tunnel_id())).await;
    assert!(matches!(taken, Err(TunnelError::Refused { status: 409 })));
}

#[tokio::test]
async fn the_relays_limits_arrive() {
    let stage = Stage::new(Limits { until_paired: Duration::from_millis(200), ..roomy() }).await;
    let (mut alone, _) = soon(stage.client().create(DOMAIN, &tunnel_id())).await.unwrap();
    assert!(matches!(soon(alone.receive()).await, Err(TunnelError::Closed { code: 1008 })));
}

#[tokio::test]
async fn receive_is_cancel_safe() {
    let stage = Stage::new(roomy()).await;
    // Pings all the time, so that one is often under way when `receive` is dropped.
    let timing = Timing { ping_after: Duration::from_millis(2), ..Timing::default() };
    let client = stage.client();
    let (mut sender, routing_id) = soon(client.create(DOMAIN, &tunnel_id())).await.unwrap();
    let mut receiver =
        soon(stage.client().with_timing(timing).connect(DOMAIN, routing_id, &tunnel_id())).await.unwrap();
    let sending = tokio::spawn(async move {
        for n in 0..16_u8 {
            sender.send(vec![n; 20_000]).await.unwrap();
            tokio::time::sleep(Duration::from_millis(7)).await;
        }
        sender
    });
    let mut received = Vec::new();
    let mut dropped = 0;
    soon(async {
        while received.len() < 16 {
            tokio::select! {
                biased;
                message = receiver.receive() => received.push(message.unwrap().unwrap()),
                () = tokio::time::sleep(Duration::from_micros(300)) => dropped += 1,
            }
        }
    })
    .await;
    sending.await.unwrap();
    assert!(dropped > 16, "{dropped}");
    assert!(
        received.iter().enumerate().all(|(n, message)| *message == vec![u8::try_from(n).unwrap(); 20_000])
    );
}

#[tokio::test]
async fn larger_messages_are_refused_before_they_leave() {
    let stage = Stage::new(roomy()).await;
    let (mut authenticator, _) = soon(stage.client().create(DOMAIN, &tunnel_id())).await.unwrap();
    assert!(matches!(authenticator.send(vec![0; 65_536]).await, Err(TunnelError::TooLarge)));
}

#[tokio::test]
async fn asks_with_upper_case_hex_subprotocol_and_origin() {
    let (heard, mut requests) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::answering(move |request| {
        heard.send(request.to_owned()).unwrap();
        "HTTP/1.1 403 No\r\n\r\n".to_owned()
    })
    .await;
    let client = server.client();
    let refused = soon(client.connect(DOMAIN, RoutingId::new([0xab, 0, 0xef]), &tunnel_id())).await;
    assert!(matches!(refused, Err(TunnelError::Refused { status: 403 })));
    let request = requests.recv().await.unwrap();
    assert!(request.starts_with(&format!("GET /cable/connect/AB00EF/{TUNNEL} HTTP/1.1\r\n")), "{request}");
    for line in [
        format!("Host: {HOST}"),
        format!("Origin: wss://{HOST}"),
        "Sec-WebSocket-Protocol: fido.cable".into(),
    ] {
        assert!(request.lines().any(|found| found == line), "{line}");
    }
    // Nothing about us, and nothing that a server could remember us by.
    assert_eq!(request.lines().filter(|line| !line.is_empty()).count(), 8);

    let _ = soon(client.create(DOMAIN, &tunnel_id())).await;
    assert!(requests.recv().await.unwrap().starts_with(&format!("GET /cable/new/{TUNNEL} HTTP/1.1\r\n")));
}

#[tokio::test]
async fn pings_a_silent_service() {
    let pings = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&pings);
    let server = Server::opening(move |mut socket| {
        let counted = Arc::clone(&counted);
        async move {
            while let Some(Ok(message)) = socket.next().await {
                if matches!(message, Message::Ping(_)) && counted.fetch_add(1, Ordering::SeqCst) == 4 {
                    socket.send(binary([9])).await.unwrap();
                }
            }
        }
    })
    .await;
    let timing = Timing { ping_after: Duration::from_millis(50), ..Timing::default() };
    let (mut tunnel, _) =
        soon(server.client().with_timing(timing).create(DOMAIN, &tunnel_id())).await.unwrap();
    assert_eq!(soon(tunnel.receive()).await.unwrap(), Some(vec![9]));
    assert_eq!(pings.load(Ordering::SeqCst), 5);
}

#[tokio::test]
async fn a_service_that_answers_no_ping_is_gone() {
    // It never reads, so the library under it never answers.
    let server = Server::opening(async |_socket| std::future::pending().await).await;
    let timing = Timing { ping_after: Duration::from_millis(50), ..Timing::default() };
    let (mut tunnel, _) =
        soon(server.client().with_timing(timing).create(DOMAIN, &tunnel_id())).await.unwrap();
    for _ in 0..2 {
        assert!(matches!(soon(tunnel.receive()).await, Err(TunnelError::TimedOut)));
    }
}

#[tokio::test]
async fn answers_pings_of_the_service() {
    let (ponged, mut pongs) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::opening(move |mut socket| {
        let ponged = ponged.clone();
        async move {
            socket.send(Message::Ping(vec![1, 2].into())).await.unwrap();
            ponged.send(socket.next().await.unwrap().unwrap()).unwrap();
        }
    })
    .await;
    let (mut tunnel, _) = soon(server.client().create(DOMAIN, &tunnel_id())).await.unwrap();
    let _ = soon(tunnel.receive()).await;
    assert_eq!(pongs.recv().await.unwrap(), Message::Pong(vec![1, 2].into()));
}

#[tokio::test]
async fn probes_a_service() {
    let stage = Stage::new(roomy()).await;
    assert_eq!(soon(stage.client().probe(DOMAIN)).await.unwrap().date, None);
    let server = Server::answering(|request| {
        crate::server::opening(
            request,
            "X-caBLE-Routing-ID: 0A0B0C\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
        )
    })
    .await;
    let probe = soon(server.client().probe(DOMAIN)).await.unwrap();
    assert_eq!(probe.date.as_deref(), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
}
