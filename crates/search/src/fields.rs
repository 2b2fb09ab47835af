use std::cmp::Ordering;

use latchkey_passkey::{Passkey, RpId};

use crate::fold::{fold, words};

/// What a passkey is found by. Personal, so it has no `Debug`.
#[derive(Clone, Copy)]
pub struct Fields<'a> {
    /// The site: its labels, also in Unicode.
    pub rp_id: &'a RpId,
    /// What the site calls itself.
    pub rp_name: Option<&'a str>,
    /// `user.name`.
    pub user_name: &'a str,
    /// `user.displayName`.
    pub user_display_name: &'a str,
    /// The owner's own name for it.
    pub name: Option<&'a str>,
    /// The owner's note.
    pub note: Option<&'a str>,
    /// The owner's tags.
    pub tags: &'a [String],
    /// The owner's folder.
    pub folder: Option<&'a str>,
}

impl<'a> Fields<'a> {
    /// A site and nothing else.
    pub fn of_site(rp_id: &'a RpId) -> Self {
        Self {
            rp_id,
            rp_name: None,
            user_name: "",
            user_display_name: "",
            name: None,
            note: None,
            tags: &[],
            folder: None,
        }
    }
}

impl<'a> From<&'a Passkey> for Fields<'a> {
    fn from(passkey: &'a Passkey) -> Self {
        let labels = &passkey.labels;
        Self {
            rp_name: labels.rp_name.as_deref(),
            user_name: &labels.user_name,
            user_display_name: &labels.user_display_name,
            name: labels.name.as_deref(),
            note: labels.note.as_deref(),
            tags: &labels.tags,
            folder: labels.folder.as_deref(),
            ..Self::of_site(&passkey.core.rp_id)
        }
    }
}

/// How much a word says about a passkey by where it stands. The lower goes first among equally close words.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// The registered name of the site, and the owner's own name.
    Name,
    /// The account, the site's other labels and what it calls itself.
    Account,
    /// Tags and folder.
    Tag,
    /// The note, and what many sites share: `co`, `uk`, the ASCII form of Unicode labels.
    Note,
}

impl Place {
    /// 0 to 3.
    pub(crate) fn number(self) -> u8 {
        match self {
            Place::Name => 0,
            Place::Account => 1,
            Place::Tag => 2,
            Place::Note => 3,
        }
    }
}

impl Fields<'_> {
    /// Hands over each folded word with its place; a word may come more than once.
    pub(crate) fn each_word(&self, mut take: impl FnMut(&str, Place)) {
        let mut put = |text: &str, place: Place| words(&fold(text)).for_each(|word| take(word, place));

        // Counted from the left: the Unicode form has as many labels, but other letters.
        let labels = |domain: &str| domain.split('.').count();
        let registered_at = labels(self.rp_id.as_str()) - labels(self.rp_id.registrable_domain());
        let unicode = unicode(self.rp_id);
        for (at, label) in unicode.as_deref().unwrap_or(self.rp_id.as_str()).split('.').enumerate() {
            put(
                label,
                match at.cmp(&registered_at) {
                    Ordering::Less => Place::Account,
                    Ordering::Equal => Place::Name,
                    Ordering::Greater => Place::Note,
                },
            );
        }
        if unicode.is_some() {
            put(self.rp_id.as_str(), Place::Note);
        }
        for name in self.name.iter() {
            put(name, Place::Name);
        }
        for text in [self.user_name, self.user_display_name].into_iter().chain(self.rp_name) {
            put(text, Place::Account);
        }
        for text in self.tags.iter().map(String::as_str).chain(self.folder) {
            put(text, Place::Tag);
        }
        for note in self.note.iter() {
            put(note, Place::Note);
        }
    }

    /// What passkeys are ordered by where nothing else decides: registrable domain, site, account. The separator sorts
    /// before every character that a domain may have.
    pub(crate) fn order_key(&self) -> String {
        format!("{}\0{}\0{}", site_key(self.rp_id), self.rp_id.as_str(), fold(self.user_name))
    }
}

/// The registrable domain as it is read, folded.
pub(crate) fn site_key(rp_id: &RpId) -> String {
    let domain = rp_id.registrable_domain();
    let unicode =
        if domain.contains(PUNYCODE) { RpId::parse(domain).ok().as_ref().and_then(unicode) } else { None };
    fold(unicode.as_deref().unwrap_or(domain))
}

/// How the labels begin that have a Unicode form (RFC 5890 §2.3.2.1). Asking first spares the decoder most sites.
const PUNYCODE: &str = "xn--";

fn unicode(rp_id: &RpId) -> Option<String> {
    if rp_id.as_str().contains(PUNYCODE) { rp_id.unicode() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(rp_id: &str) -> Vec<(String, u8)> {
        let rp_id = RpId::parse(rp_id).unwrap();
        let mut found = Vec::new();
        Fields::of_site(&rp_id).each_word(|word, place| found.push((word.to_owned(), place.number())));
        found
    }

    #[test]
    fn the_registered_name_counts_most() {
        let word = |text: &str, place| (text.to_owned(), place);
        assert_eq!(
            places("login.example.co.uk"),
            [word("login", 1), word("example", 0), word("co", 3), word("uk", 3)]
        );
        assert_eq!(places("localhost"), [word("localhost", 0)]);
    }

    #[test]
    fn punycode_is_found_in_both_forms() {
        let found = places("xn--bcher-kva.example");
        assert!(found.contains(&("bucher".to_owned(), 0)));
        assert!(found.contains(&("bcher".to_owned(), 3)));
    }

    #[test]
    fn sites_of_one_domain_stand_together() {
        let key = |rp_id: &str| Fields::of_site(&RpId::parse(rp_id).unwrap()).order_key();
        let mut sorted =
            ["b.example.org", "example.org.uk", "z.able.org", "example.org", "example-shop.org"].map(key);
        sorted.sort();
        assert_eq!(
            sorted,
            ["z.able.org", "example-shop.org", "b.example.org", "example.org", "example.org.uk"].map(key)
        );
        // ü is read as u, not as x of xn--.
        assert!(key("xn--bcher-kva.example") < key("c.example"));
    }
}
