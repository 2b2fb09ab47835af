//! The passkey that a person means: by its id, the beginning of it, or words that fit it alone.

use std::cell::OnceCell;

use latchkey_passkey::PasskeyId;
use latchkey_search::{Closeness, SearchIndex};
use latchkey_vault::Entry;

/// So many hex digits may be the beginning of an id.
pub const LEAST_PREFIX_DIGITS: usize = 4;

/// Passkeys among which one is meant.
///
/// Holds names in clear: to be dropped with the vault.
pub struct Finder<'a> {
    entries: Vec<&'a Entry>,
    /// Made at the first words; an id needs none.
    index: OnceCell<SearchIndex>,
}

/// Why a text means no single passkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotOne {
    /// It means none. Those that would be meant with one typing error less, the best first.
    Nothing {
        /// Not chosen unasked, only proposed.
        close: Vec<PasskeyId>,
    },
    /// It means several, the best first.
    Several(Vec<PasskeyId>),
}

impl<'a> Finder<'a> {
    /// A finder among these: those outside the bin, or those in it, or both.
    pub fn new(entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        Self { entries: entries.into_iter().collect(), index: OnceCell::new() }
    }

    /// The one passkey that is meant: all 32 hex digits of its id, or the first of them
    /// ([`LEAST_PREFIX_DIGITS`] and more), or words that are found in this one alone.
    ///
    /// Where the first digits of one id are words of another passkey, several are meant: what follows may not be
    /// undone easily. A typing error is not tolerated. A blank text means nothing, and not everything.
    pub fn one(&self, text: &str) -> Result<PasskeyId, NotOne> {
        let text = text.trim();
        if text.is_empty() {
            return Err(NotOne::Nothing { close: Vec::new() });
        }
        if let Some(id) = PasskeyId::parse(&text.to_ascii_lowercase()) {
            let is_here = self.entries.iter().any(|entry| entry.passkey.core.id == id);
            return if is_here { Ok(id) } else { Err(NotOne::Nothing { close: Vec::new() }) };
        }
        let mut meant = self.beginning_with(text);
        let (found, close) = self.search(text);
        meant.extend(found.into_iter().filter(|id| !meant.contains(id)).collect::<Vec<_>>());
        match meant.as_slice() {
            [] => Err(NotOne::Nothing { close }),
            [one] => Ok(*one),
            _ => Err(NotOne::Several(meant)),
        }
    }

    /// Every passkey in which all words are found, the best first, for a change of many. A typing error is not
    /// tolerated, and a blank text means nothing.
    pub fn all_matching(&self, query: &str) -> Vec<PasskeyId> {
        if query.trim().is_empty() { Vec::new() } else { self.search(query).0 }
    }

    /// The entry of an id that was found here.
    pub fn entry(&self, id: PasskeyId) -> Option<&'a Entry> {
        self.entries.iter().copied().find(|entry| entry.passkey.core.id == id)
    }

    fn beginning_with(&self, text: &str) -> Vec<PasskeyId> {
        if text.len() < LEAST_PREFIX_DIGITS || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Vec::new();
        }
        let text = text.to_ascii_lowercase();
        let ids = self.entries.iter().map(|entry| entry.passkey.core.id);
        ids.filter(|id| id.to_string().starts_with(&text)).collect()
    }

    /// What is found as it is written, and what with one error.
    fn search(&self, text: &str) -> (Vec<PasskeyId>, Vec<PasskeyId>) {
        let index = self.index.get_or_init(|| index_of(self.entries.iter().copied()));
        let (close, found): (Vec<_>, Vec<_>) =
            index.search(text).into_iter().partition(|hit| hit.closeness == Closeness::OneError);
        let ids = |hits: Vec<latchkey_search::Hit>| hits.into_iter().map(|hit| hit.id).collect();
        (ids(found), ids(close))
    }
}

/// The words of passkeys, for searching as one types.
pub fn index_of<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> SearchIndex {
    let mut index = SearchIndex::new();
    for entry in entries {
        index.insert(entry.passkey.core.id, &entry.passkey);
    }
    index
}
