//! What is logged, at the most verbose level.

use std::io;
use std::sync::{Arc, Mutex};

use latchkey_crypto::hybrid::{RoutingId, TunnelDomainId};
use latchkey_hybrid::port::{Tunnel, TunnelService};
use tracing_subscriber::fmt::MakeWriter;

use crate::client::tunnel_id;
use crate::stage::{Stage, TUNNEL, roomy, soon, upgrade};

/// What was written, in memory.
#[derive(Clone, Default)]
pub(crate) struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Written {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn logs_hold_no_tunnel_id_routing_id_or_full_address() {
    let written = Written::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(written.clone())
        .with_ansi(false)
        .finish();
    // For the other tests of this program too: what they make us log is looked at as well.
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let mut stage = Stage::new(roomy()).await;
    let client = stage.client();
    let domain = TunnelDomainId::DEFAULT;
    let _ = soon(client.connect(domain, RoutingId::new([0xbe, 0xef, 1]), &tunnel_id())).await;
    let (mut authenticator, routing_id) = soon(client.create(domain, &tunnel_id())).await.unwrap();
    let mut browser = soon(client.connect(domain, routing_id, &tunnel_id())).await.unwrap();
    browser.send(b"sealed bytes".to_vec()).await.unwrap();
    soon(authenticator.receive()).await.unwrap();
    let _ = stage.ask(&upgrade(&format!("/cable/new/{TUNNEL}"))).await;
    let _ = stage.ask(&upgrade(&format!("/elsewhere/{TUNNEL}"))).await;
    soon(authenticator.close()).await;
    let _ = soon(browser.receive()).await;
    stage.stop().await;

    let text = written.text();
    // Not silent either, and at the levels that docs/relay.md tells operators of.
    const RELAY: &str = "latchkey_tunnel::relay::connection:";
    for (level, said) in [
        ("INFO", "tunnel opened number="),
        ("INFO", "tunnel closed number="),
        ("TRACE", "refused from=127.0.0.0"),
    ] {
        assert!(text.contains(&format!("{level} {RELAY} {said}")), "{said} at {level} in {text}");
    }
    assert!(text.lines().all(|line| line.contains("TRACE") || !line.contains("from=")), "{text}");
    let text = text.to_uppercase();
    for secret in [TUNNEL, &routing_id.format(), "BEEF01", "127.0.0.1", "/CABLE/", "SEALED BYTES"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}
