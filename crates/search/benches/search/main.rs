//! Searching among 100,000 passkeys: how long the index takes to build, a keystroke to answer, a passkey to change.
//!
//! Criterion shows typical keystrokes; the percentiles over all keystrokes of some hundred queries are printed first.
//!
//! All is processor time of this thread: what other programs on the machine take does not count.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints, and a panic is a failure here")]

#[path = "../../../../crypto/benches/handshake/cpu_time.rs"]
mod cpu_time;
mod people;

use std::hint::black_box;
use std::time::Duration;

use cpu_time::{CpuTime, now};
use criterion::{BatchSize, Criterion};
use latchkey_search::{Fields, SearchIndex};
use people::Person;

const PASSKEYS: usize = 100_000;

fn main() {
    let people = people::generate(PASSKEYS);
    let before = resident_kib();
    let index = build(&people);
    println!("{index:?}: {} MiB", (resident_kib() - before) / 1024);
    keystrokes(&index, &people);

    let mut criterion = Criterion::default().with_measurement(CpuTime).configure_from_args();
    let mut group = criterion.benchmark_group("search");
    group.sample_size(10).bench_function("build", |bencher| {
        bencher.iter_batched(|| (), |()| build(&people), BatchSize::PerIteration);
    });
    group.sample_size(50);
    for query in ["a", "mai", "anna", "github", "gihtub", "anna schmidt", "no such thing", "a e i l m n o s"]
    {
        group.bench_function(format!("keystroke/{query}"), |bencher| {
            bencher.iter(|| black_box(&index).search(black_box(query)));
        });
    }
    let hostile = people::hostile_query();
    group.bench_function("keystroke/hostile", |bencher| bencher.iter(|| black_box(&index).search(&hostile)));
    group.finish();

    let mut index = index;
    let mut renamed = people.iter().cycle().zip(0_u64..);
    criterion.bench_function("search/update", |bencher| {
        bencher.iter(|| {
            let (person, n) = renamed.next().unwrap();
            let name = format!("renamed{n}");
            index.insert(person.id, Fields { name: Some(&name), ..person.fields() });
        });
    });
    criterion.final_summary();
}

fn build(people: &[Person]) -> SearchIndex {
    let mut index = SearchIndex::new();
    for person in people {
        index.insert(person.id, person.fields());
    }
    index
}

/// Types every query letter by letter and prints the percentiles of single keystrokes.
fn keystrokes(index: &SearchIndex, people: &[Person]) {
    let mut taken: Vec<(Duration, String, usize)> = Vec::new();
    for query in people::queries(people) {
        for end in (1..=query.len()).filter(|end| query.is_char_boundary(*end)) {
            let typed = query.get(..end).unwrap_or_default();
            let start = now();
            let hits = black_box(index.search(black_box(typed)));
            taken.push((now() - start, typed.to_owned(), hits.len()));
        }
    }
    taken.sort_unstable();
    for (name, per_mille) in [("p50", 500), ("p90", 900), ("p99", 990), ("p99.9", 999), ("max", 1000)] {
        let at = (taken.len() * per_mille / 1000).min(taken.len() - 1);
        if let Some((time, typed, hits)) = taken.get(at) {
            println!("{name}: {:.2} ms ({typed:?}, {hits} hits)", time.as_secs_f64() * 1e3);
        }
    }
    println!("{} keystrokes", taken.len());
}

/// Memory of this process that is in use, from `/proc`.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
