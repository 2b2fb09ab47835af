//! The DevTools protocol over a pair of pipes: JSON messages, each ended by a zero byte.
//!
//! Pipes instead of Chromium's debugging port, because any user of the machine may connect to a port; and a
//! browser whose pipe closes ends by itself.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    sync::oneshot,
};

use super::BrowserError;

type Waiting = HashMap<u64, oneshot::Sender<Value>>;

/// The browser's end of the protocol.
pub(super) struct DevTools {
    to_browser: tokio::sync::Mutex<Box<dyn AsyncWrite + Send + Unpin>>,
    /// Commands without an answer yet; `None` once the browser is gone.
    waiting: Arc<Mutex<Option<Waiting>>>,
    next_id: AtomicU64,
}

/// A command that was sent and whose answer is to come.
pub(super) struct Answer {
    method: &'static str,
    receiver: oneshot::Receiver<Value>,
}

impl DevTools {
    pub(super) fn new(
        to_browser: impl AsyncWrite + Send + Unpin + 'static,
        from_browser: impl AsyncRead + Send + Unpin + 'static,
    ) -> Self {
        let waiting = Arc::new(Mutex::new(Some(Waiting::new())));
        tokio::spawn(hand_out_answers(from_browser, waiting.clone()));
        Self {
            to_browser: tokio::sync::Mutex::new(Box::new(to_browser)),
            waiting,
            next_id: AtomicU64::new(1),
        }
    }

    /// Sends a command, to a page if `session` names one, and returns without its answer.
    pub(super) async fn post(
        &self,
        session: Option<&str>,
        method: &'static str,
        parameters: Value,
    ) -> Result<Answer, BrowserError> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let mut message = json!({ "id": id, "method": method, "params": parameters });
        if let (Some(session), Some(message)) = (session, message.as_object_mut()) {
            message.insert("sessionId".to_owned(), session.into());
        }
        let (sender, receiver) = oneshot::channel();
        match &mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(waiting) => waiting.insert(id, sender),
            None => return Err(BrowserError::Gone),
        };
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        let mut pipe = self.to_browser.lock().await;
        pipe.write_all(&bytes).await.map_err(|_| BrowserError::Gone)?;
        pipe.flush().await.map_err(|_| BrowserError::Gone)?;
        Ok(Answer { method, receiver })
    }

    /// Sends a command and waits for its answer.
    pub(super) async fn call(
        &self,
        session: Option<&str>,
        method: &'static str,
        parameters: Value,
    ) -> Result<Value, BrowserError> {
        self.post(session, method, parameters).await?.receive().await
    }
}

impl Answer {
    /// Waits for the answer.
    pub(super) async fn receive(self) -> Result<Value, BrowserError> {
        let mut message = self.receiver.await.map_err(|_| BrowserError::Gone)?;
        if let Some(error) = message.get("error") {
            let message = error.get("message").and_then(Value::as_str).unwrap_or_default().to_owned();
            return Err(BrowserError::Refused { method: self.method, message });
        }
        Ok(message.get_mut("result").map(Value::take).unwrap_or_default())
    }
}

/// Gives each answer to who waits for it, until the browser closes its pipe. Events are passed over.
async fn hand_out_answers(from_browser: impl AsyncRead + Unpin, waiting: Arc<Mutex<Option<Waiting>>>) {
    let mut pipe = BufReader::new(from_browser);
    let mut bytes = Vec::new();
    while matches!(pipe.read_until(0, &mut bytes).await, Ok(1..)) {
        bytes.pop();
        if let Ok(message) = serde_json::from_slice::<Value>(&bytes)
            && let Some(id) = message.get("id").and_then(Value::as_u64)
            && let Some(waiting) = &mut *waiting.lock().unwrap_or_else(PoisonError::into_inner)
            && let Some(sender) = waiting.remove(&id)
        {
            // Nobody may want the answer any more.
            let _ = sender.send(message);
        }
        bytes.clear();
    }
    waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
}
