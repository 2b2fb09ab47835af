//! Ceremonies that work: what the website accepts, and what it sees of the passkey.

use std::sync::Arc;

use latchkey_tests::stage::{SITES, Stage};
use serde_json::{Value, json};

/// AAGUID of vault passkeys.
const AAGUID: &str = "347b7ee5-2738-49a7-b2bf-55245166406d";

pub(crate) async fn creates_and_signs_in_with_a_discoverable_passkey(stage: Arc<Stage>) {
    let site = "discoverable";
    let asked = json!({ "user": "papageno", "residentKey": "required", "hints": ["hybrid"] });
    let created = stage.succeed(site, "create", asked, &[]).await;
    assert_eq!(created["aaguid"], AAGUID);
    assert_eq!(created["fmt"], "none");
    assert_eq!(created["transports"], json!(["hybrid", "internal", "usb"]));
    assert_eq!(created["attachment"], "cross-platform");
    has_the_flags_of_a_syncable_passkey(&created);

    // Empty allow list: the passkey says who it is.
    let got = stage.succeed(site, "get", json!({ "hints": ["hybrid"] }), &[]).await;
    assert_eq!(got["user"], "papageno");
    assert_eq!(got["userHandleMatches"], true);
    has_the_flags_of_a_syncable_passkey(&got);

    // And with its name on the allow list.
    let got = stage.succeed(site, "get", json!({ "allow": [created["id"]] }), &[]).await;
    assert_eq!(got["id"], created["id"]);

    let listed = stage.product.passkeys(&format!("{site}.{SITES}")).await;
    let [passkey] = listed.as_slice() else { panic!("{} passkeys", listed.len()) };
    assert_eq!(passkey["user_name"], "papageno");
    assert_eq!(passkey["user_display_name"], "Display of papageno");
    assert_eq!(passkey["credential_id"], created["id"]);
    assert_eq!(passkey["algorithm"], "ES256");
    assert_eq!(passkey["discoverable"], true);
    assert_eq!(passkey["sign_in_count"], 2);
}

pub(crate) async fn creates_and_signs_in_with_a_passkey_that_is_not_discoverable(stage: Arc<Stage>) {
    let site = "not-discoverable";
    let asked = json!({ "user": "papageno", "residentKey": "discouraged" });
    let created = stage.succeed(site, "create", asked, &[]).await;
    let got = stage.succeed(site, "get", json!({ "allow": [created["id"]] }), &[]).await;
    assert_eq!(got["id"], created["id"]);
    let listed = stage.product.passkeys(&format!("{site}.{SITES}")).await;
    assert_eq!(listed[0]["discoverable"], false);

    // Without its name it is not found.
    let begun = stage.begin(site, "get", json!({})).await;
    let outcome = stage.product.sign_in(&begun.code.text, &["--approve", &begun.rp_id]).await;
    assert_eq!(outcome.code, 3, "{}", outcome.errors);
    assert_eq!(begun.verdict().await["error"], "NotAllowedError");
}

pub(crate) async fn chooses_among_two_accounts_by_id(stage: Arc<Stage>) {
    let site = "two-accounts";
    for user in ["papageno", "papagena"] {
        stage.succeed(site, "create", json!({ "user": user }), &[]).await;
    }
    let listed = stage.product.passkeys(&format!("{site}.{SITES}")).await;
    assert_eq!(listed.len(), 2);
    for passkey in listed {
        let id = passkey["id"].as_str().expect("text");
        let got = stage.succeed(site, "get", json!({}), &["--account", id]).await;
        assert_eq!(got["user"], passkey["user_name"]);
        assert_eq!(got["id"], passkey["credential_id"]);
    }
}

pub(crate) async fn uses_the_algorithm_that_the_site_wants(stage: Arc<Stage>) {
    for (site, algorithms, chosen) in [
        ("eddsa", json!([-8, -7]), -8),
        // Chromium takes elliptic-curve keys on P-256 only, whatever the site asks for.
        ("es384-first", json!([-35, -7]), -7),
        ("rs256-first", json!([-257, -7]), -7),
        ("rs256-only", json!([-257]), -257),
    ] {
        let created =
            stage.succeed(site, "create", json!({ "user": "papageno", "algorithms": algorithms }), &[]).await;
        assert_eq!(created["algorithm"], chosen);
        stage.succeed(site, "get", json!({}), &[]).await;
    }
}

pub(crate) async fn evaluates_prf_to_the_same_result_every_time(stage: Arc<Stage>) {
    let site = "prf";
    // base64url of two inputs.
    let eval = |first: &str| json!({ "prf": { "eval": { "first": first } } });
    let (ours, other) = (eval("ZGVyIHZvZ2VsZmFlbmdlcg"), eval("YmluIGljaCBqYQ"));
    let asked = json!({ "user": "papageno", "extensions": ours });
    let created = stage.succeed(site, "create", asked, &[]).await;
    let prf = &created["extensions"]["prf"];
    assert_eq!(prf["enabled"], true, "{created}");
    let result = prf["results"]["first"].clone();
    assert_eq!(result.as_str().map(str::len), Some(43), "32 bytes: {created}");

    for (extensions, same) in [(&ours, true), (&other, false), (&ours, true)] {
        let got = stage.succeed(site, "get", json!({ "extensions": extensions }), &[]).await;
        assert_eq!(got["extensions"]["prf"]["results"]["first"] == result, same, "{got}");
    }
    let by_credential = json!({ "prf": { "evalByCredential": {
        created["id"].as_str().expect("text"): { "first": "ZGVyIHZvZ2VsZmFlbmdlcg" },
    } } });
    let asked = json!({ "allow": [created["id"]], "extensions": by_credential });
    let got = stage.succeed(site, "get", asked, &[]).await;
    assert_eq!(got["extensions"]["prf"]["results"]["first"], result);
}

pub(crate) async fn verifies_the_user_where_the_site_requires_it(stage: Arc<Stage>) {
    let site = "verified";
    let asked = json!({ "user": "papageno", "userVerification": "required" });
    assert_eq!(stage.succeed(site, "create", asked, &[]).await["userVerified"], true);
    let asked = json!({ "userVerification": "required" });
    assert_eq!(stage.succeed(site, "get", asked, &[]).await["userVerified"], true);
    // Whoever has typed the passphrase is verified, also where it would not be needed.
    let asked = json!({ "userVerification": "discouraged" });
    assert_eq!(stage.succeed(site, "get", asked, &[]).await["userVerified"], true);
}

pub(crate) async fn reads_the_code_from_a_picture_and_from_standard_input(stage: Arc<Stage>) {
    let site = "picture";
    let begun = stage.begin(site, "create", json!({ "user": "papageno" })).await;
    let folder = tempfile::tempdir().expect("a folder");
    let picture = folder.path().join("screenshot.png");
    std::fs::write(&picture, &begun.code.png).expect("writable");
    let picture = picture.to_str().expect("text");
    let outcome = stage.product.run(&["sign-in", "--qr-image", picture, "--approve", &begun.rp_id]).await;
    assert_eq!(outcome.code, 0, "{}", outcome.errors);
    assert_eq!(begun.verdict().await["verified"], true);

    let begun = stage.begin(site, "get", json!({})).await;
    let input = format!("{}\n", begun.code.text);
    let outcome =
        stage.product.run_with_input(&input, &["sign-in", "--qr-stdin", "--approve", &begun.rp_id]).await;
    assert_eq!(outcome.code, 0, "{}", outcome.errors);
    assert_eq!(begun.verdict().await["verified"], true);
}

pub(crate) async fn replaces_a_passkey_only_when_told_to(stage: Arc<Stage>) {
    let site = "replaced";
    let asked = json!({ "user": "papageno" });
    let first = stage.succeed(site, "create", asked.clone(), &[]).await;

    let begun = stage.begin(site, "create", asked.clone()).await;
    let outcome = stage.product.sign_in(&begun.code.text, &["--approve", &begun.rp_id]).await;
    assert_eq!(outcome.code, 1, "{}", outcome.errors);
    assert_eq!(begun.verdict().await["error"], "NotAllowedError");

    let second = stage.succeed(site, "create", asked, &["--replace"]).await;
    assert_ne!(first["id"], second["id"]);
    let listed = stage.product.passkeys(&format!("{site}.{SITES}")).await;
    assert_eq!(listed.iter().map(|passkey| &passkey["credential_id"]).collect::<Vec<_>>(), [&second["id"]]);
}

fn has_the_flags_of_a_syncable_passkey(seen: &Value) {
    assert_eq!(seen["userVerified"], true);
    assert_eq!(seen["credentialDeviceType"], "multiDevice");
    assert_eq!(seen["credentialBackedUp"], false);
    assert_eq!(seen["counter"], 0);
}
