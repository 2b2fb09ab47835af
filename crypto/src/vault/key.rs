#![allow(unreachable_pub, reason = "secret_bytes! gives a key that stays in this folder public methods")]

use std::fmt;

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use rand_core::CryptoRng;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::secret_bytes;

/// A vault's identity: 16 random bytes, not secret, bound into every key and every sealed record.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct VaultId([u8; 16]);

impl VaultId {
    /// Bytes.
    pub const LEN: usize = 16;

    /// Draws a new one.
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        let mut bytes = [0; Self::LEN];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// Takes over stored bytes.
    pub fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl fmt::Display for VaultId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for VaultId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VaultId({self})")
    }
}

secret_bytes! {
    /// The key of everything in a vault: 32 random bytes, kept only wrapped in key slots.
    pub struct MasterKey(locked [u8; 32]);
}

impl MasterKey {
    /// Draws a new one.
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        Self::fill(|bytes| rng.fill_bytes(bytes))
    }

    /// Derives the key of one purpose in one vault.
    pub(super) fn derive(&self, vault: &VaultId, purpose: &str) -> Subkey {
        derive(self.expose(), vault, purpose)
    }
}

secret_bytes! {
    /// A key of one purpose. In the value, so that it lies where the keys lie that it is one of: in locked pages, for an
    /// open vault.
    pub(super) struct Subkey(inline [u8; 32]);
}

/// HKDF-SHA-256 (RFC 5869): salt = vault id, info = `latchkey/1 ` and the purpose. 32 bytes.
pub(super) fn derive(secret: &[u8; 32], vault: &VaultId, purpose: &str) -> Subkey {
    Subkey::fill(|out| {
        // 32 bytes are one block of SHA-256: the only error, too long an output, cannot happen.
        let _ = Hkdf::<Sha256>::new(Some(vault.as_bytes()), secret)
            .expand_multi_info(&[b"latchkey/1 ", purpose.as_bytes()], out);
    })
}

/// HMAC-SHA-256 (RFC 2104) ready to run: the key is absorbed once, which halves the cost of short messages.
pub(super) struct MacKey(Hmac<Sha256>);

impl MacKey {
    pub(super) fn new(key: &Subkey) -> Self {
        // RFC 2104 §2: a key shorter than the block is filled with zeros.
        let mut block = Zeroizing::new([0; 64]);
        for (to, from) in block.iter_mut().zip(key.expose()) {
            *to = *from;
        }
        Self(Hmac::new((&*block).into()))
    }

    /// The code over the parts, one after the other; the caller makes the borders unambiguous.
    pub(super) fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().into()
    }

    /// Whether the code is right, in constant time.
    pub(super) fn verifies(&self, parts: &[&[u8]], code: &[u8]) -> bool {
        let mut mac = self.0.clone();
        parts.iter().for_each(|part| mac.update(part));
        mac.verify_slice(code).is_ok()
    }
}

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MacKey(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_purpose_and_every_vault_has_its_own_key() {
        let master = MasterKey::from_bytes([7; 32]);
        let (a, b) = (VaultId::from_bytes([1; 16]), VaultId::from_bytes([2; 16]));
        let first = master.derive(&a, "one");
        assert_eq!(first.expose(), master.derive(&a, "one").expose());
        assert_ne!(first.expose(), master.derive(&a, "two").expose());
        assert_ne!(first.expose(), master.derive(&b, "one").expose());
        assert_ne!(first.expose(), &[0; 32]);
    }

    #[test]
    fn a_code_is_that_of_rfc_4231() {
        // RFC 4231 §4.2, its 20-byte key filled up to 32: the same key to HMAC.
        let mut key = [0; 32];
        key[..20].fill(0x0b);
        let key = MacKey::new(&Subkey::from_bytes(key));
        let expected = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7";
        assert_eq!(hex::encode(key.mac(&[b"Hi ", b"There"])), expected);
        assert!(key.verifies(&[b"Hi There"], &hex::decode(expected).unwrap()));
        assert!(!key.verifies(&[b"Hi there"], &hex::decode(expected).unwrap()));
    }

    /// What [`super::super::VaultKeys`] and [`super::super::HeaderKeys`] say of themselves rests on this.
    #[test]
    fn keys_are_wiped_when_dropped() {
        fn wiped<T: zeroize::ZeroizeOnDrop>() {}
        wiped::<Subkey>();
        // HMAC keeps two states of it, and no key beside them.
        wiped::<Sha256>();
    }

    #[test]
    fn debug_shows_no_key() {
        let key = MasterKey::from_bytes([7; 32]);
        assert_eq!(format!("{key:?}"), "MasterKey(redacted)");
        assert_eq!(format!("{:?}", MacKey::new(&Subkey::from_bytes([7; 32]))), "MacKey(redacted)");
    }
}
