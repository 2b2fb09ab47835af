use std::{io, path::Path};

use latchkey_app::picture::{MAX_FILE_BYTES, MAX_PIXELS, PictureError, SEARCH_TIME};
use latchkey_crypto::hybrid::QrError;
use latchkey_hybrid::ScannedError;

use super::{Sentence, reason, sentence};
use crate::exit::Exit;

pub(crate) fn of_qr(error: &QrError) -> Sentence {
    match error {
        QrError::NotFido => sentence(
            Exit::Usage,
            "This is not a FIDO code; those begin with FIDO:/ and digits.",
            "In the browser, choose to use a phone or tablet.",
        ),
        _ => sentence(
            Exit::Usage,
            format!("The code is damaged: {}.", damage(error)),
            "Copy the whole text, or take a sharper picture.",
        ),
    }
}

/// The damage as somebody sees it who does not know how the codes are made.
fn damage(error: &QrError) -> &'static str {
    match error {
        QrError::NotFido | QrError::Empty => "nothing follows FIDO:/",
        QrError::TooLong { .. } => "it is longer than a code can be",
        QrError::Digits(_) => "digits are missing, or something else is among them",
        _ => "its digits do not say what those of a FIDO code say",
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

pub(crate) fn no_code_given() -> Sentence {
    sentence(Exit::Usage, "No code was given.", "Give it with --qr, --qr-image or --qr-stdin.")
}

pub(crate) fn no_code_typed() -> Sentence {
    sentence(
        Exit::Usage,
        "No code was typed.",
        "Paste its whole text, FIDO:/ and digits; or give a picture of it with --qr-image FILE.",
    )
}

pub(crate) fn unreadable_picture(path: &Path, error: &io::Error) -> Sentence {
    sentence(
        Exit::Usage,
        format!("Cannot read {}: {}.", path.display(), reason(error)),
        "Give a PNG or JPEG file.",
    )
}
