use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use super::request::Refusal;
use crate::websocket::WebSocket;

/// The open tunnels, by tunnel ID.
pub(super) struct Rooms {
    max: usize,
    open: Mutex<HashMap<[u8; 16], Room>>,
}

/// One open tunnel, as long as its authenticator is connected.
struct Room {
    /// Random, and told in the advert only: who has read the QR code but is not near cannot join, or spoil, the
    /// tunnel. It is looked up together with the tunnel ID, of which one tunnel at most is open, so two tunnels
    /// may share a routing ID.
    routing_id: [u8; 3],
    /// Where the client's socket goes; taken by the first who joins.
    joiner: Option<oneshot::Sender<WebSocket>>,
}

/// An open tunnel in the hands of its authenticator's task. Dropping it frees the tunnel ID.
pub(super) struct OpenRoom {
    rooms: Arc<Rooms>,
    tunnel_id: [u8; 16],
    /// The client's socket, once there. An error: the client was lost within its upgrade.
    pub(super) joiner: oneshot::Receiver<WebSocket>,
}

impl Rooms {
    pub(super) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self { max, open: Mutex::default() })
    }

    /// Opens a tunnel, unless its ID is in use or there are too many.
    pub(super) fn open(
        self: &Arc<Self>,
        tunnel_id: [u8; 16],
        routing_id: [u8; 3],
    ) -> Result<OpenRoom, Refusal> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.contains_key(&tunnel_id) {
            return Err(Refusal::TunnelInUse);
        }
        if open.len() >= self.max {
            return Err(Refusal::TooManyTunnels);
        }
        let (sender, joiner) = oneshot::channel();
        open.insert(tunnel_id, Room { routing_id, joiner: Some(sender) });
        Ok(OpenRoom { rooms: Arc::clone(self), tunnel_id, joiner })
    }

    /// Takes the client's place in a tunnel.
    pub(super) fn join(
        &self,
        tunnel_id: [u8; 16],
        routing_id: [u8; 3],
    ) -> Result<oneshot::Sender<WebSocket>, Refusal> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let room =
            open.get_mut(&tunnel_id).filter(|room| room.routing_id == routing_id).ok_or(Refusal::NoTunnel)?;
        room.joiner.take().ok_or(Refusal::TunnelInUse)
    }
}

impl Drop for OpenRoom {
    fn drop(&mut self) {
        self.rooms.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.tunnel_id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_tunnel_per_id_and_one_client_per_tunnel() {
        let rooms = Rooms::new(2);
        let first = rooms.open([1; 16], [7; 3]).unwrap();
        assert_eq!(rooms.open([1; 16], [8; 3]).err(), Some(Refusal::TunnelInUse));
        assert_eq!(rooms.join([1; 16], [8; 3]).err(), Some(Refusal::NoTunnel));
        assert_eq!(rooms.join([2; 16], [7; 3]).err(), Some(Refusal::NoTunnel));
        let _client = rooms.join([1; 16], [7; 3]).unwrap();
        assert_eq!(rooms.join([1; 16], [7; 3]).err(), Some(Refusal::TunnelInUse));
        drop(first);
        assert_eq!(rooms.join([1; 16], [7; 3]).err(), Some(Refusal::NoTunnel));
        assert!(rooms.open([1; 16], [7; 3]).is_ok());
    }

    #[test]
    fn the_number_of_tunnels_is_capped() {
        let rooms = Rooms::new(1);
        let only = rooms.open([1; 16], [0; 3]).unwrap();
        assert_eq!(rooms.open([2; 16], [0; 3]).err(), Some(Refusal::TooManyTunnels));
        drop(only);
        assert!(rooms.open([2; 16], [0; 3]).is_ok());
    }
}
