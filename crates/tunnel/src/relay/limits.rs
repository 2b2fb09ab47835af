use std::time::Duration;

use crate::{MAX_HEAD_BYTES, MAX_MESSAGE_BYTES};

/// What the relay allows. [`Limits::default`] is meant for a relay on the internet.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The largest message, in bytes; a larger one closes the sender with 1009. 65,535.
    pub max_message_bytes: usize,
    /// Messages that one end may send; one more closes it with 1008. Ping and pong are not counted. 16.
    pub max_messages: u32,
    /// Messages kept for the other end before it is there; one more closes the sender with 1008. 6.
    pub max_buffered: usize,
    /// How long a tunnel lives, from the authenticator's connection on; then both ends close with 1008. 300 s.
    pub lifetime: Duration,
    /// How long the authenticator waits for the other end; then it is closed with 1008. 60 s.
    pub until_paired: Duration,
    /// How long TLS handshake and HTTP head may take together; then the connection is dropped. 10 s.
    pub handshake: Duration,
    /// The largest HTTP head, in bytes; a larger one is answered with 431. 8,192.
    pub max_head_bytes: usize,
    /// Connections within their handshake, or being refused, at one time; further ones are dropped. 512.
    pub max_handshakes: usize,
    /// Tunnels open at one time; a further `/cable/new/` is answered with 503. 2,048.
    pub max_tunnels: usize,
    /// Connections of one address.
    pub per_address: AddressRate,
}

/// A token bucket for each address: IPv4 addresses one by one, IPv6 addresses by their /64 network.
///
/// A connection takes one token. Without a token it is answered with 429, and once it has gone as far into debt
/// as `burst`, it is dropped before TLS.
#[derive(Debug, Clone, Copy)]
pub struct AddressRate {
    /// How many tokens a bucket holds, at least 1. 60.
    pub burst: u32,
    /// How long one token takes to come back. 1 s.
    pub refill: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_message_bytes: MAX_MESSAGE_BYTES,
            max_messages: 16,
            max_buffered: 6,
            lifetime: Duration::from_secs(300),
            until_paired: Duration::from_secs(60),
            handshake: Duration::from_secs(10),
            max_head_bytes: MAX_HEAD_BYTES,
            max_handshakes: 512,
            max_tunnels: 2048,
            per_address: AddressRate::default(),
        }
    }
}

impl Default for AddressRate {
    fn default() -> Self {
        Self { burst: 60, refill: Duration::from_secs(1) }
    }
}
