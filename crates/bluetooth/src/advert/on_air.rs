//! An advert that is on the air until it is dropped.

use std::time::Duration;

use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
};

use super::{object::AdvertForm, registration::Registration};

/// How soon an advert that fell off the air is put up again.
const RETRY: Duration = Duration::from_secs(1);

/// How long an orderly withdrawal may take before the connection is simply closed.
const WITHDRAW_LIMIT: Duration = Duration::from_secs(2);

/// An advert on the air. Dropping it takes it down.
#[derive(Debug)]
pub struct OnAir {
    task: JoinHandle<()>,
    stop: Option<oneshot::Sender<()>>,
    form: watch::Receiver<Option<AdvertForm>>,
}

impl OnAir {
    /// Keeps the advert up, changing its kind every `turn`.
    pub(crate) fn keep(registration: Registration, first: AdvertForm, turn: Duration) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (told, form) = watch::channel(Some(first));
        let task = tokio::spawn(take_turns(registration, first, turn, told, stopped));
        Self { task, stop: Some(stop), form }
    }

    /// The kind that is on the air; `None` while none is, as when the adapter was switched off meanwhile.
    ///
    /// What happens to the adapter is noticed at the end of a turn.
    pub fn form(&self) -> Option<AdvertForm> {
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
    first: AdvertForm,
    turn: Duration,
    told: watch::Sender<Option<AdvertForm>>,
    mut stopped: oneshot::Receiver<()>,
) {
    let mut form = first;
    let mut wait = turn;
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            () = tokio::time::sleep(wait) => {}
        }
        let shown = match registration.put_up(form.other()).await {
            Ok(()) => Ok(form.other()),
            // Better the kind that worked than none.
            Err(refused) => {
                tracing::debug!(form = %form.other(), error = %refused, "this kind of advert was refused");
                registration.put_up(form).await.map(|()| form)
            }
        };
        match shown {
            Ok(shown) => {
                form = shown;
                wait = turn;
                told.send_replace(Some(shown));
            }
            Err(error) => {
                // Said once, not every second.
                if told.send_replace(None).is_some() {
                    tracing::warn!(%error, "the advert is off the air for now");
                }
                wait = turn.min(RETRY);
            }
        }
    }
    registration.take_down().await;
}
