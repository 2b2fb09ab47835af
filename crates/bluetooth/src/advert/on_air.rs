//! An advert that is on the air until it is dropped.

use std::time::Duration;

use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
};

use super::{object::AdvertForm, registration::Registration};

/// How long an orderly withdrawal may take before the connection is simply closed.
const WITHDRAW_LIMIT: Duration = Duration::from_secs(2);

/// An advert on the air. Dropping it takes it down.
#[derive(Debug)]
pub struct OnAir {
    task: JoinHandle<()>,
    stop: Option<oneshot::Sender<()>>,
    form: watch::Receiver<AdvertForm>,
}

impl OnAir {
    /// Keeps the advert up, changing its kind every `turn`.
    pub(crate) fn keep(registration: Registration, first: AdvertForm, turn: Duration) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (told, form) = watch::channel(first);
        let task = tokio::spawn(take_turns(registration, turn, told, stopped));
        Self { task, stop: Some(stop), form }
    }

    /// The kind that is on the air now.
    pub fn form(&self) -> AdvertForm {
        *self.form.borrow()
    }

    /// Takes the advert down and waits until bluetoothd has done so, 2 s at most.
    pub(crate) async fn withdraw(mut self) {
        if let Some(stop) = self.stop.take() {
            // No receiver means that the task has ended, and the advert with it.
            let _ = stop.send(());
        }
        if tokio::time::timeout(WITHDRAW_LIMIT, &mut self.task).await.is_err() {
            tracing::debug!("bluetoothd did not confirm the withdrawal; closing the connection");
        }
    }
}

impl Drop for OnAir {
    fn drop(&mut self) {
        // The task owns the connection to the bus; ending it closes the connection, and bluetoothd cleans up.
        self.task.abort();
    }
}

async fn take_turns(
    mut registration: Registration,
    turn: Duration,
    form: watch::Sender<AdvertForm>,
    mut stopped: oneshot::Receiver<()>,
) {
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            () = tokio::time::sleep(turn) => {}
        }
        let now = *form.borrow();
        let next = now.other();
        let shown = match registration.put_up(next).await {
            Ok(()) => Ok(next),
            // Better the kind that worked than none. If that fails too, the next turn tries again.
            Err(refused) => {
                tracing::debug!(form = %next, error = %refused, "this kind of advert was refused");
                registration.put_up(now).await.map(|()| now)
            }
        };
        match shown {
            Ok(shown) => {
                form.send_if_modified(|current| std::mem::replace(current, shown) != shown);
            }
            Err(error) => tracing::warn!(%error, "the advert is off the air for now"),
        }
    }
    registration.take_down().await;
}
