use std::fs;
use std::io;

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// A protection that the system did not give.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Gap {
    /// The size of core dumps could not be limited to 0.
    #[error("core dumps could not be limited: {0}")]
    CoreLimit(#[source] io::Error),
    /// Memory could not be left out of core dumps.
    #[error("memory could not be left out of core dumps: {0}")]
    DumpFilter(#[source] io::Error),
    /// The process could not be made undumpable: others of the same user may read its memory.
    #[error("process could not be made undumpable: {0}")]
    Dumpable(#[source] io::Error),
}

/// Keeps this process's memory out of core dumps and away from other processes of the same user. Returns what the
/// system did not give: nothing, where all is well.
///
/// To be called first, before there are secrets. Three settings:
///
/// - `RLIMIT_CORE` is 0, for good. A handler to which the system pipes dumps may pass over it.
/// - `coredump_filter` is 0, so that a dump which is made all the same, as by gdb's `gcore`, has no memory in it.
/// - the process is not dumpable (`PR_SET_DUMPABLE`, prctl(2)): the system starts no dump, and only root may attach
///   to it or read `/proc/PID/mem`. Its files in `/proc` belong to root, so portals cannot look it up, and refuse it.
///
/// Programs that it starts inherit the first two, but not the third.
pub fn protect_process() -> Vec<Gap> {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let limited = setrlimit(Resource::Core, none).map_err(|errno| Gap::CoreLimit(errno.into()));
    // Before the next, after which the file is no longer ours.
    let filtered = match fs::write("/proc/self/coredump_filter", "0") {
        // A kernel that cannot dump has no filter.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(Gap::DumpFilter),
    };
    let undumpable =
        set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(|errno| Gap::Dumpable(errno.into()));
    [limited, filtered, undumpable].into_iter().filter_map(Result::err).collect()
}
