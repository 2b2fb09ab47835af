//! Medians and percentiles.

use std::time::Duration;

/// How long something took, each time.
#[derive(Default)]
pub(crate) struct Taken(Vec<Duration>);

impl Taken {
    pub(crate) fn add(&mut self, took: Duration) {
        let at = self.0.partition_point(|other| *other < took);
        self.0.insert(at, took);
    }

    /// The nearest rank, in milliseconds.
    pub(crate) fn per_mille(&self, rank: usize) -> f64 {
        self.0[(self.0.len() * rank).div_ceil(1000).max(1) - 1].as_secs_f64() * 1e3
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn median(&self) -> f64 {
        self.per_mille(500)
    }
}

/// A figure of this process's memory in KiB, from `/proc`: `VmHWM`, its peak, say.
pub(crate) fn memory_kib(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap()
}

/// How busy the machine was during the last minute.
pub(crate) fn load() -> String {
    let all = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    all.split(' ').next().unwrap_or_default().to_owned()
}

/// Says whether a figure is as low as it should be.
pub(crate) fn verdict(figure: f64, goal: f64) -> &'static str {
    if figure <= goal { "met" } else { "MISSED" }
}
