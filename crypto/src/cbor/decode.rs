use super::Value;

/// How deep arrays and maps may be nested. A `prf` input with `evalByCredential` needs 5 (CTAP 2.2 §8 says 4).
pub const MAX_DEPTH: u8 = 8;

/// Why bytes are not one CTAP CBOR value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The value goes on beyond the last byte.
    #[error("value goes on beyond the last byte")]
    Truncated,
    /// There are bytes after the value.
    #[error("{count} bytes after the value")]
    Trailing {
        /// How many.
        count: usize,
    },
    /// A head is not in its shortest form.
    #[error("integer or length is not in its shortest form")]
    NotShortest,
    /// A type that CTAP does not use: indefinite length, tag, floating point, `undefined`, other simple value.
    #[error("initial byte {byte:#04x} is not used in CTAP")]
    Unsupported {
        /// The initial byte.
        byte: u8,
    },
    /// A text string is not UTF-8.
    #[error("text is not UTF-8")]
    Utf8,
    /// A map has a key twice.
    #[error("map has a key twice")]
    DuplicateKey,
    /// A map's keys are not in canonical order, and the caller demanded it.
    #[error("map keys are not in canonical order")]
    KeyOrder,
    /// Arrays and maps are nested deeper than [`MAX_DEPTH`].
    #[error("nested deeper than {MAX_DEPTH}")]
    TooDeep,
}

/// Decodes exactly one value; map keys may be in any order.
pub fn decode(bytes: &[u8]) -> Result<Value, DecodeError> {
    whole(bytes, false)
}

/// Decodes exactly one value in CTAP2 canonical form, sorted keys included.
pub fn decode_canonical(bytes: &[u8]) -> Result<Value, DecodeError> {
    whole(bytes, true)
}

/// Decodes one value from the front (keys in any order) and returns it with the rest of the bytes.
pub fn decode_prefix(bytes: &[u8]) -> Result<(Value, &[u8]), DecodeError> {
    let mut reader = Reader { rest: bytes, sorted: false };
    let value = reader.value(0)?;
    Ok((value, reader.rest))
}

fn whole(bytes: &[u8], sorted: bool) -> Result<Value, DecodeError> {
    let mut reader = Reader { rest: bytes, sorted };
    let value = reader.value(0)?;
    match reader.rest.len() {
        0 => Ok(value),
        count => Err(DecodeError::Trailing { count }),
    }
}

struct Reader<'a> {
    rest: &'a [u8],
    sorted: bool,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: u8) -> Result<Value, DecodeError> {
        if depth > MAX_DEPTH {
            return Err(DecodeError::TooDeep);
        }
        let [byte] = self.array()?;
        match byte {
            0xf4 => return Ok(Value::Bool(false)),
            0xf5 => return Ok(Value::Bool(true)),
            0xf6 => return Ok(Value::Null),
            _ => {}
        }
        let (major, argument) = (byte >> 5, self.argument(byte)?);
        match major {
            0 => Ok(Value::Unsigned(argument)),
            1 => Ok(Value::Negative(argument)),
            2 => Ok(Value::Bytes(self.take(argument)?.to_vec())),
            3 => {
                let text = std::str::from_utf8(self.take(argument)?).map_err(|_| DecodeError::Utf8)?;
                Ok(Value::Text(text.to_owned()))
            }
            4 => self.items(argument, depth),
            5 => self.entries(argument, depth),
            _ => Err(DecodeError::Unsupported { byte }),
        }
    }

    fn argument(&mut self, byte: u8) -> Result<u64, DecodeError> {
        let (value, least) = match byte & 0x1f {
            n @ 0..=23 => (u64::from(n), 0),
            24 => (u64::from(u8::from_be_bytes(self.array()?)), 24),
            25 => (u64::from(u16::from_be_bytes(self.array()?)), 1 << 8),
            26 => (u64::from(u32::from_be_bytes(self.array()?)), 1 << 16),
            27 => (u64::from_be_bytes(self.array()?), 1 << 32),
            _ => return Err(DecodeError::Unsupported { byte }),
        };
        if value < least { Err(DecodeError::NotShortest) } else { Ok(value) }
    }

    fn items(&mut self, count: u64, depth: u8) -> Result<Value, DecodeError> {
        // Every item takes a byte at least, so a count beyond the rest cannot be true; nothing is reserved for it.
        self.plausible(count)?;
        (0..count).map(|_| self.value(depth + 1)).collect::<Result<_, _>>().map(Value::Array)
    }

    fn entries(&mut self, count: u64, depth: u8) -> Result<Value, DecodeError> {
        self.plausible(count.saturating_mul(2))?;
        let mut entries = Vec::new();
        let mut keys: Vec<&'a [u8]> = Vec::new();
        let mut ascending = true;
        for _ in 0..count {
            let before = self.rest;
            let key = self.value(depth + 1)?;
            let encoded = before.get(..before.len() - self.rest.len()).unwrap_or_default();
            let last = keys.last().copied().unwrap_or_default();
            if self.sorted && encoded < last {
                return Err(DecodeError::KeyOrder);
            }
            ascending &= last < encoded;
            keys.push(encoded);
            entries.push((key, self.value(depth + 1)?));
        }
        // Heads are in shortest form, so two equal scalar keys have equal bytes; and keys that ascend all differ.
        if !ascending {
            keys.sort_unstable();
            if keys.windows(2).any(|pair| pair.first() == pair.last()) {
                return Err(DecodeError::DuplicateKey);
            }
        }
        Ok(Value::Map(entries))
    }

    fn plausible(&self, items: u64) -> Result<(), DecodeError> {
        match usize::try_from(items) {
            Ok(items) if items <= self.rest.len() => Ok(()),
            _ => Err(DecodeError::Truncated),
        }
    }

    fn take(&mut self, count: u64) -> Result<&'a [u8], DecodeError> {
        let count = usize::try_from(count).map_err(|_| DecodeError::Truncated)?;
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(*taken)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::encode;
    use super::*;

    #[test]
    fn refuses_what_ctap_forbids() {
        for (bytes, expected) in [
            (&[0x18, 0x17][..], DecodeError::NotShortest),
            (&[0x19, 0x00, 0xff], DecodeError::NotShortest),
            (&[0x9f, 0xff], DecodeError::Unsupported { byte: 0x9f }),
            (&[0xbf, 0xff], DecodeError::Unsupported { byte: 0xbf }),
            (&[0xc0, 0x00], DecodeError::Unsupported { byte: 0xc0 }),
            (&[0xf9, 0x3c, 0x00], DecodeError::Unsupported { byte: 0xf9 }),
            (&[0xf7], DecodeError::Unsupported { byte: 0xf7 }),
            (&[0xa2, 0x01, 0x00, 0x01, 0x00], DecodeError::DuplicateKey),
            (&[0x61, 0xff], DecodeError::Utf8),
            (&[0x00, 0x00], DecodeError::Trailing { count: 1 }),
            (&[0x42, 0x00], DecodeError::Truncated),
            (&[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], DecodeError::Truncated),
            (&[0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], DecodeError::Truncated),
            (&[0x81; 12], DecodeError::TooDeep),
            (&[], DecodeError::Truncated),
        ] {
            assert_eq!(decode(bytes), Err(expected), "{bytes:02x?}");
        }
    }

    #[test]
    fn only_the_canonical_reader_minds_the_order() {
        let unsorted = [0xa2, 0x02, 0x00, 0x01, 0x00];
        assert!(decode(&unsorted).is_ok());
        assert_eq!(decode_canonical(&unsorted), Err(DecodeError::KeyOrder));
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<u64>().prop_map(Value::Unsigned),
            any::<u64>().prop_map(Value::Negative),
            proptest::collection::vec(any::<u8>(), 0..40).prop_map(Value::Bytes),
            ".{0,20}".prop_map(Value::Text),
            any::<bool>().prop_map(Value::Bool),
            Just(Value::Null),
        ];
        leaf.prop_recursive(3, 40, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
                proptest::collection::btree_map(any::<i64>(), inner, 0..6)
                    .prop_map(|map| Value::map(map.into_iter().map(|(k, v)| (k.into(), v)))),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(value) = decode_canonical(&bytes) {
                prop_assert_eq!(encode(&value), bytes);
            }
        }

        #[test]
        fn what_is_encoded_decodes_and_is_canonical(value in any_value()) {
            let bytes = encode(&value);
            let back = decode_canonical(&bytes).expect("our own encoding is canonical");
            prop_assert_eq!(encode(&back), bytes);
        }
    }
}
