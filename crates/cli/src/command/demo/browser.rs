//! The demo with a real Chromium as the other machine, on a screen of its own.
//!
//! Chromium and this machine's side meet on a private D-Bus with a stand-in for BlueZ; what each says to BlueZ is
//! what it would say to the real one.

use std::{net::Ipv4Addr, time::Duration};

use latchkey_app::picture;
use latchkey_bluetooth::{BluezAdvertiser, Radio};
use latchkey_crypto::hybrid::TunnelDomainId;
use latchkey_rehearsal::{
    bluez::{BluezStandIn, PrivateBus},
    browser::{Browser, Page, Surroundings},
    code_on_screen::wait_for_code,
    relying_party::Site,
    screen::Screen,
    staged_relay::StagedRelay,
};

use super::stage::{Failure, ThrowAwayVault, act, judge, narrate, step};

/// How long a browser may take to show its code, on a busy machine.
const CODE_TIME: Duration = Duration::from_secs(60);
/// How long Chromium takes to look for adapters after its start.
const LOOK_TIME: Duration = Duration::from_secs(30);

pub(super) async fn run() -> Result<bool, Failure> {
    narrate("A sign-in in a real Chromium with a passkey of this machine, played on this machine alone.");
    act("Before it begins");
    step("this machine", "makes a vault and throws it away afterwards");
    let mut vault = ThrowAwayVault::make()?;
    let domain = TunnelDomainId::DEFAULT.domain_name();
    let relay = StagedRelay::start((Ipv4Addr::LOCALHOST, 0).into(), std::slice::from_ref(&domain)).await?;
    let bus = PrivateBus::start().await?;
    let bluez = BluezStandIn::start(bus.address()).await?;
    step("the stage", "our own tunnel service, and a stand-in for BlueZ on a D-Bus of its own");
    let screen = Screen::start().await?;
    let surroundings = Surroundings {
        relay: relay.address(),
        tunnel_domains: vec![domain],
        relay_spki_sha256: relay.spki_sha256().to_owned(),
        system_bus: bus.address().to_owned(),
    };
    let browser = Browser::start(&screen, &surroundings).await?;
    let site = Site::start().await?;
    let page = browser.open(site.relying_party().origin()).await?;
    step(
        "the stage",
        &format!("Chromium, on a screen that nobody sees, at {}", site.relying_party().origin()),
    );
    // A request that comes before Chromium has looked for adapters twice is not offered a phone.
    bluez.until(LOOK_TIME, |bluez| bluez.tree_reads() >= 2).await;

    let service = relay.client()?;
    let radio = BluezAdvertiser::new(Radio::at(bus.address()));
    act("First: the site makes a passkey");
    ceremony(&page, "ceremony('create')", &screen, &mut vault, &service, &radio).await?;
    let created = site.relying_party().take_verdict().is_some_and(|verdict| judge(&verdict));

    act("Then: you sign in with it");
    ceremony(&page, "ceremony('get')", &screen, &mut vault, &service, &radio).await?;
    let signed_in = site.relying_party().take_verdict().is_some_and(|verdict| judge(&verdict));
    browser.close().await;
    Ok(created && signed_in)
}

async fn ceremony(
    page: &Page,
    script: &str,
    screen: &Screen,
    vault: &mut ThrowAwayVault,
    service: &latchkey_tunnel::TunnelClient,
    radio: &BluezAdvertiser,
) -> Result<(), Failure> {
    let running = page.start(script).await?;
    let read = |png| picture::read_fido_code(png).ok();
    let code = wait_for_code(screen, read, CODE_TIME).await?;
    step("the browser", "shows a QR code; a picture of the screen is taken and read");
    vault.answer(&code.text, service, radio).await?;
    running.result().await?;
    Ok(())
}
