use serde_json::json;

use crate::{home::Home, vaults::ALICE};

#[test]
fn json_is_newest_first_with_the_device_and_its_name() {
    let home = Home::with_filled_vault();
    let mut history = home.run_opened(&["history", ALICE, "--json"]).json();
    for line in history.as_array_mut().unwrap() {
        let device = line.as_object_mut().unwrap().remove("device").unwrap();
        assert_eq!(device.as_str().unwrap().len(), 32);
    }
    let line = |at: &str, kind: &str, outcome: &str, verification: serde_json::Value| {
        json!({
            "at": format!("2097-01-15T08:0{at}:00Z"), "kind": kind, "door": "hybrid", "outcome": outcome,
            "verification": verification, "device_name": null, "this_device": true,
        })
    };
    let expected = json!([
        line("2", "sign-in", "approved", json!("script")),
        line("1", "sign-in", "refused", json!(null)),
        line("0", "create", "approved", json!("passphrase")),
    ]);
    assert_eq!(history, expected);
}

#[test]
fn text_has_a_line_for_each() {
    let home = Home::with_filled_vault();
    let shown = home.run_opened(&["history", "alice"]).output();
    assert_eq!(
        shown.lines().next(),
        Some("2097-01-15T08:02:00Z  sign-in approved over hybrid, verified by script")
    );
    assert_eq!(shown.lines().count(), 3);
    home.run_opened(&["history", "nobody"]).expect(3, &["There is no such passkey"]);
}
