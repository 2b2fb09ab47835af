//! The operating system's randomness and clock, which the cores take as arguments.

use std::time::{SystemTime, UNIX_EPOCH};

use getrandom::SysRng;
use latchkey_passkey::UnixSeconds;
use rand_core::UnwrapErr;

/// The operating system's random generator. It panics if the system has none, for then nothing can be made safely.
pub fn os_random() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

/// Seconds since 1970; 0 for a clock before that.
pub fn now() -> UnixSeconds {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
