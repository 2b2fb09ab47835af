use latchkey_crypto::cbor::{self, Value};
use latchkey_passkey::Aaguid;

/// The authenticatorGetInfo response of the hybrid door (CTAP 2.2 §6.4), without status byte.
///
/// `uv` is true as the prompt verifies; without it, and without `rk`, Chromium asks for no passkey. No `plat`: true
/// makes Chromium hang. No PIN: no browser runs PIN protocols over hybrid. Only extensions that are built in. The
/// transports are those of every door, in one order, as a passkey made at one door is used at the others.
pub(crate) fn response(aaguid: Aaguid) -> Vec<u8> {
    let texts = |texts: &[&str]| Value::array(texts.iter().map(|text| Value::from(*text)));
    cbor::encode(&Value::map([
        (1.into(), texts(&["FIDO_2_0", "FIDO_2_1"])),
        (2.into(), texts(&["credProtect", "prf"])),
        (3.into(), aaguid.0.into()),
        (4.into(), Value::map(["rk", "up", "uv"].map(|option| (option.into(), true.into())))),
        (9.into(), texts(&["hybrid", "internal", "usb"])),
    ]))
}
