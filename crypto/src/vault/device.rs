use std::fmt;

use ed25519_dalek::SigningKey;
use hkdf::Hkdf;
use rand_core::CryptoRng;
use sha2::{Digest, Sha256};
use x25519_dalek::{PublicKey, StaticSecret};

use crate::secret_bytes;

/// One copy of a vault on one machine: 16 bytes, named in every change that it makes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeviceId([u8; 16]);

impl DeviceId {
    /// Takes over stored bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeviceId({self})")
    }
}

secret_bytes! {
    /// What a device's key pairs come from: 32 random bytes.
    ///
    /// An Ed25519 pair signs what the device writes, an X25519 pair receives what is sealed for it; each secret is
    /// HKDF-SHA-256 of the seed, without salt, info = `latchkey/1 device signing` and `latchkey/1 device agreement`.
    pub struct DeviceSeed(locked [u8; 32]);
}

impl DeviceSeed {
    /// Draws a new one.
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        Self::fill(|bytes| rng.fill_bytes(bytes))
    }

    /// The device's name for all others: the first 16 bytes of SHA-256(Ed25519 public key ‖ X25519 public key).
    ///
    /// Nobody can take a name without the keys behind it.
    pub fn id(&self) -> DeviceId {
        let signing = SigningKey::from_bytes(self.derive("device signing").expose()).verifying_key();
        let agreement = StaticSecret::from(*self.derive("device agreement").expose());
        let hash = Sha256::new()
            .chain_update(signing.as_bytes())
            .chain_update(PublicKey::from(&agreement).as_bytes())
            .finalize();
        let mut id = [0; 16];
        id.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
        DeviceId(id)
    }

    fn derive(&self, purpose: &str) -> Derived {
        Derived::fill(|out| {
            // 32 bytes are one block of SHA-256: the only error, too long an output, cannot happen.
            let _ = Hkdf::<Sha256>::new(None, self.expose())
                .expand_multi_info(&[b"latchkey/1 ", purpose.as_bytes()], out);
        })
    }
}

secret_bytes! {
    struct Derived([u8; 32]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_always_gives_the_same_device_and_another_seed_another() {
        let id = DeviceSeed::from_bytes([1; 32]).id();
        assert_eq!(id, DeviceSeed::from_bytes([1; 32]).id());
        assert_ne!(id, DeviceSeed::from_bytes([2; 32]).id());
        assert_eq!(DeviceId::from_bytes(*id.as_bytes()), id);
        assert_eq!(id.to_string().len(), 32);
    }

    #[test]
    fn the_key_pairs_are_independent() {
        let seed = DeviceSeed::from_bytes([1; 32]);
        assert_ne!(seed.derive("device signing").expose(), seed.derive("device agreement").expose());
        assert_eq!(format!("{seed:?}"), "DeviceSeed(redacted)");
    }
}
