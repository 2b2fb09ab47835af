use latchkey_crypto::hybrid::{
    Advert, FirstMessage,
    noise::{EphemeralKey, KnResponder},
};
use rand_core::CryptoRng;

use super::Session;
use crate::{HandshakeError, connection::Connection};

/// The advert is to be on the air, and the tunnel is open. Next: the client's first message.
#[derive(Debug)]
pub struct Advertising {
    advert: Advert,
    responder: KnResponder,
}

impl Advertising {
    pub(super) fn new(advert: Advert, responder: KnResponder) -> Self {
        Self { advert, responder }
    }

    /// What to advertise, until the hello is there.
    pub fn advert(&self) -> &Advert {
        &self.advert
    }

    /// Takes the client's hello: 81 bytes that only somebody who showed this code and heard this advert can make.
    ///
    /// Gives two messages to send at once, in this order: the answer to the hello, and the first sealed message
    /// with `get_info`, the response's map without its CTAP status byte. A failure ends the ceremony; a second
    /// hello has no state to arrive in.
    pub fn receive_hello(
        self,
        hello: &[u8],
        get_info: &[u8],
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Result<(Session, [Vec<u8>; 2]), HandshakeError> {
        let (mut established, response) = self.responder.receive(hello, EphemeralKey::generate(rng))?;
        let first = established.transport.seal(&FirstMessage::new(get_info).encode())?;
        let connection = Connection::new(established.transport, 2, 1);
        Ok((Session::new(connection), [response.to_vec(), first]))
    }
}
