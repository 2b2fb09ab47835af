//! This machine's side: the product's own parts, with marks between them.

use std::path::Path;

use latchkey_app::{
    Decision, Person, Refusal,
    ceremony::{Ports, answer_code},
    now, os_random,
};
use latchkey_bluetooth::{BluezAdvertiser, OnAir};
use latchkey_crypto::{
    hybrid::{Advert, QrContent, RoutingId, TunnelDomainId, TunnelId},
    vault::{KdfParams, Machine as Kind, Passphrase},
};
use latchkey_ctap::{Authenticator, Prompt, Question, VerifiedUser};
use latchkey_hybrid::{
    authenticator::Scanned,
    port::{Advertiser, AdvertiserError, Tunnel, TunnelError, TunnelService},
};
use latchkey_passkey::{
    CredentialId, Passkey, PasskeyId, PasskeySecrets, PasskeyStore, RpId, StoreError, UseRecord, UserHandle,
    Verification,
};
use latchkey_tunnel::{TunnelClient, WebSocketTunnel};
use latchkey_vault::Vault;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use crate::marks::{Mark, Marks};

/// The machine that has the passkeys. Everything it does runs on the thread that calls it.
pub(crate) struct Machine {
    runtime: Runtime,
    service: TunnelClient,
    radio: BluezAdvertiser,
    vault: Vault,
    passphrase: Passphrase,
    verified: Option<VerifiedUser>,
    _folder: TempDir,
}

impl Machine {
    /// With a new vault on the disk that the project is on.
    pub(crate) fn new(service: TunnelClient, radio: BluezAdvertiser) -> Self {
        let folder =
            TempDir::with_prefix_in("latchkey-bench-", Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap();
        let passphrase = Passphrase::new("known to every reader of the bench").unwrap();
        let params = KdfParams::floor(Kind::Small);
        let vault =
            Vault::create(folder.path().join("vault"), &passphrase, params, &mut os_random()).unwrap();
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        Self { runtime, service, radio, vault, passphrase, verified: None, _folder: folder }
    }

    /// Verifies the user for the next ceremony: the key derivation is slow on purpose and not measured.
    pub(crate) fn take_passphrase(&mut self) {
        let proof = self.vault.verify_passphrase(&self.passphrase).unwrap();
        self.verified = Some(VerifiedUser::new(proof, Verification::Script, now()));
    }

    /// Answers one code.
    pub(crate) fn answer(&mut self, code: &str) -> Marks {
        let marks = Marks::default();
        let Self { runtime, service, radio, vault, verified, .. } = self;
        let authenticator = Authenticator::new(vault.id());
        let mut store = Watched { inner: vault, marks: marks.clone() };
        let (service, radio) = (
            Watched { inner: service, marks: marks.clone() },
            Watched { inner: radio, marks: marks.clone() },
        );
        let mut person = Willing(verified.take());
        let ports =
            Ports { service: &service, advertiser: &radio, person: &mut person, watch: &mut |_stage| {} };
        marks.mark(Mark::CodeInHand);
        let code = Scanned::from_qr(QrContent::parse(code).unwrap(), TunnelDomainId::DEFAULT).unwrap();
        runtime.block_on(answer_code(code, &authenticator, &mut store, ports)).unwrap();
        marks
    }
}

/// Says yes at once, to whatever it is.
struct Willing(Option<VerifiedUser>);

impl Person for Willing {
    async fn decide(&mut self, prompt: Prompt) -> Decision {
        let account = match prompt.question() {
            Question::SignIn { accounts } => accounts.first().map(|account| account.id),
            _ => None,
        };
        match prompt.approve(account, self.0.take()) {
            Ok(answer) => Decision::Approved(answer),
            Err(not) => Decision::Refused(not.prompt.refuse(), Refusal::NotCovered),
        }
    }
}

/// Something between whose steps marks are made.
struct Watched<T> {
    inner: T,
    marks: Marks,
}

/// A tunnel whose messages are counted.
struct WatchedTunnel {
    inner: WebSocketTunnel,
    marks: Marks,
    sent: usize,
    received: usize,
}

impl TunnelService for Watched<&mut TunnelClient> {
    type Tunnel = WatchedTunnel;

    async fn create(
        &self,
        domain: TunnelDomainId,
        tunnel_id: &TunnelId,
    ) -> Result<(WatchedTunnel, RoutingId), TunnelError> {
        self.marks.mark(Mark::TunnelAskedFor);
        let (inner, routing_id) = self.inner.create(domain, tunnel_id).await?;
        self.marks.mark(Mark::TunnelOpen);
        Ok((WatchedTunnel { inner, marks: self.marks.clone(), sent: 0, received: 0 }, routing_id))
    }

    async fn connect(
        &self,
        _: TunnelDomainId,
        _: RoutingId,
        _: &TunnelId,
    ) -> Result<WatchedTunnel, TunnelError> {
        unimplemented!("an authenticator does not join")
    }
}

impl Tunnel for WatchedTunnel {
    async fn send(&mut self, message: Vec<u8>) -> Result<(), TunnelError> {
        self.inner.send(message).await?;
        self.sent += 1;
        // Two messages make the handshake.
        match self.sent {
            2 => self.marks.mark(Mark::HandshakeSent),
            3 => self.marks.mark(Mark::ResponseSent),
            _ => {}
        }
        Ok(())
    }

    async fn receive(&mut self) -> Result<Option<Vec<u8>>, TunnelError> {
        let message = self.inner.receive().await?;
        self.received += 1;
        match self.received {
            1 => self.marks.mark(Mark::HelloCame),
            2 => self.marks.mark(Mark::RequestCame),
            _ => {}
        }
        Ok(message)
    }

    async fn close(self) {
        self.inner.close().await;
    }
}

impl Advertiser for Watched<&mut BluezAdvertiser> {
    type OnAir = OnAir;

    async fn advertise(&self, advert: &Advert) -> Result<OnAir, AdvertiserError> {
        self.marks.mark(Mark::AdvertAskedFor);
        let on_air = self.inner.advertise(advert).await?;
        self.marks.mark(Mark::OnAir);
        Ok(on_air)
    }

    async fn withdraw(&self, on_air: OnAir) {
        self.inner.withdraw(on_air).await;
        self.marks.mark(Mark::AdvertDown);
    }
}

impl PasskeyStore for Watched<&mut Vault> {
    fn find_by_rp_id(&self, rp_id: &RpId) -> Result<Vec<Passkey>, StoreError> {
        self.inner.find_by_rp_id(rp_id)
    }

    fn find_by_credential_id(&self, rp_id: &RpId, id: &CredentialId) -> Result<Option<Passkey>, StoreError> {
        self.inner.find_by_credential_id(rp_id, id)
    }

    fn find_by_user_handle(&self, rp_id: &RpId, user: &UserHandle) -> Result<Option<PasskeyId>, StoreError> {
        self.inner.find_by_user_handle(rp_id, user)
    }

    fn secrets(&self, id: PasskeyId) -> Result<Option<PasskeySecrets>, StoreError> {
        self.inner.secrets(id)
    }

    fn add(
        &mut self,
        passkey: &Passkey,
        secrets: &PasskeySecrets,
        replaces: Option<PasskeyId>,
        used: &UseRecord,
    ) -> Result<(), StoreError> {
        self.marks.mark(Mark::CommitBegan);
        self.inner.add(passkey, secrets, replaces, used)?;
        self.marks.mark(Mark::CommitEnded);
        Ok(())
    }

    fn record_use(&mut self, id: PasskeyId, used: &UseRecord) -> Result<(), StoreError> {
        self.marks.mark(Mark::CommitBegan);
        self.inner.record_use(id, used)?;
        self.marks.mark(Mark::CommitEnded);
        Ok(())
    }
}
