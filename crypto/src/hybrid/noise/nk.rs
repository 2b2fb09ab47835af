//! NKpsk0, the handshake of a linked ceremony: the client knows the authenticator's identity, and is itself nobody.

use std::fmt;

use super::{
    EphemeralKey, Established, HandshakeMessage, NoiseError, read_message,
    symmetric::{Protocol, SymmetricState},
    write_message,
};
use crate::hybrid::{AuthenticatorIdentity, AuthenticatorIdentityKey, Psk};

pub(super) const PROTOCOL: Protocol = Protocol { name: b"Noise_NKpsk0_P256_AESGCM_SHA256", prologue: 0 };

/// A client that has sent message 1 and waits for message 2.
pub struct NkInitiator {
    symmetric: SymmetricState,
    ephemeral: EphemeralKey,
}

impl NkInitiator {
    /// Begins a handshake; the bytes are message 1.
    pub fn start(
        authenticator: &AuthenticatorIdentity,
        psk: &Psk,
        ephemeral: EphemeralKey,
    ) -> (Self, HandshakeMessage) {
        let mut symmetric = SymmetricState::new(&PROTOCOL, &authenticator.0, psk);
        let encoded = ephemeral.0.point().uncompressed();
        symmetric.mix_ephemeral(&encoded);
        symmetric.mix_key(ephemeral.0.agree(&authenticator.0).as_slice());
        let message = write_message(&mut symmetric, &encoded);
        (Self { symmetric, ephemeral }, message)
    }

    /// Takes message 2: exactly 81 bytes.
    pub fn receive(mut self, message: &[u8]) -> Result<Established, NoiseError> {
        let received = read_message(message)?;
        self.symmetric.mix_ephemeral(&received.encoded);
        self.symmetric.mix_key(self.ephemeral.0.agree(&received.ephemeral).as_slice());
        self.symmetric.open_empty(&received.tag)?;
        Ok(self.symmetric.into_initiator())
    }
}

/// An authenticator that waits for message 1.
pub struct NkResponder {
    symmetric: SymmetricState,
    identity: AuthenticatorIdentityKey,
}

impl NkResponder {
    /// Waits for a client that has a link to this identity and heard the advert.
    pub fn new(identity: AuthenticatorIdentityKey, psk: &Psk) -> Self {
        Self { symmetric: SymmetricState::new(&PROTOCOL, &identity.public().0, psk), identity }
    }

    /// Takes message 1, exactly 81 bytes, and makes message 2.
    pub fn receive(
        mut self,
        message: &[u8],
        ephemeral: EphemeralKey,
    ) -> Result<(Established, HandshakeMessage), NoiseError> {
        let received = read_message(message)?;
        self.symmetric.mix_ephemeral(&received.encoded);
        self.symmetric.mix_key(self.identity.0.agree(&received.ephemeral).as_slice());
        self.symmetric.open_empty(&received.tag)?;

        let encoded = ephemeral.0.point().uncompressed();
        self.symmetric.mix_ephemeral(&encoded);
        self.symmetric.mix_key(ephemeral.0.agree(&received.ephemeral).as_slice());
        let message = write_message(&mut self.symmetric, &encoded);
        Ok((self.symmetric.into_responder(), message))
    }
}

impl fmt::Debug for NkInitiator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NkInitiator(redacted)")
    }
}

impl fmt::Debug for NkResponder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NkResponder(redacted)")
    }
}
