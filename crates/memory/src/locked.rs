use std::convert::Infallible;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};

use region::LockGuard;
use zeroize::ZeroizeOnDrop;

use crate::wipe_stack;

/// Whether the system has refused a lock since the process began.
static REFUSED: AtomicBool = AtomicBool::new(false);

/// Whether the system has refused to lock memory since the process began.
///
/// For a status that says it once, whatever the number of secrets. Nothing else changes: they are wiped all the
/// same. The usual cause is `RLIMIT_MEMLOCK` (`ulimit -l`).
pub fn lock_refused() -> bool {
    REFUSED.load(Ordering::Relaxed)
}

/// Owns a secret in pages of its own, which are locked into memory, so that they are never swapped out.
///
/// Wiped by its own type when dropped, then unlocked, then freed. The pages are shared with nothing, so dropping one
/// unlocks no other. Costs 4 KiB of the locking limit
/// (64 KiB where a page may be as large), and two system calls; reading costs nothing.
///
/// What a value owns elsewhere, as a `Vec` does, is not in these pages.
pub struct Locked<T: ZeroizeOnDrop>(Box<Pages<T>>);

/// A value that begins and ends at the border of a page: its size is rounded up to its alignment.
// Where pages may be larger than 4 KiB, 64 KiB is the largest.
#[cfg_attr(target_arch = "x86_64", repr(align(4096)))]
#[cfg_attr(not(target_arch = "x86_64"), repr(align(65536)))]
struct Pages<T> {
    // Dropped in this order: wiped, then unlocked. The box frees the pages after both.
    value: T,
    lock: Option<LockGuard>,
}

impl<T: ZeroizeOnDrop> Locked<T> {
    /// Lets a closure write the secret into its place, where it starts as the default. It is nowhere else.
    pub fn new_with(write: impl FnOnce(&mut T)) -> Self
    where
        T: Default,
    {
        let mut locked =
            Self::place(|| Ok::<_, Infallible>(T::default())).unwrap_or_else(|never| match never {});
        write(&mut locked.0.value);
        locked
    }

    /// Makes the secret and moves it into its place, then wipes the stack below the caller, where making and moving
    /// have left copies.
    pub fn build(make: impl FnOnce() -> T) -> Self {
        Self::try_build(|| Ok::<_, Infallible>(make())).unwrap_or_else(|never| match never {})
    }

    /// As [`Locked::build`], for what may fail. The stack is wiped in either case.
    pub fn try_build<E>(make: impl FnOnce() -> Result<T, E>) -> Result<Self, E> {
        let built = Self::place(make);
        wipe_stack();
        built
    }

    /// Not inlined, so that all its copies are below the caller's frame.
    #[inline(never)]
    fn place<E>(make: impl FnOnce() -> Result<T, E>) -> Result<Self, E> {
        // Locked before the secret is in it.
        let room = Box::<Pages<T>>::new_uninit();
        let lock = region::lock(room.as_ptr(), size_of::<Pages<T>>());
        if lock.is_err() {
            REFUSED.store(true, Ordering::Relaxed);
        }
        let lock = lock.ok();
        Ok(Self(Box::write(room, Pages { value: make()?, lock })))
    }

    /// Whether the system agreed to lock it.
    pub fn is_locked(&self) -> bool {
        self.0.lock.is_some()
    }
}

impl<T: ZeroizeOnDrop> Deref for Locked<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.value
    }
}

/// Written in place: what is assigned as a whole comes from the stack.
impl<T: ZeroizeOnDrop> DerefMut for Locked<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0.value
    }
}

impl<T: ZeroizeOnDrop> ZeroizeOnDrop for Locked<T> {}

impl<T: ZeroizeOnDrop> fmt::Debug for Locked<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Locked(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::fs;

    use zeroize::Zeroizing;

    use super::*;

    type Key = Zeroizing<[u8; 32]>;

    /// The flags of the mapping that an address lies in (`/proc/self/smaps`, proc(5)).
    fn flags(address: usize) -> String {
        let smaps = fs::read_to_string("/proc/self/smaps").unwrap();
        let mut inside = false;
        for line in smaps.lines() {
            let range = line.split(' ').next().and_then(|range| range.split_once('-'));
            let number = |digits| usize::from_str_radix(digits, 16).ok();
            if let Some((Some(from), Some(to))) = range.map(|(from, to)| (number(from), number(to))) {
                inside = (from..to).contains(&address);
            }
            if let Some(flags) = line.strip_prefix("VmFlags:").filter(|_| inside) {
                return format!("{} ", flags.trim());
            }
        }
        panic!("no mapping at {address:x}");
    }

    fn address<T: ZeroizeOnDrop>(locked: &Locked<T>) -> usize {
        std::ptr::from_ref::<T>(locked).addr()
    }

    #[test]
    fn pages_are_its_own_and_locked() {
        let all: Vec<_> = (0..4).map(|byte| Locked::<Key>::new_with(|key| key.fill(byte))).collect();
        for (byte, locked) in (0..).zip(&all) {
            assert_eq!(***locked, [byte; 32]);
            assert!(locked.is_locked(), "the test needs a limit of a few pages: ulimit -l");
            assert!(flags(address(locked)).contains("lo "), "{}", flags(address(locked)));
        }
        let pages: HashSet<usize> = all.iter().map(|locked| address(locked) / region::page::size()).collect();
        assert_eq!((pages.len(), lock_refused()), (4, false));
    }

    #[test]
    fn dropping_one_unlocks_no_other() {
        let mut all: Vec<Locked<Key>> = (0..8).map(|_| Locked::new_with(|_| ())).collect();
        all.retain({
            let mut keep = false;
            move |_| {
                keep = !keep;
                keep
            }
        });
        assert_eq!(all.len(), 4);
        for locked in &all {
            assert!(flags(address(locked)).contains("lo "));
        }
    }

    #[test]
    fn what_fails_to_be_made_is_an_error_and_no_lock_is_left() {
        let failed = Locked::<Key>::try_build(|| Err("no key"));
        assert_eq!(failed.unwrap_err(), "no key");
        assert_eq!(Locked::<Key>::build(|| Zeroizing::new([3; 32])).as_slice(), [3; 32]);
    }

    #[test]
    fn a_large_value_has_all_its_pages() {
        let large = Locked::build(|| Zeroizing::new([5_u8; 10_000]));
        for offset in [0, 4096, 8192, 9_999] {
            assert!(flags(address(&large) + offset).contains("lo "), "{offset}");
        }
    }

    #[test]
    fn wiped_then_unlocked_then_freed() {
        use std::sync::{Arc, Mutex};

        /// Tells whether its page is locked at the moment when it is wiped.
        struct Watched(Arc<Mutex<Vec<bool>>>);
        impl Drop for Watched {
            fn drop(&mut self) {
                let here = std::ptr::from_ref::<Self>(self).addr();
                self.0.lock().unwrap().push(flags(here).contains("lo "));
            }
        }
        impl ZeroizeOnDrop for Watched {}

        let seen = Arc::new(Mutex::new(Vec::new()));
        drop(Locked::build(|| Watched(Arc::clone(&seen))));
        assert_eq!(*seen.lock().unwrap(), [true]);
    }

    #[test]
    fn debug_shows_nothing() {
        let key = Locked::<Key>::new_with(|key| key.fill(7));
        assert_eq!(format!("{key:?}"), "Locked(redacted)");
    }
}
