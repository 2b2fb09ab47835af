use std::fmt;

use latchkey_crypto::hybrid::Message;

use crate::{
    SessionError,
    connection::{Connection, leaves_session_open},
};

/// What a message from the client amounts to.
#[derive(Clone, PartialEq, Eq)]
pub enum Event {
    /// A CTAP request: command byte and CBOR. It is open until [`Session::reply`].
    Ctap(Vec<u8>),
    /// The client has finished or given up: dismiss the prompt, close the tunnel. The keys are gone.
    Shutdown,
    /// Nothing to do: a frame that is not for us.
    Ignored,
}

/// A request is personal, so it is not shown.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Ctap(request) => write!(f, "Ctap({} bytes)", request.len()),
            Event::Shutdown => f.write_str("Shutdown"),
            Event::Ignored => f.write_str("Ignored"),
        }
    }
}

/// The handshake is done: requests come, one at a time, each with its response, until the client shuts down.
///
/// An error in what was received ends the session. We never send a shutdown: at the end the tunnel is closed.
#[derive(Debug)]
pub struct Session {
    /// Gone once the session has ended, and with it its keys.
    connection: Option<Connection>,
    request_open: bool,
}

impl Session {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection: Some(connection), request_open: false }
    }

    /// Takes a message from the tunnel; also while a request is open, so that a shutdown is seen at once.
    pub fn receive(&mut self, sealed: &[u8]) -> Result<Event, SessionError> {
        // Put back only when all was right.
        let mut connection = self.connection.take().ok_or(SessionError::Ended)?;
        let event = match connection.open(sealed)? {
            Message::Shutdown => {
                self.request_open = false;
                return Ok(Event::Shutdown);
            }
            Message::Ctap(_) if self.request_open => return Err(SessionError::RequestOpen),
            Message::Ctap(request) => {
                self.request_open = true;
                Event::Ctap(request)
            }
            // An update goes the other way only, JSON is for digital credentials; the rest may be known one day.
            Message::Update(_) | Message::Json(_) | Message::Unknown(_) => Event::Ignored,
        };
        self.connection = Some(connection);
        Ok(event)
    }

    /// Seals the response to the open request: status byte and CBOR.
    ///
    /// Without an open request, or with a response that is empty or too long, nothing happens, and the request can
    /// still be answered.
    pub fn reply(&mut self, ctap_response: &[u8]) -> Result<Vec<u8>, SessionError> {
        let connection = self.connection.as_mut().ok_or(SessionError::Ended)?;
        if !self.request_open {
            return Err(SessionError::NoRequest);
        }
        let sealed = connection.seal(Message::Ctap(ctap_response.to_vec()));
        match &sealed {
            Ok(_) => self.request_open = false,
            Err(error) if leaves_session_open(error) => {}
            Err(_) => self.connection = None,
        }
        sealed
    }

    /// Whether a request waits for its response.
    pub fn has_open_request(&self) -> bool {
        self.connection.is_some() && self.request_open
    }
}
