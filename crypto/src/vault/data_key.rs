use chacha20poly1305::{AeadInOut, KeyInit, XChaCha20Poly1305, XNonce};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::RecordError;
use super::key::{MasterKey, Subkey, VaultId};
use crate::cbor::{self, Value};
use crate::secret_bytes;

const NONCE_LEN: usize = 24;
const TAG_LEN: usize = 16;

secret_bytes! {
    /// The key of everything that is stored: 32 random bytes, kept only wrapped under the master key.
    ///
    /// A new one makes what was sealed under the old one unreadable, without touching a key slot.
    pub struct DataKey(locked [u8; 32]);
}

impl DataKey {
    /// Bytes of a wrapped one: nonce (24) ‖ ciphertext (32) ‖ tag (16).
    pub const WRAPPED_LEN: usize = NONCE_LEN + Self::LEN + TAG_LEN;

    /// Draws a new one.
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        Self::fill(|bytes| rng.fill_bytes(bytes))
    }

    /// That of a vault of the first format, which sealed its records under keys straight from the master key.
    pub fn of_first_format(master_key: &MasterKey) -> Self {
        Self::fill(|bytes| bytes.copy_from_slice(master_key.expose()))
    }

    /// Derives the key of one purpose in one vault.
    pub(super) fn derive(&self, vault: &VaultId, purpose: &str) -> Subkey {
        super::key::derive(self.expose(), vault, purpose)
    }

    /// XChaCha20-Poly1305 of the key, bound to vault and generation.
    pub(super) fn wrap(
        &self,
        wrapping: &Subkey,
        vault: &VaultId,
        generation: u64,
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, RecordError> {
        let mut nonce = [0; NONCE_LEN];
        rng.fill_bytes(&mut nonce);
        // Sealed in place: the buffer has room for the tag, so no copy of the key stays behind.
        let mut sealed = Vec::with_capacity(Self::LEN + TAG_LEN);
        sealed.extend_from_slice(self.expose());
        XChaCha20Poly1305::new(wrapping.expose().into())
            .encrypt_in_place(&XNonce::from(nonce), &bound(vault, generation), &mut sealed)
            .map_err(|_| RecordError::TooLong)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    pub(super) fn unwrap(
        wrapping: &Subkey,
        vault: &VaultId,
        generation: u64,
        wrapped: &[u8],
    ) -> Option<Self> {
        let (nonce, sealed) = wrapped.split_first_chunk::<NONCE_LEN>()?;
        let mut opened = Zeroizing::new(sealed.to_vec());
        XChaCha20Poly1305::new(wrapping.expose().into())
            .decrypt_in_place(&XNonce::from(*nonce), &bound(vault, generation), &mut *opened)
            .ok()?;
        Self::from_slice(&opened)
    }
}

/// What a wrapping is bound to: the CBOR array of a label, vault and generation.
fn bound(vault: &VaultId, generation: u64) -> Vec<u8> {
    cbor::encode(&Value::array(["latchkey/1 data key".into(), (*vault.as_bytes()).into(), generation.into()]))
}
