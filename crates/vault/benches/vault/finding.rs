//! Finding one of 100,000 passkeys, and searching their list.

use std::collections::HashMap;
use std::hint::black_box;

use latchkey_passkey::PasskeyStore;
use latchkey_search::{Fields, SearchIndex};
use latchkey_vault::Vault;

use crate::cpu_time::now;
use crate::figures::{Taken, memory_kib, verdict};
use crate::people::{self, Person};
use crate::stored::{Stored, credential_id};

const PASSKEYS: usize = 100_000;
const LOOKED_UP: usize = 2_000;
/// Sites of more accounts than this are measured by themselves.
const FEW: usize = 50;
const KEYSTROKE_GOAL_MS: f64 = 5.0;

pub(crate) fn measure() {
    let stored = Stored::of(PASSKEYS);
    let vault = Vault::open_with_master_key(stored.folder(), &stored.master_key()).unwrap();
    let people = people::generate(PASSKEYS);
    println!("| among {PASSKEYS}, processor time | p50, ms | p99, ms | most, ms | |");
    println!("| --- | ---: | ---: | ---: | --- |");
    look_up(&vault, &people);
    search(&vault, &people);
    println!();
    vault.close().unwrap();
}

fn look_up(vault: &Vault, people: &[Person]) {
    let mut accounts: HashMap<&str, usize> = HashMap::new();
    people.iter().for_each(|person| *accounts.entry(person.fields().rp_id.as_str()).or_default() += 1);
    let few = |person: &&Person| accounts[person.fields().rp_id.as_str()] <= FEW;
    let (mut by_site, mut by_credential, mut found) = (Taken::default(), Taken::default(), 0);
    // Spread over all, so that most are in none of the engine's caches.
    for person in people.iter().filter(few).step_by(people.len() / 2 / LOOKED_UP) {
        let rp_id = person.fields().rp_id;
        let start = now();
        let passkeys = black_box(vault.find_by_rp_id(black_box(rp_id))).unwrap();
        by_site.add(now() - start);
        found += passkeys.len();

        let id = credential_id(person.id);
        let start = now();
        let passkey = black_box(vault.find_by_credential_id(rp_id, black_box(&id))).unwrap();
        by_credential.add(now() - start);
        assert!(passkey.is_some_and(|passkey| passkey.core.id == person.id));
    }
    row("by credential ID", &by_credential, "");
    row("by RP ID", &by_site, &format!("{} of a site on average", found / by_site.count()));

    let largest = people.iter().max_by_key(|person| accounts[person.fields().rp_id.as_str()]).unwrap();
    let (rp_id, mut all) = (largest.fields().rp_id, Taken::default());
    for _ in 0..5 {
        let start = now();
        found = black_box(vault.find_by_rp_id(rp_id)).unwrap().len();
        all.add(now() - start);
    }
    row("by RP ID, the largest site", &all, &format!("{found} of it"));
}

fn search(vault: &Vault, people: &[Person]) {
    let mut listing = Taken::default();
    let start = now();
    let entries = vault.list().unwrap();
    listing.add(now() - start);
    row("the list", &listing, "");

    let (mut index, mut building) = (SearchIndex::new(), Taken::default());
    let before = memory_kib("VmRSS");
    let start = now();
    for entry in &entries {
        index.insert(entry.passkey.core.id, Fields::from(&entry.passkey));
    }
    building.add(now() - start);
    let memory = format!("{} MiB", memory_kib("VmRSS").saturating_sub(before) / 1024);
    row("the list's index", &building, &memory);

    let mut keystrokes = Taken::default();
    for query in people::queries(people) {
        for end in (1..=query.len()).filter(|end| query.is_char_boundary(*end)) {
            let start = now();
            black_box(index.search(black_box(&query[..end])));
            keystrokes.add(now() - start);
        }
    }
    let goal = verdict(keystrokes.per_mille(990), KEYSTROKE_GOAL_MS);
    let count = keystrokes.count();
    row("a keystroke", &keystrokes, &format!("{count} of them; goal: p99 ≤ {KEYSTROKE_GOAL_MS}: {goal}"));
}

fn row(what: &str, taken: &Taken, remark: &str) {
    let [p50, p99, most] = [500, 990, 1000].map(|rank| taken.per_mille(rank));
    println!("| {what} | {p50:.3} | {p99:.3} | {most:.3} | {remark} |");
}
