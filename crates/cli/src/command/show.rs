use std::io::{self, Write};

use latchkey_app::VaultPlace;
use latchkey_passkey::{Door, Outcome, UseKind, Verification, shown};
use latchkey_vault::{Entry, HistoryEntry};
use serde::Serialize;

use super::list::{Listed, rfc3339};
use crate::{Problem, exit::Exit, json, opening, passphrase::PassphraseSource, sentence};

/// A passkey with its history in JSON; an interface, see docs/cli.md.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    listed: Listed<'a>,
    history: Vec<Line>,
}

#[derive(Debug, Serialize)]
struct Line {
    at: String,
    kind: &'static str,
    door: &'static str,
    outcome: &'static str,
    verification: Option<&'static str>,
}

impl Line {
    fn of(entry: &HistoryEntry) -> Self {
        let used = &entry.used;
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
        }
    }
}

/// Shows one passkey.
pub(crate) async fn run(
    place: &VaultPlace,
    source: &PassphraseSource,
    id: &str,
    as_json: bool,
) -> Result<Exit, Problem> {
    let (vault, _proof) = opening::open(place, source).await?;
    let entries = vault.list().map_err(|error| sentence::of_vault(&error))?;
    let id = id.to_ascii_lowercase();
    let mut meant = entries
        .iter()
        .filter(|entry| entry.binned_at.is_none() && entry.passkey.core.id.to_string().starts_with(&id));
    let entry = match (meant.next(), meant.next()) {
        (Some(entry), None) => entry,
        (None, _) => return Err(sentence::no_such_passkey().into()),
        (Some(_), Some(_)) => return Err(sentence::unclear_passkey().into()),
    };
    let mut history = vault.history(entry.passkey.core.id).map_err(|error| sentence::of_vault(&error))?;
    history.reverse();
    opening::close(vault);
    let history: Vec<_> = history.iter().map(Line::of).collect();
    let mut out = io::stdout().lock();
    if as_json {
        let shown = Shown { listed: Listed::of(entry), history };
        json::write(&mut out, &shown)?;
    } else {
        write_text(&mut out, entry, &history)?;
    }
    Ok(Exit::Done)
}

fn write_text(out: &mut impl Write, entry: &Entry, history: &[Line]) -> io::Result<()> {
    let labels = &entry.passkey.labels;
    writeln!(out, "Site          {}", entry.passkey.core.rp_id.as_str())?;
    writeln!(out, "Account       {}", shown(&labels.user_name))?;
    if !labels.user_display_name.is_empty() && labels.user_display_name != labels.user_name {
        writeln!(out, "              {}", shown(&labels.user_display_name))?;
    }
    if let Some(name) = &labels.name {
        writeln!(out, "Name          {}", shown(name))?;
    }
    writeln!(out, "Id            {}", entry.passkey.core.id)?;
    writeln!(out, "Algorithm     {}", entry.passkey.core.algorithm.name())?;
    writeln!(out, "Discoverable  {}", if entry.passkey.core.discoverable { "yes" } else { "no" })?;
    writeln!(out, "Made          {}", rfc3339(entry.passkey.core.created_at))?;
    writeln!(out, "Sign-ins      {}", entry.passkey.usage.sign_in_count)?;
    writeln!(out, "\nHistory, newest first")?;
    for line in history {
        let verified = line.verification.map(|how| format!(", verified by {how}")).unwrap_or_default();
        writeln!(out, "  {}  {} {} over {}{verified}", line.at, line.kind, line.outcome, line.door)?;
    }
    Ok(())
}
