//! A tunnel service in memory: an interface faked, with nothing of ours behind it.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use latchkey_crypto::hybrid::{RoutingId, TunnelDomainId, TunnelId};
use latchkey_hybrid::port::{Tunnel, TunnelError, TunnelService};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// One tunnel at a time, and how many ends were closed in order.
#[derive(Default)]
pub(crate) struct MemoryTunnels {
    waiting: Mutex<Option<End>>,
    closed: std::sync::Arc<AtomicUsize>,
    pub(crate) down: bool,
}

pub(crate) enum Frame {
    Message(Vec<u8>),
    Goodbye,
    Broken(u16),
}

pub(crate) struct End {
    to: UnboundedSender<Frame>,
    from: UnboundedReceiver<Frame>,
    closed: std::sync::Arc<AtomicUsize>,
}

impl MemoryTunnels {
    pub(crate) fn closed_in_order(&self) -> usize {
        self.closed.load(Ordering::Relaxed)
    }

    /// The client's end of the tunnel that was made last.
    pub(crate) fn other_end(&self) -> Option<End> {
        self.waiting.lock().unwrap().take()
    }
}

impl End {
    /// What the other end sees when the service closes the tunnel with a code.
    pub(crate) fn break_with(self, code: u16) {
        let _ = self.to.send(Frame::Broken(code));
    }
}

impl TunnelService for MemoryTunnels {
    type Tunnel = End;

    async fn create(&self, _: TunnelDomainId, _: &TunnelId) -> Result<(End, RoutingId), TunnelError> {
        if self.down {
            return Err(TunnelError::Unreachable);
        }
        let ((to, theirs), (back, ours)) = (unbounded_channel(), unbounded_channel());
        let end = |to, from| End { to, from, closed: self.closed.clone() };
        *self.waiting.lock().unwrap() = Some(end(back, theirs));
        Ok((end(to, ours), RoutingId::new([1, 2, 3])))
    }

    async fn connect(&self, _: TunnelDomainId, _: RoutingId, _: &TunnelId) -> Result<End, TunnelError> {
        self.other_end().ok_or(TunnelError::Refused { status: 404 })
    }
}

impl Tunnel for End {
    async fn send(&mut self, message: Vec<u8>) -> Result<(), TunnelError> {
        self.to.send(Frame::Message(message)).map_err(|_| TunnelError::Closed { code: 1006 })
    }

    async fn receive(&mut self) -> Result<Option<Vec<u8>>, TunnelError> {
        match self.from.recv().await {
            Some(Frame::Message(message)) => Ok(Some(message)),
            Some(Frame::Goodbye) => Ok(None),
            Some(Frame::Broken(code)) => Err(TunnelError::Closed { code }),
            None => Err(TunnelError::Closed { code: 1006 }),
        }
    }

    async fn close(self) {
        self.closed.fetch_add(1, Ordering::Relaxed);
        let _ = self.to.send(Frame::Goodbye);
    }
}
