//! The sentences for everything that can go wrong: what happened, what to do next, and the exit code.
//!
//! Matches name every case of our own enums, so a new one does not compile until it has its sentence; cases that
//! may come from a library's side of an enum get the general one.

use std::{io, path::Path};

use latchkey_app::{
    CeremonyFailure, Refusal,
    picture::{MAX_FILE_BYTES, MAX_PIXELS, PictureError, SEARCH_TIME},
};
use latchkey_crypto::hybrid::QrError;
use latchkey_hybrid::{
    ScannedError,
    port::{AdvertiserError, TunnelError},
};
use latchkey_passkey::RpIdError;
use latchkey_tunnel::TrustError;
use latchkey_vault::{Finding, VaultError};

use crate::{exit::Exit, passphrase::PassphraseError};

/// What a person is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sentence {
    pub(crate) exit: Exit,
    pub(crate) what: String,
    pub(crate) next: String,
}

fn sentence(exit: Exit, what: impl Into<String>, next: impl Into<String>) -> Sentence {
    Sentence { exit, what: what.into(), next: next.into() }
}

const NEW_CODE: &str = "Cancel in the browser, ask for a new QR code there, and try again.";
const DOCTOR: &str = "Run `latchkey doctor` to see what is missing.";

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

pub(crate) fn of_tunnel(error: &TunnelError) -> Sentence {
    use TunnelError as T;
    let network = |what: String, next: &str| sentence(Exit::Network, what, next);
    match error {
        T::NoNetwork { .. } => {
            network("There is no way to the network.".into(), "Connect this machine and try again.")
        }
        T::NameNotFound => network(
            "The tunnel service's name was not found.".into(),
            "Is the network up, and does it resolve names? Another service can be named with --tunnel.",
        ),
        T::Tls => network(
            "The tunnel service could not prove who it is.".into(),
            "A proxy that opens TLS, or a wrong clock, does this. For a service of your own, set SSL_CERT_FILE.",
        ),
        T::Refused { status } => network(
            format!("The tunnel service refused (HTTP {status})."),
            "Try again in a minute, or name another service with --tunnel.",
        ),
        T::Unreachable => network(
            "The tunnel service cannot be reached.".into(),
            "Is the network up, and does a firewall let port 443 out? Another service can be named with --tunnel.",
        ),
        T::TimedOut => {
            network("The tunnel service did not answer in time.".into(), "Try again; see `latchkey doctor`.")
        }
        T::Closed { .. } => network("The tunnel broke.".into(), NEW_CODE),
        _ => network(format!("The tunnel service failed: {error}."), NEW_CODE),
    }
}

pub(crate) fn of_radio(error: &AdvertiserError) -> Sentence {
    use AdvertiserError as R;
    let radio = |what: &str, next: &str| sentence(Exit::Radio, what, next);
    match error {
        R::NoBluetooth => radio(
            "Bluetooth is not running: BlueZ does not answer on the system bus.",
            "Install bluez, then: sudo systemctl enable --now bluetooth",
        ),
        R::NoAdapter => radio(
            "This machine has no Bluetooth adapter, or not the one named.",
            "Plug one in; `latchkey doctor` lists what is there.",
        ),
        R::AdapterBlocked => radio(
            "Bluetooth is blocked: flight mode, or a switch on the machine.",
            "Unblock it: rfkill unblock bluetooth",
        ),
        R::AdapterOff => radio("The Bluetooth adapter is off.", "Turn it on: bluetoothctl power on"),
        R::CannotAdvertise => radio(
            "The Bluetooth adapter cannot send adverts.",
            "It needs Bluetooth LE with the peripheral role; another adapter may do.",
        ),
        R::TooManyAdverts => radio(
            "All of the adapter's adverts are taken.",
            "Stop what else advertises, or restart Bluetooth: sudo systemctl restart bluetooth",
        ),
        R::NotPermitted => radio(
            "BlueZ did not permit the advert.",
            "Is your user allowed to use Bluetooth (group bluetooth)?",
        ),
        _ => sentence(Exit::Radio, format!("BlueZ rejected the advert: {error}."), DOCTOR),
    }
}

pub(crate) fn of_qr(error: &QrError) -> Sentence {
    match error {
        QrError::NotFido => sentence(
            Exit::Usage,
            "This is not a FIDO code; those begin with FIDO:/ and digits.",
            "In the browser, choose to use a phone or tablet.",
        ),
        _ => sentence(
            Exit::Usage,
            format!("The code is damaged: {error}."),
            "Copy the whole text, or take a sharper picture.",
        ),
    }
}

pub(crate) fn of_picture(error: PictureError) -> Sentence {
    let unreadable = |what: String, next: &str| sentence(Exit::Usage, what, next);
    match error {
        PictureError::FileTooLarge => unreadable(
            format!("The picture file is larger than {} MiB.", MAX_FILE_BYTES >> 20),
            "Cut the code out of it.",
        ),
        PictureError::TooManyPixels => unreadable(
            format!("The picture is larger than {} megapixels.", MAX_PIXELS / 1_000_000),
            "Cut the code out of it.",
        ),
        PictureError::NotAPicture => {
            unreadable("This is no PNG or JPEG picture, or it is damaged.".into(), "Save it as PNG or JPEG.")
        }
        PictureError::NoCode { other_codes: 0 } => {
            unreadable("There is no QR code in the picture.".into(), "Take it sharper, straighter or nearer.")
        }
        PictureError::NoCode { other_codes } => unreadable(
            format!("There is no FIDO code in the picture ({other_codes} other QR codes)."),
            "In the browser, choose to use a phone or tablet.",
        ),
        PictureError::SeveralCodes { count } => unreadable(
            format!("There are {count} FIDO codes in the picture."),
            "Give a picture of the one that you mean.",
        ),
        PictureError::TookTooLong => unreadable(
            format!("No code was found in {} seconds.", SEARCH_TIME.as_secs()),
            "Cut the code out of the picture.",
        ),
        _ => unreadable("The picture could not be read.".into(), "Save it as PNG or JPEG."),
    }
}

pub(crate) fn no_home() -> Sentence {
    sentence(
        Exit::Usage,
        "There is no home folder to keep vaults in.",
        "Set HOME, or name the vault with --vault DIR.",
    )
}

pub(crate) fn no_such_tunnel() -> Sentence {
    sentence(
        Exit::Usage,
        "No tunnel service has this id or name.",
        "Ids are 0 and 256 to 65535; `latchkey tunnel domains` lists the names.",
    )
}

pub(crate) fn tunnel_without_authenticators() -> Sentence {
    sentence(
        Exit::Usage,
        "Tunnel service 1 serves only its own maker's phones.",
        "Use 0, or a service of your own (256 to 65535).",
    )
}

pub(crate) fn of_vault(error: &VaultError) -> Sentence {
    use VaultError as V;
    let damaged = |what: String, next: &str| sentence(Exit::VaultDamaged, what, next);
    match error {
        V::NotFound => sentence(
            Exit::Usage,
            "There is no vault here.",
            "Make one with `latchkey init`, or name yours with --vault DIR.",
        ),
        V::AlreadyExists => sentence(
            Exit::Usage,
            "There is a vault here already, or a folder with other files in it.",
            "Name another place with --vault DIR.",
        ),
        V::WrongPassphrase => sentence(
            Exit::WrongPassphrase,
            "Wrong passphrase.",
            "Mind capitals and the keyboard's language, and try again.",
        ),
        V::InUse { process } => sentence(
            Exit::VaultInUse,
            match process {
                Some(process) => format!("The vault is in use by another process ({process})."),
                None => "The vault is in use by another process.".to_owned(),
            },
            "Wait until it is done, or end it.",
        ),
        V::Damaged(damage) => damaged(
            format!("The vault is damaged: {damage}."),
            "Nothing was changed. Copy its folder before you try anything else.",
        ),
        V::RolledBack { seen, found } => damaged(
            format!("The vault is older than what this machine has seen of it (change {found} of {seen})."),
            "Somebody put an old copy back, or a disk lost writes. Nothing was changed.",
        ),
        V::TooNew { .. } => {
            damaged("A later version of Latchkey wrote this vault.".into(), "Update Latchkey.")
        }
        V::Kdf(error) => damaged(
            format!("The vault's key derivation was refused: {error}."),
            "Somebody may have changed the vault's header.",
        ),
        V::Full => damaged("The disk is full.".into(), "Nothing was lost. Make room and try again."),
        V::ReadOnly => damaged(
            "The vault is on a medium that cannot be written.".into(),
            "Nothing was lost. Make it writable and try again.",
        ),
        V::NotPermitted { doing } => damaged(
            format!("You may not do this with the vault's files ({doing})."),
            "Look at their owner and rights.",
        ),
        error => damaged(format!("The vault failed: {error}."), "Nothing that was acknowledged is lost."),
    }
}

pub(crate) fn of_scanned(error: &ScannedError) -> Sentence {
    match error {
        ScannedError::NotPasskeys { .. } => sentence(
            Exit::NotPossible,
            "The other side wants a digital credential, such as an identity card. Latchkey holds passkeys only.",
            "Use a device that holds it.",
        ),
        _ => sentence(
            Exit::Network,
            "The other side does not know the tunnel service that you chose.",
            "Leave --tunnel out, or name a service with an id of 256 or more.",
        ),
    }
}

pub(crate) fn of_passphrase(error: &PassphraseError) -> Sentence {
    let next = match error {
        PassphraseError::NoTerminal => "Give it with --passphrase-file or --passphrase-fd.",
        PassphraseError::NothingTyped | PassphraseError::Terminal(_) => "Run the command again and type it.",
        _ => "Name a file, or an open descriptor, that holds the passphrase and nothing else.",
    };
    sentence(Exit::Usage, format!("No passphrase: {error}."), next)
}

pub(crate) fn of_passphrase_text(error: latchkey_crypto::vault::PassphraseError) -> Sentence {
    sentence(Exit::Usage, format!("This cannot be a passphrase: {error}."), "Give another.")
}

pub(crate) fn weak_passphrase(why: &str) -> Sentence {
    sentence(
        Exit::Usage,
        format!("This passphrase is too weak. {why}"),
        "Take five or six words that do not belong together.",
    )
}

pub(crate) fn passphrases_differ() -> Sentence {
    sentence(Exit::Usage, "The two are not the same.", "Try again.")
}

pub(crate) fn of_folder(folder: &Path, error: &io::Error) -> Sentence {
    sentence(
        Exit::VaultDamaged,
        format!("Cannot make {}: {error}.", folder.display()),
        "Look at the rights of the folder above it.",
    )
}

pub(crate) fn no_such_passkey() -> Sentence {
    sentence(Exit::Nothing, "There is no such passkey.", "`latchkey list` shows the ids.")
}

pub(crate) fn unclear_passkey() -> Sentence {
    sentence(Exit::Usage, "Several passkeys begin with this.", "Give more digits of the id.")
}

pub(crate) fn no_terminal() -> Sentence {
    sentence(
        Exit::Usage,
        "There is no terminal to ask you on.",
        "For scripts: --approve RP_ID with --passphrase-file or --passphrase-fd.",
    )
}

pub(crate) fn no_code_given() -> Sentence {
    sentence(Exit::Usage, "No code was given.", "Give it with --qr, --qr-image or --qr-stdin.")
}

pub(crate) fn unreadable_picture(path: &Path, error: &io::Error) -> Sentence {
    sentence(Exit::Usage, format!("Cannot read {}: {error}.", path.display()), "Give a PNG or JPEG file.")
}

pub(crate) fn approve_without_passphrase() -> Sentence {
    sentence(
        Exit::Usage,
        "--approve takes the place of your answer, so the passphrase must come with the same call.",
        "Add --passphrase-file or --passphrase-fd.",
    )
}

pub(crate) fn not_an_rp_id(error: &RpIdError) -> Sentence {
    sentence(
        Exit::Usage,
        format!("--approve names no site: {error}."),
        "Give a bare domain in small letters, such as example.org.",
    )
}

pub(crate) fn not_an_id() -> Sentence {
    sentence(Exit::Usage, "--account is no id.", "`latchkey list --json` shows them: 32 hex digits.")
}

pub(crate) fn no_roots(error: &TrustError) -> Sentence {
    sentence(
        Exit::Network,
        format!("No certificates to trust: {error}."),
        "Install ca-certificates, or set SSL_CERT_FILE.",
    )
}

pub(crate) fn interrupted() -> Sentence {
    sentence(Exit::Refused, "Interrupted.", "Nothing was changed.")
}

pub(crate) fn ceremony_interrupted() -> Sentence {
    sentence(
        Exit::Refused,
        "Interrupted. The advert is down and the other side gets no answer.",
        "Cancel in the browser too.",
    )
}

pub(crate) fn demo_failed(problem: &(dyn std::error::Error + 'static)) -> Sentence {
    let causes: Vec<_> =
        std::iter::successors(Some(problem), |error| error.source()).map(ToString::to_string).collect();
    sentence(
        Exit::OtherSideGaveUp,
        format!("The demo stopped: {}.", causes.join(": ")),
        "It needs loopback sockets; with --browser also Chromium, Xvfb, openbox and dbus-daemon.",
    )
}

/// What is wrong with a vault that is usable all the same.
pub(crate) fn of_finding(finding: &Finding) -> String {
    let or_several = |id: &Option<_>| id.map_or("several passkeys".to_owned(), |id| format!("passkey {id}"));
    match finding {
        Finding::HeaderGenerationDamaged => {
            "one of the two copies of the vault's header is damaged; the other serves".into()
        }
        Finding::HeaderOlder { .. } => {
            "the vault's header is older than its data: an old copy may have been put back".into()
        }
        Finding::OlderAccepted { seen, found } => {
            format!("the vault is at change {found}, this machine has seen {seen}")
        }
        Finding::WitnessUnreadable => {
            "this machine's memory of the vault is unreadable, so an older copy would not be noticed".into()
        }
        Finding::WitnessUnwritable => {
            "this machine's memory of the vault cannot be written, so an older copy would not be noticed"
                .into()
        }
        Finding::RecordDamaged { id, .. } => {
            format!("a record of {} is damaged and set aside", or_several(id))
        }
        Finding::RecordTooNew { id, .. } => {
            format!("a later version of Latchkey wrote a record of {}; it is set aside", or_several(id))
        }
        Finding::PasskeyMissing { id } => format!("passkey {id} is lost"),
        Finding::SecretMissing { id } => format!("the key of passkey {id} is lost; it cannot sign in"),
        Finding::RecordsMissing { count } => format!("{count} records are lost"),
        Finding::RecordsAdded { count } => format!("{count} records are there that nobody stored"),
        Finding::RecordsExchanged => "some records are older than they should be".into(),
        Finding::JournalBroken => "the journal was cut short; a snapshot took its place".into(),
        Finding::SnapshotFailed => "a snapshot could not be made; the journal goes on".into(),
        _ => "something is not as it should be; `latchkey` is too old to say what".into(),
    }
}
