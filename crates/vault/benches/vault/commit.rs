//! What making a change durable costs, by the clock.

use std::fs::File;
use std::io::{Seek, Write};
use std::time::Instant;

use latchkey_passkey::{Door, Outcome, PasskeyId, PasskeyStore, UseKind, UseRecord};
use latchkey_vault::LabelEdit;

use crate::figures::Taken;
use crate::people;
use crate::stored::{NOW, Stored, passkey, secrets};

const PASSKEYS: usize = 10_000;
const ROUNDS: usize = 200;
const EDITED: usize = 100;

/// One after the other in each round: the disk is shared, and its speed changes within minutes.
pub(crate) fn measure() {
    let (mut vault, place) = Stored::of(PASSKEYS).open_copy();
    let mut file = File::create(place.path().join("written over and over")).unwrap();
    // The first are in the vault, and the others are not.
    let people = people::generate(PASSKEYS + ROUNDS);
    let (known, new) = people.split_at(PASSKEYS);
    let edited: Vec<PasskeyId> = known.iter().take(EDITED).map(|person| person.id).collect();
    let secrets = secrets();
    let [mut bare, mut add, mut sign_in, mut edit]: [Taken; 4] = Default::default();
    for (round, person) in new.iter().enumerate() {
        let took = clocked(|| {
            file.rewind().unwrap();
            file.write_all(&[0x5a; 4096]).unwrap();
            file.sync_data().unwrap();
        });
        bare.add(took);
        let new = passkey(person);
        add.add(clocked(|| vault.add(&new, &secrets, None, &used(UseKind::Create)).unwrap()));
        let id = known[round * known.len() / ROUNDS].id;
        sign_in.add(clocked(|| vault.record_use(id, &used(UseKind::SignIn)).unwrap()));
        let edits = [LabelEdit::Favourite(round % 2 == 0)];
        edit.add(clocked(|| assert_eq!(vault.edit(&edited, &edits, NOW).unwrap().len(), EDITED)));
    }
    println!("| commit, by the clock | median, ms | p95, ms | of one write |\n| --- | ---: | ---: | ---: |");
    let rows = [
        ("4 KiB written and synced", &bare),
        ("one passkey added", &add),
        ("one sign-in", &sign_in),
        ("labels of 100 passkeys", &edit),
    ];
    for (what, taken) in rows {
        let ratio = taken.median() / bare.median();
        println!("| {what} | {:.2} | {:.2} | {ratio:.1} |", taken.median(), taken.per_mille(950));
    }
    println!();
    vault.close().unwrap();
}

fn clocked(run: impl FnOnce()) -> std::time::Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}

fn used(kind: UseKind) -> UseRecord {
    UseRecord { at: NOW, kind, door: Door::Hybrid, outcome: Outcome::Approved, verification: None }
}
