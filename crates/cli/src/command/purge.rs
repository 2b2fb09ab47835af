use std::io::{self, Write};

use latchkey_app::{VaultPlace, finding::Finder, now};
use latchkey_passkey::PasskeyId;
use latchkey_vault::Entry;
use serde::Serialize;

use super::passkey::account_line;
use crate::{
    Problem,
    args::Purge,
    confirm::confirm,
    exit::Exit,
    json, opening,
    passphrase::PassphraseSource,
    selecting::{Among, each, passkeys, with_stdin},
    sentence,
};

/// How many passkeys are shown before they go.
const SHOWN: usize = 10;

/// What was purged, in JSON; an interface, see docs/cli.md.
#[derive(Debug, Serialize)]
struct Purged {
    purged: Vec<String>,
    rewritten: bool,
}

/// Deletes passkeys in the bin for good, and writes the vault anew, so that no copy of them is left in it.
pub(crate) async fn run(
    place: &VaultPlace,
    source: &PassphraseSource,
    arguments: Purge,
) -> Result<Exit, Problem> {
    let texts = with_stdin(arguments.ids).await?;
    let (mut vault, _proof) = opening::open(place, source).await?;
    let entries = vault.list().map_err(|error| sentence::of_vault(&error))?;
    let ids = if arguments.bin { whole_bin(&entries) } else { each(&entries, &texts, Among::InBin)? };
    if !ids.is_empty() {
        confirm(&warning(&entries, &ids), "Delete for good?", arguments.yes).await?;
    }
    let purged = vault.purge(&ids, now()).map_err(|error| sentence::of_vault(&error))?;
    let is_due = vault.rewrite_is_due();
    let is_done = opening::close_rewritten(vault).await?;
    let purged =
        Purged { purged: purged.iter().map(ToString::to_string).collect(), rewritten: is_due && is_done };
    report(&purged, arguments.json.json).map_err(|error| match purged.purged.is_empty() {
        true => Problem::Output(error),
        false => Problem::OutputAfterChange(error),
    })?;
    Ok(Exit::Done)
}

fn report(purged: &Purged, as_json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if as_json {
        json::write(&mut out, purged)
    } else if purged.purged.is_empty() {
        writeln!(out, "The bin is empty.")
    } else {
        writeln!(out, "Deleted {} for good.", passkeys(purged.purged.len()))
    }
}

fn whole_bin(entries: &[Entry]) -> Vec<PasskeyId> {
    let binned = entries.iter().filter(|entry| entry.binned_at.is_some());
    binned.map(|entry| entry.passkey.core.id).collect()
}

fn warning(entries: &[Entry], ids: &[PasskeyId]) -> String {
    let finder = Finder::new(entries);
    let lines = ids.iter().take(SHOWN).filter_map(|id| finder.entry(*id)).map(account_line);
    let mut list: String = lines.map(|line| format!("  {line}\n")).collect();
    if ids.len() > SHOWN {
        list.push_str(&format!("  and {} more\n", ids.len() - SHOWN));
    }
    format!(
        "\nIn the bin, and to be deleted:\n{list}\n{} for good: nothing brings them back, and you can sign in with them no more. The vault is then \
         written anew under another key, so that no copy of them is left in it. Copies of its folder elsewhere keep theirs.\n",
        match ids.len() {
            1 => "It goes".to_owned(),
            several => format!("All {several} go"),
        }
    )
}
