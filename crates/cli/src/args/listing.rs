//! Which passkeys are listed, and in which order.

use clap::{Args, ValueEnum};
use latchkey_passkey::{RpId, UnixSeconds};
use time::{Date, macros::format_description};

use super::JsonOption;

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only passkeys in whose site, account, name, note, tags or folder all these words are found. Accents and case do
    /// not count, and words of four letters and more may have one typing error
    pub(crate) query: Option<String>,

    /// The order [default: the best first with a query, by site without one]
    #[arg(long, value_name = "ORDER")]
    pub(crate) sort: Option<Order>,

    /// Only those with this tag; may be given again
    #[arg(long, value_name = "TAG")]
    pub(crate) tag: Vec<String>,

    /// Only favourites
    #[arg(long)]
    pub(crate) favourite: bool,

    /// Only those of this site, or of all sites of this domain
    #[arg(long, value_name = "RP_ID", value_parser = site)]
    pub(crate) site: Option<RpId>,

    /// Only those that were neither made nor used since this date (2027-01-31), or in so many days (90d)
    #[arg(long, value_name = "DATE|DAYS", value_parser = Since::parse)]
    pub(crate) unused_since: Option<Since>,

    /// Also those in the bin
    #[arg(long, conflicts_with = "bin")]
    pub(crate) all: bool,

    /// Only those in the bin
    #[arg(long)]
    pub(crate) bin: bool,

    #[command(flatten)]
    pub(crate) json: JsonOption,
}

/// A site as a person types it: in capitals, or in its own script (UTS 46).
fn site(text: &str) -> Result<RpId, String> {
    const WANTED: &str = "give a bare domain, such as example.org";
    let ascii = idna::domain_to_ascii(text.trim()).map_err(|_| WANTED.to_owned())?;
    RpId::parse(&ascii).map_err(|error| format!("{error}; {WANTED}"))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Order {
    /// By registrable domain, site, account
    Site,
    /// By your own name, else the site's
    Name,
    /// By account
    Account,
    /// The last used first
    LastUsed,
    /// The newest first
    Created,
}

/// A time in the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Since {
    Date(UnixSeconds),
    Days(UnixSeconds),
}

const DAY_SECONDS: UnixSeconds = 24 * 60 * 60;

impl Since {
    fn parse(text: &str) -> Result<Self, String> {
        if let Some(days) = text.strip_suffix('d') {
            return days
                .parse()
                .map(Self::Days)
                .map_err(|_| "expected a number of days, such as 90d".to_owned());
        }
        let date = Date::parse(text, format_description!("[year]-[month]-[day]")).ok();
        let seconds = date.and_then(|date| date.midnight().assume_utc().unix_timestamp().try_into().ok());
        seconds
            .map(Self::Date)
            .ok_or_else(|| "expected a date since 1970, such as 2027-01-31, or days, such as 90d".to_owned())
    }

    pub(crate) fn before(self, now: UnixSeconds) -> UnixSeconds {
        match self {
            Self::Date(at) => at,
            Self::Days(days) => now.saturating_sub(days.saturating_mul(DAY_SECONDS)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_date_or_some_days() {
        assert_eq!(Since::parse("2027-01-15"), Ok(Since::Date(1_799_971_200)));
        assert_eq!(Since::parse("90d").map(|since| since.before(100 * DAY_SECONDS)), Ok(10 * DAY_SECONDS));
        assert_eq!(Since::Days(u64::MAX).before(7), 0);
        for text in ["", "d", "-1d", "90", "2027-13-01", "1969-12-31", "yesterday", "2027-01-15T08:00"] {
            assert!(Since::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_site_is_taken_as_a_person_types_it() {
        for (typed, meant) in [
            ("EXAMPLE.org", "example.org"),
            ("münchen.de", "xn--mnchen-3ya.de"),
            (" MÜNCHEN.de ", "xn--mnchen-3ya.de"),
        ] {
            assert_eq!(site(typed).unwrap().as_str(), meant);
        }
        for typed in ["", "https://example.org/", "exam ple.org"] {
            assert!(site(typed).is_err_and(|why| why.contains("such as example.org")), "{typed}");
        }
    }
}
