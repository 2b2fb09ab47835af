//! How a passkey is printed: as JSON and on one line.

use std::{
    collections::BTreeSet,
    io::{self, Write},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use latchkey_passkey::{PasskeyId, RpId, UnixSeconds, shown};
use latchkey_search::sites_with_one_passkey;
use latchkey_vault::Entry;
use serde::Serialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{exit::Exit, json, selecting::passkeys};

/// A passkey in JSON; an interface, see docs/cli.md.
#[derive(Debug, Serialize)]
pub(super) struct Listed<'a> {
    id: String,
    rp_id: &'a str,
    user_name: &'a str,
    user_display_name: &'a str,
    name: Option<&'a str>,
    note: Option<&'a str>,
    folder: Option<&'a str>,
    tags: &'a [String],
    favourite: bool,
    credential_id: String,
    user_handle: String,
    algorithm: &'static str,
    discoverable: bool,
    backup_eligible: Option<bool>,
    created_at: String,
    modified_at: String,
    last_used_at: Option<String>,
    sign_in_count: u64,
    binned_at: Option<String>,
    only_passkey_of_site: bool,
}

impl<'a> Listed<'a> {
    pub(super) fn of(entry: &'a Entry, lonely: &LonelySites<'_>) -> Self {
        let (core, labels) = (&entry.passkey.core, &entry.passkey.labels);
        Self {
            id: core.id.to_string(),
            rp_id: core.rp_id.as_str(),
            user_name: &labels.user_name,
            user_display_name: &labels.user_display_name,
            name: labels.name.as_deref(),
            note: labels.note.as_deref(),
            folder: labels.folder.as_deref(),
            tags: &labels.tags,
            favourite: labels.favourite,
            credential_id: URL_SAFE_NO_PAD.encode(core.credential_id.as_bytes()),
            user_handle: URL_SAFE_NO_PAD.encode(core.user_handle.as_bytes()),
            algorithm: core.algorithm.name(),
            discoverable: core.discoverable,
            backup_eligible: core.backup.known(),
            created_at: rfc3339(core.created_at),
            modified_at: rfc3339(entry.modified_at),
            last_used_at: entry.passkey.usage.last_used_at.map(rfc3339),
            sign_in_count: entry.passkey.usage.sign_in_count,
            binned_at: entry.binned_at.map(rfc3339),
            only_passkey_of_site: lonely.has(entry),
        }
    }
}

/// The sites that have one passkey outside the bin.
pub(super) struct LonelySites<'a>(BTreeSet<&'a RpId>);

impl<'a> LonelySites<'a> {
    /// Of a whole vault.
    pub(super) fn of(entries: &'a [Entry]) -> Self {
        let in_use = entries.iter().filter(|entry| entry.binned_at.is_none());
        Self(sites_with_one_passkey(in_use.map(|entry| &entry.passkey)).into_iter().collect())
    }

    /// Whether a passkey is its site's only one.
    pub(super) fn has(&self, entry: &Entry) -> bool {
        entry.binned_at.is_none() && self.0.contains(&entry.passkey.core.rp_id)
    }
}

/// What a change has changed, in JSON.
#[derive(Debug, Serialize)]
struct Changed {
    changed: Vec<String>,
    unchanged: Vec<String>,
}

/// Tells what a change of some passkeys has changed of them; `done` says what was done to how many.
pub(super) fn report_change(
    meant: &[PasskeyId],
    changed: &[PasskeyId],
    as_json: bool,
    done: impl FnOnce(&str) -> String,
) -> io::Result<Exit> {
    let mut out = io::stdout().lock();
    let unchanged: Vec<_> = meant.iter().filter(|id| !changed.contains(id)).collect();
    if as_json {
        let ids = |ids: &mut dyn Iterator<Item = &PasskeyId>| ids.map(ToString::to_string).collect();
        json::write(
            &mut out,
            &Changed { changed: ids(&mut changed.iter()), unchanged: ids(&mut unchanged.into_iter()) },
        )?;
        return Ok(Exit::Done);
    }
    if !changed.is_empty() {
        writeln!(out, "{}", done(&passkeys(changed.len())))?;
    }
    if !unchanged.is_empty() {
        writeln!(out, "{} had nothing to change.", passkeys(unchanged.len()))?;
    }
    Ok(Exit::Done)
}

/// Id, site and account on one line.
pub(crate) fn account_line(entry: &Entry) -> String {
    let id = entry.passkey.core.id.to_string();
    let short = id.get(..8).unwrap_or_default();
    format!("{short}  {}  {}", entry.passkey.core.rp_id.as_str(), account(entry))
}

/// The owner's own name, else the account.
pub(super) fn account(entry: &Entry) -> String {
    let labels = &entry.passkey.labels;
    match (&labels.name, labels.user_name.as_str()) {
        (Some(name), _) => shown(name),
        (None, "") => shown(&labels.user_display_name),
        (None, user_name) => shown(user_name),
    }
}

/// The time in UTC, as RFC 3339.
pub(super) fn rfc3339(at: UnixSeconds) -> String {
    moment(at).and_then(|moment| moment.format(&Rfc3339).ok()).unwrap_or_default()
}

pub(super) fn date(at: UnixSeconds) -> String {
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
