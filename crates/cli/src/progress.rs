//! Long work that is shown as it goes on, and stops when it is told to.

use std::{
    io::{self, IsTerminal, Write},
    ops::ControlFlow,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use latchkey_vault::Progress;

use crate::{
    background::at_work,
    interruption::{Deferral, Interruptions},
    tell,
};

/// Does work on a thread of its own, and shows on standard error, where that is a terminal, how far it is. An
/// interruption makes the progress function say stop; the work is waited for, whichever way it ends.
pub(crate) async fn shown<T: Send + 'static>(
    what: &'static str,
    work: impl FnOnce(&mut dyn FnMut(Progress) -> ControlFlow<()>) -> T + Send + 'static,
) -> io::Result<T> {
    let _deferral = Deferral::begin();
    let mut interruptions = Interruptions::new()?;
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let is_terminal = io::stderr().is_terminal();
    if !is_terminal {
        tell(format_args!("{what} …"));
    }
    let working = at_work(move || {
        let mut last = None;
        let outcome = work(&mut |progress: Progress| {
            let percent = progress.done.saturating_mul(100) / progress.of.max(1);
            if is_terminal && last.replace(percent) != Some(percent) {
                // Nobody reads it: no reason to stop.
                let _ = write!(io::stderr(), "\r{what} … {percent} %");
            }
            if stopped.load(Ordering::SeqCst) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        if is_terminal {
            tell("");
        }
        outcome
    });
    tokio::pin!(working);
    loop {
        tokio::select! {
            biased;
            outcome = &mut working => return Ok(outcome),
            () = interruptions.next() => stop.store(true, Ordering::SeqCst),
        }
    }
}
