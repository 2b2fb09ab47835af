//! From the master key to an open vault, and closing it again, each time in a process of its own.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use latchkey_vault::Vault;
use rustix::time::{ClockId, clock_gettime};

use crate::figures::{Taken, memory_kib};
use crate::stored::Stored;

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];
const MILLION: usize = 1_000_000;
const TIMES: usize = 7;
const TIMES_OF_A_MILLION: usize = 3;

/// Opens and closes a vault, and prints microseconds by the clock and on the processor, and KiB of memory.
pub(crate) fn unlock_once(place: &Path) {
    let stored = Stored::at(place);
    let (folder, master_key) = (stored.folder(), stored.master_key());
    let start = Start::now();
    let vault = Vault::open_with_master_key(folder, &master_key).unwrap();
    let unlocked = start.passed();
    let peak_kib = memory_kib("VmHWM");
    let start = Start::now();
    let entries = vault.list().unwrap();
    let listed = start.passed();
    drop(entries);
    let start = Start::now();
    vault.close().unwrap();
    let closed = start.passed();
    let times = [unlocked, listed, closed].map(|(clock, processor)| format!("{clock} {processor}"));
    println!("{} {peak_kib}", times.join(" "));
}

pub(crate) fn measure() {
    let million = std::env::var_os("LATCHKEY_BENCH_MILLION").map(|_| MILLION);
    println!(
        "| passkeys | unlock, ms | on the processor, ms | per passkey, µs | peak MiB | list, ms | close, ms |"
    );
    println!("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for count in SIZES.into_iter().chain(million) {
        let stored = Stored::of(count);
        let times = if count < MILLION { TIMES } else { TIMES_OF_A_MILLION };
        let mut taken: [Taken; 6] = Default::default();
        let mut peak_mib = 0;
        // Once more than is counted, so that the files are in the system's cache.
        for time in 0..=times {
            let child =
                Command::new(std::env::current_exe().unwrap()).arg("unlock").arg(stored.place()).output();
            let child = child.unwrap();
            assert!(child.status.success());
            let numbers: Vec<u64> = String::from_utf8(child.stdout)
                .unwrap()
                .split_whitespace()
                .map(|number| number.parse().unwrap())
                .collect();
            peak_mib = peak_mib.max(numbers[6] / 1024);
            if time > 0 {
                taken.iter_mut().zip(numbers).for_each(|(taken, us)| taken.add(Duration::from_micros(us)));
            }
        }
        let [clock, processor, list, _, close, _] = taken.map(|taken| taken.median());
        let each = processor * 1e3 / f64::from(u32::try_from(count).unwrap());
        println!(
            "| {count} | {clock:.1} | {processor:.1} | {each:.2} | {peak_mib} | {list:.1} | {close:.1} |"
        );
    }
    println!();
}

struct Start(Instant, Duration);

impl Start {
    fn now() -> Self {
        Self(Instant::now(), processor())
    }

    /// Microseconds since, by the clock and on the processor.
    fn passed(&self) -> (u128, u128) {
        (self.0.elapsed().as_micros(), (processor() - self.1).as_micros())
    }
}

/// Of all threads: the engine has some of its own.
fn processor() -> Duration {
    clock_gettime(ClockId::ProcessCPUTime).try_into().unwrap()
}
