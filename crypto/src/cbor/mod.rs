//! The CBOR of CTAP: the deterministic subset of RFC 8949 that CTAP 2.2 §8 allows.
//!
//! Ours because the libraries accept what CTAP forbids: indefinite lengths, integers that are not in their
//! shortest form, duplicate map keys, bytes after the value. Here these are errors, depth is bounded, and no
//! declared length is trusted before the bytes are there. No floating point, tags or `undefined`: CTAP has none.
//!
//! ```
//! use latchkey_crypto::cbor::{self, Value};
//!
//! let map = Value::map([(2.into(), Value::from("two")), (1.into(), Value::from(true))]);
//! let bytes = cbor::encode(&map);
//! assert_eq!(bytes, [0xa2, 0x01, 0xf5, 0x02, 0x63, b't', b'w', b'o']);
//! assert_eq!(cbor::decode(&bytes)?.get(2).and_then(Value::as_text), Some("two"));
//! # Ok::<(), cbor::DecodeError>(())
//! ```

mod decode;
mod encode;
mod value;

pub use decode::{DecodeError, MAX_DEPTH, decode, decode_canonical, decode_prefix};
pub use encode::{encode, encode_to};
pub use value::Value;
