//! Ceremonies that a person answers, at a terminal.

use std::{sync::Arc, time::Duration};

use latchkey_tests::stage::{SITES, Stage};
use serde_json::json;
use tokio::time::sleep;

pub(crate) async fn a_person_approves(stage: Arc<Stage>) {
    let begun = stage.begin("at-a-terminal", "create", json!({ "user": "papageno" })).await;
    let mut terminal = stage.product.start_at_terminal(&["sign-in", "--qr", &begun.code.text]);
    terminal.until_shown("[y/N]").await;
    terminal.type_line("y").await;
    let outcome = terminal.end().await;
    assert_eq!(outcome.code, 0, "{}", outcome.errors);
    for shown in [begun.rp_id.as_str(), "papageno"] {
        assert!(outcome.output.contains(shown), "{}", outcome.output);
    }
    // The part of the name that somebody registered is set off.
    let set_off = |line: &str| line.contains("belongs to") && line.trim_end().ends_with(&format!(" {SITES}"));
    assert!(outcome.output.lines().any(set_off), "{}", outcome.output);
    stage.product.keep_log(&outcome);
    let verdict = begun.verdict().await;
    assert_eq!((&verdict["verified"], &verdict["userVerified"]), (&true.into(), &true.into()), "{verdict}");
}

pub(crate) async fn a_person_refuses(stage: Arc<Stage>) {
    for answer in ["n", "", "yes please"] {
        let begun = stage.begin("refused-at-a-terminal", "create", json!({ "user": "papageno" })).await;
        let mut terminal = stage.product.start_at_terminal(&["sign-in", "--qr", &begun.code.text]);
        terminal.until_shown("[y/N]").await;
        terminal.type_line(answer).await;
        let outcome = terminal.end().await;
        assert_eq!(outcome.code, 1, "{}", outcome.errors);
        stage.product.keep_log(&outcome);
        assert_eq!(begun.verdict().await["error"], "NotAllowedError");
    }
}

pub(crate) async fn the_prompt_goes_when_the_browser_cancels(stage: Arc<Stage>) {
    let begun = stage.begin("cancelled", "create", json!({ "user": "papageno" })).await;
    let mut terminal = stage.product.start_at_terminal(&["sign-in", "--qr", &begun.code.text]);
    terminal.until_shown("[y/N]").await;
    assert!(stage.bluez.on_air().is_empty(), "the advert is down once somebody came");
    // Nobody has answered, and nobody will: the person at the browser gives up.
    sleep(Duration::from_millis(500)).await;
    assert!(begun.is_pending());
    stage.press_escape();
    let outcome = terminal.end().await;
    assert_eq!(outcome.code, 4, "{}", outcome.errors);
    stage.product.keep_log(&outcome);
    assert_eq!(begun.verdict().await["error"], "NotAllowedError");
}
