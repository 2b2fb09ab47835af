use std::fmt;

use latchkey_crypto::hybrid::Message;

use crate::{
    SessionError,
    connection::{Connection, leaves_session_open},
};

/// What a message from the authenticator amounts to.
#[derive(Clone, PartialEq, Eq)]
pub enum ClientEvent {
    /// The response to the open request: status byte and CBOR.
    Response(Vec<u8>),
    /// Nothing to do: an update. It could only hold a link, and our code asks for none.
    Ignored,
}

/// A response is personal, so it is not shown.
impl fmt::Debug for ClientEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClientEvent::Response(response) => write!(f, "Response({} bytes)", response.len()),
            ClientEvent::Ignored => f.write_str("Ignored"),
        }
    }
}

/// The authenticator is ready for requests. Phones take one and hang up; Latchkey takes several.
///
/// An error in what was received ends the session.
#[derive(Debug)]
pub struct ClientSession {
    /// Gone once the session has ended, and with it its keys.
    connection: Option<Connection>,
    get_info: Vec<u8>,
    request_open: bool,
    answered: bool,
}

impl ClientSession {
    pub(super) fn new(connection: Connection, get_info: Vec<u8>) -> Self {
        Self { connection: Some(connection), get_info, request_open: false, answered: false }
    }

    /// The authenticator's getInfo: the response's map, without a status byte.
    pub fn get_info(&self) -> &[u8] {
        &self.get_info
    }

    /// Seals a request: command byte and CBOR. One at a time.
    pub fn request(&mut self, ctap_request: &[u8]) -> Result<Vec<u8>, SessionError> {
        let connection = self.connection.as_mut().ok_or(SessionError::Ended)?;
        if self.request_open {
            return Err(SessionError::RequestOpen);
        }
        let sealed = connection.seal(Message::Ctap(ctap_request.to_vec()));
        match &sealed {
            Ok(_) => self.request_open = true,
            Err(error) if leaves_session_open(error) => {}
            Err(_) => self.connection = None,
        }
        sealed
    }

    /// Takes a message from the tunnel.
    pub fn receive(&mut self, sealed: &[u8]) -> Result<ClientEvent, SessionError> {
        // Put back only when all was right.
        let mut connection = self.connection.take().ok_or(SessionError::Ended)?;
        let event = match connection.open(sealed)? {
            Message::Ctap(_) if !self.request_open => return Err(SessionError::NoRequest),
            Message::Ctap(response) => {
                self.request_open = false;
                self.answered = true;
                ClientEvent::Response(response)
            }
            Message::Update(_) => ClientEvent::Ignored,
            // An authenticator closes the tunnel, it does not shut down; and we asked for no JSON.
            Message::Shutdown => return Err(SessionError::Unexpected { kind: 0 }),
            Message::Json(_) => return Err(SessionError::Unexpected { kind: 3 }),
            Message::Unknown(kind) => return Err(SessionError::Unexpected { kind }),
        };
        self.connection = Some(connection);
        Ok(event)
    }

    /// Ends the session, also while a request is open: then the person over there is no longer asked.
    ///
    /// Send the bytes and close the tunnel; what still comes from it is of no interest.
    pub fn shutdown(mut self) -> Result<Vec<u8>, SessionError> {
        self.connection.as_mut().ok_or(SessionError::Ended)?.seal(Message::Shutdown)
    }

    /// The authenticator closed the tunnel. After a complete response that is a good end, as phones do it.
    pub fn closed_by_peer(self) -> Result<(), SessionError> {
        match self.connection {
            None => Err(SessionError::Ended),
            Some(_) if self.request_open || !self.answered => Err(SessionError::ClosedTooEarly),
            Some(_) => Ok(()),
        }
    }
}
