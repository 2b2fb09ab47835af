use std::fmt;

/// A relying party's identifier: a domain such as `example.org` (WebAuthn L3 §5.1.2, "RP ID").
///
/// Compared byte by byte: the browser has checked it against the page's origin and gives it in lower case with
/// punycode labels. Whoever shows it uses [`RpId::registrable_domain`] and [`RpId::unicode`].
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RpId(String);

/// Why a text is not an RP ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RpIdError {
    /// Empty, or longer than a domain name can be.
    #[error("rp id is {got} bytes, expected 1 to 253")]
    Length {
        /// Bytes given.
        got: usize,
    },
    /// A character that no domain in ASCII form has.
    #[error("rp id has a character that no domain has")]
    Character,
}

impl RpId {
    /// Takes a text of 1 to 253 bytes of lower-case ASCII letters, digits, `-`, `.` and `_`.
    ///
    /// So an RP ID shows as it is: it holds nothing that could move a cursor or turn the text around it.
    pub fn parse(text: &str) -> Result<Self, RpIdError> {
        if text.is_empty() || text.len() > 253 {
            return Err(RpIdError::Length { got: text.len() });
        }
        if !text.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || b"-._".contains(&c)) {
            return Err(RpIdError::Character);
        }
        Ok(Self(text.to_owned()))
    }

    /// The identifier as the relying party gave it. Personal: not for logs.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part that somebody registered, `example.co.uk` of `login.example.co.uk`, by the embedded
    /// public-suffix list; the whole where the list does not say (`localhost`).
    pub fn registrable_domain(&self) -> &str {
        psl::domain_str(&self.0).unwrap_or(&self.0)
    }

    /// The Unicode form, if it differs from the identifier (punycode labels decoded, UTS 46).
    pub fn unicode(&self) -> Option<String> {
        let (text, result) = idna::domain_to_unicode(&self.0);
        (result.is_ok() && text != self.0).then_some(text)
    }
}

/// Personal, so not shown.
impl fmt::Debug for RpId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RpId(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registrable_domain_follows_the_public_suffix_list() {
        assert_eq!(RpId::parse("login.example.co.uk").unwrap().registrable_domain(), "example.co.uk");
        assert_eq!(RpId::parse("localhost").unwrap().registrable_domain(), "localhost");
        // A public suffix itself: nobody registered a part of it.
        assert_eq!(RpId::parse("co.uk").unwrap().registrable_domain(), "co.uk");
    }

    #[test]
    fn names_that_no_browser_gives_are_shown_without_harm() {
        for text in [
            ".",
            "..",
            "a..b",
            ".org",
            "org.",
            "-",
            "_",
            "xn--",
            "xn--a",
            "xn--0000h.org",
            "xn--.xn--",
            "1.2.3.4",
        ] {
            let rp_id = RpId::parse(text).unwrap();
            assert!(text.contains(rp_id.registrable_domain()), "{text}");
            assert!(rp_id.unicode().is_none_or(|unicode| !unicode.chars().any(char::is_control)), "{text}");
        }
    }

    #[test]
    fn debug_shows_no_site() {
        assert_eq!(format!("{:?}", RpId::parse("example.org").unwrap()), "RpId(..)");
    }

    #[test]
    fn shows_punycode_beside_unicode() {
        assert_eq!(
            RpId::parse("xn--bcher-kva.example").unwrap().unicode().as_deref(),
            Some("bücher.example")
        );
        assert_eq!(RpId::parse("example.org").unwrap().unicode(), None);
    }

    #[test]
    fn refuses_what_is_no_domain() {
        for text in [
            "",
            "a b",
            "a\u{1b}[2J",
            "https://example.org",
            "EXAMPLE.org",
            "b\u{fc}cher.example",
            &"a".repeat(254),
        ] {
            assert!(RpId::parse(text).is_err(), "{text:?}");
        }
    }
}
