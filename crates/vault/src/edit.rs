use std::collections::HashSet;

use latchkey_crypto::vault::RecordKind;
use latchkey_passkey::{PasskeyId, UnixSeconds};

use crate::backend::Tree;
use crate::record::StoredPasskey;
use crate::vault::{MOST_RECORD_BYTES, record_key};
use crate::write::Write;
use crate::{Vault, VaultError};

/// Most bytes of a name, a folder or a tag.
pub const MAX_LABEL_BYTES: usize = 200;
/// Most bytes of a note.
pub const MAX_NOTE_BYTES: usize = 3 * 1024;
/// Most tags of one passkey.
pub const MAX_TAGS: usize = 64;

/// Room that a record keeps for what a sign-in and the bin write into it: they must never be refused for its size.
const ROOM_BYTES: usize = 256;
/// A new or edited record is no larger.
const MOST_EDITED_BYTES: usize = MOST_RECORD_BYTES - ROOM_BYTES;

/// A change of what its owner may change of a passkey.
///
/// Texts are trimmed; a name, note or folder that is empty then is none.
#[derive(Clone, PartialEq, Eq)]
pub enum LabelEdit {
    /// The owner's own name for it, up to [`MAX_LABEL_BYTES`], on one line.
    Name(Option<String>),
    /// The owner's note, up to [`MAX_NOTE_BYTES`], on as many lines as wanted.
    Note(Option<String>),
    /// The owner's folder, up to [`MAX_LABEL_BYTES`], on one line.
    Folder(Option<String>),
    /// Marked by its owner.
    Favourite(bool),
    /// Adds a tag, up to [`MAX_LABEL_BYTES`], on one line, up to [`MAX_TAGS`] of them.
    AddTag(String),
    /// Takes a tag away.
    RemoveTag(String),
}

/// Personal, so not shown.
impl std::fmt::Debug for LabelEdit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            LabelEdit::Name(_) => "Name(..)",
            LabelEdit::Note(_) => "Note(..)",
            LabelEdit::Folder(_) => "Folder(..)",
            LabelEdit::Favourite(true) => "Favourite(true)",
            LabelEdit::Favourite(false) => "Favourite(false)",
            LabelEdit::AddTag(_) => "AddTag(..)",
            LabelEdit::RemoveTag(_) => "RemoveTag(..)",
        })
    }
}

/// Why a text cannot be a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LabelError {
    /// Longer than allowed.
    #[error("{what} is {got} bytes, expected at most {most}")]
    TooLong {
        /// Which label.
        what: &'static str,
        /// Bytes given.
        got: usize,
        /// Bytes allowed.
        most: usize,
    },
    /// A control character, which a terminal could take for more than text.
    #[error("{what} has a control character")]
    Control {
        /// Which label.
        what: &'static str,
    },
    /// A tag of nothing but space.
    #[error("tag is empty")]
    EmptyTag,
    /// More tags than allowed.
    #[error("more than {MAX_TAGS} tags")]
    TooManyTags,
}

impl LabelEdit {
    /// As it will be stored.
    fn checked(&self) -> Result<Self, LabelError> {
        Ok(match self {
            LabelEdit::Name(name) => LabelEdit::Name(line("name", name.as_deref())?),
            LabelEdit::Folder(folder) => LabelEdit::Folder(line("folder", folder.as_deref())?),
            LabelEdit::Note(note) => {
                LabelEdit::Note(text("note", note.as_deref(), MAX_NOTE_BYTES, &['\n', '\t'])?)
            }
            LabelEdit::Favourite(yes) => LabelEdit::Favourite(*yes),
            LabelEdit::AddTag(tag) => LabelEdit::AddTag(line("tag", Some(tag))?.ok_or(LabelError::EmptyTag)?),
            LabelEdit::RemoveTag(tag) => LabelEdit::RemoveTag(tag.trim().to_owned()),
        })
    }
}

fn line(what: &'static str, given: Option<&str>) -> Result<Option<String>, LabelError> {
    text(what, given, MAX_LABEL_BYTES, &[])
}

fn text(
    what: &'static str,
    given: Option<&str>,
    most: usize,
    allowed: &[char],
) -> Result<Option<String>, LabelError> {
    let trimmed = given.unwrap_or_default().trim();
    if trimmed.len() > most {
        return Err(LabelError::TooLong { what, got: trimmed.len(), most });
    }
    if trimmed.chars().any(|c| c.is_control() && !allowed.contains(&c)) {
        return Err(LabelError::Control { what });
    }
    Ok((!trimmed.is_empty()).then(|| trimmed.to_owned()))
}

impl Vault {
    /// Changes labels of several passkeys, in the bin or not, in one commit. Returns those that are different now.
    ///
    /// All or nothing: one id that is not there, one text that cannot be a label, or one record that would be too
    /// large refuses the whole change. So does more than a commit takes (64 MiB, [`VaultError::TooLarge`]): that is the
    /// records of at least 10,000 passkeys, and of many times more where notes are short.
    pub fn edit(
        &mut self,
        ids: &[PasskeyId],
        edits: &[LabelEdit],
        at: UnixSeconds,
    ) -> Result<Vec<PasskeyId>, VaultError> {
        let edits = edits.iter().map(LabelEdit::checked).collect::<Result<Vec<_>, _>>()?;
        let change = self.next_change(at);
        self.change_each(ids, MOST_EDITED_BYTES, None, |stored| {
            let tags = stored.tag_count();
            let changed = stored.edit(&edits, change);
            if stored.tag_count() > MAX_TAGS.max(tags) {
                return Err(LabelError::TooManyTags.into());
            }
            Ok(changed)
        })
    }

    /// Changes the records of several passkeys in one commit, with one write more if any is different; those that are.
    /// None becomes larger than allowed, unless it was before.
    pub(crate) fn change_each(
        &mut self,
        ids: &[PasskeyId],
        most: usize,
        also: Option<Write>,
        change: impl Fn(&mut StoredPasskey) -> Result<bool, VaultError>,
    ) -> Result<Vec<PasskeyId>, VaultError> {
        let (mut changed, mut writes) = (Vec::new(), Vec::new());
        for id in each_once(ids) {
            let mut stored = self.stored_whole(id)?;
            let most = most.max(stored.encode().len());
            if change(&mut stored)? {
                changed.push(id);
                writes.push(put_at_most(most, id, &stored)?);
            }
        }
        if !writes.is_empty() {
            writes.extend(also);
            self.commit(&writes)?;
        }
        Ok(changed)
    }

    /// A passkey's record, of which this version understands everything that it has to.
    pub(crate) fn stored_whole(&self, id: PasskeyId) -> Result<StoredPasskey, VaultError> {
        let readable = |stored: &StoredPasskey| stored.entry().is_ok();
        let stored = self.stored(id)?.map(|(_, stored)| stored).filter(readable);
        stored.ok_or(VaultError::NoSuchPasskey { id })
    }
}

/// A new or edited passkey's record as it is to be written, if it leaves room for what a use will put into it.
pub(crate) fn passkey_write(id: PasskeyId, stored: &StoredPasskey) -> Result<Write, VaultError> {
    put_at_most(MOST_EDITED_BYTES, id, stored)
}

fn put_at_most(most: usize, id: PasskeyId, stored: &StoredPasskey) -> Result<Write, VaultError> {
    let content = stored.encode();
    if content.len() > most {
        return Err(VaultError::TooLarge { got: content.len(), most });
    }
    Ok(Write::put(Tree::Record, record_key(RecordKind::Passkey, id), content))
}

/// Every id once, in the order given.
pub(crate) fn each_once(ids: &[PasskeyId]) -> impl Iterator<Item = PasskeyId> {
    let mut seen = HashSet::new();
    ids.iter().copied().filter(move |id| seen.insert(*id))
}
