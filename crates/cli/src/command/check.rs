use std::io::{self, Write};

use latchkey_app::VaultPlace;
use latchkey_vault::{Finding, VaultError};
use serde::Serialize;

use crate::{
    Problem,
    background::at_work,
    exit::Exit,
    json, opening,
    passphrase::PassphraseSource,
    selecting::passkeys,
    sentence::{self, Sentence},
    tell,
};

/// What a check came to, in JSON; an interface, see docs/cli.md.
#[derive(Debug, Serialize)]
struct Checked {
    whole: bool,
    opens: bool,
    commit: Option<u64>,
    passkeys: Option<u64>,
    binned: Option<u64>,
    snapshots: Option<usize>,
    findings: Vec<String>,
    /// Why it does not open.
    error: Option<String>,
}

impl Checked {
    fn not_opened(error: &Sentence) -> Self {
        Self {
            whole: false,
            opens: false,
            commit: None,
            passkeys: None,
            binned: None,
            snapshots: None,
            findings: match error.exit {
                Exit::VaultDamaged => vec![error.what.clone()],
                _ => Vec::new(),
            },
            error: Some(error.what.clone()),
        }
    }
}

/// Tells why the vault did not open: on standard output, too, for whoever wants JSON.
fn not_opened(error: Sentence, as_json: bool) -> Problem {
    if as_json && let Err(error) = json::write(&mut io::stdout().lock(), &Checked::not_opened(&error)) {
        return error.into();
    }
    error.into()
}

/// That a vault was brought to a newer format is told, and is no damage.
fn is_damage(finding: &Finding) -> bool {
    !matches!(finding, Finding::Migrated { .. })
}

/// Verifies every record, key and manifest.
pub(crate) async fn run(
    place: &VaultPlace,
    source: &PassphraseSource,
    as_json: bool,
) -> Result<Exit, Problem> {
    opening::expect_vault(place).map_err(|error| not_opened(error, as_json))?;
    let passphrase = opening::passphrase(source).await?;
    let (options, folder) = (latchkey_app::opening::options(place), place.folder.clone());
    tell("Opening the vault and every record in it …");
    let checked = at_work(move || -> Result<_, VaultError> {
        let (vault, _proof) = options.open(folder, &passphrase)?;
        vault.check()?;
        let status = vault.status()?;
        vault.close()?;
        Ok(status)
    });
    let checked = match checked.await {
        Ok(status) => Checked {
            whole: !status.findings.iter().any(is_damage),
            opens: true,
            commit: Some(status.epoch),
            passkeys: Some(status.passkeys),
            binned: Some(status.binned),
            snapshots: Some(status.snapshots.len()),
            findings: status.findings.iter().map(sentence::of_finding).collect(),
            error: None,
        },
        Err(error) => return Err(not_opened(sentence::of_vault(&error), as_json)),
    };
    let mut out = io::stdout().lock();
    if as_json {
        json::write(&mut out, &checked)?;
    } else {
        let count =
            |count: Option<u64>| passkeys(count.and_then(|n| usize::try_from(n).ok()).unwrap_or_default());
        writeln!(
            out,
            "{}, and {} in the bin, at change {}.",
            count(checked.passkeys),
            count(checked.binned),
            checked.commit.unwrap_or_default()
        )?;
        for finding in &checked.findings {
            writeln!(out, "- {finding}")?;
        }
        if checked.whole {
            writeln!(out, "Every record, key and manifest is as it should be.")?;
        } else {
            writeln!(
                out,
                "{}",
                sentence::for_vault(
                    "The rest is usable. `latchkey repair` brings back what the snapshots hold.",
                    place
                )
            )?;
        }
    }
    Ok(if checked.whole { Exit::Done } else { Exit::VaultDamaged })
}
