use std::{
    fs::File,
    io::{self, Read, Write},
    path::Path,
};

use latchkey_app::{
    CeremonyFailure, Person, VaultPlace,
    ceremony::{Ports, Stage, Success, answer_code_while_reachable},
    now, picture,
};
use latchkey_bluetooth::{BluezAdvertiser, Radio};
use latchkey_crypto::hybrid::{QrContent, TunnelDomainId};
use latchkey_ctap::{Account, Authenticator, VerifiedUser};
use latchkey_hybrid::authenticator::Scanned;
use latchkey_passkey::{PasskeyId, RpId, Verification};
use latchkey_tunnel::TunnelClient;
use latchkey_vault::Vault;

use crate::{
    Problem,
    args::{CodeSource, SignIn},
    background::in_background,
    exit::Exit,
    interruption::Interruptions,
    opening,
    passphrase::PassphraseSource,
    person::{AtTerminal, Script},
    sentence::{self, Sentence},
    tell,
    terminal::Terminal,
};

/// No code is longer than this; more on standard input is something else.
const MAX_CODE_BYTES: u64 = 64 * 1024;
/// Clocks are wrong more often than codes are old; beyond this it is told.
const OLD_CODE_SECONDS: u64 = 3600;

/// Performs one ceremony.
pub(crate) async fn run(
    arguments: SignIn,
    place: &VaultPlace,
    source: &PassphraseSource,
    domain: TunnelDomainId,
    radio: Radio,
) -> Result<Exit, Problem> {
    let approval = approval(&arguments, source)?;
    // A picture that is not there is told first: nothing else is needed to see that.
    let picture = match &arguments.code.qr_image {
        Some(path) => Some(read_picture(path).await?),
        None => None,
    };
    let mut terminal = Terminal::open();
    if approval.is_none() && terminal.is_none() {
        return Err(sentence::no_terminal().into());
    }
    opening::expect_vault(place)?;
    let code = read_code(&arguments.code, picture, terminal.as_mut()).await?;
    let code = Scanned::from_qr(code, domain).map_err(|error| sentence::of_scanned(&error))?;
    let service = TunnelClient::new().map_err(|error| sentence::no_roots(&error))?;
    let advertiser = BluezAdvertiser::new(radio);

    let (mut vault, proof) = opening::open(place, source).await?;
    let result = match (approval, terminal) {
        (Some(approval), _) => {
            let verified = VerifiedUser::new(proof, Verification::Script, now());
            let mut script = Script::new(approval.rp_id, approval.account, arguments.replace, verified);
            perform(code, &mut vault, &service, &advertiser, &mut script).await
        }
        (None, Some(terminal)) => {
            let verified = VerifiedUser::new(proof, Verification::Passphrase, now());
            let mut person = AtTerminal::new(terminal, verified);
            perform(code, &mut vault, &service, &advertiser, &mut person).await
        }
        (None, None) => return Err(sentence::no_terminal().into()),
    };
    // Without its medium there is nothing to close: dropping it locks it.
    match &result {
        Ok(Err(CeremonyFailure::MediumGone)) => drop(vault),
        _ => opening::close(vault),
    }
    report(result?)
}

struct Approval {
    rp_id: RpId,
    account: Option<PasskeyId>,
}

/// What `--approve` allows. It takes a passphrase that was given in this same call.
fn approval(arguments: &SignIn, source: &PassphraseSource) -> Result<Option<Approval>, Problem> {
    let Some(rp_id) = &arguments.approve else {
        return Ok(None);
    };
    if !source.is_given() {
        return Err(sentence::approve_without_passphrase().into());
    }
    let rp_id = RpId::parse(rp_id).map_err(|error| sentence::not_an_rp_id(&error))?;
    let account = match &arguments.account {
        Some(id) => Some(PasskeyId::parse(id).ok_or_else(sentence::not_an_id)?),
        None => None,
    };
    Ok(Some(Approval { rp_id, account }))
}

/// Takes the code from where the command line says, or asks for it.
async fn read_code(
    source: &CodeSource,
    picture: Option<Vec<u8>>,
    terminal: Option<&mut Terminal>,
) -> Result<QrContent, Problem> {
    let text = match (source, picture) {
        (_, Some(file)) => {
            in_background(|| picture::read_fido_code(file)).await.map_err(sentence::of_picture)?
        }
        (CodeSource { qr: Some(text), .. }, _) => text.clone(),
        (CodeSource { qr_stdin: true, .. }, _) => {
            in_background(read_stdin).await.map_err(|_| sentence::no_code_given())?
        }
        _ => ask_for_code(terminal.ok_or_else(sentence::no_code_given)?).await?,
    };
    if text.trim().is_empty() {
        return Err(sentence::no_code_given().into());
    }
    let code = QrContent::parse(text.trim()).map_err(|error| sentence::of_qr(&error))?;
    if let Some(made_at) = code.made_at().filter(|at| at.abs_diff(now()) > OLD_CODE_SECONDS) {
        let hours = made_at.abs_diff(now()) / 3600;
        tell(format_args!(
            "warning: by its own clock this code is {hours} h old, or one of the two clocks is wrong"
        ));
    }
    Ok(code)
}

async fn ask_for_code(terminal: &mut Terminal) -> Result<String, Problem> {
    terminal.say(
        "On the other machine, choose to use a phone or tablet. A code that somebody sent you signs them in;\n\
         use only one that you see on a screen.\n",
    )?;
    match terminal.ask("Text of the code (FIDO:/…): ").await {
        Ok(text) if text.is_empty() => Err(sentence::no_code_typed().into()),
        Ok(text) => Ok(text),
        // Ctrl-D, which ends no line.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            terminal.say("\n")?;
            Err(sentence::no_code_typed().into())
        }
        Err(error) => Err(error.into()),
    }
}

fn read_stdin() -> io::Result<String> {
    let mut text = String::new();
    io::stdin().lock().take(MAX_CODE_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

/// Reads at most one byte more than a picture may have, so that a larger one is refused and not read.
async fn read_picture(path: &Path) -> Result<Vec<u8>, Sentence> {
    let from = path.to_owned();
    let read = in_background(move || {
        let mut file = Vec::new();
        File::open(from)?.take(picture::MAX_FILE_BYTES + 1).read_to_end(&mut file)?;
        Ok(file)
    });
    read.await.map_err(|error| sentence::unreadable_picture(path, &error))
}

async fn perform<P: Person>(
    code: Scanned,
    vault: &mut Vault,
    service: &TunnelClient,
    advertiser: &BluezAdvertiser,
    person: &mut P,
) -> Result<Result<Success, CeremonyFailure>, Problem> {
    let authenticator = Authenticator::new(vault.id());
    let mut interruptions = Interruptions::new()?;
    let mut watch = |stage| tell(stage_text(stage));
    let ports = Ports { service, advertiser, person, watch: &mut watch };
    // Dropping the ceremony takes the advert down and breaks the tunnel.
    tokio::select! {
        result = answer_code_while_reachable(code, &authenticator, vault, ports) => Ok(result),
        () = interruptions.next() => Err(sentence::ceremony_interrupted().into()),
    }
}

fn stage_text(stage: Stage) -> &'static str {
    match stage {
        Stage::Connecting => "Reaching the tunnel service …",
        Stage::OnAir => "Sending a Bluetooth advert; the other machine should notice it within seconds …",
        Stage::Connected => "Connected. Waiting for its request …",
        Stage::Asking => "It asks:",
        Stage::Answering => "Answering …",
    }
}

fn report(result: Result<Success, CeremonyFailure>) -> Result<Exit, Problem> {
    let told = match result {
        Ok(Success::Created(account)) => format!("Made a passkey{}. It is in your vault.", of(&account)),
        Ok(Success::SignedIn(account)) => format!("Signed in{}.", of(&account)),
        Err(failure) => {
            // For developers: the chain of causes, which holds nothing personal.
            let causes: Vec<_> = sentence::causes(&failure).collect();
            tracing::debug!(?causes, "ceremony failed");
            return Err(sentence::of_ceremony(&failure).into());
        }
    };
    // The other side has its answer, whether or not anybody reads this.
    let _ = writeln!(io::stdout(), "{told}");
    Ok(Exit::Done)
}

fn of(account: &Account) -> String {
    match (account.user_name.as_str(), account.user_display_name.as_str()) {
        ("", "") => String::new(),
        ("", name) | (name, _) => format!(" for {name}"),
    }
}
