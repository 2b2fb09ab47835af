//! QR codes: any text, any bytes as digits, and a good code with the fuzzer's entries beside its own.
#![no_main]

use latchkey_crypto::hybrid::{
    QrContent,
    qr::{decode_digits, encode_digits},
};
use latchkey_fuzz::hybrid::client_identity;
use libfuzzer_sys::fuzz_target;

fn check(text: &str) {
    let Ok(content) = QrContent::parse(text) else { return };
    let again = QrContent::parse(&content.format()).expect("our own code reads");
    assert_eq!(again.client_identity(), content.client_identity());
    assert_eq!(again.qr_secret().expose(), content.qr_secret().expose());
    assert_eq!(again.assigned_domains(), content.assigned_domains());
    assert_eq!(again.made_at(), content.made_at());
    assert_eq!(again.supports_linking(), content.supports_linking());
    assert_eq!((again.hint(), again.channels()), (content.hint(), content.channels()));
}

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        check(text);
        if let Ok(bytes) = decode_digits(text) {
            assert_eq!(encode_digits(&bytes).as_str(), text);
        }
    }
    check(&format!("FIDO:/{}", encode_digits(data).as_str()));

    // A map of 2 + n entries: identity and secret, then the fuzzer's.
    let Some((n, entries)) = data.split_first() else { return };
    let head = [&[0xa2 + n % 8, 0x00, 0x58, 0x21][..], &client_identity().public().compressed()].concat();
    let content = [&head, &[0x01, 0x50][..], &[7; 16], entries].concat();
    check(&format!("FIDO:/{}", encode_digits(&content).as_str()));
});
