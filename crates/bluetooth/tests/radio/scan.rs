//! Our scanner, through btleplug, against the stand-in for bluetoothd.

use std::{
    io::Read,
    process::{Child, Command},
    time::Duration,
};

use latchkey_bluetooth::{BluezScanner, Radio, RadioError};
use latchkey_crypto::hybrid::{QrSecret, derive_eid_key};
use latchkey_hybrid::port::Scanner;
use latchkey_rehearsal::bluez::{Controller, Tamper};

use crate::stage::{QR_SECRET, SOON, Stage, advert};

const TURN_MS: &str = "LATCHKEY_TEST_TURN_MS";

/// Starts a process that scans for the advert of [`QR_SECRET`].
fn scan(stage: &Stage, turn_ms: u32) -> Scan {
    let mut command: Command = stage.child("scan::child_scans");
    Scan(command.env(TURN_MS, turn_ms.to_string()).spawn().unwrap())
}

struct Scan(Child);

impl Scan {
    /// Waits until it has heard the advert, and returns what it says.
    async fn heard(mut self) -> String {
        let reading = move || {
            let mut said = String::new();
            self.0.stdout.take().unwrap().read_to_string(&mut said).unwrap();
            said
        };
        tokio::task::spawn_blocking(reading).await.unwrap()
    }

    /// Whether it still waits.
    fn is_deaf(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }
}

impl Drop for Scan {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
#[ignore = "run as a process of its own by another test"]
async fn child_scans() {
    let turn = std::env::var(TURN_MS).unwrap().parse().unwrap();
    let secret = QrSecret::from_slice(&hex::decode(QR_SECRET).unwrap()).unwrap();
    let key = derive_eid_key(&secret);
    let scanner = BluezScanner::new(Radio::system()).with_turn(Duration::from_millis(turn));
    match scanner.find(&key).await {
        Ok(matched) => println!("HEARD {}", hex::encode(matched.plaintext().routing_id().as_bytes())),
        Err(error) => println!("FAILED {error:?}"),
    }
}

#[tokio::test]
async fn hears_an_advert_that_comes_later_and_stops_listening() {
    let stage = Stage::set().await;
    let scan = scan(&stage, 4000);
    assert!(stage.bluez.until(SOON, |bluez| bluez.is_discovering()).await);
    let _on_air = stage.advertiser().put_on_air(advert()).await.unwrap();
    assert!(scan.heard().await.contains("HEARD 026555"));
    assert!(stage.bluez.until(SOON, |bluez| !bluez.is_discovering()).await);
    // Unfiltered from the start, and that sufficed.
    assert_eq!(stage.bluez.discoveries(), [Vec::<u16>::new()]);
}

#[tokio::test]
async fn hears_an_advert_that_was_there_before() {
    let stage = Stage::set().await;
    let _on_air = stage.advertiser().put_on_air(advert()).await.unwrap();
    assert!(scan(&stage, 4000).heard().await.contains("HEARD 026555"));
}

#[tokio::test]
async fn an_le_only_adapter_hears_a_broadcast_in_a_filtered_turn() {
    let stage = Stage::set().await;
    stage.bluez.set_controller(Controller::LeOnly);
    // A turn far longer than the test: the advert stays a broadcast.
    let advertiser = stage.advertiser().with_turn(Duration::from_secs(600));
    let _on_air = advertiser.put_on_air(advert()).await.unwrap();
    assert!(scan(&stage, 300).heard().await.contains("HEARD 026555"));
    let discoveries = stage.bluez.discoveries();
    assert_eq!(discoveries[..2], [vec![], vec![0xfff9, 0xfde2]]);
}

#[tokio::test]
async fn filtered_and_unfiltered_turns_alternate() {
    let stage = Stage::set().await;
    let _scan = scan(&stage, 100);
    assert!(stage.bluez.until(SOON, |bluez| bluez.discoveries().len() >= 4).await);
    let both = [0xfff9, 0xfde2].to_vec();
    assert_eq!(stage.bluez.discoveries()[..4], [vec![], both.clone(), vec![], both]);
}

#[tokio::test]
async fn ignores_adverts_that_were_changed_on_the_way() {
    for tamper in [Tamper::WrongTag, Tamper::OneByteMore, Tamper::Swallow] {
        let stage = Stage::set().await;
        stage.bluez.tamper(tamper);
        let _on_air = stage.advertiser().put_on_air(advert()).await.unwrap();
        let mut deaf = scan(&stage, 100);
        // Several turns, in each of which everything known is read again.
        assert!(stage.bluez.until(SOON, |bluez| bluez.discoveries().len() >= 4).await);
        assert!(deaf.is_deaf(), "{tamper:?}");
        // It was the tampering that kept it from hearing: the next advert arrives.
        stage.bluez.tamper(Tamper::Faithful);
        let _second = stage.advertiser().put_on_air(advert()).await.unwrap();
        assert!(deaf.heard().await.contains("HEARD 026555"), "{tamper:?}");
    }
}

#[tokio::test]
async fn a_killed_scanner_stops_listening() {
    let stage = Stage::set().await;
    let scan = scan(&stage, 4000);
    assert!(stage.bluez.until(SOON, |bluez| bluez.is_discovering()).await);
    drop(scan);
    assert!(stage.bluez.until(SOON, |bluez| !bluez.is_discovering()).await);
}

#[tokio::test]
async fn never_switches_an_adapter_on() {
    let stage = Stage::set().await;
    stage.bluez.set_powered(false);
    assert!(scan(&stage, 4000).heard().await.contains("FAILED AdapterOff"));
    let facts = Radio::at(stage.bus.address()).adapters().await.unwrap();
    assert_eq!(facts[0].power, latchkey_bluetooth::Power::Off);
}

#[tokio::test]
async fn a_missing_adapter_is_told() {
    let stage = Stage::set().await;
    let radio = Radio::at(stage.bus.address()).with_adapter("hci7");
    let outcome = BluezScanner::new(radio).find_data(|_| Some(())).await;
    assert_eq!(outcome, Err(RadioError::UnknownAdapter { name: String::from("hci7") }));
}
