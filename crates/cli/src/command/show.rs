use std::io::{self, Write};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use latchkey_app::VaultPlace;
use latchkey_passkey::{CounterMode, Custody, shown};
use latchkey_vault::Entry;
use serde::Serialize;

use super::{
    history::{self, Line, write_lines},
    passkey::{Listed, LonelySites, rfc3339},
};
use crate::{
    Problem, args::One, exit::Exit, json, opening, passphrase::PassphraseSource, selecting::one, sentence,
};

/// A passkey with its history in JSON; an interface, see docs/cli.md.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    listed: Listed<'a>,
    rp_name: Option<&'a str>,
    cred_protect: u8,
    device_bound: bool,
    payments: bool,
    counter: &'static str,
    source_counter: Option<u32>,
    large_blob_bytes: Option<usize>,
    source_raw_bytes: Option<usize>,
    history: Vec<Line>,
}

/// Shows one passkey.
pub(crate) async fn run(
    place: &VaultPlace,
    source: &PassphraseSource,
    which: &One,
    as_json: bool,
) -> Result<Exit, Problem> {
    let (vault, _proof) = opening::open(place, source).await?;
    let entries = vault.list().map_err(|error| sentence::of_vault(&error))?;
    let entry = one(&entries, &which.id)?;
    let (core, labels) = (&entry.passkey.core, &entry.passkey.labels);
    let read = || {
        let large_blob = vault.large_blob(core.id)?.map(|blob| blob.len());
        let source_raw = vault.source_raw(core.id)?.map(|raw| raw.len());
        Ok((large_blob, source_raw, history::lines(&vault, core.id)?))
    };
    let (large_blob_bytes, source_raw_bytes, history) = read().map_err(|error| sentence::of_vault(&error))?;
    opening::close(vault);

    let lonely = LonelySites::of(&entries);
    let shown = Shown {
        listed: Listed::of(entry, &lonely),
        rp_name: labels.rp_name.as_deref(),
        cred_protect: core.cred_protect.level(),
        device_bound: core.custody == Custody::DeviceBound,
        payments: core.payments,
        counter: match core.counter {
            CounterMode::Zero => "zero",
            CounterMode::Time => "time",
        },
        source_counter: core.source_counter,
        large_blob_bytes,
        source_raw_bytes,
        history,
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    if as_json {
        json::write(&mut out, &shown)?;
    } else {
        write_labels(&mut out, entry)?;
        write_core(&mut out, entry, &shown)?;
        if lonely.has(entry) {
            writeln!(
                out,
                "\nIt is your only passkey at this site. A second one there, on another device, is a way in if this is lost."
            )?;
        }
        writeln!(out, "\nHistory, newest first")?;
        write_lines(&mut out, "  ", &shown.history)?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn write_labels(out: &mut impl Write, entry: &Entry) -> io::Result<()> {
    let labels = &entry.passkey.labels;
    writeln!(out, "Site          {}", entry.passkey.core.rp_id.as_str())?;
    if let Some(name) = &labels.rp_name {
        writeln!(out, "              calls itself {}", shown(name))?;
    }
    writeln!(out, "Account       {}", shown(&labels.user_name))?;
    if !labels.user_display_name.is_empty() && labels.user_display_name != labels.user_name {
        writeln!(out, "              {}", shown(&labels.user_display_name))?;
    }
    for (head, text) in [("Name", &labels.name), ("Folder", &labels.folder)] {
        if let Some(text) = text {
            writeln!(out, "{head:<12}  {}", shown_whole(text))?;
        }
    }
    if !labels.tags.is_empty() {
        writeln!(
            out,
            "Tags          {}",
            labels.tags.iter().map(|tag| shown(tag)).collect::<Vec<_>>().join(", ")
        )?;
    }
    if labels.favourite {
        writeln!(out, "Favourite     yes")?;
    }
    for (line, n) in labels.note.iter().flat_map(|note| note.lines()).zip(0_u32..) {
        writeln!(out, "{:<12}  {}", if n == 0 { "Note" } else { "" }, shown_whole(line))?;
    }
    Ok(())
}

fn write_core(out: &mut impl Write, entry: &Entry, shown: &Shown<'_>) -> io::Result<()> {
    let core = &entry.passkey.core;
    let yes = |is: bool| if is { "yes" } else { "no" };
    writeln!(out, "Id            {}", core.id)?;
    writeln!(out, "Credential    {}", URL_SAFE_NO_PAD.encode(core.credential_id.as_bytes()))?;
    writeln!(out, "User handle   {}", URL_SAFE_NO_PAD.encode(core.user_handle.as_bytes()))?;
    writeln!(out, "Algorithm     {}", core.algorithm.name())?;
    writeln!(out, "Discoverable  {}", yes(core.discoverable))?;
    writeln!(
        out,
        "Backup        {}",
        core.backup.known().map_or("not known", |is| if is { "eligible" } else { "not eligible" })
    )?;
    writeln!(out, "Protection    level {}", shown.cred_protect)?;
    if shown.device_bound {
        writeln!(out, "Stays here    yes: no sync, no export, no backup")?;
    }
    if shown.payments {
        writeln!(out, "Payments      yes")?;
    }
    if let Some(counter) = shown.source_counter {
        writeln!(out, "Counter       {counter} where it came from; now {}", shown.counter)?;
    }
    for (head, bytes) in [("Large blob", shown.large_blob_bytes), ("Imported with", shown.source_raw_bytes)] {
        if let Some(bytes) = bytes {
            writeln!(out, "{head:<13} {bytes} bytes")?;
        }
    }
    writeln!(out, "Made          {}", rfc3339(core.created_at))?;
    writeln!(out, "Changed       {}", rfc3339(entry.modified_at))?;
    writeln!(out, "Sign-ins      {}", entry.passkey.usage.sign_in_count)?;
    if let Some(at) = entry.binned_at {
        writeln!(out, "In the bin    since {}", rfc3339(at))?;
    }
    Ok(())
}

/// `shown` cuts what is longer than it shows; so many characters never are, however they compose.
const SHOWN_AT_ONCE: usize = 16;

/// The owner's own text, whole, with nothing in it that disturbs a terminal.
pub(super) fn shown_whole(text: &str) -> String {
    let chars: Vec<char> = text.replace('\t', "    ").chars().collect();
    chars.chunks(SHOWN_AT_ONCE).map(|part| shown(&part.iter().collect::<String>())).collect()
}
