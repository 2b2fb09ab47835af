//! Tries the radio by hand: what the adapters can do, 20 bytes out, 20 bytes in.
//!
//! ```text
//! radio_probe [--adapter NAME] [--seconds N] adapters
//! radio_probe [--adapter NAME] [--seconds N] forms
//! radio_probe [--adapter NAME] [--seconds N] advertise ADVERT_HEX
//! radio_probe [--adapter NAME] [--seconds N] scan QR_SECRET_HEX
//! ```
//!
//! `advertise` stays on the air for N seconds (60) and says each change of kind. `scan` ends at the first advert
//! that was sealed for the secret and prints its bytes. `tests/guest/run.sh` runs both against a real bluetoothd.

use std::{
    error::Error,
    io::{self, Write},
    time::{Duration, Instant},
};

use latchkey_bluetooth::{BluezAdvertiser, BluezScanner, KernelFacts, Radio};
use latchkey_crypto::hybrid::{Advert, QrSecret, derive_eid_key};

const USAGE: &str = "radio_probe [--adapter NAME] [--seconds N] adapters | forms | advertise HEX | scan HEX";

struct Options {
    radio: Radio,
    limit: Duration,
    words: Vec<String>,
}

fn options() -> Result<Options, Box<dyn Error>> {
    let mut options = Options { radio: Radio::system(), limit: Duration::from_secs(60), words: Vec::new() };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--adapter" => options.radio = options.radio.with_adapter(arguments.next().ok_or(USAGE)?),
            "--seconds" => {
                options.limit = Duration::from_secs(arguments.next().ok_or(USAGE)?.parse()?);
            }
            _ => options.words.push(argument),
        }
    }
    Ok(options)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let Options { radio, limit, words } = options()?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["adapters"] => {
            say(&format!("{:?}", KernelFacts::read()))?;
            for adapter in radio.adapters().await? {
                say(&format!("{adapter:?}"))?;
            }
        }
        ["forms"] => {
            for (form, outcome) in BluezAdvertiser::new(radio).try_forms().await? {
                say(&format!("{form}: {outcome:?}"))?;
            }
        }
        ["advertise", hex] => advertise(radio, limit, hex).await?,
        ["scan", hex] => scan(radio, limit, hex).await?,
        _ => return Err(USAGE.into()),
    }
    Ok(())
}

async fn advertise(radio: Radio, limit: Duration, hex: &str) -> Result<(), Box<dyn Error>> {
    let bytes = hex::decode(hex)?.try_into().map_err(|_| "an advert is 20 bytes")?;
    let advertiser = BluezAdvertiser::new(radio);
    let started = Instant::now();
    let on_air = advertiser.put_on_air(bytes).await?;
    let mut shown = None;
    while started.elapsed() < limit {
        if shown != Some(on_air.form()) {
            shown = Some(on_air.form());
            let after = started.elapsed().as_secs_f32();
            match on_air.form() {
                Some(form) => say(&format!("ON AIR as {form} after {after:.2} s"))?,
                None => say(&format!("OFF THE AIR after {after:.2} s"))?,
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    advertiser.take_down(on_air).await;
    say("DOWN")?;
    Ok(())
}

async fn scan(radio: Radio, limit: Duration, hex: &str) -> Result<(), Box<dyn Error>> {
    let secret = QrSecret::from_slice(&hex::decode(hex)?).ok_or("a QR secret is 16 bytes")?;
    let key = derive_eid_key(&secret);
    let started = Instant::now();
    let scanner = BluezScanner::new(radio);
    let hearing = scanner.find_data(|data| Advert::open(&key, data).ok().map(|_| hex::encode(data)));
    let heard = tokio::time::timeout(limit, hearing).await.map_err(|_| "nothing heard in time")??;
    say(&format!("HEARD {heard} after {:.2} s", started.elapsed().as_secs_f32()))?;
    Ok(())
}

fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
