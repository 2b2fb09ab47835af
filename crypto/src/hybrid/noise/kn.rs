//! KNpsk0, the handshake of a QR ceremony: the authenticator knows the client's identity, and is itself nobody.

use std::fmt;

use super::{
    EphemeralKey, Established, HandshakeMessage, NoiseError, read_message,
    symmetric::{Protocol, SymmetricState},
    write_message,
};
use crate::hybrid::{ClientIdentity, ClientIdentityKey, Psk};

pub(super) const PROTOCOL: Protocol = Protocol { name: b"Noise_KNpsk0_P256_AESGCM_SHA256", prologue: 1 };

/// A client that has sent message 1 and waits for message 2.
pub struct KnInitiator {
    symmetric: SymmetricState,
    identity: ClientIdentityKey,
    ephemeral: EphemeralKey,
}

impl KnInitiator {
    /// Begins a handshake; the bytes are message 1.
    pub fn start(
        identity: ClientIdentityKey,
        psk: &Psk,
        ephemeral: EphemeralKey,
    ) -> (Self, HandshakeMessage) {
        let mut symmetric = SymmetricState::new(&PROTOCOL, &identity.public().0, psk);
        let encoded = ephemeral.0.point().uncompressed();
        symmetric.mix_ephemeral(&encoded);
        let message = write_message(&mut symmetric, &encoded);
        (Self { symmetric, identity, ephemeral }, message)
    }

    /// Takes message 2: exactly 81 bytes.
    pub fn receive(mut self, message: &[u8]) -> Result<Established, NoiseError> {
        let received = read_message(message)?;
        self.symmetric.mix_ephemeral(&received.encoded);
        self.symmetric.mix_key(self.ephemeral.0.agree(&received.ephemeral).as_slice());
        self.symmetric.mix_key(self.identity.0.agree(&received.ephemeral).as_slice());
        self.symmetric.open_empty(&received.tag)?;
        Ok(self.symmetric.into_initiator())
    }
}

/// An authenticator that waits for message 1.
pub struct KnResponder {
    symmetric: SymmetricState,
    client_identity: ClientIdentity,
}

impl KnResponder {
    /// Waits for the client that made the QR code and heard the advert.
    pub fn new(client_identity: &ClientIdentity, psk: &Psk) -> Self {
        Self {
            symmetric: SymmetricState::new(&PROTOCOL, &client_identity.0, psk),
            client_identity: *client_identity,
        }
    }

    /// Takes message 1, exactly 81 bytes, and makes message 2.
    pub fn receive(
        mut self,
        message: &[u8],
        ephemeral: EphemeralKey,
    ) -> Result<(Established, HandshakeMessage), NoiseError> {
        let received = read_message(message)?;
        self.symmetric.mix_ephemeral(&received.encoded);
        self.symmetric.open_empty(&received.tag)?;

        let encoded = ephemeral.0.point().uncompressed();
        self.symmetric.mix_ephemeral(&encoded);
        self.symmetric.mix_key(ephemeral.0.agree(&received.ephemeral).as_slice());
        self.symmetric.mix_key(ephemeral.0.agree(&self.client_identity.0).as_slice());
        let message = write_message(&mut self.symmetric, &encoded);
        Ok((self.symmetric.into_responder(), message))
    }
}

impl fmt::Debug for KnInitiator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KnInitiator(redacted)")
    }
}

impl fmt::Debug for KnResponder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KnResponder(redacted)")
    }
}
