//! The proof of `main.rs` over a heap that nobody wipes. Only what the RSA library computes in stays there.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests: a panic is a failure here"
)]

mod child;
mod dump;
mod needles;
mod proof;

const HEAP_IS_WIPED: bool = false;
