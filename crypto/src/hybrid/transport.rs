use std::fmt;

use aes_gcm::{Aes256Gcm, KeyInit, aead::AeadInOut};
use zeroize::Zeroizing;

/// The most bytes of a sealed message: one Noise message.
pub const MAX_CIPHERTEXT_BYTES: usize = 65_535;

/// The most bytes that fit a sealed message, after padding and tag.
pub const MAX_PLAINTEXT_BYTES: usize = (MAX_CIPHERTEXT_BYTES - TAG_LEN) / BLOCK_LEN * BLOCK_LEN - 1;

/// How many messages one direction carries at most. Chrome stops at the same number.
pub const MAX_MESSAGES: u32 = 1 << 24;

const TAG_LEN: usize = 16;
const BLOCK_LEN: usize = 32;

/// Why a message was not sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// Longer than a message may be; nothing was computed.
    #[error("message is {got} bytes, expected at most {limit}")]
    TooLong {
        /// Bytes given.
        got: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// This direction has carried all the messages it may.
    #[error("the {MAX_MESSAGES} messages of this direction are used up")]
    Exhausted,
    /// Wrong key, wrong turn, or damage.
    #[error("message does not decrypt")]
    Decrypt,
    /// The peer sealed a message without padding, or with more than it has.
    #[error("padding of a message is longer than the message")]
    Padding,
}

/// An encrypted, ordered connection, as one end holds it: a key and a counter for each direction.
///
/// AES-256-GCM; the nonce is 8 zero bytes and the message's number, big endian; no associated data. A failure
/// leaves both counters where they were. Keys are wiped when it is dropped.
pub struct Transport {
    outgoing: Direction,
    incoming: Direction,
}

impl Transport {
    pub(super) fn new(outgoing: &[u8; 32], incoming: &[u8; 32]) -> Self {
        Self { outgoing: Direction::new(outgoing), incoming: Direction::new(incoming) }
    }

    /// Pads and seals a message of at most [`MAX_PLAINTEXT_BYTES`]; the result is 48 bytes or more.
    pub fn seal(&mut self, plaintext: &[u8]) -> Result<Vec<u8>, TransportError> {
        if plaintext.len() > MAX_PLAINTEXT_BYTES {
            return Err(TransportError::TooLong { got: plaintext.len(), limit: MAX_PLAINTEXT_BYTES });
        }
        self.outgoing.seal(pad(plaintext))
    }

    /// Opens a message of at most [`MAX_CIPHERTEXT_BYTES`] and removes its padding.
    pub fn open(&mut self, ciphertext: &[u8]) -> Result<Vec<u8>, TransportError> {
        if ciphertext.len() > MAX_CIPHERTEXT_BYTES {
            return Err(TransportError::TooLong { got: ciphertext.len(), limit: MAX_CIPHERTEXT_BYTES });
        }
        let padded = self.incoming.open(ciphertext)?;
        let plaintext = unpad(&padded)?.to_vec();
        self.incoming.counter += 1;
        Ok(plaintext)
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transport(redacted)")
    }
}

struct Direction {
    cipher: Aes256Gcm,
    counter: u32,
}

impl Direction {
    fn new(key: &[u8; 32]) -> Self {
        Self { cipher: Aes256Gcm::new(key.into()), counter: 0 }
    }

    fn nonce(&self) -> Result<[u8; 12], TransportError> {
        if self.counter >= MAX_MESSAGES {
            return Err(TransportError::Exhausted);
        }
        let [a, b, c, d] = self.counter.to_be_bytes();
        Ok([0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d])
    }

    /// Encrypts in place, so that no second copy of the plaintext is left.
    fn seal(&mut self, mut buffer: Zeroizing<Vec<u8>>) -> Result<Vec<u8>, TransportError> {
        let nonce = self.nonce()?;
        let tag = self
            .cipher
            .encrypt_inout_detached(&nonce.into(), &[], buffer.as_mut_slice().into())
            // The cipher's only error is a length far beyond ours.
            .map_err(|_| TransportError::TooLong { got: buffer.len(), limit: MAX_CIPHERTEXT_BYTES })?;
        self.counter += 1;
        Ok([buffer.as_slice(), &tag].concat())
    }

    /// Does not count: the caller does when all of the message is right.
    fn open(&self, ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, TransportError> {
        let nonce = self.nonce()?;
        let (sealed, tag) = ciphertext.split_last_chunk::<TAG_LEN>().ok_or(TransportError::Decrypt)?;
        let mut buffer = Zeroizing::new(sealed.to_vec());
        self.cipher
            .decrypt_inout_detached(&nonce.into(), &[], buffer.as_mut_slice().into(), tag.into())
            .map_err(|_| TransportError::Decrypt)?;
        Ok(buffer)
    }
}

/// Appends zeros and their number, so that the whole is a multiple of 32.
fn pad(plaintext: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut padded = Zeroizing::new(Vec::with_capacity(plaintext.len() + BLOCK_LEN));
    padded.extend_from_slice(plaintext);
    let mut zeros = 0;
    while !(padded.len() + 1).is_multiple_of(BLOCK_LEN) {
        padded.push(0);
        zeros += 1;
    }
    padded.push(zeros);
    padded
}

/// Cuts the padding off by its last byte alone.
///
/// Whether the whole is a multiple of 32, and what the cut bytes are, is not asked: a client exists that pads
/// before it puts the type byte in front.
fn unpad(padded: &[u8]) -> Result<&[u8], TransportError> {
    let (zeros, rest) = padded.split_last().ok_or(TransportError::Padding)?;
    let kept = rest.len().checked_sub(usize::from(*zeros)).ok_or(TransportError::Padding)?;
    rest.get(..kept).ok_or(TransportError::Padding)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::vectors::{array, bytes, number, vectors};
    use super::*;

    fn at(key: &[u8; 32], counter: u32) -> Transport {
        let mut transport = Transport::new(key, key);
        (transport.outgoing.counter, transport.incoming.counter) = (counter, counter);
        transport
    }

    #[test]
    fn every_current_message_of_the_vectors() {
        let all = vectors();
        for entry in all["crypter"]["current"].as_array().unwrap() {
            let counter = u32::try_from(number(&entry["counter"])).unwrap();
            let mut transport = at(&array(&entry["key"]), counter);
            let (plaintext, ciphertext) = (bytes(&entry["plaintext"]), bytes(&entry["ciphertext"]));
            assert_eq!(*pad(&plaintext), bytes(&entry["padded"]));
            assert_eq!(transport.outgoing.nonce().unwrap(), array(&entry["nonce"]));
            assert_eq!(transport.seal(&plaintext).unwrap(), ciphertext);
            assert_eq!(transport.open(&ciphertext).unwrap(), plaintext);
            assert_eq!((transport.outgoing.counter, transport.incoming.counter), (counter + 1, counter + 1));
        }
    }

    /// The construction of 2020 (counter in little endian at the front, associated data 02) is not spoken.
    #[test]
    fn refuses_every_message_of_the_old_construction() {
        let all = vectors();
        for entry in all["crypter"]["old_construction"].as_array().unwrap() {
            let counter = u32::try_from(number(&entry["counter"])).unwrap();
            let mut transport = at(&array(&entry["key"]), counter);
            let old = bytes(&entry["ciphertext"]);
            assert_eq!(transport.open(&old), Err(TransportError::Decrypt));
            assert_ne!(transport.seal(&bytes(&entry["plaintext"])).unwrap(), old);
        }
    }

    #[test]
    fn every_padding_case_of_the_vectors() {
        let all = vectors();
        for entry in all["crypter"]["bad_padding"].as_array().unwrap() {
            let padded = bytes(&entry["padded"]);
            let mut receiver = at(&[9; 32], 0);
            let sealed = Direction::new(&[9; 32]).seal(Zeroizing::new(padded)).unwrap();
            match entry.get("error") {
                Some(_) => {
                    assert_eq!(receiver.open(&sealed), Err(TransportError::Padding));
                    assert_eq!(receiver.incoming.counter, 0);
                }
                None => assert_eq!(receiver.open(&sealed).unwrap(), bytes(&entry["plaintext"])),
            }
        }
    }

    #[test]
    fn a_failure_does_not_count() {
        let (mut sender, mut receiver) = (at(&[1; 32], 0), at(&[1; 32], 0));
        let sealed = sender.seal(b"one").unwrap();
        let mut damaged = sealed.clone();
        damaged[0] ^= 1;
        assert_eq!(receiver.open(&damaged), Err(TransportError::Decrypt));
        assert_eq!(receiver.open(&sealed).unwrap(), b"one");
        // A message a second time is another number's, and fails.
        assert_eq!(receiver.open(&sealed), Err(TransportError::Decrypt));
        assert_eq!(receiver.open(&sender.seal(b"two").unwrap()).unwrap(), b"two");
    }

    #[test]
    fn stops_at_the_last_message() {
        let mut last = at(&[1; 32], MAX_MESSAGES - 1);
        let sealed = last.seal(b"").unwrap();
        assert_eq!(last.open(&sealed).unwrap(), b"");
        assert_eq!(last.seal(b""), Err(TransportError::Exhausted));
        assert_eq!(last.open(&sealed), Err(TransportError::Exhausted));
    }

    #[test]
    fn refuses_what_is_too_long() {
        let mut transport = at(&[1; 32], 0);
        let most = transport.seal(&vec![7; MAX_PLAINTEXT_BYTES]).unwrap();
        assert!(most.len() <= MAX_CIPHERTEXT_BYTES);
        assert_eq!(transport.open(&most).unwrap().len(), MAX_PLAINTEXT_BYTES);
        let (got, limit) = (MAX_PLAINTEXT_BYTES + 1, MAX_PLAINTEXT_BYTES);
        assert_eq!(transport.seal(&vec![7; got]), Err(TransportError::TooLong { got, limit }));
        let (got, limit) = (MAX_CIPHERTEXT_BYTES + 1, MAX_CIPHERTEXT_BYTES);
        assert_eq!(transport.open(&vec![7; got]), Err(TransportError::TooLong { got, limit }));
    }

    #[test]
    fn reads_padding_before_the_type_byte() {
        // A client in the field: type byte, then the body padded by itself.
        let odd = [&[0x01, 0x04][..], &[0; 30], &[30]].concat();
        assert_eq!(unpad(&odd).unwrap(), [0x01, 0x04]);
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", at(&[1; 32], 0)), "Transport(redacted)");
    }

    proptest! {
        #[test]
        fn any_bytes_never_panic(data in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(at(&[1; 32], 0).open(&data), Err(TransportError::Decrypt));
            let _ = unpad(&data);
        }

        #[test]
        fn what_is_sealed_opens(key: [u8; 32], counter in 0..MAX_MESSAGES, data in proptest::collection::vec(any::<u8>(), 0..200)) {
            let sealed = at(&key, counter).seal(&data).unwrap();
            prop_assert_eq!(sealed.len() % BLOCK_LEN, TAG_LEN);
            prop_assert_eq!(at(&key, counter).open(&sealed).unwrap(), data);
        }
    }
}
