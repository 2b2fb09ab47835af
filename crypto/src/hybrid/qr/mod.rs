//! The QR code: `FIDO:/`, decimal digits, and the CBOR map in them.

mod channel;
mod content;
mod digits;
mod hint;

pub use channel::Channel;
pub use content::{MAX_TEXT_BYTES, QrContent, QrError};
pub use digits::{DigitError, decode_digits, encode_digits};
pub use hint::OperationHint;
