use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    sync::watch,
    time::timeout,
};

/// The lines that Chromium writes, kept in memory.
///
/// The FIDO log among them has the CTAP messages of the ceremonies in clear, so it goes nowhere else.
#[derive(Debug, Clone)]
pub struct BrowserLog {
    lines: Arc<Mutex<Vec<String>>>,
    count: watch::Receiver<usize>,
}

impl BrowserLog {
    /// Collects lines until the source ends.
    pub(super) fn follow(source: impl AsyncRead + Send + Unpin + 'static) -> Self {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (sender, count) = watch::channel(0);
        let collected = lines.clone();
        tokio::spawn(async move {
            let mut source = BufReader::new(source);
            let mut line = Vec::new();
            while matches!(source.read_until(b'\n', &mut line).await, Ok(1..)) {
                let text = String::from_utf8_lossy(&line).trim_end().to_owned();
                let mut collected = collected.lock().unwrap_or_else(PoisonError::into_inner);
                collected.push(text);
                sender.send_replace(collected.len());
                line.clear();
            }
        });
        Self { lines, count }
    }

    /// The number of lines so far: the place from which [`wait_for`](Self::wait_for) may look.
    pub fn len(&self) -> usize {
        *self.count.borrow()
    }

    /// Has it written nothing yet?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Is there a line with this text?
    pub fn contains(&self, text: &str) -> bool {
        self.lines_from(0).iter().any(|line| line.contains(text))
    }

    /// The lines from a place on.
    pub fn lines_from(&self, start: usize) -> Vec<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.get(start..).unwrap_or_default().to_vec()
    }

    /// Waits for a line with this text, from a place on. `false` if none came in time.
    pub async fn wait_for(&self, start: usize, text: &str, patience: Duration) -> bool {
        let mut count = self.count.clone();
        let seen = async {
            while !self.lines_from(start).iter().any(|line| line.contains(text)) {
                if count.changed().await.is_err() {
                    return false;
                }
            }
            true
        };
        timeout(patience, seen).await.unwrap_or(false)
    }
}
