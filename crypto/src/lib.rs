//! What an auditor reads: bytes in, bytes out.
//!
//! The cryptography of Latchkey: the hybrid transport's codes, keys, advert, handshake and frames
//! ([`hybrid`]), COSE keys and signatures ([`cose`]), the vault's key slots and sealed records ([`vault`]), and
//! the CBOR that CTAP allows ([`cbor`]). No file, socket, clock, thread or global randomness: time and
//! randomness are arguments. What a request means and what is stored where is left to the crates above.
#![forbid(unsafe_code)]

pub mod cbor;
pub mod cose;
pub mod hybrid;
pub mod secret;
pub mod vault;
