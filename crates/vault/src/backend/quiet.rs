use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;
use std::thread;

thread_local! {
    static CAUGHT_HERE: Cell<bool> = const { Cell::new(false) };
}

/// Runs something whose panic becomes an error: what it said, and nothing printed.
///
/// The process's panic hook is wrapped once. The wrapper leaves out the panics of a thread that is in here, and hands
/// every other to the hook that was there. A shell that sets a hook of its own later gets those of ours, too.
pub(super) fn catch_quietly<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    wrap_hook();
    let outer = CAUGHT_HERE.replace(true);
    // After an error nothing that the engine shared with us is used again but to close it.
    let result = panic::catch_unwind(AssertUnwindSafe(run));
    CAUGHT_HERE.set(outer);
    result.map_err(|panic| {
        let said = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        said.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no text".to_owned())
    })
}

fn wrap_hook() {
    static ONCE: Once = Once::new();
    // A thread that is panicking may not touch the hook.
    if !thread::panicking() {
        ONCE.call_once(|| {
            let other = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                if !CAUGHT_HERE.get() {
                    other(info);
                }
            }));
        });
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn prints_no_panic_that_is_caught_and_every_other() {
        let child = Command::new("/proc/self/exe")
            .args(["backend::quiet::tests::child_that_panics", "--exact", "--ignored", "--nocapture"])
            .output()
            .unwrap();
        let printed = String::from_utf8(child.stderr).unwrap();
        assert!(!printed.contains("caught"), "{printed}");
        assert!(
            printed.contains("let through, before") && printed.contains("let through, beside"),
            "{printed}"
        );
    }

    #[test]
    #[ignore = "run by prints_no_panic_that_is_caught_and_every_other"]
    fn child_that_panics() {
        assert_eq!(catch_quietly(|| panic!("caught {}", 1)), Err::<(), _>("caught 1".to_owned()));
        assert!(panic::catch_unwind(|| panic!("let through, before")).is_err());
        let beside = catch_quietly(|| thread::spawn(|| panic!("let through, beside")).join().is_err());
        assert_eq!(beside, Ok(true));
        let nested = catch_quietly(|| {
            assert!(catch_quietly(|| panic!("caught inside")).is_err());
            panic!("caught outside")
        });
        assert_eq!(nested, Err::<(), _>("caught outside".to_owned()));
    }
}
