//! What is left in a process's memory once a vault is closed: nothing that opens it, and no key out of it.
//!
//! A child opens a vault through the library, signs once with each passkey, and closes it; in between it stops, and
//! this process, its parent, reads all of its memory and searches it. That the search finds what is there is shown
//! first, at the moments when the secrets have to be there.
//!
//! Twice: here as the programs run, whose allocator wipes what it frees, and in `plain_heap.rs` without it, so that
//! it hides nothing that our own types should have wiped.
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

#[global_allocator]
static ALLOCATOR: latchkey_memory::WipingAllocator = latchkey_memory::WIPING_ALLOCATOR;

const HEAP_IS_WIPED: bool = true;
