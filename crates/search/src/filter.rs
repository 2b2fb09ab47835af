use latchkey_crypto::cose::Algorithm;
use latchkey_passkey::{Passkey, RpId, UnixSeconds};

use crate::fold::fold;

/// A passkey as it stands in a list.
#[derive(Debug, Clone, Copy)]
pub struct Listed<'a> {
    /// The passkey.
    pub passkey: &'a Passkey,
    /// In the bin.
    pub binned: bool,
}

/// What a list is to show. Everything asked for must hold; the default asks for nothing, and leaves out the bin.
///
/// Tags, sites and names are personal, so it has no `Debug`.
#[derive(Clone, Default)]
pub struct Filter {
    /// Has all of these tags, whatever their case and accents.
    pub tags: Vec<String>,
    /// Is a favourite, or is none.
    pub favourite: Option<bool>,
    /// The site: an RP ID, or a registrable domain with all its sites.
    pub site: Option<RpId>,
    /// The bin.
    pub bin: Bin,
    /// Is the only one at its site that is not in the bin.
    pub only_one_at_site: bool,
    /// Signs with this algorithm.
    pub algorithm: Option<Algorithm>,
    /// Not used since then, in seconds since 1970: neither signed in with nor made.
    pub unused_since: Option<UnixSeconds>,
}

/// Which side of the bin is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Bin {
    /// Those outside it.
    #[default]
    Without,
    /// Those inside it.
    Only,
    /// Both.
    With,
}

impl Filter {
    /// Those of `all` that are to be shown, in the same order. `all` is the whole vault: whether a passkey is the only
    /// one at its site is seen from the others.
    pub fn apply<'a>(&self, all: &[Listed<'a>]) -> Vec<Listed<'a>> {
        let lonely = if self.only_one_at_site {
            let live = all.iter().filter(|listed| !listed.binned).map(|listed| listed.passkey);
            Some(crate::sites_with_one_passkey(live))
        } else {
            None
        };
        let tags: Vec<String> = self.tags.iter().map(|tag| fold(tag)).collect();
        let shown = all.iter().copied().filter(|listed| {
            let only_one = match &lonely {
                Some(sites) => !listed.binned && sites.binary_search(&&listed.passkey.core.rp_id).is_ok(),
                None => true,
            };
            only_one && self.bin.shows(listed.binned) && self.holds(listed.passkey, &tags)
        });
        shown.collect()
    }

    fn holds(&self, passkey: &Passkey, tags: &[String]) -> bool {
        let Passkey { core, labels, usage } = passkey;
        let last_active = usage.last_used_at.unwrap_or(core.created_at).max(core.created_at);
        self.favourite.is_none_or(|favourite| labels.favourite == favourite)
            && self.algorithm.is_none_or(|algorithm| core.algorithm == algorithm)
            && self.unused_since.is_none_or(|since| last_active < since)
            && self
                .site
                .as_ref()
                .is_none_or(|site| core.rp_id == *site || core.rp_id.registrable_domain() == site.as_str())
            && tags.iter().all(|tag| labels.tags.iter().any(|own| fold(own) == *tag))
    }
}

impl Bin {
    fn shows(self, binned: bool) -> bool {
        match self {
            Bin::Without => !binned,
            Bin::Only => binned,
            Bin::With => true,
        }
    }
}
