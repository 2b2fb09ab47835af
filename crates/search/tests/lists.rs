//! Filters, orders, and the sites that hang on one passkey.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test: a panic is a failure")]

use latchkey_crypto::cose::Algorithm;
use latchkey_passkey::{
    BackupEligibility, CounterMode, CredProtect, CredentialId, Custody, Labels, Passkey, PasskeyCore,
    PasskeyId, RpId, Usage, UserHandle,
};
use latchkey_search::{Bin, Filter, Listed, Sort, sites_with_one_passkey};

fn passkey(n: u8, rp_id: &str, user_name: &str) -> Passkey {
    let core = PasskeyCore {
        id: PasskeyId::from_bytes([n; 16]),
        rp_id: RpId::parse(rp_id).unwrap(),
        credential_id: CredentialId::new(vec![n; 32]).unwrap(),
        user_handle: UserHandle::new(vec![n; 16]).unwrap(),
        algorithm: Algorithm::Es256,
        discoverable: true,
        backup: BackupEligibility::Yes,
        custody: Custody::Syncable,
        cred_protect: CredProtect::UserVerificationOptional,
        created_at: 1000 + u64::from(n),
        payments: false,
        counter: CounterMode::Zero,
        source_counter: None,
    };
    let labels = Labels { user_name: user_name.to_owned(), ..Labels::default() };
    Passkey { core, labels, usage: Usage::default() }
}

fn numbers<'a>(passkeys: impl IntoIterator<Item = &'a Passkey>) -> Vec<u8> {
    passkeys.into_iter().map(|passkey| passkey.core.id.as_bytes()[0]).collect()
}

/// 1 and 2 at one site, of which 2 is in the bin; 3 alone at its site; 4 at a subdomain of the first.
fn vault() -> Vec<Passkey> {
    let mut all = vec![
        passkey(1, "example.org", "anna"),
        passkey(2, "example.org", "bob"),
        passkey(3, "shop.test", "Änne"),
        passkey(4, "login.example.org", "zoe"),
    ];
    all[0].labels.tags = vec!["Büro".to_owned(), "alt".to_owned()];
    all[0].usage.last_used_at = Some(5000);
    all[2].labels.favourite = true;
    all[2].labels.name = Some("Éclair".to_owned());
    all[2].core.algorithm = Algorithm::EdDsa;
    all[3].usage.last_used_at = Some(3000);
    all
}

fn shown(filter: &Filter) -> Vec<u8> {
    let all = vault();
    let listed: Vec<_> =
        all.iter().map(|passkey| Listed { passkey, binned: passkey.core.id.as_bytes()[0] == 2 }).collect();
    numbers(filter.apply(&listed).into_iter().map(|listed| listed.passkey))
}

#[test]
fn each_filter_leaves_out_the_others() {
    let site = |text: &str| Some(RpId::parse(text).unwrap());
    let tags = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>();
    let none = Filter::default;
    for (filter, expected) in [
        (none(), vec![1, 3, 4]),
        (Filter { bin: Bin::Only, ..none() }, vec![2]),
        (Filter { bin: Bin::With, ..none() }, vec![1, 2, 3, 4]),
        (Filter { tags: tags(&["BURO"]), ..none() }, vec![1]),
        (Filter { tags: tags(&["alt", "büro"]), ..none() }, vec![1]),
        (Filter { tags: tags(&["alt", "neu"]), ..none() }, vec![]),
        (Filter { favourite: Some(true), ..none() }, vec![3]),
        (Filter { favourite: Some(false), ..none() }, vec![1, 4]),
        (Filter { site: site("example.org"), ..none() }, vec![1, 4]),
        (Filter { site: site("login.example.org"), ..none() }, vec![4]),
        (Filter { site: site("org"), ..none() }, vec![]),
        // The one in the bin does not count: 1 is the last that its site has.
        (Filter { only_one_at_site: true, bin: Bin::With, ..none() }, vec![1, 3, 4]),
        (Filter { algorithm: Some(Algorithm::EdDsa), ..none() }, vec![3]),
        (Filter { unused_since: Some(4000), ..none() }, vec![3, 4]),
        // Just made is not long unused.
        (Filter { unused_since: Some(1003), ..none() }, vec![]),
        (Filter { favourite: Some(true), algorithm: Some(Algorithm::Es256), ..none() }, vec![]),
    ] {
        assert_eq!(shown(&filter), expected);
    }
}

#[test]
fn each_order_is_the_same_whatever_the_order_before() {
    for (sort, expected) in [
        (Sort::Site, [1, 2, 4, 3]),
        (Sort::Name, [3, 1, 2, 4]),
        (Sort::Account, [1, 3, 2, 4]),
        (Sort::LastUsed, [1, 4, 2, 3]),
        (Sort::Created, [4, 3, 2, 1]),
    ] {
        let mut all = vault();
        sort.apply(&mut all, |passkey| passkey);
        assert_eq!(numbers(&all), expected, "{sort:?}");
        all.reverse();
        sort.apply(&mut all, |passkey| passkey);
        assert_eq!(numbers(&all), expected, "{sort:?}, from the reverse");
    }
}

#[test]
fn sites_of_one_passkey_are_named() {
    let all = vault();
    let sites: Vec<_> = sites_with_one_passkey(&all).into_iter().map(RpId::as_str).collect();
    assert_eq!(sites, ["login.example.org", "shop.test"]);
    assert!(sites_with_one_passkey([]).is_empty());
}
