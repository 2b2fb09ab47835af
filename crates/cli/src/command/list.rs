use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
};

use latchkey_app::{VaultPlace, finding::index_of, now};
use latchkey_passkey::PasskeyId;
use latchkey_search::{Bin, Filter, Sort};
use latchkey_vault::Entry;

use super::passkey::{Listed, LonelySites, account, date};
use crate::{
    Problem,
    args::{List, Order},
    exit::Exit,
    json, opening,
    passphrase::PassphraseSource,
    sentence,
};

/// How many sites are named that have one passkey only.
const SITES_SHOWN: usize = 5;

/// Lists the passkeys that fit a query and filters.
pub(crate) async fn run(
    place: &VaultPlace,
    source: &PassphraseSource,
    arguments: List,
) -> Result<Exit, Problem> {
    let (vault, _proof) = opening::open(place, source).await?;
    let all = vault.list().map_err(|error| sentence::of_vault(&error))?;
    opening::close(vault);

    let lonely = LonelySites::of(&all);
    let entries = chosen(&all, &arguments);
    let mut out = io::BufWriter::new(io::stdout().lock());
    if arguments.json.json {
        let listed: Vec<_> = entries.iter().map(|entry| Listed::of(entry, &lonely)).collect();
        json::write(&mut out, &listed)?;
    } else if entries.is_empty() {
        let is_asked_for_less = arguments.query.is_some() || is_filtered(&arguments) || !all.is_empty();
        writeln!(out, "{}", if is_asked_for_less { "Nothing fits." } else { "No passkeys yet." })?;
    } else {
        write_table(&mut out, &entries)?;
        write_lonely(&mut out, &entries, &lonely)?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// What is asked for, in the order in which it is asked for.
fn chosen<'a>(all: &'a [Entry], arguments: &List) -> Vec<&'a Entry> {
    let filter = Filter {
        tags: arguments.tag.clone(),
        favourite: arguments.favourite.then_some(true),
        site: arguments.site.clone(),
        bin: match (arguments.all, arguments.bin) {
            (_, true) => Bin::Only,
            (true, false) => Bin::With,
            (false, false) => Bin::Without,
        },
        unused_since: arguments.unused_since.map(|since| since.before(now())),
        ..Filter::default()
    };
    let listed: Vec<_> = all
        .iter()
        .map(|entry| latchkey_search::Listed { passkey: &entry.passkey, binned: entry.binned_at.is_some() })
        .collect();
    let fitting: BTreeSet<_> = filter.apply(&listed).iter().map(|listed| listed.passkey.core.id).collect();
    let mut entries: Vec<_> = all.iter().filter(|entry| fitting.contains(&entry.passkey.core.id)).collect();
    if let Some(query) = &arguments.query {
        let found = index_of(entries.iter().copied()).search(query);
        let ranks: BTreeMap<PasskeyId, usize> = found.iter().map(|hit| hit.id).zip(0..).collect();
        entries.retain(|entry| ranks.contains_key(&entry.passkey.core.id));
        entries.sort_by_key(|entry| ranks.get(&entry.passkey.core.id));
    }
    let order = match (arguments.sort, &arguments.query) {
        (None, Some(_)) => None,
        (None, None) => Some(Sort::Site),
        (Some(order), _) => Some(match order {
            Order::Site => Sort::Site,
            Order::Name => Sort::Name,
            Order::Account => Sort::Account,
            Order::LastUsed => Sort::LastUsed,
            Order::Created => Sort::Created,
        }),
    };
    if let Some(order) = order {
        order.apply(&mut entries, |entry| &entry.passkey);
    }
    entries
}

fn is_filtered(arguments: &List) -> bool {
    arguments.bin
        || arguments.favourite
        || arguments.site.is_some()
        || arguments.unused_since.is_some()
        || !arguments.tag.is_empty()
}

fn write_table(out: &mut impl Write, entries: &[&Entry]) -> io::Result<()> {
    let sites = entries.iter().map(|entry| entry.passkey.core.rp_id.as_str().chars().count());
    let width = sites.max().unwrap_or(0).min(40);
    for entry in entries {
        let id = entry.passkey.core.id.to_string();
        let short = id.get(..8).unwrap_or_default();
        let used = match entry.passkey.usage.last_used_at {
            Some(at) => format!("last used {}", date(at)),
            None => "never used".to_owned(),
        };
        let bin = entry.binned_at.map(|at| format!(", in the bin since {}", date(at))).unwrap_or_default();
        let (site, account) = (entry.passkey.core.rp_id.as_str(), account(entry));
        writeln!(out, "{short}  {site:<width$}  {account:<32}  {used}{bin}")?;
    }
    Ok(())
}

/// Whoever loses the only passkey of a site is locked out there.
fn write_lonely(out: &mut impl Write, entries: &[&Entry], lonely: &LonelySites<'_>) -> io::Result<()> {
    let lonely = entries.iter().filter(|entry| lonely.has(entry));
    let mut sites: Vec<_> = lonely.map(|entry| entry.passkey.core.rp_id.as_str()).collect();
    sites.sort_unstable();
    if sites.is_empty() {
        return Ok(());
    }
    let more = match sites.len().saturating_sub(SITES_SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let shown = sites.get(..SITES_SHOWN).unwrap_or(&sites).join(", ");
    writeln!(
        out,
        "\nOne passkey only: {shown}{more}. A second one there, on another device, is a way in if this is lost."
    )
}
