use std::io::{self, Write};

use latchkey_app::VaultPlace;
use latchkey_crypto::vault::Passphrase;
use latchkey_vault::{Damage, Finding, OpenOptions, Restored, VaultError};
use serde::Serialize;

use crate::{
    Problem, args::Repair, background::at_work, confirm::confirm, exit::Exit, json, opening,
    passphrase::PassphraseSource, selecting::passkeys, sentence, tell,
};

/// What was done, in JSON; an interface, see docs/cli.md.
#[derive(Debug, Serialize)]
struct Repaired {
    done: &'static str,
    snapshot: Option<u64>,
    reached: Option<u64>,
    newest_seen: Option<u64>,
    changes_lost: u64,
    passkeys: Option<u64>,
    passkeys_lost: Option<Vec<String>>,
    set_aside: Option<String>,
}

/// How a vault is.
enum State {
    Whole,
    /// It opens, and something in it is damaged.
    Hurt(Vec<Finding>),
    /// It does not open as it is.
    Broken(VaultError),
    /// It is older than it should be.
    Older {
        seen: u64,
        found: u64,
    },
}

/// Brings back what is damaged, or goes on with what is older, after asking.
pub(crate) async fn run(
    place: &VaultPlace,
    source: &PassphraseSource,
    arguments: Repair,
) -> Result<Exit, Problem> {
    // Also a header that cannot be read is repaired, so only one that is not there ends it.
    if let Err(error @ VaultError::NotFound) = latchkey_vault::describe(&place.folder) {
        return Err(sentence::of_vault(&error).into());
    }
    let passphrase = opening::passphrase(source).await?;
    let options = latchkey_app::opening::options(place);
    tell("Looking at the vault …");
    let (state, passphrase) = look(place, options.clone(), passphrase).await?;
    let repaired = match state {
        State::Whole => Repaired::nothing(),
        State::Older { seen, found } if arguments.accept_older => {
            confirm(&older_text(seen, found), "Go on with the older vault?", arguments.yes).await?;
            accept_older(place, options, passphrase).await?;
            Repaired {
                done: "accepted-older",
                newest_seen: Some(seen),
                reached: Some(found),
                changes_lost: seen.saturating_sub(found),
                ..Repaired::nothing()
            }
        }
        State::Older { seen, found } => {
            return Err(sentence::of_vault(&VaultError::RolledBack { seen, found }).into());
        }
        State::Hurt(findings) => {
            let list: String =
                findings.iter().map(|finding| format!("- {}\n", sentence::of_finding(finding))).collect();
            confirm(&format!("\n{list}{RESTORE_TEXT}"), RESTORE_QUESTION, arguments.yes).await?;
            restore(place, options, passphrase).await?.into()
        }
        State::Broken(error) => {
            confirm(
                &format!("\n{}\n{RESTORE_TEXT}", sentence::of_vault(&error).what),
                RESTORE_QUESTION,
                arguments.yes,
            )
            .await?;
            restore(place, options, passphrase).await?.into()
        }
    };
    let is_changed = repaired.done != "nothing";
    report(&repaired, arguments.json.json)
        .map_err(|problem| if is_changed { problem.after_change() } else { problem })
}

const RESTORE_TEXT: &str = "\nThe newest good snapshot and the journal after it take the place of the database. What neither holds is \
                            lost. The damaged files are kept in the vault's folder, in set-aside/.\n";
const RESTORE_QUESTION: &str = "Restore?";

fn older_text(seen: u64, found: u64) -> String {
    format!(
        "\nThis machine has seen change {seen} of the vault; its folder is at change {found}. Somebody put an old copy back, \
         or a disk lost writes.\n{} changes are gone for good if you go on: passkeys made since then, and labels. What was \
         removed since then is back, and so is an older passphrase.\nIf the newer folder is somewhere, put it back instead.\n",
        seen.saturating_sub(found)
    )
}

async fn look(
    place: &VaultPlace,
    options: OpenOptions,
    passphrase: Passphrase,
) -> Result<(State, Passphrase), Problem> {
    let folder = place.folder.clone();
    at_work(move || {
        let looked = options.open(folder, &passphrase).and_then(|(vault, _proof)| {
            vault.check()?;
            let findings = vault.status()?.findings;
            vault.close()?;
            Ok(findings)
        });
        let state = match looked {
            Ok(findings) if findings.iter().any(needs_restore) => State::Hurt(findings),
            Ok(_) => State::Whole,
            Err(VaultError::RolledBack { seen, found }) => State::Older { seen, found },
            Err(error @ VaultError::Damaged(_)) => State::Broken(error),
            Err(error) => return Err(sentence::of_vault(&error).into()),
        };
        Ok((state, passphrase))
    })
    .await
}

/// The others mend themselves with the next change, or are no damage.
fn needs_restore(finding: &Finding) -> bool {
    matches!(
        finding,
        Finding::RecordDamaged { .. }
            | Finding::PasskeyMissing { .. }
            | Finding::SecretMissing { .. }
            | Finding::RecordsMissing { .. }
            | Finding::RecordsAdded { .. }
            | Finding::RecordsExchanged
    )
}

async fn accept_older(
    place: &VaultPlace,
    options: OpenOptions,
    passphrase: Passphrase,
) -> Result<(), Problem> {
    let folder = place.folder.clone();
    let opened = at_work(move || options.accept_older().open(folder, &passphrase)?.0.close()).await;
    Ok(opened.map_err(|error| sentence::of_vault(&error))?)
}

async fn restore(
    place: &VaultPlace,
    options: OpenOptions,
    passphrase: Passphrase,
) -> Result<Restored, Problem> {
    let folder = place.folder.clone();
    let restored = at_work(move || options.restore(folder, &passphrase)).await;
    Ok(restored.map_err(|error| match error {
        VaultError::Damaged(Damage::Header) => sentence::no_header_left(),
        error => sentence::of_vault(&error),
    })?)
}

impl Repaired {
    fn nothing() -> Self {
        Self {
            done: "nothing",
            snapshot: None,
            reached: None,
            newest_seen: None,
            changes_lost: 0,
            passkeys: None,
            passkeys_lost: None,
            set_aside: None,
        }
    }
}

impl From<Restored> for Repaired {
    fn from(restored: Restored) -> Self {
        Self {
            done: "restored",
            snapshot: Some(restored.snapshot),
            reached: Some(restored.reached),
            newest_seen: Some(restored.newest_seen),
            changes_lost: restored.commits_lost(),
            passkeys: Some(restored.passkeys),
            passkeys_lost: restored.passkeys_lost.map(|ids| ids.iter().map(ToString::to_string).collect()),
            set_aside: restored.set_aside.map(|path| path.display().to_string()),
        }
    }
}

fn report(repaired: &Repaired, as_json: bool) -> Result<Exit, Problem> {
    let mut out = io::stdout().lock();
    if as_json {
        json::write(&mut out, repaired)?;
        return Ok(Exit::Done);
    }
    match repaired.done {
        "nothing" => writeln!(out, "There is nothing to repair.")?,
        "accepted-older" => {
            writeln!(out, "The vault goes on at change {}.", repaired.reached.unwrap_or_default())?
        }
        _ => match repaired.changes_lost {
            0 => writeln!(out, "Restored. No change that is known of was lost.")?,
            lost => writeln!(
                out,
                "Restored up to change {}. The {lost} changes after it are lost.",
                repaired.reached.unwrap_or_default()
            )?,
        },
    }
    if let Some(count) = repaired.passkeys {
        writeln!(out, "It has {} now.", passkeys(usize::try_from(count).unwrap_or(usize::MAX)))?;
    }
    match repaired.passkeys_lost.as_deref() {
        Some([]) | None => {}
        Some(lost) => {
            writeln!(out, "Lost, as far as the damaged database still names them: {}", lost.join(", "))?;
        }
    }
    if let Some(path) = &repaired.set_aside {
        writeln!(out, "The damaged files are kept in {path}; delete them when all is well.")?;
    }
    Ok(Exit::Done)
}
