//! The handshake: Noise with a pre-shared key, P-256, AES-256-GCM and SHA-256 (CTAP 2.2 §11.5; Noise revision 34).
//!
//! The client is always the initiator. Two patterns:
//!
//! | | QR code | link |
//! | --- | --- | --- |
//! | pattern | KNpsk0: [`KnInitiator`], [`KnResponder`] | NKpsk0: [`NkInitiator`], [`NkResponder`] |
//! | known before | the client's identity, from the code | the authenticator's identity, from the link |
//! | message 1 | `psk, e` | `psk, e, es` |
//! | message 2 | `e, ee, se` | `e, ee` |
//!
//! Each message is 81 bytes: an uncompressed point (65) and the tag of an empty payload (16). A state is consumed
//! by the message that ends it, so a repeated message has nowhere to go.

mod kn;
mod nk;
mod symmetric;

#[cfg(test)]
mod oracle;

use std::fmt;

use rand_core::CryptoRng;

use super::{
    Transport,
    point::{Point, Scalar, UNCOMPRESSED_LEN},
};
pub use kn::{KnInitiator, KnResponder};
pub use nk::{NkInitiator, NkResponder};
use symmetric::{SymmetricState, TAG_LEN};

/// Bytes of each handshake message.
pub const HANDSHAKE_MESSAGE_LEN: usize = UNCOMPRESSED_LEN + TAG_LEN;

/// A handshake message: an uncompressed point, then the tag of an empty payload.
pub type HandshakeMessage = [u8; HANDSHAKE_MESSAGE_LEN];

/// Why a handshake message was refused. The peer is told nothing: the tunnel is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoiseError {
    /// Not the length of a handshake message.
    #[error("handshake message is {got} bytes, expected {HANDSHAKE_MESSAGE_LEN}")]
    Length {
        /// Bytes given.
        got: usize,
    },
    /// The ephemeral key is not an uncompressed point of P-256.
    #[error("ephemeral key is not an uncompressed point of P-256")]
    Point,
    /// The tag does not match: another PSK, another identity, or damage.
    #[error("handshake message does not decrypt")]
    Decrypt,
}

/// A key for one handshake; wiped when dropped.
pub struct EphemeralKey(Scalar);

impl EphemeralKey {
    /// Draws a fresh key.
    pub fn generate(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        Self(Scalar::generate(rng))
    }
}

impl fmt::Debug for EphemeralKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EphemeralKey(redacted)")
    }
}

/// The hash over everything both ends have seen. The same at both ends, and at no others.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct HandshakeHash([u8; 32]);

impl HandshakeHash {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    #[cfg(test)]
    pub(super) fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

/// Would tie log lines to a ceremony.
impl fmt::Debug for HandshakeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HandshakeHash(..)")
    }
}

/// A finished handshake.
#[derive(Debug)]
pub struct Established {
    /// Seals and opens everything that follows.
    pub transport: Transport,
    /// What a linking signature covers.
    pub handshake_hash: HandshakeHash,
}

/// Writes a message: the ephemeral point, then the tag of the empty payload under the current key.
fn write_message(symmetric: &mut SymmetricState, ephemeral: &[u8; UNCOMPRESSED_LEN]) -> HandshakeMessage {
    let tag = symmetric.seal_empty();
    let mut message = [0; HANDSHAKE_MESSAGE_LEN];
    message.iter_mut().zip(ephemeral.iter().chain(&tag)).for_each(|(to, from)| *to = *from);
    message
}

/// A message taken apart, its tag not yet checked.
struct Received {
    ephemeral: Point,
    encoded: [u8; UNCOMPRESSED_LEN],
    tag: [u8; TAG_LEN],
}

fn read_message(message: &[u8]) -> Result<Received, NoiseError> {
    let length = NoiseError::Length { got: message.len() };
    let (encoded, tag) = message.split_first_chunk().ok_or(length)?;
    let tag = tag.try_into().map_err(|_| length)?;
    let ephemeral = Point::from_uncompressed(encoded).ok_or(NoiseError::Point)?;
    Ok(Received { ephemeral, encoded: *encoded, tag })
}
