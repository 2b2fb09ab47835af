use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt};

use latchkey_rehearsal::bluez::{BluezStandIn, PrivateBus, Refusal, Refused, Reply};
use serde_json::Value;

use crate::home::{Ended, Home};

/// A home whose BlueZ is a stand-in of ours.
async fn staged() -> (Home, PrivateBus, BluezStandIn) {
    let mut home = Home::with_empty_vault();
    let bus = PrivateBus::start().await.unwrap();
    let bluez = BluezStandIn::start(bus.address()).await.unwrap();
    home.set("DBUS_SYSTEM_BUS_ADDRESS", bus.address());
    (home, bus, bluez)
}

/// The report, after a look at the shape of each line.
#[track_caller]
fn lines(report: &Ended) -> Vec<Value> {
    let lines: Vec<Value> = serde_json::from_str(&report.stdout).unwrap();
    assert!(!lines.is_empty());
    for line in &lines {
        let members: BTreeSet<_> = line.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, BTreeSet::from(["check", "found", "remedy", "result"]), "{line}");
        assert!(line["check"].as_str().is_some_and(|check| !check.is_empty()), "{line}");
        assert!(line["found"].as_str().is_some_and(|found| !found.is_empty()), "{line}");
        let is_ok = line["result"] == "ok";
        assert!(is_ok || line["result"] == "warning" || line["result"] == "failed", "{line}");
        assert_eq!(line["remedy"].is_null(), is_ok, "{line}");
    }
    lines
}

#[track_caller]
fn result_of(lines: &[Value], check: &str) -> (String, String) {
    let line = lines.iter().find(|line| line["check"] == check).unwrap_or_else(|| panic!("{lines:?}"));
    (line["result"].as_str().unwrap().to_owned(), line["found"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adapter_that_is_on_is_told_with_its_adverts() {
    let (home, _bus, bluez) = staged().await;
    let report = home.run(&["doctor", "--json"]);
    let lines = lines(&report);
    assert_eq!(
        result_of(&lines, "bluetooth adapter"),
        ("ok".to_owned(), "hci0 is on and can advertise".to_owned())
    );
    assert_eq!(result_of(&lines, "free adverts").0, "ok");
    assert_eq!(result_of(&lines, "advert, broadcast"), ("ok".to_owned(), "taken".to_owned()));
    assert_eq!(result_of(&lines, "advert, peripheral"), ("ok".to_owned(), "taken".to_owned()));
    assert_eq!(result_of(&lines, "vault folder").0, "ok");
    // The adverts that were tried are down again.
    assert!(bluez.on_air().is_empty() && !bluez.history().is_empty());
    // Without certificates the tunnel service is the first thing that is missing.
    let (result, found) = result_of(&lines, "tunnel service");
    assert!(result == "failed" && found.contains("no trusted certificates"), "{found}");
    assert_eq!(report.code, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adapter_that_is_off_absent_or_another_is_6() {
    let (home, _bus, bluez) = staged().await;
    bluez.set_powered(false);
    let report = home.run(&["doctor", "--json"]);
    let (result, found) = result_of(&lines(&report), "bluetooth adapter");
    assert_eq!((report.code, result.as_str()), (6, "failed"));
    assert!(found.contains("is off"), "{found}");

    bluez.set_powered(true);
    let report = home.run(&["doctor", "--json", "--adapter", "hci7"]);
    let (result, found) = result_of(&lines(&report), "bluetooth adapter");
    assert_eq!((report.code, result.as_str()), (6, "failed"));
    assert!(found.contains("hci7") || found.contains("not the one named"), "{found}");

    bluez.set_present(false);
    let report = home.run(&["doctor", "--json"]);
    let (result, found) = result_of(&lines(&report), "bluetooth adapter");
    assert_eq!((report.code, result.as_str()), (6, "failed"));
    assert!(found.contains("no Bluetooth adapter"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adapter_that_refuses_is_6_only_if_it_refuses_both_forms() {
    let (home, _bus, bluez) = staged().await;
    bluez.refuse(Some(Refusal { of: Refused::Broadcasts, with: Reply::Failed }));
    let report = home.run(&["doctor", "--json"]);
    let told = lines(&report);
    assert_eq!(result_of(&told, "advert, broadcast").0, "warning");
    assert_eq!(result_of(&told, "advert, peripheral").0, "ok");
    assert_eq!(report.code, 5);

    bluez.refuse(Some(Refusal { of: Refused::All, with: Reply::NotPermitted }));
    let report = home.run(&["doctor", "--json"]);
    let told = lines(&report);
    assert_eq!(result_of(&told, "advert, broadcast").0, "failed");
    assert_eq!(result_of(&told, "advert, peripheral").0, "failed");
    assert_eq!(report.code, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_adapter_is_told_with_what_to_do() {
    let (home, _bus, bluez) = staged().await;
    bluez.set_instances(0);
    let report = home.run(&["doctor", "--json"]);
    let (result, found) = result_of(&lines(&report), "free adverts");
    assert_eq!(result, "warning", "{found}");
}

#[test]
fn no_bluetooth_at_all_is_6() {
    let home = Home::with_empty_vault();
    let report = home.run(&["doctor", "--json"]);
    let (result, found) = result_of(&lines(&report), "bluetooth adapter");
    assert_eq!((report.code, result.as_str()), (6, "failed"));
    assert!(found.contains("BlueZ does not answer"), "{found}");
}

#[test]
fn a_vault_folder_that_others_can_enter_is_told() {
    let home = Home::with_empty_vault();
    fs::set_permissions(home.vault(), fs::Permissions::from_mode(0o750)).unwrap();
    let report = home.run(&["doctor", "--json"]);
    let (result, found) = result_of(&lines(&report), "vault folder");
    assert!(result == "failed" && found.contains("open to others (mode 750)"), "{found}");

    fs::remove_dir_all(home.vault()).unwrap();
    let report = home.run(&["doctor", "--json"]);
    let (result, found) = result_of(&lines(&report), "vault folder");
    assert!(result == "warning" && found.contains("no vault in"), "{found}");
}

#[test]
fn the_text_says_the_same() {
    let home = Home::with_empty_vault();
    let report = home.run(&["doctor"]);
    assert_eq!(report.code, 6);
    let first = report.stdout.lines().next().unwrap();
    assert!(first.starts_with("FAILED   bluetooth adapter"), "{report:?}");
    assert!(report.stdout.contains("→ "), "{report:?}");
    assert!(report.stdout.contains("ok       vault folder"), "{report:?}");
}
