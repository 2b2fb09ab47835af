//! The relay as a service: files in, errors out.

use std::net::SocketAddr;
use std::path::PathBuf;

use latchkey_tunnel::TunnelClient;
use latchkey_tunnel::relay::RelayError;
use latchkey_tunnel::serve::{ServeOptions, serve};
use tokio::sync::oneshot;

use crate::logs::Written;
use crate::stage::{certificate, roomy, soon};

fn options(cert: Option<PathBuf>, key: Option<PathBuf>) -> ServeOptions {
    ServeOptions { listen: SocketAddr::from(([127, 0, 0, 1], 0)), cert, key, limits: roomy() }
}

async fn refused(cert: Option<PathBuf>, key: Option<PathBuf>) -> RelayError {
    soon(serve(&options(cert, key), |_| panic!("ready"))).await.unwrap_err()
}

#[tokio::test]
async fn serves_with_the_files_given() {
    let folder = tempfile::tempdir().unwrap();
    let (root, pem) = certificate();
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    std::fs::write(&cert, &pem.cert_pem).unwrap();
    std::fs::write(&key, &pem.key_pem).unwrap();
    let (ready, address) = oneshot::channel();
    let options = options(Some(cert.clone()), Some(key.clone()));
    let serving = tokio::spawn(async move { serve(&options, |address| ready.send(address).unwrap()).await });
    let client = TunnelClient::for_relay_at(soon(address).await.unwrap(), root).unwrap();
    soon(client.probe(latchkey_crypto::hybrid::TunnelDomainId::DEFAULT)).await.unwrap();
    serving.abort();

    assert!(matches!(refused(Some(key.clone()), Some(key.clone())).await, RelayError::BadCertificate));
    assert!(matches!(refused(Some(cert.clone()), Some(cert.clone())).await, RelayError::BadKey));
    let missing = Some(folder.path().join("missing.pem"));
    assert!(matches!(
        refused(missing.clone(), Some(key)).await,
        RelayError::Read { what: "certificate", file, .. } if Some(&file) == missing.as_ref()
    ));
    assert!(matches!(
        refused(Some(cert.clone()), missing.clone()).await,
        RelayError::Read { what: "private key", file, .. } if Some(&file) == missing.as_ref()
    ));
    assert!(matches!(refused(Some(cert), None).await, RelayError::HalfTls));
}

/// What is logged until the service is ready.
async fn logged_at(listen: &str) -> String {
    let written = Written::default();
    let subscriber = tracing_subscriber::fmt().with_writer(written.clone()).with_ansi(false).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let listen = listen.parse().unwrap();
    let options = ServeOptions { listen, cert: None, key: None, limits: roomy() };
    let (ready, address) = oneshot::channel();
    // On this thread, where the subscriber is.
    let serving = serve(&options, |address| ready.send(address).unwrap());
    tokio::select! {
        ended = serving => panic!("{ended:?}"),
        address = soon(address) => address.unwrap(),
    };
    written.text()
}

#[tokio::test]
async fn warns_of_serving_without_tls_unless_on_loopback() {
    let warning = "WARN latchkey_tunnel::serve: serving without TLS";
    assert!(logged_at("0.0.0.0:0").await.contains(warning));
    assert_eq!(logged_at("127.0.0.1:0").await, "");
    assert_eq!(logged_at("[::1]:0").await, "");
}
