//! A vault, a radio, a tunnel service and the requests of a browser.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use latchkey_app::{
    CeremonyFailure,
    asking::{AskingFailure, ask},
    ceremony::{Ports, StoreOnMedium, Success, answer_code, answer_code_while_reachable},
    now, os_random,
};
use latchkey_crypto::{
    cbor::{self, Value},
    hybrid::{OperationHint, QrContent, TunnelDomainId},
    vault::{KdfParams, Machine, Passphrase},
};
use latchkey_ctap::Authenticator;
use latchkey_hybrid::{
    authenticator::Scanned,
    client::{AwaitingFirst, ClientEvent, ClientSession, QrShown},
    port::{Scanner, Tunnel, TunnelService},
};
use latchkey_passkey::PasskeyStore;
use latchkey_rehearsal::loopback_radio::LoopbackRadio;
use latchkey_vault::Vault;
use tempfile::TempDir;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use crate::{
    people::{Says, Seen, Somebody},
    tunnels::{End, MemoryTunnels},
};

pub(crate) struct Setting {
    pub(crate) vault: Vault,
    passphrase: Passphrase,
    pub(crate) tunnels: MemoryTunnels,
    pub(crate) radio: LoopbackRadio,
    pub(crate) seen: Seen,
    /// The medium with the vault was taken away.
    pub(crate) taken_away: Arc<AtomicBool>,
    _folder: TempDir,
}

/// A vault on a medium that a test can take away.
struct OnStick<'a> {
    vault: &'a mut Vault,
    taken_away: Arc<AtomicBool>,
}

impl StoreOnMedium for OnStick<'_> {
    fn store(&mut self) -> &mut dyn PasskeyStore {
        self.vault
    }

    fn is_reachable(&self) -> bool {
        !self.taken_away.load(Ordering::Relaxed)
    }
}

impl Setting {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let passphrase = Passphrase::new("for this test").unwrap();
        let params = KdfParams::floor(Machine::Small);
        let vault =
            Vault::create(folder.path().join("vault"), &passphrase, params, &mut os_random()).unwrap();
        Self {
            vault,
            passphrase,
            tunnels: MemoryTunnels::default(),
            radio: LoopbackRadio::default(),
            seen: Seen::default(),
            taken_away: Arc::default(),
            _folder: folder,
        }
    }

    /// A whole ceremony: what the browser got, and how it ended here.
    pub(crate) async fn ceremony(
        &mut self,
        request: &[u8],
        hint: OperationHint,
        says: Says,
    ) -> (Result<Zeroizing<Vec<u8>>, AskingFailure>, Result<Success, CeremonyFailure>) {
        let proof = self.vault.verify_passphrase(&self.passphrase).unwrap();
        let mut person = Somebody { says, proof: Some(proof), seen: self.seen.clone() };
        let authenticator = Authenticator::new(self.vault.id());
        let (show, shown) = oneshot::channel();
        let asking = ask(request, hint, &self.tunnels, &self.radio, |code| show.send(code).unwrap());
        let answering = async {
            let code =
                Scanned::from_qr(QrContent::parse(&shown.await.unwrap()).unwrap(), TunnelDomainId::DEFAULT);
            let ports = Ports {
                service: &self.tunnels,
                advertiser: &self.radio,
                person: &mut person,
                watch: &mut |_| {},
            };
            answer_code(code.unwrap(), &authenticator, &mut self.vault, ports).await
        };
        tokio::join!(asking, answering)
    }

    /// This side alone, with the other played by the test once the advert is on the air.
    pub(crate) async fn against<T>(
        &mut self,
        says: Says,
        other: impl AsyncFnOnce(Browser<'_>) -> T,
    ) -> (T, Result<Success, CeremonyFailure>) {
        let proof = self.vault.verify_passphrase(&self.passphrase).unwrap();
        let mut person = Somebody { says, proof: Some(proof), seen: self.seen.clone() };
        let authenticator = Authenticator::new(self.vault.id());
        let shown = QrShown::generate(&mut os_random(), OperationHint::GetAssertion, now());
        let code = QrContent::parse(&shown.qr_text()).unwrap();
        let code = Scanned::from_qr(code, TunnelDomainId::DEFAULT).unwrap();
        let browser = Browser { shown, tunnels: &self.tunnels, radio: &self.radio, seen: self.seen.clone() };
        let ports = Ports {
            service: &self.tunnels,
            advertiser: &self.radio,
            person: &mut person,
            watch: &mut |_| {},
        };
        let mut store = OnStick { vault: &mut self.vault, taken_away: Arc::clone(&self.taken_away) };
        let answering = answer_code_while_reachable(code, &authenticator, &mut store, ports);
        tokio::join!(other(browser), answering)
    }
}

/// The other machine, step by step.
pub(crate) struct Browser<'a> {
    shown: QrShown,
    pub(crate) tunnels: &'a MemoryTunnels,
    pub(crate) radio: &'a LoopbackRadio,
    pub(crate) seen: Seen,
}

/// The other machine once the handshake is done.
pub(crate) struct Joined {
    pub(crate) session: ClientSession,
    pub(crate) tunnel: End,
}

impl Browser<'_> {
    pub(crate) async fn join(self) -> Joined {
        let advert = self.radio.find(self.shown.eid_key()).await.unwrap();
        let connecting = self.shown.matched(advert, &mut os_random());
        let joined =
            self.tunnels.connect(connecting.domain(), connecting.routing_id(), connecting.tunnel_id()).await;
        let mut tunnel = joined.unwrap();
        tunnel.send(connecting.hello().to_vec()).await.unwrap();
        let first: AwaitingFirst = connecting.receive(&received(&mut tunnel).await).unwrap();
        let session = first.receive(&received(&mut tunnel).await).unwrap();
        Joined { session, tunnel }
    }
}

impl Joined {
    pub(crate) async fn request(&mut self, request: &[u8]) {
        let sealed = self.session.request(request).unwrap();
        self.tunnel.send(sealed).await.unwrap();
    }

    pub(crate) async fn response(&mut self) -> Vec<u8> {
        match self.session.receive(&received(&mut self.tunnel).await).unwrap() {
            ClientEvent::Response(response) => response,
            ClientEvent::Ignored => panic!("no update was expected"),
        }
    }

    pub(crate) async fn shut_down(mut self) -> End {
        let goodbye = self.session.shutdown().unwrap();
        self.tunnel.send(goodbye).await.unwrap();
        self.tunnel
    }
}

async fn received(tunnel: &mut End) -> Vec<u8> {
    tunnel.receive().await.unwrap().unwrap()
}

fn message(command: u8, parameters: Vec<(Value, Value)>) -> Vec<u8> {
    [vec![command], cbor::encode(&Value::map(parameters))].concat()
}

/// makeCredential of a discoverable ES256 passkey for alice at example.org.
pub(crate) fn create_request() -> Vec<u8> {
    message(
        0x01,
        vec![
            (1.into(), [7; 32].into()),
            (2.into(), Value::map([("id".into(), "example.org".into())])),
            (3.into(), Value::map([("id".into(), [9; 16].into()), ("name".into(), "alice".into())])),
            (
                4.into(),
                Value::array([Value::map([
                    ("alg".into(), (-7).into()),
                    ("type".into(), "public-key".into()),
                ])]),
            ),
            (7.into(), Value::map([("rk".into(), true.into()), ("uv".into(), true.into())])),
        ],
    )
}

/// getAssertion at example.org with an empty allow list.
pub(crate) fn get_request() -> Vec<u8> {
    message(
        0x02,
        vec![
            (1.into(), "example.org".into()),
            (2.into(), [7; 32].into()),
            (5.into(), Value::map([("uv".into(), true.into())])),
        ],
    )
}
