//! Codes and approvals that `sign-in` refuses, all before it reaches for a network.

use std::fs::File;

use image::{GrayImage, Luma};
use latchkey_app::{now, os_random};
use latchkey_crypto::hybrid::OperationHint;
use latchkey_hybrid::client::QrShown;
use qrcode::{Color, QrCode};

use crate::{
    home::{Ended, Home},
    terminal::Terminal,
    vaults::PASSPHRASE,
};

/// What a good code comes to where there are no certificates to trust.
const NO_CERTIFICATES: &str = "No certificates to trust";
const SCRIPT: [&str; 3] = ["sign-in", "--approve", "example.org"];

fn code(hint: OperationHint, made_at: u64) -> String {
    QrShown::generate(&mut os_random(), hint, made_at).qr_text()
}

fn fresh() -> String {
    code(OperationHint::GetAssertion, now())
}

fn sign_in(home: &Home, more: &[&str]) -> Ended {
    home.run_opened(&[&SCRIPT, more].concat())
}

#[test]
fn without_a_terminal_only_a_script_can_sign_in() {
    let home = Home::with_empty_vault();
    for more in [&[][..], &["--qr-stdin"], &["--qr", &fresh()]] {
        let refused = home.run_opened(&[&["sign-in"], more].concat());
        refused.expect(64, &["There is no terminal to ask you on.", "--approve RP_ID"]);
    }
    sign_in(&home, &[]).expect(64, &["No code was given.", "--qr"]);
}

#[test]
fn approval_needs_the_passphrase_of_the_same_call() {
    let home = Home::with_empty_vault();
    let refused = home.run(&[&SCRIPT[..], &["--qr", &fresh()]].concat());
    refused.expect(64, &["the passphrase must come with the same call", "--passphrase-file"]);
}

#[test]
fn approval_is_for_one_bare_domain() {
    let home = Home::with_empty_vault();
    for rp_id in ["", "https://example.org", "Example.org", "example.org/", "*.example.org", "bücher.example"]
    {
        let refused = home.run_opened(&["sign-in", "--qr", &fresh(), "--approve", rp_id]);
        refused.expect(64, &["--approve names no site", "a bare domain in small letters"]);
    }
    sign_in(&home, &["--account", "0a", "--qr", &fresh()]).expect(64, &["--account is no id"]);
}

#[test]
fn a_good_code_is_taken_from_every_source() {
    let home = Home::with_empty_vault();
    let text = fresh();
    sign_in(&home, &["--qr", &text]).expect(5, &[NO_CERTIFICATES, "ca-certificates"]);
    sign_in(&home, &["--qr", &format!(" {}\n", text.to_lowercase())]).expect(5, &[NO_CERTIFICATES]);
    let passphrase = home.passphrase_file();
    let arguments = [&SCRIPT[..], &["--qr-stdin", "--passphrase-file", &passphrase]].concat();
    home.run_fed(&arguments, &format!("{text}\n")).expect(5, &[NO_CERTIFICATES]);
    let picture = picture_of(&home, &[&text]);
    sign_in(&home, &["--qr-image", &picture]).expect(5, &[NO_CERTIFICATES]);

    let mut terminal = home.at_terminal(&["sign-in"]);
    terminal.read_until("Text of the code (FIDO:/…): ");
    terminal.type_line(&text);
    terminal.read_until(NO_CERTIFICATES);
    assert_eq!(terminal.end().0, 5);
}

#[test]
fn real_screens_of_a_browser_are_read() {
    let home = Home::with_empty_vault();
    for screen in ["chromium-156-create.png", "chromium-156-get.png"] {
        let picture = format!("{}/../../tests/samples/screens/{screen}", env!("CARGO_MANIFEST_DIR"));
        let run = sign_in(&home, &["--qr-image", &picture]);
        run.expect(5, &["warning: by its own clock this code is", NO_CERTIFICATES]);
    }
}

#[test]
fn what_is_no_fido_code_is_told_from_a_damaged_one() {
    let home = Home::with_empty_vault();
    for text in ["https://example.org", "12345", "FIDO"] {
        sign_in(&home, &["--qr", text]).expect(64, &["This is not a FIDO code", "use a phone or tablet"]);
    }
    let good = fresh();
    let cut = good.get(..good.len() - 20).unwrap();
    let letter = good.replacen("FIDO:/1", "FIDO:/x", 1).replacen("FIDO:/0", "FIDO:/x", 1);
    for text in [cut, &format!("{good}1"), &format!("{good} and more"), "FIDO:/", "FIDO:/123", &letter] {
        if text != good {
            sign_in(&home, &["--qr", text]).expect(64, &["The code is damaged:", "Copy the whole text"]);
        }
    }
    let passphrase = home.passphrase_file();
    let stdin = [&SCRIPT[..], &["--qr-stdin", "--passphrase-file", &passphrase]].concat();
    home.run_fed(&stdin, " \n").expect(64, &["No code was given."]);
    sign_in(&home, &["--qr", ""]).expect(64, &["No code was given."]);
    home.run_fed(&stdin, &"9".repeat(100_000)).expect(64, &["This is not a FIDO code"]);
}

#[test]
fn an_old_code_is_warned_of_and_tried() {
    let home = Home::with_empty_vault();
    let old = code(OperationHint::GetAssertion, now() - 5 * 3600 - 60);
    let run = sign_in(&home, &["--qr", &old]);
    run.expect(5, &["warning: by its own clock this code is 5 h old", NO_CERTIFICATES]);
    let recent = code(OperationHint::GetAssertion, now() - 1800);
    assert!(!sign_in(&home, &["--qr", &recent]).stderr.contains("warning"));
}

#[test]
fn a_request_for_another_kind_of_credential_is_refused() {
    let home = Home::with_empty_vault();
    for hint in [OperationHint::DigitalCredentialPresentation, OperationHint::DigitalCredentialIssuance] {
        let refused = sign_in(&home, &["--qr", &code(hint, now())]);
        refused.expect(2, &["The other side wants a digital credential", "passkeys only"]);
    }
}

#[test]
fn pictures_without_a_code_are_refused() {
    let home = Home::with_empty_vault();
    let refused = |path: &str, why: &str| {
        sign_in(&home, &["--qr-image", path]).expect(64, &[why]);
    };
    refused("missing.png", "Cannot read missing.png: No such file");
    refused(".", "Cannot read .: it is a folder.");
    refused(&home.file("text.png", b"no picture", 0o600), "This is no PNG or JPEG picture");
    refused(&home.file("empty.png", b"", 0o600), "This is no PNG or JPEG picture");
    refused(&picture_of(&home, &[]), "There is no QR code in the picture.");
    refused(&picture_of(&home, &["https://example.org"]), "no FIDO code in the picture (1 other QR codes)");
    refused(&picture_of(&home, &[&fresh(), &fresh()]), "There are 2 FIDO codes in the picture.");
    refused(&picture_of(&home, &["FIDO:/123"]), "The code is damaged:");

    let huge = home.file("huge.png", b"", 0o600);
    File::options().write(true).open(&huge).unwrap().set_len((64 << 20) + 1).unwrap();
    refused(&huge, "The picture file is larger than 64 MiB.");
    refused(&home.file("wide.png", &png_head(10_001, 10_001), 0o600), "larger than 100 megapixels");
}

#[test]
fn a_picture_that_is_not_there_is_told_before_the_terminal_that_is_not() {
    let home = Home::with_empty_vault();
    home.run(&["sign-in", "--qr-image", "/nonexistent"])
        .expect(64, &["Cannot read /nonexistent: No such file or directory."]);
    let text = home.file("text.png", b"no picture", 0o600);
    home.run(&["sign-in", "--qr-image", &text]).expect(64, &["There is no terminal to ask you on."]);
}

#[test]
fn nothing_typed_is_no_code() {
    let home = Home::with_empty_vault();
    for press in [|at: &Terminal| at.type_line(""), Terminal::press_ctrl_d] {
        let mut terminal = home.at_terminal(&["sign-in"]);
        terminal.read_until("Text of the code (FIDO:/…): ");
        press(&terminal);
        terminal.read_until("\nlatchkey: No code was typed.\n  Paste its whole text");
        assert_eq!(terminal.end().0, 64);
    }
}

#[test]
fn what_is_damaged_is_said_in_plain_words() {
    let home = Home::with_empty_vault();
    for (text, why) in [
        ("FIDO:/", "nothing follows FIDO:/."),
        ("FIDO:/12a45", "digits are missing, or something else is among them."),
        ("FIDO:/000", "its digits do not say what those of a FIDO code say."),
    ] {
        sign_in(&home, &["--qr", text]).expect(64, &["The code is damaged: ", why]);
    }
}

#[test]
fn a_missing_vault_is_told_before_a_code_is_asked_for() {
    let home = Home::new();
    let mut terminal = home.at_terminal(&["sign-in"]);
    terminal.read_until("There is no vault here.");
    assert_eq!(terminal.end().0, 64);
}

#[test]
fn a_wrong_passphrase_ends_it_before_the_network() {
    let mut home = Home::with_empty_vault();
    trust_a_stranger(&mut home);
    let wrong = home.file("wrong", b"tulip orbit walnut mosaic fairy", 0o600);
    let refused = home.run(&[&SCRIPT[..], &["--qr", &fresh(), "--passphrase-file", &wrong]].concat());
    assert!(!refused.stderr.contains("Reaching"), "{refused:?}");
    refused.expect(7, &["Wrong passphrase."]);
}

#[test]
fn a_network_that_cannot_be_trusted_or_reached_is_5() {
    let mut home = Home::with_empty_vault();
    trust_a_stranger(&mut home);
    // Whether or not there is a network here: the service's certificate is not the one that is trusted.
    let failed = sign_in(&home, &["--qr", &fresh()]);
    assert_eq!(failed.code, 5, "{failed:?}");
    assert!(failed.stderr.starts_with("Reaching the tunnel service …\nlatchkey: "), "{failed:?}");

    let bogus = home.file("bogus.pem", b"no certificates here", 0o600);
    home.set("SSL_CERT_FILE", &bogus);
    sign_in(&home, &["--qr", &fresh()]).expect(5, &[NO_CERTIFICATES, "set SSL_CERT_FILE"]);
}

#[test]
fn the_passphrase_is_asked_for_after_the_code() {
    let mut home = Home::with_empty_vault();
    trust_a_stranger(&mut home);
    let mut terminal = home.at_terminal(&["sign-in", "--qr", &fresh()]);
    terminal.read_until("Passphrase: ");
    terminal.wait_for_hidden_typing();
    terminal.type_line(PASSPHRASE);
    terminal.read_until("Reaching the tunnel service …");
    assert_eq!(terminal.end().0, 5);
}

/// Certificates are there, and no tunnel service has any of them.
fn trust_a_stranger(home: &mut Home) {
    let stranger = rcgen::generate_simple_self_signed(["stranger.example".to_owned()]).unwrap();
    let file = home.file("stranger.pem", stranger.cert.pem().as_bytes(), 0o600);
    home.set("SSL_CERT_FILE", &file);
}

/// A picture file with these codes side by side.
fn picture_of(home: &Home, texts: &[&str]) -> String {
    const MODULE: u32 = 4;
    const CELL: u32 = 400;
    let mut picture = GrayImage::from_pixel(CELL * 3, CELL, Luma([255]));
    for (text, left) in texts.iter().zip((0..).step_by(500)) {
        let code = QrCode::new(text).unwrap();
        let width = u32::try_from(code.width()).unwrap();
        for (module, n) in code.into_colors().into_iter().zip(0..) {
            let (x, y) = (left + 40 + n % width * MODULE, 40 + n / width * MODULE);
            for (dx, dy) in (0..MODULE * MODULE).map(|n| (n % MODULE, n / MODULE)) {
                picture.put_pixel(x + dx, y + dy, Luma([if module == Color::Dark { 0 } else { 255 }]));
            }
        }
    }
    let path = home.path(&format!("codes-{}.png", texts.len()));
    picture.save(&path).unwrap();
    path.display().to_string()
}

/// The beginning of a PNG file of this size, up to an empty data chunk.
fn png_head(width: u32, height: u32) -> Vec<u8> {
    let chunk = |kind: &[u8; 4], data: &[u8]| {
        let body = [&kind[..], data].concat();
        let len = u32::try_from(data.len()).unwrap();
        [&len.to_be_bytes()[..], &body, &crc32(&body).to_be_bytes()].concat()
    };
    let size = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 0, 0, 0, 0]].concat();
    [&b"\x89PNG\r\n\x1a\n"[..], &chunk(b"IHDR", &size), &chunk(b"IDAT", &[])].concat()
}

/// The checksum of PNG (ISO/IEC 15948, annex D).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 })
    })
}
