use std::io::{self, Write};

use latchkey_app::VaultPlace;
use latchkey_crypto::vault::SlotKind;
use latchkey_vault::{VaultError, describe};
use serde::Serialize;

use crate::{Problem, exit::Exit, json, sentence};

/// An interface, see docs/cli.md.
#[derive(Debug, Serialize)]
struct Status {
    vault: String,
    exists: bool,
    in_use: bool,
    slots: Vec<Slot>,
    /// Why more cannot be told.
    error: Option<String>,
}

#[derive(Debug, Serialize)]
struct Slot {
    kind: &'static str,
    passes: Option<u32>,
    memory_kib: Option<u32>,
    lanes: Option<u32>,
}

/// What opens a slot, as it is printed.
pub(super) fn slot_kind(kind: SlotKind) -> &'static str {
    match kind {
        SlotKind::Passphrase => "passphrase",
        SlotKind::RecoveryKey => "recovery-key",
        SlotKind::Tpm => "tpm",
        SlotKind::SecurityKey => "security-key",
        _ => "unknown",
    }
}

/// Tells where the vault is and how it is protected, without a passphrase.
pub(crate) fn run(place: &VaultPlace, as_json: bool) -> Result<Exit, Problem> {
    let described = match describe(&place.folder) {
        Ok(described) => Some(described),
        Err(VaultError::NotFound) => None,
        Err(error) => {
            let error = sentence::of_vault(&error);
            if as_json {
                let status = Status {
                    vault: place.folder.display().to_string(),
                    exists: true,
                    in_use: false,
                    slots: Vec::new(),
                    error: Some(error.what.clone()),
                };
                json::write(&mut io::stdout().lock(), &status)?;
            }
            return Err(error.into());
        }
    };
    let slots = described.iter().flat_map(|d| &d.slots).map(|slot| Slot {
        kind: slot_kind(slot.kind),
        passes: slot.cost.map(|cost| cost.passes),
        memory_kib: slot.cost.map(|cost| cost.memory_kib),
        lanes: slot.cost.map(|cost| cost.lanes),
    });
    let status = Status {
        vault: place.folder.display().to_string(),
        exists: described.is_some(),
        in_use: described.as_ref().is_some_and(|d| d.in_use),
        slots: slots.collect(),
        error: None,
    };
    let mut out = io::stdout().lock();
    if as_json {
        json::write(&mut out, &status)?;
        return Ok(Exit::Done);
    }
    writeln!(out, "Vault    {}", status.vault)?;
    if !status.exists {
        if place.is_taken() {
            let what = if place.folder.is_file() { "a file" } else { "a folder with other files in it" };
            writeln!(out, "         is no vault, but {what}; name yours with --vault DIR")?;
        } else {
            writeln!(out, "         not there yet; make it with: {}", sentence::command("init", place))?;
        }
        return Ok(Exit::Done);
    }
    writeln!(out, "In use   {}", if status.in_use { "yes, by another process" } else { "no" })?;
    for slot in &status.slots {
        match (slot.passes, slot.memory_kib) {
            (Some(passes), Some(kib)) => {
                writeln!(out, "Opens by {} (Argon2id, {passes} passes over {} MiB)", slot.kind, kib >> 10)?;
            }
            _ => writeln!(out, "Opens by {}", slot.kind)?,
        }
    }
    Ok(Exit::Done)
}
