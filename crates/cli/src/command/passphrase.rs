use std::io::{self, Write};

use latchkey_app::{VaultPlace, opening::Opened, vaults};
use latchkey_crypto::vault::{KdfParams, Passphrase, SlotInfo};
use latchkey_vault::{Vault, VaultError};
use serde::Serialize;

use super::status::slot_kind;
use crate::{
    Problem,
    args::{JsonOption, NewPassphraseOptions, PassphraseChange, PassphraseCommand},
    background::at_work,
    choosing::choose,
    confirm::confirm,
    exit::Exit,
    json, opening,
    passphrase::PassphraseSource,
    progress, sentence, tell,
};

/// What is asked where a new one is asked for as well.
const CURRENT: &str = "Current passphrase: ";

/// What was changed, in JSON; an interface, see docs/cli.md.
#[derive(Debug, Serialize)]
struct Changed {
    rekeyed: bool,
    dropped_slots: Vec<u64>,
}

#[derive(Debug, Serialize)]
struct Added {
    slot: u64,
}

/// Changes the passphrase, or adds one.
pub(crate) async fn run(
    place: &VaultPlace,
    source: &PassphraseSource,
    arguments: PassphraseChange,
) -> Result<Exit, Problem> {
    match arguments.also {
        Some(PassphraseCommand::Add { new, json }) => add(place, source, &new, &json).await,
        None => change(place, source, arguments).await,
    }
}

async fn change(
    place: &VaultPlace,
    source: &PassphraseSource,
    arguments: PassphraseChange,
) -> Result<Exit, Problem> {
    let (Opened { vault, .. }, old) = opening::open_with_passphrase(place, source, CURRENT).await?;
    if arguments.rekey {
        let others = others(&vault);
        confirm(&rekey_text(&others), "Make new keys?", arguments.yes || others.is_empty()).await?;
    }
    let (new, params) = chosen(&arguments.new).await?;
    let dropped = if arguments.rekey {
        rekey(vault, old, new, params).await?
    } else {
        let changed = at_work(move || {
            let mut vault = vault;
            vault.change_passphrase(&old, &new, params).map(|_proof| vault)
        });
        opening::close(changed.await.map_err(|error| sentence::of_vault(&error))?);
        Vec::new()
    };
    let mut out = io::stdout().lock();
    if arguments.json.json {
        let dropped_slots = dropped.iter().map(|slot| slot.id.0).collect();
        json::write(&mut out, &Changed { rekeyed: arguments.rekey, dropped_slots })
            .map_err(Problem::OutputAfterChange)?;
        return Ok(Exit::Done);
    }
    writeln!(out, "The new passphrase opens the vault; the old one does not.")
        .map_err(Problem::OutputAfterChange)?;
    if arguments.rekey {
        writeln!(
            out,
            "Everything in it is sealed under new keys. A copy from before still opens with the old passphrase."
        )?;
        for slot in &dropped {
            writeln!(out, "Slot {} ({}) is gone; make it anew.", slot.id.0, slot_kind(slot.kind))?;
        }
    } else {
        writeln!(
            out,
            "{}",
            sentence::for_vault(
                "A copy of its folder that somebody took before still opens with the old one, and the keys in it are the same. \
             If that may have happened: `latchkey passphrase --rekey`.",
                place
            )
        )?;
    }
    Ok(Exit::Done)
}

async fn add(
    place: &VaultPlace,
    source: &PassphraseSource,
    new: &NewPassphraseOptions,
    as_json: &JsonOption,
) -> Result<Exit, Problem> {
    let (Opened { vault, .. }, current) = opening::open_with_passphrase(place, source, CURRENT).await?;
    let (new, params) = chosen(new).await?;
    let added = at_work(move || {
        let mut vault = vault;
        vault.add_passphrase(&current, &new, params).map(|slot| (vault, slot))
    });
    let (vault, slot) = added.await.map_err(|error| sentence::of_vault(&error))?;
    opening::close(vault);
    let mut out = io::stdout().lock();
    if as_json.json {
        json::write(&mut out, &Added { slot: slot.0 }).map_err(Problem::OutputAfterChange)?;
    } else {
        writeln!(out, "Another passphrase opens the vault, in slot {}.", slot.0)
            .map_err(Problem::OutputAfterChange)?;
    }
    Ok(Exit::Done)
}

async fn chosen(new: &NewPassphraseOptions) -> Result<(Passphrase, KdfParams), Problem> {
    let passphrase = choose(&PassphraseSource::of_new(new)).await?;
    tell("Measuring this machine, then changing what opens the vault …");
    let params =
        at_work(vaults::calibrate).await.map_err(|error| sentence::of_vault(&VaultError::Kdf(error)))?;
    Ok((passphrase, params))
}

/// What opens the vault beside the passphrase that was given: with one passphrase that is every other slot.
fn others(vault: &Vault) -> Vec<SlotInfo> {
    vault.slots().into_iter().skip(1).collect()
}

fn rekey_text(others: &[SlotInfo]) -> String {
    let lines: String =
        others.iter().map(|slot| format!("  slot {}  {}\n", slot.id.0, slot_kind(slot.kind))).collect();
    format!(
        "\nThe new keys are for the new passphrase alone. Of these, all but the one that was just used go, and are to be made \
             anew:\n{lines}"
    )
}

/// Makes new keys, with progress, and closes the vault. An interruption before the new keys are in place changes nothing.
async fn rekey(
    vault: Vault,
    old: Passphrase,
    new: Passphrase,
    params: KdfParams,
) -> Result<Vec<SlotInfo>, Problem> {
    let mut vault = vault;
    let rekeyed = progress::shown("Writing everything under new keys", move |progress| {
        let rekeyed = vault.rekey(&old, &new, params, progress);
        (vault, rekeyed)
    });
    let (vault, rekeyed) = rekeyed.await?;
    match rekeyed {
        Ok(rekeyed) => {
            opening::close(vault);
            Ok(rekeyed.dropped)
        }
        Err(error) => Err(sentence::of_vault(&error).into()),
    }
}
