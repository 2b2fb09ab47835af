//! The WebSocket client of the tunnel service, and our own relay.
