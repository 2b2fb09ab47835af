//! Adverts from the air: nobody's are refused, and a plaintext that may be sealed opens again.
#![no_main]

use latchkey_crypto::hybrid::{ADVERT_LEN, Advert, AdvertPlaintext, AdvertSuffix};
use latchkey_fuzz::{hybrid::eid_key, overlaid};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let key = eid_key();
    assert!(Advert::open(&key, data).is_err());
    if let Ok((advert, suffix)) = AdvertSuffix::split(data) {
        assert_eq!(suffix.is_none(), data.len() == ADVERT_LEN);
        assert_eq!(advert.as_bytes()[..], data[..ADVERT_LEN]);
    }

    let Some(bytes) = data.first_chunk::<16>() else { return };
    let Ok(plaintext) = AdvertPlaintext::from_bytes(*bytes) else { return };
    let advert = Advert::seal(&key, &plaintext);
    let opened = Advert::open(&key, advert.as_bytes()).expect("our own advert opens");
    assert_eq!(opened.plaintext().as_bytes(), bytes);
    let damaged = overlaid(advert.as_bytes(), &data[16..]);
    assert_eq!(Advert::open(&key, &damaged).is_ok(), damaged == advert.as_bytes());
});
