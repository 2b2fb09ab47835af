//! Random histories against a plain model: what is read back is what the model says, after reopening too.

use std::collections::BTreeMap;

use latchkey_passkey::{PasskeyId, PasskeyStore};
use proptest::prelude::*;

use crate::testing::*;
use crate::{OpenOptions, Vault};

#[derive(Debug, Clone)]
enum Step {
    Add { site: u8, replaces_nth: Option<usize> },
    Use { nth: usize },
    Reopen { close: bool },
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..3u8, proptest::option::of(0..8usize)).prop_map(|(site, replaces_nth)| Step::Add { site, replaces_nth }),
        4 => (0..8usize).prop_map(|nth| Step::Use { nth }),
        1 => any::<bool>().prop_map(|close| Step::Reopen { close }),
    ]
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Modelled {
    site: u8,
    binned: bool,
    uses: u64,
    lines: usize,
}

type Model = BTreeMap<PasskeyId, Modelled>;

fn site(n: u8) -> String {
    format!("site{n}.example")
}

fn read_back(vault: &Vault) -> Model {
    let entries = vault.list().unwrap();
    let modelled = entries.into_iter().map(|entry| {
        let core = &entry.passkey.core;
        let lines = vault.history(core.id).unwrap().len();
        let site = core.rp_id.as_str().as_bytes()[4] - b'0';
        let (binned, uses) = (entry.binned_at.is_some(), entry.passkey.usage.sign_in_count);
        (core.id, Modelled { site, binned, uses, lines })
    });
    modelled.collect()
}

fn apply(vault: &mut Vault, model: &mut Model, n: u64, step: &Step) {
    let live: Vec<PasskeyId> = model.iter().filter(|(_, m)| !m.binned).map(|(id, _)| *id).collect();
    match step {
        Step::Add { site: at, replaces_nth } => {
            let replaces = replaces_nth.and_then(|nth| live.get(nth)).copied();
            let made = passkey(&site(*at), &format!("user {n}"), n);
            add(vault, &made, replaces, &created(n)).unwrap();
            model.insert(made.core.id, Modelled { site: *at, binned: false, uses: 0, lines: 1 });
            if let Some(old) = replaces {
                model.get_mut(&old).unwrap().binned = true;
            }
        }
        Step::Use { nth } => {
            let Some(id) = live.get(*nth) else { return };
            vault.record_use(*id, &signed_in(n)).unwrap();
            let modelled = model.get_mut(id).unwrap();
            (modelled.uses, modelled.lines) = (modelled.uses + 1, modelled.lines + 1);
        }
        Step::Reopen { .. } => {}
    }
}

fn check_against(vault: &Vault, model: &Model) {
    assert_eq!(&read_back(vault), model);
    for at in 0..3 {
        let found: Vec<_> =
            vault.find_by_rp_id(&rp(&site(at))).unwrap().into_iter().map(|passkey| passkey.core.id).collect();
        let expected: Vec<_> =
            model.iter().filter(|(_, m)| m.site == at && !m.binned).map(|(id, _)| *id).collect();
        assert_eq!(found, expected);
    }
    assert_eq!(vault.check().unwrap(), []);
    assert_eq!(vault.status().unwrap().findings, []);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn over_memory(steps in proptest::collection::vec(any_step(), 1..40)) {
        let (mut vault, mut model) = (vault_in_memory(), Model::new());
        for (n, step) in (1..).zip(&steps) {
            apply(&mut vault, &mut model, n, step);
        }
        check_against(&vault, &model);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]
    #[test]
    fn over_the_disk(steps in proptest::collection::vec(any_step(), 1..25)) {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("vault");
        let (mut vault, mut model) = (new_vault(&path, &OpenOptions::new()), Model::new());
        for (n, step) in (1..).zip(steps.iter().chain([&Step::Reopen { close: true }])) {
            apply(&mut vault, &mut model, n, step);
            if let Step::Reopen { close } = step {
                if *close { vault.close().unwrap() } else { drop(vault) }
                vault = reopen(&path, &OpenOptions::new()).unwrap();
                check_against(&vault, &model);
            }
        }
    }
}
