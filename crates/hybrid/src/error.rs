use latchkey_crypto::hybrid::{
    FirstMessageError, MessageError, OperationHint, TransportError, noise::NoiseError,
};

use crate::connection::MAX_MESSAGES_PER_DIRECTION;

/// Why a QR code that reads well cannot be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScannedError {
    /// The client could not turn our tunnel domain's number into a name. Another domain may do.
    #[error("client knows {known} assigned tunnel domains, domain {id} is none of them")]
    UnknownDomain {
        /// The number of our domain.
        id: u16,
        /// How many assigned domains the client knows.
        known: u64,
    },
    /// The client wants a digital credential. We hold passkeys only.
    #[error("client wants {}, not a passkey", .hint.as_str())]
    NotPasskeys {
        /// What it wants.
        hint: OperationHint,
    },
}

/// Why a handshake failed. The peer is told nothing: the tunnel is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The handshake message was refused: the peer did not show this code or hear this advert, or it is damaged.
    #[error(transparent)]
    Noise(#[from] NoiseError),
    /// The first message after it was not sealed or opened.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The first message after it is not one.
    #[error(transparent)]
    FirstMessage(#[from] FirstMessageError),
    /// The authenticator does not offer CTAP.
    #[error("authenticator does not offer ctap")]
    NoCtap,
}

/// Why a session refused a message. Unless the variant says otherwise, the session has ended and its keys are
/// gone; the tunnel is to be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The message was not opened, or sealed. One that is too long to be sent leaves the session as it was.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// What was opened is not a frame. An empty request or response that was to be sent leaves the session as it
    /// was.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// A direction has carried all the messages it may.
    #[error("more than {MAX_MESSAGES_PER_DIRECTION} messages in one direction")]
    TooManyMessages,
    /// A frame of a kind that this end may not be sent.
    #[error("peer sent a frame of type {kind}")]
    Unexpected {
        /// The type byte.
        kind: u8,
    },
    /// A second request came, or was to be sent, before the first was answered. Sending leaves the session as it
    /// was.
    #[error("a request is open already")]
    RequestOpen,
    /// A response came, or was to be sent, without a request. Sending leaves the session as it was.
    #[error("no request is open")]
    NoRequest,
    /// The peer closed the tunnel and owes something.
    #[error("tunnel was closed before the response")]
    ClosedTooEarly,
    /// The session has ended before.
    #[error("session has ended")]
    Ended,
}
