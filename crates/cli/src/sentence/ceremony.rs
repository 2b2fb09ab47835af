use latchkey_app::{CeremonyFailure, Refusal};
use latchkey_vault::VaultError;

use super::{NEW_CODE, Sentence, of_radio, of_tunnel, of_vault, sentence};
use crate::exit::Exit;

pub(crate) fn of_ceremony(failure: &CeremonyFailure) -> Sentence {
    use CeremonyFailure as F;
    let gave_up = Exit::OtherSideGaveUp;
    match failure {
        F::Tunnel(error) => of_tunnel(error),
        F::Radio(error) => of_radio(error),
        F::NobodyCame => sentence(
            gave_up,
            "The other machine did not answer within a minute.",
            format!("Is its Bluetooth on, is it near, and is the QR code still on its screen? {NEW_CODE}"),
        ),
        F::Handshake(_) => sentence(
            gave_up,
            "Whoever answered could not prove that it showed this code and heard this machine.",
            NEW_CODE,
        ),
        F::Protocol | F::Session(_) => {
            sentence(gave_up, "The other side said something that the protocol does not allow.", NEW_CODE)
        }
        F::OtherSideGaveUp => sentence(
            gave_up,
            "The other side gave up, or somebody cancelled there.",
            "Start again from the browser.",
        ),
        F::TimeRanOut => sentence(gave_up, "The time for this request ran out.", NEW_CODE),
        F::NotSuitable => sentence(
            Exit::NotPossible,
            "The browser found that this vault cannot do what the site wants.",
            "The site may ask for another kind of passkey; look at its settings.",
        ),
        F::Refused(refusal) => of_refusal(refusal),
        F::NothingForSite => sentence(
            Exit::Nothing,
            "There is no passkey for this site in this vault.",
            "Sign in there another way and add a passkey in its security settings.",
        ),
        F::AlreadyRegistered => sentence(
            Exit::NotPossible,
            "The site has a passkey in this vault already and does not want a second one.",
            "Sign in with the one you have; `latchkey list` shows it.",
        ),
        F::Unsupported { status } => sentence(
            Exit::NotPossible,
            format!(
                "The other side asked for something that Latchkey does not do (answered with status {status:#04x})."
            ),
            "The site may ask for another kind of passkey; look at its settings.",
        ),
        F::KeyFailed => sentence(
            Exit::VaultDamaged,
            "The passkey's key does not sign.",
            "Run `latchkey list`, and see whether the passkey is whole.",
        ),
        F::MediumGone => sentence(
            Exit::VaultDamaged,
            "The medium with the vault was taken away. The vault is locked, and the other side got no answer.",
            "Nothing that was acknowledged is lost. Put it back, and start again from the browser.",
        ),
        F::Vault(error) => error.downcast_ref::<VaultError>().map_or_else(
            || sentence(Exit::VaultDamaged, "The vault could not be read or written.", "Nothing was signed."),
            of_vault,
        ),
        _ => sentence(gave_up, "The ceremony failed.", NEW_CODE),
    }
}

fn of_refusal(refusal: &Refusal) -> Sentence {
    let refused = |what: &str, next: &str| sentence(Exit::Refused, what, next);
    match refusal {
        Refusal::ByPerson => refused("Refused, as you said.", "The other side was told."),
        Refusal::OtherSite => refused(
            "The request came from another site than --approve names, and was refused.",
            "Do not repeat it with the other name unless you know why it asks.",
        ),
        Refusal::SeveralAccounts { accounts } => {
            let listed: Vec<_> = accounts.iter().map(|(id, name)| format!("\n  {id}  {name}")).collect();
            refused(
                &format!("The site has several accounts here, and none was named:{}", listed.concat()),
                "Name one with --account ID.",
            )
        }
        Refusal::NoSuchAccount => {
            refused("The account named is none of this site's.", "`latchkey list` shows the ids.")
        }
        Refusal::WouldReplace => refused(
            "The site asks for a new passkey for an account that has one here.",
            "Allow it with --replace; the old one goes to the bin.",
        ),
        Refusal::NotCovered => refused(
            "The passphrase counts for one request and for two minutes; this request was not covered.",
            "Run the command again with a new QR code.",
        ),
        Refusal::NoPrompt => {
            refused("The terminal went away before there was an answer.", "The request was refused.")
        }
        _ => refused("The request was refused.", "The other side was told."),
    }
}
