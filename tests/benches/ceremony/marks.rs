//! What happened when, by the clock and by this thread's time on the processor.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use rustix::time::{ClockId, clock_gettime};

/// A point in a ceremony.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    CodeInHand,
    TunnelAskedFor,
    TunnelOpen,
    AdvertAskedFor,
    OnAir,
    HelloCame,
    AdvertDown,
    HandshakeSent,
    RequestCame,
    CommitBegan,
    CommitEnded,
    ResponseSent,
    PromiseResolved,
}

/// The marks of one ceremony. Clones write into the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Marks(Arc<Mutex<Vec<(Mark, Instant, Duration)>>>);

impl Marks {
    /// It happens now, on this machine's side.
    pub(crate) fn mark(&self, mark: Mark) {
        let on_processor = clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap();
        self.0.lock().unwrap().push((mark, Instant::now(), on_processor));
    }

    /// It happened in the page.
    pub(crate) fn resolved(&mut self, at: Instant) {
        self.0.lock().unwrap().push((Mark::PromiseResolved, at, Duration::ZERO));
    }

    /// By the clock.
    pub(crate) fn between(&self, from: Mark, to: Mark) -> Duration {
        self.at(to).0 - self.at(from).0
    }

    /// On the processor, of this machine's side only.
    pub(crate) fn worked_between(&self, from: Mark, to: Mark) -> Duration {
        self.at(to).1 - self.at(from).1
    }

    fn at(&self, wanted: Mark) -> (Instant, Duration) {
        let marks = self.0.lock().unwrap();
        let (_, at, on_processor) =
            marks.iter().find(|(mark, ..)| *mark == wanted).unwrap_or_else(|| panic!("no {wanted:?}"));
        (*at, *on_processor)
    }
}
