//! Where secrets lie while they are in use, and what is left of them afterwards.
//!
//! Four measures, each against another way that a secret leaves a process:
//!
//! | Way out | Measure |
//! | --- | --- |
//! | swapped to disk | [`Locked`]: pages of its own, locked into memory |
//! | core dump, another process of the same user | [`protect_process`] |
//! | left on the stack by a computation | [`wipe_stack`], and [`wiping_stack`] around one |
//! | left on the heap by a library | [`WipingAllocator`], set by each program |
//!
//! None helps against root or against whoever runs code in this process. Wiping a value when it goes is left to its
//! type: [`Locked`] takes only those that do.
//!
//! Locking is `region::lock`, the one call to lock memory that is safe Rust, in a crate that is kept up. It does not
//! keep single pages out of core dumps, which no safe call does; [`protect_process`] keeps all of them out.
//!
//! ```
//! use latchkey_memory::{Locked, protect_process};
//! use zeroize::Zeroizing;
//!
//! for gap in protect_process() {
//!     eprintln!("{gap}");
//! }
//! let key = Locked::<Zeroizing<[u8; 32]>>::new_with(|key| key.fill(7));
//! assert_eq!(key[0], 7);
//! assert_eq!(format!("{key:?}"), "Locked(redacted)");
//! ```
#![forbid(unsafe_code)]

mod heap;
mod locked;
mod process;
mod stack;

pub use heap::{WIPING_ALLOCATOR, WipingAllocator};
pub use locked::{Locked, lock_refused};
pub use process::{Gap, protect_process};
pub use stack::{WIPED_STACK_BYTES, wipe_stack, wiping_stack};
