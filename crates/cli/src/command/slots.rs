use std::io::{self, Write};

use latchkey_app::{VaultPlace, opening::Opened};
use latchkey_crypto::vault::{SlotId, SlotInfo};
use latchkey_vault::describe;
use serde::Serialize;

use super::status::slot_kind;
use crate::{
    Problem,
    args::{Slots, SlotsCommand},
    background::at_work,
    confirm::confirm,
    exit::Exit,
    json, opening,
    passphrase::PassphraseSource,
    sentence,
};

/// A slot in JSON; an interface, see docs/cli.md.
#[derive(Debug, Serialize)]
struct Slot {
    slot: u64,
    kind: &'static str,
    passes: Option<u32>,
    memory_kib: Option<u32>,
    lanes: Option<u32>,
}

impl Slot {
    fn of(info: SlotInfo) -> Self {
        Self {
            slot: info.id.0,
            kind: slot_kind(info.kind),
            passes: info.cost.map(|cost| cost.passes),
            memory_kib: info.cost.map(|cost| cost.memory_kib),
            lanes: info.cost.map(|cost| cost.lanes),
        }
    }
}

/// Shows what opens the vault, or takes one of it away.
pub(crate) async fn run(
    place: &VaultPlace,
    source: &PassphraseSource,
    arguments: Slots,
) -> Result<Exit, Problem> {
    match arguments.change {
        None => list(place, arguments.json.json),
        Some(SlotsCommand::Remove { slot, yes, json }) => {
            remove(place, source, SlotId(slot), yes, json.json).await
        }
    }
}

/// Without a passphrase, as `status` does.
fn list(place: &VaultPlace, as_json: bool) -> Result<Exit, Problem> {
    opening::expect_vault(place)?;
    let described = describe(&place.folder).map_err(|error| sentence::of_vault(&error))?;
    write(described.slots, as_json)
}

fn write(slots: Vec<SlotInfo>, as_json: bool) -> Result<Exit, Problem> {
    let slots: Vec<_> = slots.into_iter().map(Slot::of).collect();
    let mut out = io::stdout().lock();
    if as_json {
        json::write(&mut out, &slots)?;
        return Ok(Exit::Done);
    }
    for slot in &slots {
        match (slot.passes, slot.memory_kib) {
            (Some(passes), Some(kib)) => {
                writeln!(
                    out,
                    "{:>3}  {} (Argon2id, {passes} passes over {} MiB)",
                    slot.slot,
                    slot.kind,
                    kib >> 10
                )?;
            }
            _ => writeln!(out, "{:>3}  {}", slot.slot, slot.kind)?,
        }
    }
    Ok(Exit::Done)
}

async fn remove(
    place: &VaultPlace,
    source: &PassphraseSource,
    id: SlotId,
    yes: bool,
    as_json: bool,
) -> Result<Exit, Problem> {
    let (Opened { vault, .. }, current) =
        opening::open_with_passphrase(place, source, opening::PROMPT).await?;
    let kind = vault.slots().iter().find(|slot| slot.id == id).map(|slot| slot_kind(slot.kind));
    let kind = kind.ok_or_else(sentence::no_such_slot)?;
    confirm(
        &format!("\nSlot {} ({kind}) goes: what it held opens the vault no more.\n", id.0),
        "Take it away?",
        yes,
    )
    .await?;
    let removed = at_work(move || {
        let mut vault = vault;
        vault.remove_slot(&current, id).map(|()| vault)
    });
    let vault = removed.await.map_err(|error| sentence::of_vault(&error))?;
    let left = vault.slots();
    opening::close(vault);
    write(left, as_json).map_err(Problem::after_change)
}
