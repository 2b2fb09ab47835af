use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long after a warning the next one may follow.
const QUIET: Duration = Duration::from_secs(60);

/// Warns that the relay turns connections away, once a minute at most: whoever sends too many must not fill the log too.
#[derive(Default)]
pub(super) struct Overload {
    warned: Mutex<Option<Instant>>,
}

impl Overload {
    /// Says what there is too much of, unless it was said just now.
    pub(super) fn warn(&self, what: &'static str) {
        if self.is_due(Instant::now()) {
            tracing::warn!(what, "too much to do: connections are being turned away");
        }
    }

    fn is_due(&self, now: Instant) -> bool {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        let due = warned.is_none_or(|warned| now.saturating_duration_since(warned) >= QUIET);
        if due {
            *warned = Some(now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warns_once_a_minute() {
        let (overload, start) = (Overload::default(), Instant::now());
        let after = |seconds| overload.is_due(start + Duration::from_secs(seconds));
        assert_eq!([0, 1, 59, 60, 61, 119, 120].map(after), [true, false, false, true, false, false, true]);
    }
}
