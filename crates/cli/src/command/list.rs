use std::io::{self, Write};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use latchkey_app::VaultPlace;
use latchkey_passkey::{UnixSeconds, shown};
use latchkey_vault::Entry;
use serde::Serialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{Problem, exit::Exit, json, opening, passphrase::PassphraseSource, sentence};

/// A passkey in JSON; an interface, see docs/cli.md.
#[derive(Debug, Serialize)]
pub(super) struct Listed<'a> {
    id: String,
    rp_id: &'a str,
    user_name: &'a str,
    user_display_name: &'a str,
    name: Option<&'a str>,
    tags: &'a [String],
    favourite: bool,
    credential_id: String,
    user_handle: String,
    algorithm: &'static str,
    discoverable: bool,
    backup_eligible: Option<bool>,
    created_at: String,
    last_used_at: Option<String>,
    sign_in_count: u64,
}

impl<'a> Listed<'a> {
    pub(super) fn of(entry: &'a Entry) -> Self {
        Self {
            id: entry.passkey.core.id.to_string(),
            rp_id: entry.passkey.core.rp_id.as_str(),
            user_name: &entry.passkey.labels.user_name,
            user_display_name: &entry.passkey.labels.user_display_name,
            name: entry.passkey.labels.name.as_deref(),
            tags: &entry.passkey.labels.tags,
            favourite: entry.passkey.labels.favourite,
            credential_id: URL_SAFE_NO_PAD.encode(entry.passkey.core.credential_id.as_bytes()),
            user_handle: URL_SAFE_NO_PAD.encode(entry.passkey.core.user_handle.as_bytes()),
            algorithm: entry.passkey.core.algorithm.name(),
            discoverable: entry.passkey.core.discoverable,
            backup_eligible: entry.passkey.core.backup.known(),
            created_at: rfc3339(entry.passkey.core.created_at),
            last_used_at: entry.passkey.usage.last_used_at.map(rfc3339),
            sign_in_count: entry.passkey.usage.sign_in_count,
        }
    }
}

/// Lists the passkeys that fit a query.
pub(crate) async fn run(
    place: &VaultPlace,
    source: &PassphraseSource,
    query: Option<&str>,
    as_json: bool,
) -> Result<Exit, Problem> {
    let (vault, _proof) = opening::open(place, source).await?;
    let mut entries = vault.list().map_err(|error| sentence::of_vault(&error))?;
    opening::close(vault);
    entries.retain(|entry| entry.binned_at.is_none() && query.is_none_or(|query| fits(entry, query)));
    entries.sort_by(|a, b| {
        let (a, b) = (&a.passkey.core, &b.passkey.core);
        (a.rp_id.as_str(), a.created_at).cmp(&(b.rp_id.as_str(), b.created_at))
    });
    let mut out = io::BufWriter::new(io::stdout().lock());
    if as_json {
        let listed: Vec<_> = entries.iter().map(Listed::of).collect();
        json::write(&mut out, &listed)?;
    } else if entries.is_empty() {
        writeln!(out, "{}", if query.is_some() { "Nothing fits." } else { "No passkeys yet." })?;
    } else {
        write_table(&mut out, &entries)?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn fits(entry: &Entry, query: &str) -> bool {
    let query = query.to_lowercase();
    let labels = &entry.passkey.labels;
    [
        entry.passkey.core.rp_id.as_str(),
        &labels.user_name,
        &labels.user_display_name,
        labels.name.as_deref().unwrap_or_default(),
    ]
    .iter()
    .any(|text| text.to_lowercase().contains(&query))
}

fn write_table(out: &mut impl Write, entries: &[Entry]) -> io::Result<()> {
    let width = entries
        .iter()
        .map(|entry| entry.passkey.core.rp_id.as_str().chars().count())
        .max()
        .unwrap_or(0)
        .min(40);
    for entry in entries {
        let id = entry.passkey.core.id.to_string();
        let short = id.get(..8).unwrap_or_default();
        let account = match (&entry.passkey.labels.name, entry.passkey.labels.user_name.as_str()) {
            (Some(name), _) => shown(name),
            (None, "") => shown(&entry.passkey.labels.user_display_name),
            (None, user_name) => shown(user_name),
        };
        let used = match entry.passkey.usage.last_used_at {
            Some(at) => format!("last used {}", date(at)),
            None => "never used".to_owned(),
        };
        writeln!(out, "{short}  {:<width$}  {account:<32}  {used}", entry.passkey.core.rp_id.as_str())?;
    }
    Ok(())
}

/// The time in UTC, as RFC 3339.
pub(super) fn rfc3339(at: UnixSeconds) -> String {
    moment(at).and_then(|moment| moment.format(&Rfc3339).ok()).unwrap_or_default()
}

fn date(at: UnixSeconds) -> String {
    moment(at).map(|moment| moment.date().to_string()).unwrap_or_default()
}

fn moment(at: UnixSeconds) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(i64::try_from(at).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(u64::MAX), "");
    }
}
