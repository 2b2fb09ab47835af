//! Work on threads of its own, and what of it must be over before the process ends.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Longer than a key derivation takes. What is not over then, as a disk that does not answer, is left to the system.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many pieces of work hold secrets.
static AT_WORK: Mutex<usize> = Mutex::new(0);
static ENDED: Condvar = Condvar::new();

/// Runs what blocks on a thread of its own, so that an interruption need not wait for it. For what may never end, as
/// reading a pipe, and holds no secret.
pub(crate) async fn in_background<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The run time is ending, and this future with it.
            Err(_cancelled) => std::future::pending().await,
        },
    }
}

/// The same for what ends by itself and holds secrets: the process waits for it before it ends, so that keys are
/// dropped, and thereby wiped, also when nobody waits for the outcome any more.
pub(crate) async fn at_work<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let counted = Counted::new();
    // In this order: an outcome that nobody takes is dropped before the work counts as over.
    let (outcome, _counted) = in_background(move || (work(), counted)).await;
    outcome
}

/// Waits until all work that holds secrets is over. Called last.
pub(crate) fn finish() {
    let waited = ENDED.wait_timeout_while(count(), PATIENCE, |count| *count > 0);
    drop(waited);
}

struct Counted;

impl Counted {
    fn new() -> Self {
        *count() += 1;
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut count = count();
        *count = count.saturating_sub(1);
        ENDED.notify_all();
    }
}

fn count() -> MutexGuard<'static, usize> {
    AT_WORK.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicBool, Ordering},
        },
        thread,
    };

    use super::*;

    struct Key(Arc<AtomicBool>);

    impl Drop for Key {
        fn drop(&mut self) {
            thread::sleep(Duration::from_millis(50));
            self.0.store(true, Ordering::SeqCst);
        }
    }

    #[test]
    fn what_nobody_waits_for_is_dropped_before_the_end() {
        let wiped = Arc::new(AtomicBool::new(false));
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let key = Key(Arc::clone(&wiped));
        runtime.block_on(async {
            let work = at_work(move || {
                thread::sleep(Duration::from_millis(100));
                key
            });
            let interrupted = tokio::time::timeout(Duration::from_millis(20), work).await;
            assert!(interrupted.is_err());
        });
        runtime.shutdown_background();
        assert!(!wiped.load(Ordering::SeqCst));
        finish();
        assert!(wiped.load(Ordering::SeqCst));
    }
}
