//! The vaults of this user: which there are, what they are called, and taking one away.

use std::{
    ffi::OsStr,
    io::{self, Write},
    path::Path,
};

use latchkey_app::{
    VaultPlace,
    known::{KnownVault, KnownVaults, Presence},
};
use serde::Serialize;

use crate::{
    Problem,
    args::VaultsCommand,
    exit::Exit,
    json, opening,
    passphrase::PassphraseSource,
    selecting::passkeys,
    sentence::{self, Sentence},
    terminal::Terminal,
};

/// A vault in JSON; an interface, see docs/cli.md.
#[derive(Debug, Serialize)]
struct Listed {
    name: String,
    path: String,
    id: Option<String>,
    default: bool,
    outside: bool,
    present: bool,
    in_use: bool,
    problem: Option<String>,
}

/// What became of a vault, in JSON.
#[derive(Debug, Serialize)]
struct Renamed {
    name: String,
    path: String,
}

#[derive(Debug, Serialize)]
struct Deleted {
    name: String,
    path: String,
    passkeys: u64,
    left: Vec<String>,
}

/// Runs one of them.
pub(crate) async fn run(command: VaultsCommand, source: &PassphraseSource) -> Result<Exit, Problem> {
    let known = KnownVaults::of_this_user().ok_or_else(sentence::no_home)?;
    match command {
        VaultsCommand::List(json) => list(&known, json.json),
        VaultsCommand::Rename { which, name, json } => rename(&known, which.as_os_str(), &name, json.json),
        VaultsCommand::Forget { which, json } => forget(&known, which.as_os_str(), json.json),
        VaultsCommand::Delete { which, yes, json } => {
            delete(&known, which.as_os_str(), yes.as_deref(), json.json, source).await
        }
    }
}

fn list(known: &KnownVaults, as_json: bool) -> Result<Exit, Problem> {
    let vaults = known.list().map_err(|error| sentence::of_known_vaults(&error))?;
    let listed: Vec<_> = vaults.into_iter().map(Listed::of).collect();
    let mut out = io::stdout().lock();
    if as_json {
        json::write(&mut out, &listed)?;
        return Ok(Exit::Done);
    }
    if listed.is_empty() {
        writeln!(out, "No vaults yet. Make one with: latchkey init")?;
    }
    let width = listed.iter().map(|vault| vault.name.chars().count()).max().unwrap_or(0);
    for vault in &listed {
        let mut facts = Vec::new();
        facts.extend(vault.default.then_some("used when none is named"));
        facts.extend(vault.in_use.then_some("in use"));
        facts.extend(vault.problem.as_deref());
        let facts = if facts.is_empty() { String::new() } else { format!("  ({})", facts.join("; ")) };
        writeln!(out, "{:<width$}  {}{facts}", vault.name, latchkey_passkey::shown(&vault.path))?;
    }
    Ok(Exit::Done)
}

impl Listed {
    fn of(vault: KnownVault) -> Self {
        let problem = match &vault.presence {
            Presence::Free | Presence::InUse => None,
            Presence::Missing => Some("not there: its medium is away, or it was moved".to_owned()),
            Presence::Other(_) => Some("another vault is in its place".to_owned()),
            Presence::Unreadable(error) => Some(without_full_stop(sentence::of_vault(error).what)),
        };
        Self {
            name: vault.name,
            path: vault.path.display().to_string(),
            id: vault.id,
            default: vault.is_default,
            outside: vault.is_outside,
            present: !matches!(vault.presence, Presence::Missing | Presence::Other(_)),
            in_use: matches!(vault.presence, Presence::InUse),
            problem,
        }
    }
}

fn without_full_stop(text: String) -> String {
    text.strip_suffix('.').map(str::to_owned).unwrap_or(text)
}

fn rename(known: &KnownVaults, which: &OsStr, name: &str, as_json: bool) -> Result<Exit, Problem> {
    let vault = found(known, which)?;
    let path = known.rename(&vault, name).map_err(|error| sentence::of_known_vaults(&error))?;
    let path = path.display().to_string();
    let mut out = io::stdout().lock();
    if as_json {
        json::write(&mut out, &Renamed { name: name.to_owned(), path })?;
    } else {
        writeln!(out, "The vault {} is called {name} now. It lies in {path}", vault.name)?;
    }
    Ok(Exit::Done)
}

fn forget(known: &KnownVaults, which: &OsStr, as_json: bool) -> Result<Exit, Problem> {
    let vault = found(known, which)?;
    known.forget(&vault).map_err(|error| sentence::of_known_vaults(&error))?;
    let path = vault.path.display().to_string();
    let mut out = io::stdout().lock();
    if as_json {
        json::write(&mut out, &Renamed { name: vault.name, path })?;
    } else {
        writeln!(out, "Forgot {}. The vault itself stays as it is in {path}", vault.name)?;
    }
    Ok(Exit::Done)
}

fn found(known: &KnownVaults, which: &OsStr) -> Result<KnownVault, Sentence> {
    known.find(which).map_err(|error| sentence::of_known_vaults(&error))
}

async fn delete(
    known: &KnownVaults,
    which: &OsStr,
    yes: Option<&str>,
    as_json: bool,
    source: &PassphraseSource,
) -> Result<Exit, Problem> {
    let folder = known.folder_of(which).map_err(|error| sentence::of_known_vaults(&error))?;
    // One that was never remembered may go as well; it is called as its folder is.
    let name = match known.find(which) {
        Ok(vault) => vault.name,
        Err(_) => folder.file_name().unwrap_or_default().to_string_lossy().into_owned(),
    };
    match yes {
        Some(_) if !source.is_given() => return Err(sentence::delete_without_passphrase().into()),
        Some(typed) if typed != name => return Err(sentence::other_vault_named(&name).into()),
        _ => {}
    }
    let mut terminal = match yes {
        Some(_) => None,
        None => Some(Terminal::open().ok_or_else(sentence::nobody_to_ask_for_name)?),
    };
    let place = VaultPlace::at(folder).ok_or_else(sentence::no_home)?;
    let (vault, _proof) = opening::open(&place, source).await?;
    let (id, status) = (vault.id(), vault.status().map_err(|error| sentence::of_vault(&error))?);
    if let Some(terminal) = &mut terminal {
        terminal.say(&warning(&place.folder, status.passkeys, status.binned))?;
        let typed = terminal.ask_or_leave(&format!("Type its name, {name}, to delete it: ")).await?;
        if typed.as_deref() != Some(name.as_str()) {
            return Err(sentence::name_not_typed().into());
        }
    }
    // Dropped, not closed: what is deleted needs no snapshot.
    drop(vault);
    let foreign = known.remove(&place, id).map_err(|error| sentence::of_known_vaults(&error))?;
    let left: Vec<_> = foreign.iter().map(|path| path.display().to_string()).collect();
    let count = status.passkeys + status.binned;
    let mut out = io::stdout().lock();
    if as_json {
        let path = place.folder.display().to_string();
        json::write(&mut out, &Deleted { name, path, passkeys: count, left })?;
        return Ok(Exit::Done);
    }
    writeln!(
        out,
        "Deleted the vault {name} with {}.",
        passkeys(usize::try_from(count).unwrap_or(usize::MAX))
    )?;
    if !left.is_empty() {
        writeln!(out, "What is not the vault's stays in {}: {}", place.folder.display(), left.join(", "))?;
    }
    Ok(Exit::Done)
}

fn warning(folder: &Path, in_use: u64, binned: u64) -> String {
    let count = |count: u64| passkeys(usize::try_from(count).unwrap_or(usize::MAX));
    let bin = if binned == 0 { String::new() } else { format!(", and {} in its bin", count(binned)) };
    format!(
        "\nThe vault in {} goes for good, and with it {}{bin}.\nYou can sign in with them no more. Copies of the \
         folder elsewhere stay.\n",
        folder.display(),
        count(in_use)
    )
}
