//! Relay and client over real sockets on 127.0.0.1, with TLS.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests stop at the first surprise")]

mod admission;
mod client;
mod failures;
mod limits;
mod logs;
mod redirects;
mod roots;
mod server;
mod service;
mod stage;
mod statuses;
