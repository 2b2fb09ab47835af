//! The relay as a service: files in, errors out.

use std::net::SocketAddr;
use std::path::PathBuf;

use latchkey_tunnel::TunnelClient;
use latchkey_tunnel::relay::RelayError;
use latchkey_tunnel::serve::{ServeOptions, serve};
use tokio::sync::oneshot;

use crate::stage::{certificate, roomy, soon};

fn options(cert: Option<PathBuf>, key: Option<PathBuf>) -> ServeOptions {
    ServeOptions { listen: SocketAddr::from(([127, 0, 0, 1], 0)), cert, key, limits: roomy() }
}

async fn refused(cert: Option<PathBuf>, key: Option<PathBuf>) -> RelayError {
    soon(serve(options(cert, key), |_| panic!("ready"))).await.unwrap_err()
}

#[tokio::test]
async fn serves_with_the_files_given() {
    let folder = tempfile::tempdir().unwrap();
    let (root, pem) = certificate();
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    std::fs::write(&cert, &pem.cert_pem).unwrap();
    std::fs::write(&key, &pem.key_pem).unwrap();
    let (ready, address) = oneshot::channel();
    let serving = tokio::spawn(serve(options(Some(cert.clone()), Some(key.clone())), |address| {
        ready.send(address).unwrap();
    }));
    let client = TunnelClient::for_relay_at(soon(address).await.unwrap(), root).unwrap();
    soon(client.probe(latchkey_crypto::hybrid::TunnelDomainId::DEFAULT)).await.unwrap();
    serving.abort();

    assert!(matches!(refused(Some(key.clone()), Some(key.clone())).await, RelayError::BadCertificate));
    assert!(matches!(refused(Some(cert.clone()), Some(cert.clone())).await, RelayError::BadKey));
    let missing = Some(folder.path().join("missing.pem"));
    assert!(matches!(
        refused(missing.clone(), Some(key)).await,
        RelayError::Read { what: "certificate", .. }
    ));
    assert!(matches!(
        refused(Some(cert.clone()), missing).await,
        RelayError::Read { what: "private key", .. }
    ));
    assert!(matches!(refused(Some(cert), None).await, RelayError::HalfTls));
}
