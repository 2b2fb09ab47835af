use std::fmt;

use zeroize::{Zeroize, Zeroizing};

use crate::cbor::{self, DecodeError, Value};

/// Types of frames (CTAP 2.2 §11.5, "message types").
mod kind {
    pub(super) const SHUTDOWN: u8 = 0;
    pub(super) const CTAP: u8 = 1;
    pub(super) const UPDATE: u8 = 2;
    pub(super) const JSON: u8 = 3;
}

/// Why the plaintext of a message is not a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// No type byte.
    #[error("message is empty, expected a type byte")]
    Empty,
    /// A CTAP frame without even a command or a status.
    #[error("CTAP message is empty, expected a command or a status")]
    EmptyCtap,
    /// The body of an update is not CBOR.
    #[error("update is not CBOR: {0}")]
    Cbor(#[from] DecodeError),
    /// The body of an update is not a map.
    #[error("update is not a map")]
    NotAMap,
}

/// One message after the first: a type byte and a body.
#[derive(Clone, PartialEq)]
pub enum Message {
    /// 0: the client has finished, or has given up.
    Shutdown,
    /// 1: command ‖ CBOR from the client, status ‖ CBOR from the authenticator.
    Ctap(Vec<u8>),
    /// 2: news from the authenticator, at any time.
    Update(Update),
    /// 3: digital credentials, not parsed here.
    Json(Vec<u8>),
    /// A type that came later. Its body is dropped.
    Unknown(u8),
}

impl Message {
    /// Reads a plaintext. A shutdown with a body is a shutdown.
    pub fn decode(plaintext: &[u8]) -> Result<Self, MessageError> {
        let (kind, body) = plaintext.split_first().ok_or(MessageError::Empty)?;
        match *kind {
            kind::SHUTDOWN => Ok(Message::Shutdown),
            kind::CTAP if body.is_empty() => Err(MessageError::EmptyCtap),
            kind::CTAP => Ok(Message::Ctap(body.to_vec())),
            kind::UPDATE => Update::decode(body).map(Message::Update),
            kind::JSON => Ok(Message::Json(body.to_vec())),
            other => Ok(Message::Unknown(other)),
        }
    }

    /// Writes the plaintext. An unknown type has no body. May hold secrets, so the caller wipes it.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Message::Shutdown => vec![kind::SHUTDOWN],
            Message::Ctap(body) => [&[kind::CTAP], body.as_slice()].concat(),
            Message::Update(update) => [&[kind::UPDATE], update.encode().as_slice()].concat(),
            Message::Json(body) => [&[kind::JSON], body.as_slice()].concat(),
            Message::Unknown(kind) => vec![*kind],
        }
    }
}

/// Wipes bodies and linking maps.
impl Zeroize for Message {
    fn zeroize(&mut self) {
        match self {
            Message::Ctap(body) | Message::Json(body) => body.zeroize(),
            Message::Update(update) => update.linking.zeroize(),
            Message::Shutdown | Message::Unknown(_) => {}
        }
    }
}

/// Bodies hold personal data and secrets, so only the kind is shown.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Message::Shutdown => f.write_str("Shutdown"),
            Message::Ctap(body) => write!(f, "Ctap({} bytes)", body.len()),
            Message::Update(_) => f.write_str("Update(..)"),
            Message::Json(body) => write!(f, "Json({} bytes)", body.len()),
            Message::Unknown(kind) => write!(f, "Unknown({kind})"),
        }
    }
}

/// The map of an update: 0 = padding, 1 = linking map. Other keys are ignored.
#[derive(Clone, PartialEq, Default)]
pub struct Update {
    /// What [`LinkingOffer::parse`](super::LinkingOffer::parse) reads.
    pub linking: Option<Value>,
}

impl Update {
    /// Length of every update frame we send, so that nobody sees from outside whether there was a link in it:
    /// 512 bytes with the transport's padding, as Chrome's phone code makes them.
    const FRAME_LEN: usize = 497;

    fn decode(body: &[u8]) -> Result<Self, MessageError> {
        let map = Zeroizing::new(cbor::decode(body)?);
        if map.as_map().is_none() {
            return Err(MessageError::NotAMap);
        }
        Ok(Self { linking: map.get(1).cloned() })
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        // The frame's length with no padding but key 0, then as much as is missing and one or two bytes less for
        // the longer length field. A linking map too large to hide is sent as it is.
        let bare = self.with_padding(0).len() + 1;
        let missing = Self::FRAME_LEN.saturating_sub(bare);
        let padding = match missing {
            0..24 => missing,
            24..258 => missing - 1,
            _ => missing - 2,
        };
        self.with_padding(padding)
    }

    fn with_padding(&self, padding: usize) -> Zeroizing<Vec<u8>> {
        let linking = self.linking.clone().map(|linking| (1.into(), linking));
        let entries = [(0.into(), Value::Bytes(vec![0; padding]))].into_iter().chain(linking);
        Zeroizing::new(cbor::encode(&Zeroizing::new(Value::map(entries))))
    }
}

/// Holds a link secret.
impl fmt::Debug for Update {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Update(..)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::vectors::{bytes, text, vectors};
    use super::*;

    #[test]
    fn every_frame_of_the_vectors() {
        let all = vectors();
        for entry in all["frames"].as_array().unwrap() {
            let plaintext = bytes(&entry["plaintext"]);
            let message = Message::decode(&plaintext).unwrap();
            let expected = match text(&entry["name"]) {
                "shutdown" => Message::Shutdown,
                "update with padding key only" => Message::Update(Update { linking: None }),
                _ => Message::Ctap(plaintext[1..].to_vec()),
            };
            assert_eq!(message, expected, "{}", entry["name"]);
            if !matches!(message, Message::Update(_)) {
                assert_eq!(message.encode(), plaintext);
            }
        }
    }

    #[test]
    fn names_every_kind() {
        assert_eq!(Message::decode(&[]), Err(MessageError::Empty));
        assert_eq!(Message::decode(&[0, 1, 2]), Ok(Message::Shutdown));
        assert_eq!(Message::decode(&[1]), Err(MessageError::EmptyCtap));
        assert_eq!(Message::decode(&[2]), Err(DecodeError::Truncated.into()));
        assert_eq!(Message::decode(&[2, 0x80]), Err(MessageError::NotAMap));
        assert_eq!(Message::decode(&[2, 0xa0]), Ok(Message::Update(Update::default())));
        assert_eq!(Message::decode(&[2, 0xa1, 0x05, 0x00]), Ok(Message::Update(Update::default())));
        assert_eq!(Message::decode(b"\x03{}"), Ok(Message::Json(b"{}".to_vec())));
        assert_eq!(Message::decode(&[4, 1]), Ok(Message::Unknown(4)));
    }

    #[test]
    fn updates_have_one_length_with_and_without_a_link() {
        for length in [0, 20, 100, 189, 240, 250, 450, 460, 470] {
            let update = Update { linking: Some(Value::Bytes(vec![1; length])) };
            let frame = Message::Update(update.clone()).encode();
            assert_eq!((frame.len() + 1).next_multiple_of(32), 512, "{length}: {}", frame.len());
            assert_eq!(Message::decode(&frame), Ok(Message::Update(update)));
        }
        assert_eq!(Message::Update(Update::default()).encode().len(), Update::FRAME_LEN);
    }

    #[test]
    fn wiping_leaves_no_body() {
        let link = || Message::Update(Update { linking: Some(Value::from("secret")) });
        for mut message in [Message::Ctap(vec![1, 2]), Message::Json(vec![1, 2]), link()] {
            message.zeroize();
            assert!(matches!(message.encode()[..], [1 | 3] | [2, ..]));
            assert!(!matches!(message, Message::Update(Update { linking: Some(_) })));
        }
    }

    #[test]
    fn debug_shows_no_body() {
        let update = Message::Update(Update { linking: Some(Value::from("secret")) });
        assert_eq!(format!("{update:?}"), "Update(..)");
        assert_eq!(format!("{:?}", Message::Ctap(vec![1, 2])), "Ctap(2 bytes)");
        assert_eq!(format!("{:?}", Message::Json(vec![1, 2])), "Json(2 bytes)");
    }

    proptest! {
        #[test]
        fn any_bytes_never_panic(plaintext in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = Message::decode(&plaintext);
        }

        #[test]
        fn what_is_encoded_decodes(body in proptest::collection::vec(any::<u8>(), 1..100), kind in 4u8..) {
            for message in [Message::Ctap(body.clone()), Message::Json(body.clone()), Message::Unknown(kind)] {
                prop_assert_eq!(Message::decode(&message.encode()).unwrap(), message);
            }
        }
    }
}
