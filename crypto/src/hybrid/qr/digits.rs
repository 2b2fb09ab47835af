//! Bytes as decimal digits: chunks of 7 bytes, each a little-endian number of 17 digits; the last may be shorter.

use std::fmt::Write;

use zeroize::Zeroizing;

/// Why a text is not digits in this encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DigitError {
    /// A character other than ASCII `0` to `9`.
    #[error("a character is not a decimal digit")]
    NonDigit,
    /// The number of digits is none that the encoding makes.
    #[error("{got} digits cannot be whole bytes")]
    Length {
        /// Digits given.
        got: usize,
    },
    /// A group's number does not fit its bytes.
    #[error("a group of digits is beyond what its bytes hold")]
    Range,
}

const CHUNK_BYTES: usize = 7;
const CHUNK_DIGITS: usize = 17;

/// Encodes bytes. The result holds what the bytes hold, so it is wiped when dropped.
pub fn encode_digits(bytes: &[u8]) -> Zeroizing<String> {
    // Reserved in one piece: a growing string leaves copies behind.
    let mut digits = Zeroizing::new(String::with_capacity(bytes.len().div_ceil(CHUNK_BYTES) * CHUNK_DIGITS));
    for chunk in bytes.chunks(CHUNK_BYTES) {
        let number = chunk.iter().rev().fold(0u64, |n, byte| (n << 8) | u64::from(*byte));
        let width = digits_of(chunk.len());
        // Writing to a string cannot fail.
        let _ = write!(digits, "{number:0width$}");
    }
    digits
}

/// Decodes digits. Every character is checked first: a number parser might accept a sign.
pub fn decode_digits(digits: &str) -> Result<Zeroizing<Vec<u8>>, DigitError> {
    if !digits.bytes().all(|c| c.is_ascii_digit()) {
        return Err(DigitError::NonDigit);
    }
    let digits = digits.as_bytes();
    let mut bytes = Zeroizing::new(Vec::with_capacity(digits.len().div_ceil(CHUNK_DIGITS) * CHUNK_BYTES));
    for group in digits.chunks(CHUNK_DIGITS) {
        let count = bytes_of(group.len()).ok_or(DigitError::Length { got: digits.len() })?;
        // At most 17 digits, so below 2^64.
        let number = group.iter().fold(0u64, |n, digit| n * 10 + u64::from(digit - b'0'));
        let little_endian = number.to_le_bytes();
        let (kept, beyond) = little_endian.split_at(count);
        if beyond.iter().any(|byte| *byte != 0) {
            return Err(DigitError::Range);
        }
        bytes.extend_from_slice(kept);
    }
    Ok(bytes)
}

/// Digits of a chunk of 0 to 7 bytes: as many as its largest number has.
fn digits_of(bytes: usize) -> usize {
    match bytes {
        0 => 0,
        1 => 3,
        2 => 5,
        3 => 8,
        4 => 10,
        5 => 13,
        6 => 15,
        _ => CHUNK_DIGITS,
    }
}

fn bytes_of(digits: usize) -> Option<usize> {
    (1..=CHUNK_BYTES).find(|bytes| digits_of(*bytes) == digits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::vectors::{bytes, text, vectors};
    use super::*;

    #[test]
    fn every_valid_pair_of_the_vectors() {
        let all = vectors();
        for entry in all["digit_encoding"]["valid"].as_array().unwrap() {
            assert_eq!(encode_digits(&bytes(&entry["bytes"])).as_str(), text(&entry["digits"]));
            assert_eq!(*decode_digits(text(&entry["digits"])).unwrap(), bytes(&entry["bytes"]));
        }
    }

    #[test]
    fn refuses_every_invalid_text_of_the_vectors() {
        let all = vectors();
        for entry in all["digit_encoding"]["invalid"].as_array().unwrap() {
            let kind = match decode_digits(text(&entry["digits"])).unwrap_err() {
                DigitError::NonDigit => "non_digit",
                DigitError::Length { .. } => "length",
                DigitError::Range => "range",
            };
            assert_eq!(kind, text(&entry["error"]), "{entry}");
        }
    }

    proptest! {
        #[test]
        fn any_text_never_panics(text in ".{0,100}") {
            let _ = decode_digits(&text);
        }

        #[test]
        fn digits_that_decode_are_the_only_ones(digits in "[0-9]{0,120}") {
            if let Ok(bytes) = decode_digits(&digits) {
                prop_assert_eq!(&*encode_digits(&bytes), &digits);
            }
        }

        #[test]
        fn what_is_encoded_decodes(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            prop_assert_eq!(&*decode_digits(&encode_digits(&bytes)).unwrap(), &bytes);
        }
    }
}
