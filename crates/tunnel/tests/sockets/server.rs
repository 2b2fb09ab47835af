//! A TLS server that answers what a test wants.

use std::net::SocketAddr;
use std::sync::Arc;

use latchkey_tunnel::TunnelClient;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::stage::{certificate, head, header};

pub(crate) type ServerStream = TlsStream<TcpStream>;
pub(crate) type ServerSocket = WebSocketStream<ServerStream>;

/// A server on a port of its own, as long as the test runs.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    root: CertificateDer<'static>,
}

impl Server {
    /// Hands each connection, and the head of its request, to `serve`.
    pub(crate) async fn new<F, Served>(serve: F) -> Self
    where
        F: Fn(ServerStream, String) -> Served + Send + 'static,
        Served: Future<Output = ()> + Send,
    {
        let (root, pem) = certificate();
        let config =
            rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![root.clone()], PrivateKeyDer::from_pem_slice(&pem.key_pem).unwrap())
                .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    let request = head(&mut stream).await;
                    serve(stream, request).await;
                }
            }
        });
        Self { address, root }
    }

    /// Answers every request with this head, and then nothing more.
    pub(crate) async fn answering(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        let answer = Arc::new(answer);
        Self::new(move |mut stream, request| {
            let answer = answer(&request);
            async move {
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.flush().await;
                let _ = stream.shutdown().await;
            }
        })
        .await
    }

    /// Opens a WebSocket and hands it to `serve`.
    pub(crate) async fn opening<F, Served>(serve: F) -> Self
    where
        F: Fn(ServerSocket) -> Served + Send + Sync + 'static,
        Served: Future<Output = ()> + Send,
    {
        let serve = Arc::new(serve);
        Self::new(move |mut stream, request| {
            let serve = Arc::clone(&serve);
            async move {
                stream
                    .write_all(opening(&request, "X-caBLE-Routing-ID: 0A0B0C\r\n").as_bytes())
                    .await
                    .unwrap();
                stream.flush().await.unwrap();
                serve(WebSocketStream::from_raw_socket(stream, Role::Server, None).await).await;
            }
        })
        .await
    }

    pub(crate) fn client(&self) -> TunnelClient {
        TunnelClient::for_relay_at(self.address, self.root.clone()).unwrap()
    }
}

/// The 101 to a request, with `fido.cable` and further header lines.
pub(crate) fn opening(request: &str, more: &str) -> String {
    bare_opening(request, &format!("Sec-WebSocket-Protocol: fido.cable\r\n{more}"))
}

/// The 101 to a request without a subprotocol.
pub(crate) fn bare_opening(request: &str, more: &str) -> String {
    let accept = derive_accept_key(header(request, "Sec-WebSocket-Key").unwrap().as_bytes());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n{more}\r\n"
    )
}
