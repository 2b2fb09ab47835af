//! Logs on standard error, of our own crates only: what a dependency would log of a request is not ours to promise.

use tracing_subscriber::{filter::Targets, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// Starts logging at the level that so many `-v` ask for. Standard error that nobody reads is no reason to panic.
pub(crate) fn start(verbose: u8) {
    let level = match verbose {
        0 => tracing::Level::WARN,
        1 => tracing::Level::DEBUG,
        _ => tracing::Level::TRACE,
    };
    tracing_subscriber::registry()
        .with(fmt::layer().with_writer(std::io::stderr).log_internal_errors(false))
        .with(Targets::new().with_target("latchkey", level))
        .init();
}
