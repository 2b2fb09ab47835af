//! What all the other scenarios have logged, at the most verbose level.

use std::sync::Arc;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use latchkey_crypto::vault::Passphrase;
use latchkey_passkey::PasskeyStore;
use latchkey_tests::{
    confidential,
    product::{PASSPHRASE, WRONG_PASSPHRASE},
    stage::{SITES, Stage},
};
use latchkey_vault::Vault;

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
    let in_the_vault = secrets_in_the_vault(&stage);
    byte_strings.extend(in_the_vault.iter().cloned());
    byte_strings.extend([PASSPHRASE, WRONG_PASSPHRASE].map(|text| text.as_bytes().to_vec()));
    let mut texts = [SITES, PASSPHRASE, WRONG_PASSPHRASE, "papagen"].map(str::to_owned).to_vec();
    // The digits after FIDO:/ carry the secret of the code.
    texts.extend(stage.codes().into_iter().map(|code| code.trim_start_matches("FIDO:/").to_owned()));

    let found = confidential::found_in(&logs, &texts, &byte_strings);
    assert!(found.is_empty(), "in the logs: {found:#?}");

    // A check that finds nothing has to be one that would: each secret of the vault, in the midst of a line.
    for secret in in_the_vault {
        for spelt in [hex::encode(&secret), STANDARD.encode(&secret), URL_SAFE_NO_PAD.encode(&secret)] {
            let leaky = format!("DEBUG latchkey_vault: opened key={spelt}, then closed");
            assert!(!confidential::found_in(&leaky, &[], std::slice::from_ref(&secret)).is_empty());
        }
    }
}

/// What a code holds and a log must not: its secret and what is derived from it, and the client's key.
fn secrets_of(code: &str) -> Vec<Vec<u8>> {
    use latchkey_crypto::hybrid::{QrContent, derive_tunnel_id};
    let content = QrContent::parse(code).expect("a code of Chromium");
    let secret = content.qr_secret();
    vec![secret.expose().to_vec(), derive_tunnel_id(secret).expose().to_vec()]
}

/// Every private key and PRF seed that the scenarios made, those of binned passkeys too.
fn secrets_in_the_vault(stage: &Stage) -> Vec<Vec<u8>> {
    let passphrase = Passphrase::new(PASSPHRASE).expect("a passphrase");
    let (vault, _proof) = Vault::open(stage.product.vault_folder(), &passphrase).expect("the vault opens");
    let entries = vault.list().expect("a list");
    assert!(!entries.is_empty());
    let secrets = entries.iter().flat_map(|entry| {
        let secrets = vault.secrets(entry.passkey.core.id).expect("readable").expect("a passkey has secrets");
        let seeds = [secrets.prf_seeds.with_uv.expose(), secrets.prf_seeds.without_uv.expose()];
        [secrets.private_key.to_bytes().to_vec()]
            .into_iter()
            .chain(seeds.map(|seed| seed.to_vec()))
            .collect::<Vec<_>>()
    });
    let secrets = secrets.collect();
    vault.close().expect("the vault closes");
    secrets
}
