//! How long a sign-in takes in a real Chromium: from the code's text in hand to the page's resolved promise.
//!
//! This machine's side is the product's own ceremony over a real vault, tunnel client and BlueZ client, on a thread of
//! its own, so that its time on the processor can be told from everybody else's. Around it: a relay on loopback, a
//! stand-in for BlueZ that takes 50 ms to hear an advert, a website on loopback. The passphrase is given and the answer
//! decided before the code is in hand: a person's time is nobody's.

mod figures;
mod machine;
mod marks;

use std::{
    collections::BTreeSet,
    fs,
    net::Ipv4Addr,
    sync::Arc,
    time::{Duration, Instant},
};

use figures::Figures;
use latchkey_app::picture::read_fido_code;
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
use machine::Machine;
use tokio::task::spawn_blocking;

const CEREMONIES: usize = 20;
/// Not counted: the first creates the passkey, and neither side has yet run its code once.
const WARM_UP: [&str; 2] = ["create", "get"];
const BROWSER_PATIENCE: Duration = Duration::from_secs(60);

#[tokio::main]
async fn main() {
    let before = load();
    let domain = TunnelDomainId::DEFAULT.domain_name();
    let relay =
        StagedRelay::start((Ipv4Addr::LOCALHOST, 0).into(), std::slice::from_ref(&domain)).await.unwrap();
    let bus = PrivateBus::start().await.unwrap();
    let bluez = BluezStandIn::start(bus.address()).await.unwrap();
    let screen = Screen::start().await.unwrap();
    let surroundings = Surroundings {
        relay: relay.address(),
        tunnel_domains: vec![domain],
        relay_spki_sha256: relay.spki_sha256().to_owned(),
        system_bus: bus.address().to_owned(),
    };
    let browser = Browser::start(&screen, &surroundings).await.unwrap();
    let site = Site::start().await.unwrap();
    let page = browser.open(site.relying_party().origin()).await.unwrap();
    // A request that comes before Chromium has looked for adapters twice is not offered a phone.
    assert!(bluez.until(BROWSER_PATIENCE, |bluez| bluez.tree_reads() >= 2).await, "Chromium uses the radio");

    let (service, radio) = (relay.client().unwrap(), BluezAdvertiser::new(Radio::at(bus.address())));
    let mut machine = spawn_blocking(|| Machine::new(service, radio)).await.unwrap();
    let (mut seen, mut figures) = (Arc::default(), Figures::default());
    for (n, kind) in WARM_UP.into_iter().chain(["get"; CEREMONIES]).enumerate() {
        let marks;
        (machine, marks) = ceremony(&page, kind, &screen, machine, &mut seen).await;
        if n >= WARM_UP.len() {
            figures.add(&marks);
        }
    }
    spawn_blocking(move || drop(machine)).await.unwrap();
    browser.close().await;
    println!(
        "{CEREMONIES} sign-ins in Chromium; load average {before} before, {} after\n\n{figures}",
        load()
    );
}

/// One ceremony, and what happened when.
async fn ceremony(
    page: &Page,
    kind: &str,
    screen: &Screen,
    mut machine: Machine,
    seen: &mut Arc<BTreeSet<String>>,
) -> (Machine, marks::Marks) {
    let mut machine = spawn_blocking(move || {
        machine.take_passphrase();
        machine
    })
    .await
    .unwrap();
    let parse = if kind == "create" { "parseCreationOptionsFromJSON" } else { "parseRequestOptionsFromJSON" };
    let promise = format!(
        "(async () => {{
            const publicKey = PublicKeyCredential.{parse}(await post('/{kind}/options', {{}}));
            window.credential = await navigator.credentials.{kind}({{ publicKey }});
        }})()"
    );
    let promise = page.start(&promise).await.unwrap();
    // The dialog of the ceremony before may still be closing.
    let others = seen.clone();
    let read = move |png| read_fido_code(png).ok().filter(|code| !others.contains(code));
    let code = wait_for_code(screen, read, BROWSER_PATIENCE).await.unwrap().text;
    Arc::make_mut(seen).insert(code.clone());

    let answering = spawn_blocking(move || {
        let marks = machine.answer(&code);
        (machine, marks)
    });
    promise.result().await.unwrap();
    let resolved = Instant::now();

    let (machine, mut marks) = answering.await.unwrap();
    marks.resolved(resolved);
    let verdict = page.evaluate(&format!("post('/{kind}/verify', credential.toJSON())")).await.unwrap();
    assert_eq!(verdict["accepted"], true, "{verdict}");
    (machine, marks)
}

/// How busy the machine was during the last minute.
fn load() -> String {
    let all = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    all.split(' ').next().unwrap_or_default().to_owned()
}
