//! What its owner writes on a passkey: name, note, tags, folder, and the mark of a favourite.

use std::io::{self, Read, Write};

use latchkey_app::{VaultPlace, now};
use latchkey_passkey::PasskeyId;
use latchkey_vault::{Entry, LabelEdit, MAX_NOTE_BYTES, Vault};
use serde::Serialize;

use super::{passkey::report_change, show::shown_whole};
use crate::{
    Problem,
    args::{JsonOption, Note, One, Selection, TagCommand, Tagging},
    background::in_background,
    exit::Exit,
    json, opening,
    passphrase::PassphraseSource,
    selecting::{Among, Meant, one},
    sentence::{self, Sentence},
};

/// The note of one passkey, in JSON.
#[derive(Debug, Serialize)]
struct NoteOf<'a> {
    id: String,
    note: Option<&'a str>,
}

/// Gives one passkey a name.
pub(crate) async fn rename(
    place: &VaultPlace,
    source: &PassphraseSource,
    which: &One,
    name: String,
    json: &JsonOption,
) -> Result<Exit, Problem> {
    let done = if name.trim().is_empty() { "Took the name of" } else { "Named" };
    edit_one(place, source, which, LabelEdit::Name(Some(name)), done, json).await
}

/// Shows or writes the note of one passkey.
pub(crate) async fn note(place: &VaultPlace, source: &PassphraseSource, note: Note) -> Result<Exit, Problem> {
    let text = match note {
        Note { stdin: true, .. } => Some(text_of_note(in_background(read_note).await?)?),
        Note { clear: true, .. } => None,
        Note { text: Some(text), .. } => Some(text),
        Note { which, json, .. } => return show_note(place, source, &which, &json).await,
    };
    let done = if text.is_some() { "Wrote the note of" } else { "Took the note of" };
    edit_one(place, source, &note.which, LabelEdit::Note(text), done, &note.json).await
}

/// The space around a note is not stored, so there may be some.
const MAX_STDIN_BYTES: usize = 2 * MAX_NOTE_BYTES;

/// Reads one byte more than is taken, so that a longer text is refused and not cut.
fn read_note() -> io::Result<Vec<u8>> {
    let most = u64::try_from(MAX_STDIN_BYTES).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    io::stdin().lock().take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A program that failed writes nothing: that takes no note away.
fn text_of_note(bytes: Vec<u8>) -> Result<String, Sentence> {
    if bytes.len() > MAX_STDIN_BYTES {
        return Err(sentence::note_too_long());
    }
    let text = String::from_utf8(bytes).map_err(|_| sentence::note_is_no_text())?;
    if text.trim().is_empty() { Err(sentence::no_note_on_stdin()) } else { Ok(text) }
}

async fn show_note(
    place: &VaultPlace,
    source: &PassphraseSource,
    which: &One,
    as_json: &JsonOption,
) -> Result<Exit, Problem> {
    let (vault, _proof) = opening::open(place, source).await?;
    let entries = vault.list().map_err(|error| sentence::of_vault(&error))?;
    let entry = one(&entries, &which.id)?;
    opening::close(vault);
    let note = entry.passkey.labels.note.as_deref();
    let mut out = io::stdout().lock();
    if as_json.json {
        json::write(&mut out, &NoteOf { id: entry.passkey.core.id.to_string(), note })?;
    } else {
        note.iter()
            .flat_map(|note| note.lines())
            .try_for_each(|line| writeln!(out, "{}", shown_whole(line)))?;
    }
    Ok(Exit::Done)
}

/// Adds a tag, or takes one away.
pub(crate) async fn tag(
    place: &VaultPlace,
    source: &PassphraseSource,
    command: TagCommand,
) -> Result<Exit, Problem> {
    let (Tagging { tag, which, json }, is_added) = match command {
        TagCommand::Add(tagging) => (tagging, true),
        TagCommand::Remove(tagging) => (tagging, false),
    };
    let (edit, change, done) = match is_added {
        true => (LabelEdit::AddTag(tag), "Add the tag to them", "Tagged"),
        false => (LabelEdit::RemoveTag(tag), "Take the tag of them", "Took the tag of"),
    };
    edit_selected(place, source, which, edit, [change, done], &json).await
}

/// Marks favourites.
pub(crate) async fn favourite(
    place: &VaultPlace,
    source: &PassphraseSource,
    off: bool,
    which: Selection,
    json: &JsonOption,
) -> Result<Exit, Problem> {
    let said = match off {
        false => ["Mark them as favourites", "Marked"],
        true => ["Take the mark of them", "Took the mark of"],
    };
    edit_selected(place, source, which, LabelEdit::Favourite(!off), said, json).await
}

/// Puts passkeys into a folder.
pub(crate) async fn folder(
    place: &VaultPlace,
    source: &PassphraseSource,
    folder: String,
    which: Selection,
    json: &JsonOption,
) -> Result<Exit, Problem> {
    let said = match folder.trim().is_empty() {
        false => ["Put them into the folder", "Put into the folder:"],
        true => ["Take them out of their folder", "Took out of their folder:"],
    };
    edit_selected(place, source, which, LabelEdit::Folder(Some(folder)), said, json).await
}

/// A passkey in the bin may be written on, too.
async fn edit_one(
    place: &VaultPlace,
    source: &PassphraseSource,
    which: &One,
    edit: LabelEdit,
    done: &str,
    json: &JsonOption,
) -> Result<Exit, Problem> {
    let choose = async |entries: &[Entry]| Ok(vec![one(entries, &which.id)?.passkey.core.id]);
    change(place, source, choose, |vault, ids| vault.edit(ids, &[edit], now()), done, json).await
}

async fn edit_selected(
    place: &VaultPlace,
    source: &PassphraseSource,
    which: Selection,
    edit: LabelEdit,
    [question, done]: [&str; 2],
    json: &JsonOption,
) -> Result<Exit, Problem> {
    let meant = Meant::read(which).await?;
    let choose = async |entries: &[Entry]| meant.among(entries, Among::InUse, question).await;
    change(place, source, choose, |vault, ids| vault.edit(ids, &[edit], now()), done, json).await
}

/// Opens the vault, changes what is chosen in one commit, and tells of it.
pub(super) async fn change(
    place: &VaultPlace,
    source: &PassphraseSource,
    choose: impl AsyncFnOnce(&[Entry]) -> Result<Vec<PasskeyId>, Problem>,
    change: impl FnOnce(&mut Vault, &[PasskeyId]) -> Result<Vec<PasskeyId>, latchkey_vault::VaultError>,
    done: &str,
    json: &JsonOption,
) -> Result<Exit, Problem> {
    let (mut vault, _proof) = opening::open(place, source).await?;
    let entries = vault.list().map_err(|error| sentence::of_vault(&error))?;
    let ids = choose(&entries).await?;
    let changed = change(&mut vault, &ids).map_err(|error| sentence::of_vault(&error))?;
    opening::close(vault);
    report_change(&ids, &changed, json.json, |passkeys| format!("{done} {passkeys}."))
        .map_err(Problem::OutputAfterChange)
}
