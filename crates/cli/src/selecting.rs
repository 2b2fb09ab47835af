//! Which passkeys a call means.

use std::io::{self, BufRead};

use latchkey_app::finding::{Finder, NotOne};
use latchkey_passkey::PasskeyId;
use latchkey_vault::Entry;

use crate::{
    Problem,
    args::Selection,
    background::in_background,
    command::passkey::account_line,
    confirm::confirm,
    sentence::{self, Sentence},
};

/// How many passkeys are shown where one was meant, or before many are changed.
const SHOWN: usize = 10;
/// Longer than all ids of a vault of a million passkeys.
const MAX_STDIN_BYTES: u64 = 64 << 20;

/// Among which passkeys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Among {
    /// Those outside the bin.
    InUse,
    /// Those in the bin.
    InBin,
}

impl Among {
    fn holds(self, entry: &Entry) -> bool {
        (self == Among::InBin) == entry.binned_at.is_some()
    }

    fn other(self) -> Self {
        match self {
            Among::InUse => Among::InBin,
            Among::InBin => Among::InUse,
        }
    }
}

/// What the call says, read before a passphrase is asked for.
pub(crate) enum Meant {
    Each(Vec<String>),
    AllMatching { query: String, yes: bool },
}

impl Meant {
    /// Reads what `-` stands for.
    pub(crate) async fn read(selection: Selection) -> Result<Self, Problem> {
        if let Some(query) = selection.all_matching {
            return Ok(Self::AllMatching { query, yes: selection.yes });
        }
        Ok(Self::Each(with_stdin(selection.ids).await?))
    }

    /// The passkeys. A change of all that match is asked for.
    pub(crate) async fn among(
        &self,
        entries: &[Entry],
        among: Among,
        change: &str,
    ) -> Result<Vec<PasskeyId>, Problem> {
        match self {
            Self::Each(texts) => Ok(each(entries, texts, among)?),
            Self::AllMatching { query, yes } => {
                let finder = Finder::new(entries.iter().filter(|entry| among.holds(entry)));
                let ids = finder.all_matching(query);
                if ids.is_empty() {
                    return Err(sentence::nothing_matches(query).into());
                }
                let text = format!("{} match:\n{}", passkeys(ids.len()), listed(&finder, &ids));
                confirm(&text, &format!("{change}?"), *yes).await?;
                Ok(ids)
            }
        }
    }
}

/// The passkeys that these texts mean, each once.
pub(crate) fn each(entries: &[Entry], texts: &[String], among: Among) -> Result<Vec<PasskeyId>, Sentence> {
    let finder = Finder::new(entries.iter().filter(|entry| among.holds(entry)));
    let mut ids = Vec::new();
    for text in texts {
        let id = finder.one(text).map_err(|not| not_one(entries, &finder, text, among, &not))?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

/// The passkey that a text means: one that is in use, or else one in the bin.
pub(crate) fn one<'a>(entries: &'a [Entry], text: &str) -> Result<&'a Entry, Sentence> {
    let finder = Finder::new(entries.iter().filter(|entry| Among::InUse.holds(entry)));
    let not = match finder.one(text) {
        Ok(id) => return finder.entry(id).ok_or_else(|| sentence::no_such_passkey(text, "")),
        Err(not) => not,
    };
    let bin = Finder::new(entries.iter().filter(|entry| Among::InBin.holds(entry)));
    match (&not, bin.one(text).ok().and_then(|id| bin.entry(id))) {
        (NotOne::Nothing { .. }, Some(entry)) => Ok(entry),
        _ => Err(not_one(entries, &finder, text, Among::InUse, &not)),
    }
}

/// Puts what is read from standard input in the place of `-`.
pub(crate) async fn with_stdin(ids: Vec<String>) -> Result<Vec<String>, Problem> {
    if !ids.iter().any(|id| id == "-") {
        return Ok(ids);
    }
    let mut read = Some(in_background(read_stdin).await?);
    if read.as_ref().is_some_and(Vec::is_empty) && ids.len() == 1 {
        return Err(sentence::no_ids_on_stdin().into());
    }
    let replaced =
        ids.into_iter().flat_map(|id| if id == "-" { read.take().unwrap_or_default() } else { vec![id] });
    Ok(replaced.collect())
}

fn read_stdin() -> io::Result<Vec<String>> {
    let mut lines = Vec::new();
    for line in io::Read::take(io::stdin().lock(), MAX_STDIN_BYTES).lines() {
        let line = line?;
        if !line.trim().is_empty() {
            lines.push(line.trim().to_owned());
        }
    }
    Ok(lines)
}

fn not_one(entries: &[Entry], finder: &Finder<'_>, text: &str, among: Among, not: &NotOne) -> Sentence {
    match not {
        NotOne::Several(ids) => sentence::unclear_passkey(text, &listed(finder, ids)),
        NotOne::Nothing { close } => {
            let elsewhere = Finder::new(entries.iter().filter(|entry| among.other().holds(entry)));
            match (elsewhere.one(text), among) {
                (Ok(id), Among::InUse) => sentence::passkey_in_bin(id),
                (Ok(_), Among::InBin) => sentence::passkey_not_in_bin(text),
                (Err(_), _) => sentence::no_such_passkey(text, &listed(finder, close)),
            }
        }
    }
}

/// A line for each of the first passkeys.
fn listed(finder: &Finder<'_>, ids: &[PasskeyId]) -> String {
    let lines = ids.iter().take(SHOWN).filter_map(|id| finder.entry(*id)).map(account_line);
    let mut text: String = lines.map(|line| format!("  {line}\n")).collect();
    if ids.len() > SHOWN {
        text.push_str(&format!("  and {} more\n", ids.len() - SHOWN));
    }
    text
}

/// "1 passkey", "2 passkeys".
pub(crate) fn passkeys(count: usize) -> String {
    if count == 1 { "1 passkey".to_owned() } else { format!("{count} passkeys") }
}
