//! A relay, and raw connections to it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use latchkey_tunnel::TunnelClient;
use latchkey_tunnel::relay::{AddressRate, Limits, Relay, TlsConfig};
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

/// The host that every test names, that of domain 0.
pub(crate) const HOST: &str = "cable.ua5v.com";

/// A tunnel ID as hex.
pub(crate) const TUNNEL: &str = "00112233445566778899AABBCCDDEEFF";

pub(crate) type Tls = TlsStream<TcpStream>;
pub(crate) type Socket = WebSocketStream<Tls>;

/// Nothing in these tests takes longer.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future).await.unwrap()
}

/// A certificate for the names used here, and its key.
pub(crate) fn certificate() -> (CertificateDer<'static>, TlsConfig) {
    let names = [HOST, "elsewhere.example"].map(str::to_owned).to_vec();
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let config = TlsConfig {
        cert_pem: made.cert.pem().into_bytes(),
        key_pem: made.signing_key.serialize_pem().into_bytes().into(),
    };
    (made.cert.der().clone(), config)
}

/// Limits that no test meets by accident.
pub(crate) fn roomy() -> Limits {
    Limits { per_address: AddressRate { burst: 1000, refill: Duration::from_millis(1) }, ..Limits::default() }
}

/// A relay at work.
pub(crate) struct Stage {
    pub(crate) address: SocketAddr,
    pub(crate) root: CertificateDer<'static>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Stage {
    pub(crate) async fn new(limits: Limits) -> Self {
        let (root, tls) = certificate();
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let relay = Relay::bind(any_port, Some(tls), limits).await.unwrap();
        let address = relay.local_addr();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(relay.run(stopped));
        Self { address, root, stop: Some(stop), task }
    }

    /// Stops the relay and waits until it has stopped.
    pub(crate) async fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
        soon(&mut self.task).await.unwrap();
    }

    pub(crate) fn client(&self) -> TunnelClient {
        TunnelClient::for_relay_at(self.address, self.root.clone()).unwrap()
    }

    pub(crate) async fn tls(&self) -> Tls {
        tls(self.address, self.root.clone()).await.unwrap()
    }

    /// Sends a request and reads the head of the answer.
    pub(crate) async fn ask(&self, request: &str) -> (Tls, String) {
        let mut stream = self.tls().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        let head = soon(head(&mut stream)).await;
        (stream, head)
    }

    /// Opens a WebSocket and returns it with the head of the answer.
    pub(crate) async fn socket(&self, path: &str) -> (Socket, String) {
        let (stream, head) = self.ask(&upgrade(path)).await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        let role = tokio_tungstenite::tungstenite::protocol::Role::Client;
        (WebSocketStream::from_raw_socket(stream, role, None).await, head)
    }

    /// Opens the authenticator's end of a tunnel; returns it with the path of the other end.
    pub(crate) async fn authenticator(&self) -> (Socket, String) {
        let (socket, head) = self.socket(&format!("/cable/new/{TUNNEL}")).await;
        let routing_id = header(&head, "X-caBLE-Routing-ID").unwrap().to_owned();
        (socket, format!("/cable/connect/{routing_id}/{TUNNEL}"))
    }

    /// Opens both ends of a tunnel.
    pub(crate) async fn pair(&self) -> (Socket, Socket) {
        let (authenticator, path) = self.authenticator().await;
        let (client, _) = self.socket(&path).await;
        (authenticator, client)
    }
}

/// A TLS connection to the stage's host.
pub(crate) async fn tls(address: SocketAddr, root: CertificateDer<'static>) -> std::io::Result<Tls> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(root).unwrap();
    let config =
        rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
    let stream = TcpStream::connect(address).await?;
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(HOST).unwrap(), stream).await
}

/// The key of RFC 6455 §1.3.
pub(crate) const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// A plain upgrade request.
pub(crate) fn upgrade(path: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {HOST}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Protocol: fido.cable\r\n\r\n"
    )
}

/// Reads up to the empty line, byte by byte, so that nothing of what follows is lost.
pub(crate) async fn head(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// The value of a header that is there exactly once.
pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    let mut values = lines.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    let value = values.next()?;
    assert_eq!(values.next(), None, "{name} is there twice");
    Some(value)
}

pub(crate) fn binary(bytes: impl Into<Vec<u8>>) -> Message {
    Message::Binary(bytes.into().into())
}

/// The next message that is neither ping nor pong.
pub(crate) async fn next(socket: &mut Socket) -> Vec<u8> {
    loop {
        match soon(socket.next()).await.unwrap().unwrap() {
            Message::Binary(bytes) => return bytes.into(),
            Message::Ping(_) | Message::Pong(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// The code of the close frame that comes next; messages before it are passed over.
pub(crate) async fn closed(socket: &mut Socket) -> u16 {
    loop {
        match soon(socket.next()).await {
            Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
            Some(Ok(Message::Close(None))) => return CloseCode::Status.into(),
            Some(Ok(_)) => {}
            other => panic!("no close frame but {other:?}"),
        }
    }
}
