//! The demo in one process: the other machine is our own client role, the radio a loopback.

use std::net::Ipv4Addr;

use latchkey_app::asking::ask;
use latchkey_crypto::hybrid::{OperationHint, TunnelDomainId};
use latchkey_rehearsal::{
    loopback_radio::LoopbackRadio, practice_client::Request, relying_party::RelyingParty,
    staged_relay::StagedRelay,
};
use tokio::sync::oneshot;

use super::stage::{Failure, ThrowAwayVault, act, judge, narrate, step};

const ORIGIN: &str = "https://practice.example";

pub(super) async fn run() -> Result<bool, Failure> {
    narrate("A sign-in with a passkey of this machine, played on this machine alone.");
    act("Before it begins");
    step("this machine", "makes a vault and throws it away afterwards");
    let mut play = Play {
        vault: ThrowAwayVault::make()?,
        relay: StagedRelay::start((Ipv4Addr::LOCALHOST, 0).into(), &[TunnelDomainId::DEFAULT.domain_name()])
            .await?,
        radio: LoopbackRadio::default(),
        site: RelyingParty::new("practice.example", ORIGIN),
    };
    step("the stage", "our own tunnel service on loopback with TLS, and a radio that is heard nowhere else");

    act("First: the site makes a passkey");
    let options = play.site.creation_options("you@example.org")?;
    let request = Request::create(&options, ORIGIN)?;
    let answer = play.ceremony(request.message(), OperationHint::MakeCredential).await?;
    let created = judge(&play.site.verify_creation(&request.created(&answer)?));

    act("Then: you sign in with it");
    let options = play.site.request_options()?;
    let request = Request::get(&options, ORIGIN)?;
    let answer = play.ceremony(request.message(), OperationHint::GetAssertion).await?;
    let signed_in = judge(&play.site.verify_request(&request.got(&answer)?));
    Ok(created && signed_in)
}

struct Play {
    vault: ThrowAwayVault,
    relay: StagedRelay,
    radio: LoopbackRadio,
    site: RelyingParty,
}

impl Play {
    /// Both machines at once; gives what the browser got.
    async fn ceremony(&mut self, request: &[u8], hint: OperationHint) -> Result<Vec<u8>, Failure> {
        let (show, shown) = oneshot::channel();
        let browser_side = self.relay.client()?;
        let asking = ask(request, hint, &browser_side, &self.radio, |code: String| {
            step("the browser", &format!("shows a QR code: {}…", code.get(..16).unwrap_or_default()));
            let _ = show.send(code);
        });
        let our_side = self.relay.client()?;
        let answering = async {
            let code = shown.await?;
            step("this machine", "reads the code: a key of the browser's, and a secret of 16 bytes");
            self.vault.answer(&code, &our_side, &self.radio).await
        };
        let (asked, answered) = tokio::join!(asking, answering);
        answered?;
        Ok(asked?.to_vec())
    }
}
