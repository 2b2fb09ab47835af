//! What all the other scenarios have logged, at the most verbose level.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use latchkey_tests::{
    confidential,
    product::PASSPHRASE,
    stage::{SITES, Stage},
};

pub(crate) async fn hold_nothing_personal_and_nothing_secret(stage: Arc<Stage>) {
    let logs = stage.product.logs();
    assert!(logs.contains("DEBUG latchkey"), "the logs are verbose");

    let remembered = stage.remembered().await;
    assert!(!remembered.is_empty());
    let mut byte_strings: Vec<Vec<u8>> = remembered
        .iter()
        .map(|value| URL_SAFE_NO_PAD.decode(value.as_str().expect("text")).expect("base64url"))
        .collect();
    byte_strings.extend(stage.codes().iter().flat_map(|code| secrets_of(code)));
    let mut texts = vec![SITES.to_owned(), PASSPHRASE.to_owned(), "papagen".to_owned()];
    // The digits after FIDO:/ carry the secret of the code.
    texts.extend(stage.codes().into_iter().map(|code| code.trim_start_matches("FIDO:/").to_owned()));

    let found = confidential::found_in(&logs, &texts, &byte_strings);
    assert!(found.is_empty(), "in the logs: {found:#?}");
}

/// What a code holds and a log must not: its secret and what is derived from it, and the client's key.
fn secrets_of(code: &str) -> Vec<Vec<u8>> {
    use latchkey_crypto::hybrid::{QrContent, derive_tunnel_id};
    let content = QrContent::parse(code).expect("a code of Chromium");
    let secret = content.qr_secret();
    vec![secret.expose().to_vec(), derive_tunnel_id(secret).expose().to_vec()]
}
