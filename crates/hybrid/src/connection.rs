use latchkey_crypto::hybrid::{Message, MessageError, Transport, TransportError};
use zeroize::Zeroizing;

use crate::SessionError;

/// How many messages each direction may carry, the handshake's included. As the tunnel services do it.
pub const MAX_MESSAGES_PER_DIRECTION: usize = 16;

/// A transport that counts.
#[derive(Debug)]
pub(crate) struct Connection {
    transport: Transport,
    sent: usize,
    received: usize,
}

impl Connection {
    /// Goes on after a handshake that sent and received so many messages.
    pub(crate) fn new(transport: Transport, sent: usize, received: usize) -> Self {
        Self { transport, sent, received }
    }

    /// Seals a message and wipes it: responses may hold secrets (`prf`), so no copy of ours outlives its use.
    pub(crate) fn seal(&mut self, message: Message) -> Result<Vec<u8>, SessionError> {
        let message = Zeroizing::new(message);
        if self.sent >= MAX_MESSAGES_PER_DIRECTION {
            return Err(SessionError::TooManyMessages);
        }
        if matches!(&*message, Message::Ctap(body) if body.is_empty()) {
            return Err(MessageError::EmptyCtap.into());
        }
        let sealed = self.transport.seal(&Zeroizing::new(message.encode()))?;
        self.sent += 1;
        Ok(sealed)
    }

    pub(crate) fn open(&mut self, sealed: &[u8]) -> Result<Message, SessionError> {
        if self.received >= MAX_MESSAGES_PER_DIRECTION {
            return Err(SessionError::TooManyMessages);
        }
        let plaintext = Zeroizing::new(self.transport.open(sealed)?);
        self.received += 1;
        Ok(Message::decode(&plaintext)?)
    }
}

/// Whether sealing was refused before anything changed, so that another message may take its place.
pub(crate) fn leaves_session_open(error: &SessionError) -> bool {
    matches!(
        error,
        SessionError::Transport(TransportError::TooLong { .. })
            | SessionError::Message(MessageError::EmptyCtap)
    )
}
