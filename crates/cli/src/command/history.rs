use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use latchkey_app::VaultPlace;
use latchkey_crypto::vault::DeviceId;
use latchkey_passkey::{Door, Outcome, PasskeyId, UseKind, Verification};
use latchkey_vault::{HistoryEntry, Vault, VaultError};
use serde::Serialize;

use super::passkey::rfc3339;
use crate::{
    Problem, args::One, exit::Exit, json, opening, passphrase::PassphraseSource, selecting::one, sentence,
};

/// One line of a passkey's history in JSON; an interface, see docs/cli.md.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    at: String,
    kind: &'static str,
    door: &'static str,
    outcome: &'static str,
    verification: Option<&'static str>,
    device: String,
    device_name: Option<String>,
    this_device: bool,
}

/// A passkey's history, newest first.
pub(super) fn lines(vault: &Vault, id: PasskeyId) -> Result<Vec<Line>, VaultError> {
    let devices: BTreeMap<_, _> =
        vault.devices()?.into_iter().map(|device| (device.id, (device.name, device.this))).collect();
    let mut history = vault.history(id)?;
    history.reverse();
    Ok(history.iter().map(|entry| Line::of(entry, &devices)).collect())
}

impl Line {
    fn of(entry: &HistoryEntry, devices: &BTreeMap<DeviceId, (Option<String>, bool)>) -> Self {
        let HistoryEntry { used, device } = entry;
        let (device_name, this_device) = devices.get(device).cloned().unwrap_or_default();
        Self {
            at: rfc3339(used.at),
            kind: match used.kind {
                UseKind::Create => "create",
                UseKind::SignIn => "sign-in",
            },
            door: match used.door {
                Door::Hybrid => "hybrid",
                Door::VirtualKey => "virtual-key",
            },
            outcome: match used.outcome {
                Outcome::Approved => "approved",
                Outcome::Refused => "refused",
            },
            verification: used.verification.map(|verification| match verification {
                Verification::Passphrase => "passphrase",
                Verification::Script => "script",
            }),
            device: device.to_string(),
            device_name,
            this_device,
        }
    }
}

/// Shows when and how a passkey was used.
pub(crate) async fn run(
    place: &VaultPlace,
    source: &PassphraseSource,
    which: &One,
    as_json: bool,
) -> Result<Exit, Problem> {
    let (vault, _proof) = opening::open(place, source).await?;
    let entries = vault.list().map_err(|error| sentence::of_vault(&error))?;
    let id = one(&entries, &which.id)?.passkey.core.id;
    let lines = lines(&vault, id).map_err(|error| sentence::of_vault(&error))?;
    opening::close(vault);
    let mut out = io::BufWriter::new(io::stdout().lock());
    if as_json {
        json::write(&mut out, &lines)?;
    } else {
        write_lines(&mut out, "", &lines)?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

pub(super) fn write_lines(out: &mut impl Write, indent: &str, lines: &[Line]) -> io::Result<()> {
    for line in lines {
        let verified = line.verification.map(|how| format!(", verified by {how}")).unwrap_or_default();
        // This machine goes without saying.
        let device = match (&line.device_name, line.this_device) {
            (_, true) => String::new(),
            (Some(name), false) => format!(", on {name}"),
            (None, false) => format!(", on device {}", line.device.get(..8).unwrap_or_default()),
        };
        writeln!(
            out,
            "{indent}{}  {} {} over {}{verified}{device}",
            line.at, line.kind, line.outcome, line.door
        )?;
    }
    Ok(())
}
