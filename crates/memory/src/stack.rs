use std::hint::black_box;

/// Bytes of stack that [`wipe_stack`] overwrites: more than any computation with a key here goes down, by some.
pub const WIPED_STACK_BYTES: usize = 64 * 1024;

/// Overwrites the stack below its caller with zeros, [`WIPED_STACK_BYTES`] deep.
///
/// A computation with a key leaves pieces of it in frames that are no longer in use, where no destructor comes.
/// To be called from the function that called the one which computed, so that those frames lie below; what the
/// compiler put into the caller's own frame stays. [`wiping_stack`] arranges both. Takes about a microsecond.
#[inline(never)]
pub fn wipe_stack() {
    let mut room = [0_u8; WIPED_STACK_BYTES];
    // The compiler has to believe that somebody reads the zeros.
    black_box(&mut room);
}

/// Runs a computation in a frame of its own, and wipes the stack that it used. Its result is handed on as it is.
pub fn wiping_stack<R>(compute: impl FnOnce() -> R) -> R {
    #[inline(never)]
    fn run<R>(compute: impl FnOnce() -> R) -> R {
        compute()
    }
    let result = run(compute);
    wipe_stack();
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a computation leaves: a recognisable array, far down.
    #[inline(never)]
    fn leave(mark: u8) -> u8 {
        let mut deep = [0; 8 * 1024];
        deep.fill(mark);
        *black_box(&mut deep).last().unwrap()
    }

    /// How many bytes of the mark lie in the 32 KiB below an address of the stack.
    #[inline(never)]
    fn marks_below(top: usize, mark: u8) -> usize {
        use std::os::unix::fs::FileExt;

        let memory = std::fs::File::open("/proc/self/mem").unwrap();
        let mut read = vec![0; 32 * 1024];
        let start = u64::try_from(top - read.len()).unwrap();
        memory.read_exact_at(&mut read, start).unwrap();
        read.iter().filter(|byte| **byte == mark).count()
    }

    #[test]
    fn what_a_computation_left_is_gone() {
        let here = black_box([0_u8; 8]);
        let top = here.as_ptr().addr();
        leave(0xa7);
        // Some is overwritten by looking.
        let left = marks_below(top, 0xa7);
        assert!(left > 4 * 1024, "{left}: the search finds what is there");
        wipe_stack();
        let still = marks_below(top, 0xa7);
        assert!(still < 64, "{still}");

        assert_eq!(wiping_stack(|| leave(0xa7)), 0xa7);
        let still = marks_below(top, 0xa7);
        assert!(still < 64, "{still}");
    }
}
