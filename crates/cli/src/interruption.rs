//! Signals that end a command in order: everything it holds is dropped, which wipes keys, sets the terminal right and
//! takes an advert down.

use std::{
    io,
    sync::atomic::{AtomicUsize, Ordering},
};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// How many parts of a command see to interruptions themselves.
static DEFERRED: AtomicUsize = AtomicUsize::new(0);

/// Ctrl-C, Ctrl-\, SIGTERM, and SIGHUP of a terminal that is closed.
pub(crate) struct Interruptions([Signal; 4]);

impl Interruptions {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self([
            signal(SignalKind::interrupt())?,
            signal(SignalKind::quit())?,
            signal(SignalKind::terminate())?,
            signal(SignalKind::hangup())?,
        ]))
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) {
        let [interrupt, quit, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = quit.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }

    /// Waits for the next one that the command does not see to itself.
    pub(crate) async fn next_not_deferred(&mut self) {
        self.next().await;
        while DEFERRED.load(Ordering::SeqCst) > 0 {
            self.next().await;
        }
    }
}

/// For as long as it lives, an interruption does not end the command: what it does must be told to stop, and stops.
pub(crate) struct Deferral(());

impl Deferral {
    pub(crate) fn begin() -> Self {
        DEFERRED.fetch_add(1, Ordering::SeqCst);
        Self(())
    }
}

impl Drop for Deferral {
    fn drop(&mut self) {
        DEFERRED.fetch_sub(1, Ordering::SeqCst);
    }
}
