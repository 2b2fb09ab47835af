//! Redirects of a client's request.

use latchkey_crypto::hybrid::{RoutingId, TunnelDomainId};
use latchkey_hybrid::port::{TunnelError, TunnelService};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::client::tunnel_id;
use crate::server::{Server, opening};
use crate::stage::{header, soon};

const DOMAIN: TunnelDomainId = TunnelDomainId::DEFAULT;

/// A server that sends `/cable/…` to the first location, `/1` to the second and so on, and opens at the end.
async fn redirecting(locations: &'static [&'static str]) -> (Server, UnboundedReceiver<String>) {
    let (heard, requests) = unbounded_channel();
    let server = Server::answering(move |request| {
        heard.send(request.to_owned()).unwrap();
        let path = request.split(' ').nth(1).unwrap();
        let step = path.strip_prefix('/').unwrap().parse().unwrap_or(0_usize);
        match locations.get(step) {
            Some(location) => format!("HTTP/1.1 307 Temporary Redirect\r\nLocation: {location}\r\n\r\n"),
            None => opening(request, "X-caBLE-Routing-ID: 0A0B0C\r\n"),
        }
    })
    .await;
    (server, requests)
}

async fn connect(locations: &'static [&'static str]) -> (Result<(), TunnelError>, Vec<String>) {
    let (server, mut requests) = redirecting(locations).await;
    let routing_id = RoutingId::new([1, 2, 3]);
    let connected = soon(server.client().connect(DOMAIN, routing_id, &tunnel_id())).await.map(|_| ());
    let mut heard = Vec::new();
    while let Ok(request) = requests.try_recv() {
        heard.push(request);
    }
    (connected, heard)
}

#[tokio::test]
async fn three_are_followed_with_the_subprotocol() {
    let (connected, heard) =
        connect(&["wss://elsewhere.example/1", "https://cable.ua5v.com:8443/2", "/3"]).await;
    assert!(connected.is_ok());
    let hosts: Vec<_> = heard.iter().map(|request| header(request, "Host").unwrap()).collect();
    assert_eq!(hosts, ["cable.ua5v.com", "elsewhere.example", "cable.ua5v.com:8443", "cable.ua5v.com:8443"]);
    for request in &heard {
        assert_eq!(header(request, "Sec-WebSocket-Protocol"), Some("fido.cable"));
        assert_eq!(header(request, "Origin").unwrap(), format!("wss://{}", header(request, "Host").unwrap()));
    }
}

#[tokio::test]
async fn a_fourth_is_refused() {
    let (connected, heard) = connect(&["/1", "/2", "/3", "/4"]).await;
    assert!(matches!(connected, Err(TunnelError::Refused { status: 307 })));
    assert_eq!(heard.len(), 4);
}

#[tokio::test]
async fn out_of_tls_is_refused() {
    for locations in [&["ws://cable.ua5v.com/1"], &["http://cable.ua5v.com/1"], &["wss://127.0.0.1/1"]] {
        let (connected, heard) = connect(locations).await;
        assert!(matches!(connected, Err(TunnelError::Refused { status: 307 })));
        assert_eq!(heard.len(), 1);
    }
}

#[tokio::test]
async fn the_certificate_of_the_new_host_is_checked() {
    let (connected, _) = connect(&["wss://unknown.example/1"]).await;
    assert!(matches!(connected, Err(TunnelError::Tls)));
}

#[tokio::test]
async fn an_authenticator_follows_none() {
    let (server, mut requests) = redirecting(&["/1"]).await;
    let created = soon(server.client().create(DOMAIN, &tunnel_id())).await.map(|_| ());
    assert!(matches!(created, Err(TunnelError::Refused { status: 307 })));
    assert!(requests.try_recv().is_ok() && requests.try_recv().is_err());
}
