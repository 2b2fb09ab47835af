use std::fmt;

use latchkey_crypto::{cose::PrivateKey, secret_bytes};
use zeroize::{ZeroizeOnDrop, Zeroizing};

use crate::IdentifierError;

/// What signs for a passkey: kept apart from [`Passkey`](crate::Passkey), so that showing one opens no secret.
#[derive(Debug)]
pub struct PasskeySecrets {
    /// The signing key.
    pub private_key: PrivateKey,
    /// The secrets behind `prf` and `hmac-secret`.
    pub prf_seeds: PrfSeeds,
    /// What the site keeps in the passkey (`credBlob`).
    pub cred_blob: Option<CredBlob>,
    /// The key to what the site keeps beside it (`largeBlobKey`).
    pub large_blob_key: Option<LargeBlobKey>,
}

secret_bytes! {
    /// The 32 bytes of `largeBlobKey` (CTAP 2.2 §12.3).
    pub struct LargeBlobKey([u8; 32]);
}

/// A site's `credBlob` (CTAP 2.2 §12.2): 1 to 1024 bytes, read only after verification.
///
/// CTAP promises a site 32 bytes; other authenticators take more, and an import brings what they took.
pub struct CredBlob(Zeroizing<Vec<u8>>);

impl CredBlob {
    /// Most bytes.
    pub const MAX_BYTES: usize = 1024;

    /// Takes over bytes of an allowed length.
    pub fn new(bytes: Vec<u8>) -> Result<Self, IdentifierError> {
        let bytes = Zeroizing::new(bytes);
        if (1..=Self::MAX_BYTES).contains(&bytes.len()) {
            Ok(Self(bytes))
        } else {
            Err(IdentifierError::Length { what: "cred blob", got: bytes.len(), min: 1, max: Self::MAX_BYTES })
        }
    }

    /// Reads the bytes.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

// Its only field wipes itself.
impl ZeroizeOnDrop for CredBlob {}

impl fmt::Debug for CredBlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CredBlob(redacted)")
    }
}

secret_bytes! {
    /// A 32-byte PRF seed, `CredRandom` of CTAP 2.2 §12.7.
    pub struct Seed([u8; 32]);
}

/// The two seeds of CTAP 2.2 §12.7. WebAuthn's `prf` uses the one with user verification.
#[derive(Debug)]
pub struct PrfSeeds {
    /// Used when the user was verified.
    pub with_uv: Seed,
    /// Used when not.
    pub without_uv: Seed,
}

#[cfg(test)]
mod tests {
    use latchkey_crypto::cose::Algorithm;

    use super::*;

    #[test]
    fn debug_shows_no_secrets() {
        let secrets = PasskeySecrets {
            private_key: PrivateKey::from_bytes(Algorithm::EdDsa, &[7; 32]).unwrap(),
            prf_seeds: PrfSeeds { with_uv: Seed::from_bytes([1; 32]), without_uv: Seed::from_bytes([2; 32]) },
            cred_blob: Some(CredBlob::new(vec![7; 3]).unwrap()),
            large_blob_key: Some(LargeBlobKey::from_bytes([7; 32])),
        };
        let text = format!("{secrets:?}");
        assert_eq!(text.matches("Seed(redacted)").count(), 2, "{text}");
        assert!(!text.contains("7, 7") && !text.contains("0707"), "{text}");
    }

    #[test]
    fn a_cred_blob_has_1_to_1024_bytes() {
        assert!(CredBlob::new(vec![]).is_err());
        assert_eq!(CredBlob::new(vec![1; 1024]).unwrap().expose().len(), 1024);
        assert!(CredBlob::new(vec![1; 1025]).is_err());
    }
}
