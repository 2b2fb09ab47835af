//! COSE keys and signatures (RFC 9052, RFC 9053, WebAuthn L3 §5.8.5 and §6.5.1.1).
//!
//! A private key knows its algorithm and signs; a public key travels as a COSE_Key map and verifies. ECDSA nonces
//! are those of RFC 6979, so a signature depends on nothing but key and message; randomness only blinds RS256.
//!
//! ```
//! use latchkey_crypto::cose::{Algorithm, PrivateKey, PublicKey};
//!
//! assert_eq!(Algorithm::choose(&[-257, -8, -7]), Some(Algorithm::EdDsa));
//!
//! let mut rng = rand_core::UnwrapErr(getrandom::SysRng);
//! let key = PrivateKey::from_bytes(Algorithm::Es256, &[7; 32])?;
//! let signature = key.sign(b"message", &mut rng)?;
//! let public_key = PublicKey::decode(&key.public_key().encode())?;
//! assert!(public_key.verify(b"message", &signature));
//! assert!(!public_key.verify(b"another", &signature));
//! # Ok::<(), latchkey_crypto::cose::KeyError>(())
//! ```

mod algorithm;
mod private_key;
mod public_key;
#[cfg(test)]
mod vectors;

pub use algorithm::{Algorithm, id};
pub use private_key::PrivateKey;
pub use public_key::PublicKey;

/// Why there is no key, or no signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The bytes are no private key of this algorithm.
    #[error("not a private key of {}", .algorithm.name())]
    PrivateKey {
        /// The algorithm asked for.
        algorithm: Algorithm,
    },
    /// The CBOR is no COSE_Key, or its point or modulus is not valid.
    #[error("not a valid COSE key")]
    CoseKey,
    /// A COSE_Key of an algorithm that is not built in.
    #[error("algorithm {id} is not built in")]
    UnknownAlgorithm {
        /// Its COSE identifier.
        id: i64,
    },
    /// RSA only: no key of this size could be made, or the check of the result found a computing fault.
    #[error("the RSA computation failed")]
    Rsa,
}
