//! Ceremonies that must not work: how the product ends, and what the page gets.

use std::{sync::Arc, time::Duration};

use latchkey_rehearsal::bluez::Tamper;
use latchkey_tests::stage::{Begun, SITES, Stage};
use serde_json::json;
use tokio::time::sleep;

const NOTHING_HAPPENS: Duration = Duration::from_secs(3);

async fn begin(stage: &Stage, site: &str) -> Begun {
    stage.begin(site, "create", json!({ "user": "papageno" })).await
}

pub(crate) async fn an_idle_authenticator_settles_nothing(stage: Arc<Stage>) {
    let begun = begin(&stage, "idle").await;
    sleep(NOTHING_HAPPENS).await;
    begun.give_up().await;
}

pub(crate) async fn an_excluded_passkey_is_reported(stage: Arc<Stage>) {
    stage.succeed("excluded", "create", json!({ "user": "papageno" }), &[]).await;
    let begun = stage.begin("excluded", "create", json!({ "user": "papagena", "exclude": true })).await;
    let outcome = stage.product.sign_in(&begun.code.text, &["--approve", &begun.rp_id]).await;
    assert_eq!(outcome.code, 2, "{}", outcome.errors);
    assert_eq!(begun.verdict().await["error"], "InvalidStateError");
}

pub(crate) async fn a_site_without_a_passkey_gets_none(stage: Arc<Stage>) {
    let begun = stage.begin("nothing-here", "get", json!({})).await;
    let outcome = stage.product.sign_in(&begun.code.text, &["--approve", &begun.rp_id]).await;
    assert_eq!(outcome.code, 3, "{}", outcome.errors);
    assert_eq!(begun.verdict().await["error"], "NotAllowedError");
}

pub(crate) async fn an_approval_for_another_site_approves_nothing(stage: Arc<Stage>) {
    stage.succeed("approved", "create", json!({ "user": "papageno" }), &[]).await;
    // A name that only ends like it is another one too.
    for other in ["example.com", &format!("x.approved.{SITES}"), SITES] {
        let begun = stage.begin("approved", "get", json!({})).await;
        let outcome = stage.product.sign_in(&begun.code.text, &["--approve", other]).await;
        assert_eq!(outcome.code, 1, "{}", outcome.errors);
        assert_eq!(begun.verdict().await["error"], "NotAllowedError");
    }
}

pub(crate) async fn two_accounts_need_a_choice(stage: Arc<Stage>) {
    let site = "no-choice";
    for user in ["papageno", "papagena"] {
        stage.succeed(site, "create", json!({ "user": user }), &[]).await;
    }
    for choice in [&[] as &[&str], &["--account", "00000000000000000000000000000000"]] {
        let begun = stage.begin(site, "get", json!({})).await;
        let arguments = [&["--approve", begun.rp_id.as_str()], choice].concat();
        let outcome = stage.product.sign_in(&begun.code.text, &arguments).await;
        assert_eq!(outcome.code, 1, "{}", outcome.errors);
        assert_eq!(begun.verdict().await["error"], "NotAllowedError");
    }
}

pub(crate) async fn a_wrong_passphrase_opens_no_tunnel(stage: Arc<Stage>) {
    let begun = begin(&stage, "wrong-passphrase").await;
    let before = stage.bluez.history().len();
    let arguments = ["sign-in", "--qr", &begun.code.text, "--approve", &begun.rp_id];
    let outcome = stage.product.run_with_wrong_passphrase(&arguments).await;
    assert_eq!(outcome.code, 7, "{}", outcome.errors);
    assert_eq!(stage.bluez.history().len(), before, "nothing was sent");
    begun.give_up().await;
}

pub(crate) async fn nobody_to_ask_opens_no_tunnel(stage: Arc<Stage>) {
    let begun = begin(&stage, "nobody-to-ask").await;
    let before = stage.bluez.history().len();
    let outcome = stage.product.sign_in(&begun.code.text, &[]).await;
    assert_eq!(outcome.code, 64, "{}", outcome.errors);
    assert_eq!(stage.bluez.history().len(), before, "nothing was sent");
    begun.give_up().await;
}

pub(crate) async fn an_advert_with_a_wrong_tag_is_passed_over(stage: Arc<Stage>) {
    is_passed_over(&stage, "wrong-tag", Tamper::WrongTag).await;
}

pub(crate) async fn an_advert_of_21_bytes_is_passed_over(stage: Arc<Stage>) {
    is_passed_over(&stage, "21-bytes", Tamper::OneByteMore).await;
}

/// The advert is sent, nobody comes within its minute, and it is taken down.
async fn is_passed_over(stage: &Stage, site: &str, tamper: Tamper) {
    let begun = begin(stage, site).await;
    let before = stage.bluez.history().len();
    stage.bluez.tamper(tamper);
    let outcome = stage.product.sign_in(&begun.code.text, &["--approve", &begun.rp_id]).await;
    stage.bluez.tamper(Tamper::Faithful);
    assert_eq!(outcome.code, 4, "{}", outcome.errors);
    assert!(stage.bluez.history().len() > before, "an advert was sent");
    assert!(stage.bluez.on_air().is_empty(), "and taken down");
    begun.give_up().await;
}

pub(crate) async fn an_adapter_that_is_off_is_reported(stage: Arc<Stage>) {
    let begun = begin(&stage, "adapter-off").await;
    stage.bluez.set_powered(false);
    let outcome = stage.product.sign_in(&begun.code.text, &["--approve", &begun.rp_id]).await;
    stage.bluez.set_powered(true);
    assert_eq!(outcome.code, 6, "{}", outcome.errors);
    begun.give_up().await;
}

pub(crate) async fn a_dead_tunnel_service_is_reported(stage: Arc<Stage>) {
    let begun = begin(&stage, "dead-tunnel").await;
    let before = stage.bluez.history().len();
    // A name that this machine cannot resolve.
    let arguments = ["--tunnel", "256", "--approve", &begun.rp_id];
    let outcome = stage.product.sign_in(&begun.code.text, &arguments).await;
    assert_eq!(outcome.code, 5, "{}", outcome.errors);
    // A service that is down.
    stage.stop_relay().await;
    let outcome = stage.product.sign_in(&begun.code.text, &["--approve", &begun.rp_id]).await;
    assert_eq!(outcome.code, 5, "{}", outcome.errors);
    // An advert would have committed the browser to a tunnel that does not work.
    assert_eq!(stage.bluez.history().len(), before, "nothing was sent");
    begun.give_up().await;
}
