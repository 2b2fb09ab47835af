use latchkey_crypto::{cose::PrivateKey, secret_bytes};

/// What signs for a passkey: kept apart from [`Passkey`](crate::Passkey), so that showing one opens no secret.
#[derive(Debug)]
pub struct PasskeySecrets {
    /// The signing key.
    pub private_key: PrivateKey,
    /// The secrets behind `prf` and `hmac-secret`.
    pub prf_seeds: PrfSeeds,
}

secret_bytes! {
    /// A 32-byte PRF seed, `CredRandom` of CTAP 2.2 §12.7.
    pub struct Seed(locked [u8; 32]);
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
        };
        let text = format!("{secrets:?}");
        assert_eq!(text.matches("Seed(redacted)").count(), 2, "{text}");
        assert!(!text.contains("7, 7") && !text.contains("0707"), "{text}");
    }
}
