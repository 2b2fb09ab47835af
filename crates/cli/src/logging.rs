//! Logs on standard error, of our own crates only: what a dependency would log of a request is not ours to promise.

use std::{
    env,
    io::{self, IsTerminal},
};

use tracing_subscriber::{filter::Targets, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// Starts logging at the level that so many `-v` ask for. Standard error that nobody reads is no reason to panic.
pub(crate) fn start(verbose: u8) {
    let level = match verbose {
        0 => tracing::Level::WARN,
        1 => tracing::Level::DEBUG,
        _ => tracing::Level::TRACE,
    };
    tracing_subscriber::registry()
        .with(fmt::layer().with_writer(io::stderr).with_ansi(colours()).log_internal_errors(false))
        .with(Targets::new().with_target("latchkey", level))
        .init();
}

/// Colours are for terminals, and for people who did not ask to be spared them (no-color.org).
fn colours() -> bool {
    io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
