//! What both demos share: the throw-away vault and this machine's side of a ceremony.

use std::{
    error::Error,
    fmt::Display,
    io::{self, Write},
};

use latchkey_app::{
    Decision, Person,
    ceremony::{Ports, Stage, answer_code},
    now, os_random,
};
use latchkey_crypto::{
    hybrid::{QrContent, TunnelDomainId},
    vault::{KdfParams, Machine, Passphrase, PassphraseProof},
};
use latchkey_ctap::{Authenticator, Prompt, Question, VerifiedUser};
use latchkey_hybrid::{
    authenticator::Scanned,
    port::{Advertiser, TunnelService},
};
use latchkey_passkey::Verification;
use latchkey_rehearsal::relying_party::Verdict;
use latchkey_vault::Vault;
use tempfile::TempDir;

use crate::wrapping::{columns, wrapped};

/// A demo may fail anywhere; what happened is told as it is.
pub(super) type Failure = Box<dyn Error + Send + Sync>;

/// There is no folder for what the demo throws away.
#[derive(Debug, thiserror::Error)]
#[error("temporary folder")]
pub(crate) struct NoFolder(#[source] pub(crate) io::Error);

/// A vault that nobody keeps, with a passphrase that everybody may know.
pub(super) struct ThrowAwayVault {
    vault: Vault,
    passphrase: Passphrase,
    _folder: TempDir,
}

impl ThrowAwayVault {
    pub(super) fn make() -> Result<Self, Failure> {
        let folder = TempDir::with_prefix("latchkey-demo-").map_err(NoFolder)?;
        let passphrase = Passphrase::new("a passphrase that everybody may know")?;
        let params = KdfParams::floor(Machine::Small);
        let vault = Vault::create(folder.path().join("vault"), &passphrase, params, &mut os_random())?;
        Ok(Self { vault, passphrase, _folder: folder })
    }

    /// This machine's side of one ceremony, as `latchkey sign-in` performs it.
    pub(super) async fn answer<S: TunnelService, A: Advertiser>(
        &mut self,
        code: &str,
        service: &S,
        advertiser: &A,
    ) -> Result<(), Failure> {
        let code = Scanned::from_qr(QrContent::parse(code)?, TunnelDomainId::DEFAULT)?;
        let mut person = Practice { proof: Some(self.vault.verify_passphrase(&self.passphrase)?) };
        let authenticator = Authenticator::new(self.vault.id());
        let mut watch = |stage| step("this machine", stage_text(stage));
        let ports = Ports { service, advertiser, person: &mut person, watch: &mut watch };
        answer_code(code, &authenticator, &mut self.vault, ports).await?;
        Ok(())
    }
}

/// Says yes to everything, with the passphrase of the throw-away vault.
struct Practice {
    proof: Option<PassphraseProof>,
}

impl Person for Practice {
    async fn decide(&mut self, prompt: Prompt) -> Decision {
        let site = prompt.rp_id().map(|rp_id| rp_id.as_str().to_owned()).unwrap_or_default();
        let what = match prompt.question() {
            Question::Create { user_name, .. } => format!("make a passkey for {site}, account {user_name}?"),
            Question::SignIn { accounts } => {
                let names: Vec<_> = accounts.iter().map(|account| account.user_name.as_str()).collect();
                format!("sign in to {site} as {}?", names.join(" or "))
            }
            other => format!("{other:?}"),
        };
        step("you", &format!("would be asked here: {what}"));
        step("you", "would type your passphrase and answer y; the demo does it for you");
        let account = match prompt.question() {
            Question::SignIn { accounts } => accounts.first().map(|account| account.id),
            _ => None,
        };
        let verified = self.proof.take().map(|proof| VerifiedUser::new(proof, Verification::Script, now()));
        match prompt.approve(account, verified) {
            Ok(answer) => Decision::Approved(answer),
            Err(not) => Decision::Refused(not.prompt.refuse(), latchkey_app::Refusal::NotCovered),
        }
    }
}

fn stage_text(stage: Stage) -> &'static str {
    match stage {
        Stage::Connecting => "opens a tunnel at the tunnel service, under a name that only the code gives",
        Stage::OnAir => "sends a Bluetooth advert of 20 bytes that only the code's maker can open: I am near",
        Stage::Connected => "has shaken hands: the other side showed this code and heard this advert",
        Stage::Asking => "has read the request and asks the person",
        Stage::Answering => "signs, stores, and sends the answer through the tunnel",
    }
}

/// A line on standard output. The play goes on when nobody watches any more.
pub(super) fn narrate(line: impl Display) {
    let line = wrapped("", "", &line.to_string(), columns(io::stdout()));
    let _ = writeln!(io::stdout(), "{line}");
}

/// One line of the play.
pub(super) fn step(who: &str, what: &str) {
    let (head, indent) = (format!("  {who:>13} │ "), format!("  {:>13} │ ", ""));
    let line = wrapped(&head, &indent, what, columns(io::stdout()));
    let _ = writeln!(io::stdout(), "{line}");
}

pub(super) fn act(title: &str) {
    narrate(format_args!("\n{title}"));
}

/// Shows what the site checked, and gives whether it accepted.
pub(super) fn judge(verdict: &Verdict) -> bool {
    for (check, held) in verdict.checks() {
        step("the site", &format!("{} {check}", if *held { "✓" } else { "✗" }));
    }
    let accepted = verdict.is_accepted();
    step("the site", if accepted { "ACCEPTED" } else { "REFUSED" });
    accepted
}
