use std::cmp::Reverse;

use latchkey_passkey::{Passkey, PasskeyId, UnixSeconds};

use crate::fields::site_key;
use crate::fold::fold;

/// What a list is sorted by. Names sort without case and accents, the same in every language.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// By registrable domain, then RP ID, then account.
    #[default]
    Site,
    /// By the owner's own name, else what the site calls itself, else the site.
    Name,
    /// By account: `user.name`, else `user.displayName`.
    Account,
    /// The one used last first, those never used at the end.
    LastUsed,
    /// The newest first.
    Created,
}

/// Absent sorts before present: reversed, never used comes last.
type Key = (Reverse<Option<UnixSeconds>>, String, (String, String, String), PasskeyId);

impl Sort {
    /// Sorts `items`, whose passkeys `passkey` tells. Equal ones are ordered by site, account and id, so the outcome
    /// does not hang on the order before.
    pub fn apply<T>(self, items: &mut [T], passkey: impl Fn(&T) -> &Passkey) {
        items.sort_by_cached_key(|item| self.key(passkey(item)));
    }

    fn key(self, passkey: &Passkey) -> Key {
        let Passkey { core, labels, usage } = passkey;
        let own_name = || {
            let given =
                labels.name.as_deref().or(labels.rp_name.as_deref()).filter(|name| !name.trim().is_empty());
            given.map_or_else(|| site_key(&core.rp_id), fold)
        };
        let account = if labels.user_name.is_empty() { &labels.user_display_name } else { &labels.user_name };
        let (time, name) = match self {
            Sort::Site => (None, String::new()),
            Sort::Name => (None, own_name()),
            Sort::Account => (None, fold(account)),
            Sort::LastUsed => (usage.last_used_at, String::new()),
            Sort::Created => (Some(core.created_at), String::new()),
        };
        let site = (site_key(&core.rp_id), core.rp_id.as_str().to_owned(), fold(account));
        (Reverse(time), name, site, core.id)
    }
}
