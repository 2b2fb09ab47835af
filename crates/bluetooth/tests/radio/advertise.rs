//! Our advertiser against the stand-in for bluetoothd.

use std::time::Duration;

use latchkey_bluetooth::{AdvertForm, BluezAdvertiser, Radio, RadioError};
use latchkey_rehearsal::bluez::{BluezStandIn, Form, PrivateBus, Refusal, Refused, Reply};

use crate::stage::{SOON, Stage, advert};

async fn refused_with(of: Refused, with: Reply) -> RadioError {
    let stage = Stage::set().await;
    stage.bluez.refuse(Some(Refusal { of, with }));
    stage.advertiser().put_on_air(advert()).await.unwrap_err()
}

#[tokio::test]
async fn the_same_20_bytes_are_on_the_air() {
    let stage = Stage::set().await;
    let on_air = stage.advertiser().put_on_air(advert()).await.unwrap();
    assert_eq!(on_air.form(), Some(AdvertForm::Broadcast));
    let sent = stage.bluez.on_air();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].form, Form::Broadcast);
    assert_eq!(sent[0].service_uuids, [0xfff9]);
    assert_eq!(sent[0].fido_data(), Some(advert().as_slice()));
    assert_eq!(sent[0].interval_ms, Some((100, 100)));
    // UUID list, then service data; no flags, no name, no transmit power.
    let mut packet = vec![0x03, 0x03, 0xf9, 0xff, 0x17, 0x16, 0xf9, 0xff];
    packet.extend(advert());
    assert_eq!(sent[0].packet, packet);
}

#[tokio::test]
async fn broadcast_and_peripheral_take_turns() {
    let stage = Stage::set().await;
    let hasty = stage.advertiser().with_turn(Duration::from_millis(100));
    let on_air = hasty.put_on_air(advert()).await.unwrap();
    assert!(stage.bluez.until(SOON, |bluez| bluez.history().len() >= 4).await);
    let history = stage.bluez.history();
    let forms: Vec<Form> = history.iter().map(|sent| sent.form).take(4).collect();
    assert_eq!(forms, [Form::Broadcast, Form::Peripheral, Form::Broadcast, Form::Peripheral]);
    assert!(history.iter().all(|sent| sent.fido_data() == Some(advert().as_slice())));
    // The peripheral kind is there for its flags, and then the packet is full.
    assert_eq!(history[1].discoverable, Some(true));
    assert_eq!(history[1].packet.len(), 31);
    assert!(stage.bluez.on_air().len() <= 1, "never two at once");
    hasty.take_down(on_air).await;
}

#[tokio::test]
async fn withdrawing_takes_the_advert_down() {
    let stage = Stage::set().await;
    let advertiser = stage.advertiser();
    let on_air = advertiser.put_on_air(advert()).await.unwrap();
    advertiser.take_down(on_air).await;
    // No waiting here: withdrawn means gone.
    assert_eq!(stage.bluez.on_air(), []);
}

#[tokio::test]
async fn dropping_takes_the_advert_down() {
    let stage = Stage::set().await;
    drop(stage.advertiser().put_on_air(advert()).await.unwrap());
    assert!(stage.bluez.until(SOON, |bluez| bluez.on_air().is_empty()).await);
    assert_eq!(stage.bluez.history().len(), 1);
}

#[tokio::test]
async fn a_killed_process_leaves_no_advert_behind() {
    let stage = Stage::set().await;
    let mut child = stage.child("advertise::child_advertises").spawn().unwrap();
    assert!(stage.bluez.until(SOON, |bluez| bluez.on_air().len() == 1).await);
    // SIGKILL: nothing of ours runs any more.
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(stage.bluez.until(SOON, |bluez| bluez.on_air().is_empty()).await);
}

#[tokio::test]
#[ignore = "run as a process of its own by another test"]
async fn child_advertises() {
    let _on_air = BluezAdvertiser::new(Radio::system()).put_on_air(advert()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(600)).await;
}

#[tokio::test]
async fn an_adapter_that_refuses_the_interval_gets_none() {
    let stage = Stage::set().await;
    stage.bluez.refuse(Some(Refusal { of: Refused::Intervals, with: Reply::Failed }));
    let on_air = stage.advertiser().put_on_air(advert()).await.unwrap();
    assert_eq!(on_air.form(), Some(AdvertForm::Broadcast));
    assert_eq!(stage.bluez.on_air()[0].interval_ms, None);
}

#[tokio::test]
async fn an_adapter_that_refuses_broadcasts_gets_a_peripheral() {
    let stage = Stage::set().await;
    stage.bluez.refuse(Some(Refusal { of: Refused::Broadcasts, with: Reply::NotSupported }));
    let hasty = stage.advertiser().with_turn(Duration::from_millis(50));
    let on_air = hasty.put_on_air(advert()).await.unwrap();
    assert_eq!(on_air.form(), Some(AdvertForm::Peripheral));
    // At its turn the other kind is refused again, and the one that works comes back.
    assert!(stage.bluez.until(SOON, |bluez| bluez.history().len() >= 3).await);
    assert!(stage.bluez.history().iter().all(|sent| sent.form == Form::Peripheral));
    assert!(stage.bluez.until(SOON, |bluez| bluez.on_air().len() == 1).await);
}

#[tokio::test]
async fn tells_which_kinds_the_adapter_takes() {
    let stage = Stage::set().await;
    stage.bluez.refuse(Some(Refusal { of: Refused::Broadcasts, with: Reply::NotSupported }));
    let [(broadcast, refused), (peripheral, taken)] = stage.advertiser().try_forms().await.unwrap();
    assert_eq!((broadcast, peripheral), (AdvertForm::Broadcast, AdvertForm::Peripheral));
    assert!(matches!(refused, Err(RadioError::Rejected { .. })), "{refused:?}");
    assert_eq!(taken, Ok(()));
    assert!(stage.bluez.on_air().is_empty());
}

#[tokio::test]
async fn a_refusal_of_everything_is_told_in_the_words_of_the_daemon() {
    let error = refused_with(Refused::All, Reply::Failed).await;
    let reason = String::from("org.bluez.Error.Failed: Failed to register advertisement");
    assert_eq!(error, RadioError::Rejected { reason });
}

#[tokio::test]
async fn a_refusal_of_permission_is_told_apart() {
    let error = refused_with(Refused::All, Reply::NotPermitted).await;
    assert!(matches!(error, RadioError::NotPermitted { .. }), "{error:?}");
}

#[tokio::test]
async fn an_adapter_without_free_instances_is_told_apart() {
    let stage = Stage::set().await;
    stage.bluez.set_instances(1);
    let first = stage.advertiser().put_on_air(advert()).await.unwrap();
    let facts = Radio::at(stage.bus.address()).adapters().await.unwrap();
    let advertising = facts[0].advertising.as_ref().unwrap();
    assert_eq!(advertising.active_instances, 1);
    assert!(advertising.is_full());
    assert_eq!(stage.advertiser().put_on_air(advert()).await.unwrap_err(), RadioError::TooManyAdverts);
    stage.advertiser().take_down(first).await;
    stage.advertiser().put_on_air(advert()).await.unwrap();
    // The same words come from a daemon that leaked its instances.
    assert_eq!(refused_with(Refused::All, Reply::MaximumReached).await, RadioError::TooManyAdverts);
}

#[tokio::test]
async fn an_adapter_that_is_off_or_absent_is_told_apart() {
    let stage = Stage::set().await;
    stage.bluez.set_powered(false);
    assert_eq!(stage.advertiser().put_on_air(advert()).await.unwrap_err(), RadioError::AdapterOff);
    stage.bluez.set_present(false);
    let gone = async || stage.advertiser().put_on_air(advert()).await.unwrap_err();
    let mut error = gone().await;
    // The stand-in takes its objects down a moment after the switch is thrown.
    while error == RadioError::AdapterOff {
        tokio::time::sleep(Duration::from_millis(5)).await;
        error = gone().await;
    }
    assert_eq!(error, RadioError::NoAdapter);
    let named = BluezAdvertiser::new(Radio::at(stage.bus.address()).with_adapter("hci7"));
    let unknown = RadioError::UnknownAdapter { name: String::from("hci7") };
    assert_eq!(named.put_on_air(advert()).await.unwrap_err(), unknown);
}

#[tokio::test]
async fn an_advert_comes_back_with_the_adapters_power() {
    let stage = Stage::set().await;
    let hasty = stage.advertiser().with_turn(Duration::from_millis(50));
    let on_air = hasty.put_on_air(advert()).await.unwrap();
    stage.bluez.set_powered(false);
    while on_air.form().is_some() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stage.bluez.set_powered(true);
    assert!(stage.bluez.until(SOON, |bluez| bluez.on_air().len() == 1).await);
}

#[tokio::test]
async fn a_missing_daemon_and_a_missing_bus_are_told_apart() {
    let bus = PrivateBus::start().await.unwrap();
    let advertiser = BluezAdvertiser::new(Radio::at(bus.address()));
    assert_eq!(advertiser.put_on_air(advert()).await.unwrap_err(), RadioError::NoDaemon);
    drop(bus);
    let error = advertiser.put_on_air(advert()).await.unwrap_err();
    assert!(matches!(error, RadioError::NoBus { .. }), "{error:?}");
}

#[tokio::test]
async fn an_advert_comes_back_after_the_daemon_restarts() {
    let bus = PrivateBus::start().await.unwrap();
    let bluez = BluezStandIn::start(bus.address()).await.unwrap();
    let advertiser = BluezAdvertiser::new(Radio::at(bus.address())).with_turn(Duration::from_millis(100));
    let _on_air = advertiser.put_on_air(advert()).await.unwrap();
    drop(bluez);
    // The old one may hold the name for a moment longer.
    let bluez = loop {
        match BluezStandIn::start(bus.address()).await {
            Ok(bluez) => break bluez,
            Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    };
    assert!(bluez.until(SOON, |bluez| bluez.on_air().len() == 1).await);
}
