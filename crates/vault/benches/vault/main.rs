//! A vault of 1,000 to 1,000,000 passkeys: how long it takes to unlock once its master key is there, and how much
//! memory; what finding a passkey and searching as one types cost among 100,000; what making a change durable costs,
//! beside one write and its sync on the same disk.
//!
//! The million is left out unless `LATCHKEY_BENCH_MILLION` is set: making it takes minutes and 4 GB of disk. Vaults
//! stay in `target/tmp` for the next run. The allocator is the product's, which wipes.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a bench prints, and a panic is a failure here"
)]

mod commit;
#[path = "../../../../crypto/benches/handshake/cpu_time.rs"]
#[allow(dead_code, reason = "read here without criterion")]
mod cpu_time;
mod figures;
mod finding;
#[path = "../../../search/benches/search/people.rs"]
#[allow(dead_code, reason = "the other bench has hostile queries, too")]
mod people;
mod stored;
mod unlocking;

use std::path::Path;

use figures::load;

#[global_allocator]
static ALLOCATOR: latchkey_memory::WipingAllocator = latchkey_memory::WIPING_ALLOCATOR;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["fill", place, count] => stored::fill(Path::new(place), count.parse().unwrap()),
        ["unlock", place] => unlocking::unlock_once(Path::new(place)),
        _ => measure(),
    }
}

fn measure() {
    println!("Load average {} before\n", load());
    unlocking::measure();
    finding::measure();
    commit::measure();
    println!("Load average {} after", load());
}
