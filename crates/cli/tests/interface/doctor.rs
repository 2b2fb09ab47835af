use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt, process::Command};

use latchkey_crypto::vault::Passphrase;
use latchkey_rehearsal::bluez::{BluezStandIn, PrivateBus, Refusal, Refused, Reply};
use latchkey_vault::Vault;
use serde_json::Value;

use crate::{
    home::{Ended, Home, ended},
    vaults::PASSPHRASE,
};

const CHECKS: [&str; 12] = [
    "bluetooth adapter",
    "power",
    "advertising",
    "free adverts",
    "advert, broadcast",
    "advert, peripheral",
    "certificates",
    "tunnel service",
    "TLS",
    "clock",
    "vault folder",
    "vault",
];

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
        let is_not_tried = line["result"] == "not-tried";
        let has_remedy = line["result"] == "warning" || line["result"] == "failed";
        assert!(is_ok || is_not_tried || has_remedy, "{line}");
        assert_eq!(line["remedy"].is_null(), !has_remedy, "{line}");
    }
    // Whatever fails: nothing is left out.
    let checks: Vec<_> = lines.iter().map(|line| line["check"].as_str().unwrap()).collect();
    assert_eq!(checks, CHECKS);
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
    assert_eq!(result_of(&lines, "bluetooth adapter"), ("ok".to_owned(), "hci0".to_owned()));
    assert_eq!(result_of(&lines, "power"), ("ok".to_owned(), "on".to_owned()));
    assert_eq!(result_of(&lines, "advertising").0, "ok");
    assert_eq!(result_of(&lines, "free adverts").0, "ok");
    assert_eq!(result_of(&lines, "advert, broadcast"), ("ok".to_owned(), "taken".to_owned()));
    assert_eq!(result_of(&lines, "advert, peripheral"), ("ok".to_owned(), "taken".to_owned()));
    assert_eq!(result_of(&lines, "vault folder").0, "ok");
    assert_eq!(result_of(&lines, "vault").0, "ok");
    // The adverts that were tried are down again.
    assert!(bluez.on_air().is_empty() && !bluez.history().is_empty());
    // Without certificates the tunnel service is the first thing that is missing.
    let (result, found) = result_of(&lines, "certificates");
    assert!(result == "failed" && found.contains("No certificates to trust"), "{found}");
    for check in ["tunnel service", "TLS", "clock"] {
        assert_eq!(
            result_of(&lines, check),
            ("not-tried".to_owned(), "needs certificates to trust".to_owned())
        );
    }
    assert_eq!(report.code, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adapter_that_is_off_absent_or_another_is_6() {
    let (home, _bus, bluez) = staged().await;
    bluez.set_powered(false);
    let report = home.run(&["doctor", "--json"]);
    let told = lines(&report);
    assert_eq!(result_of(&told, "bluetooth adapter"), ("ok".to_owned(), "hci0".to_owned()));
    let (result, found) = result_of(&told, "power");
    assert_eq!((report.code, result.as_str()), (6, "failed"));
    assert!(found.contains("is off"), "{found}");
    for check in &CHECKS[2..6] {
        let needs = "needs an adapter that is on".to_owned();
        assert_eq!(result_of(&told, check), ("not-tried".to_owned(), needs));
    }

    bluez.set_powered(true);
    let report = home.run(&["doctor", "--json", "--adapter", "hci7"]);
    let (result, found) = result_of(&lines(&report), "bluetooth adapter");
    assert_eq!((report.code, result.as_str()), (6, "failed"));
    assert!(found.contains("hci7") || found.contains("not the one named"), "{found}");

    bluez.set_present(false);
    let report = home.run(&["doctor", "--json"]);
    let told = lines(&report);
    let (result, found) = result_of(&told, "bluetooth adapter");
    assert_eq!((report.code, result.as_str()), (6, "failed"));
    assert!(found.contains("no Bluetooth adapter"), "{found}");
    for check in &CHECKS[1..6] {
        assert_eq!(result_of(&told, check), ("not-tried".to_owned(), "needs a Bluetooth adapter".to_owned()));
    }
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
    assert_eq!(result_of(&lines(&report), "vault"), ("not-tried".to_owned(), "needs a vault".to_owned()));
}

#[test]
fn a_vault_in_use_is_told() {
    let home = Home::with_empty_vault();
    let (vault, _proof) = Vault::open(home.vault(), &Passphrase::new(PASSPHRASE).unwrap()).unwrap();
    let report = home.run(&["doctor", "--json"]);
    let (result, found) = result_of(&lines(&report), "vault");
    assert!(result == "failed" && found.contains("in use by another process"), "{found}");
    vault.close().unwrap();
    assert_eq!(result_of(&lines(&home.run(&["doctor", "--json"])), "vault").0, "ok");
}

#[test]
fn a_place_with_something_else_is_told() {
    let home = Home::new();
    for place in ["/etc", "/etc/passwd"] {
        let report = home.run(&["doctor", "--json", "--vault", place]);
        let (result, found) = result_of(&lines(&report), "vault folder");
        assert!(result == "failed" && found.contains("is no vault"), "{found}");
    }
}

#[test]
fn a_medium_that_cannot_be_written_is_told() {
    let home = Home::with_empty_vault();
    // In a mount namespace of its own, which goes with the process.
    let script =
        r#"mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && exec "$0" doctor --json --vault "$1""#;
    let mut command = home.command(&["--version"]);
    let program = env!("CARGO_BIN_EXE_latchkey");
    let environment: Vec<_> =
        command.get_envs().map(|(k, v)| (k.to_owned(), v.unwrap().to_owned())).collect();
    command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", script, program]).arg(home.vault()).env_clear().envs(environment);
    let report = ended(&mut command);
    let told = lines(&report);
    let (result, found) = result_of(&told, "vault folder");
    assert!(result == "failed" && found.contains("cannot be written"), "{found}");
}

#[test]
fn a_bus_that_somebody_named_is_at_fault_first() {
    let mut home = Home::with_empty_vault();
    for address in ["garbage", "unix:path=/nonexistent"] {
        home.set("DBUS_SYSTEM_BUS_ADDRESS", address);
        let report = home.run(&["doctor", "--json"]);
        let told = lines(&report);
        assert!(result_of(&told, "bluetooth adapter").1.contains("DBUS_SYSTEM_BUS_ADDRESS"), "{told:?}");
        assert!(told[0]["remedy"].as_str().unwrap().contains("Unset DBUS_SYSTEM_BUS_ADDRESS"), "{told:?}");
    }
}

#[test]
fn the_remedy_names_the_vault_of_the_call() {
    let home = Home::new();
    let told = lines(&home.run(&["doctor", "--json", "--vault", "other place"]));
    let remedy = told[10]["remedy"].as_str().unwrap();
    let place = home.path("").join("other place");
    assert_eq!(remedy, format!("Make one: latchkey init --vault '{}'", place.display()));
    let told = lines(&home.run(&["doctor", "--json"]));
    assert_eq!(told[10]["remedy"], "Make one: latchkey init");
}

#[test]
fn the_text_says_the_same() {
    let home = Home::with_empty_vault();
    let report = home.run(&["doctor"]);
    assert_eq!(report.code, 6);
    let first = report.stdout.lines().next().unwrap();
    assert!(first.starts_with("FAILED     bluetooth adapter   "), "{report:?}");
    assert!(
        report.stdout.contains("\nnot tried  power               needs a Bluetooth adapter\n"),
        "{report:?}"
    );
    assert!(report.stdout.contains("→ "), "{report:?}");
    assert!(report.stdout.contains("\nok         vault folder"), "{report:?}");
}
