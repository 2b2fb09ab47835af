use std::fmt;

use rand_core::CryptoRng;
use zeroize::ZeroizeOnDrop;

use super::key::{MacKey, MasterKey, Subkey, VaultId};
use super::{DataKey, RecordError};

/// The keys outside the store, from the master key itself: what makes header and witness ours, and what wraps the
/// data key. The master key is no longer needed once they are derived.
pub struct HeaderKeys {
    vault: VaultId,
    header: MacKey,
    witness: MacKey,
    wrapping: Subkey,
}

/// A file outside the store that carries a code of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sheet {
    /// The vault's header.
    Header,
    /// The highest epoch seen, kept per machine.
    Witness,
}

impl HeaderKeys {
    /// Derives all of them: HKDF-SHA-256, salt = vault id, info = the purpose of each.
    pub fn derive(master_key: &MasterKey, vault: VaultId) -> Self {
        let mac = |purpose| MacKey::new(&master_key.derive(&vault, purpose));
        Self {
            vault,
            header: mac("header"),
            witness: mac("witness"),
            wrapping: master_key.derive(&vault, "wrap data key"),
        }
    }

    /// The vault that they belong to.
    pub fn vault(&self) -> VaultId {
        self.vault
    }

    /// The code that makes a file ours: 32 bytes of HMAC-SHA-256.
    pub fn code(&self, sheet: Sheet, body: &[u8]) -> [u8; 32] {
        self.sheet_key(sheet).mac(&[body])
    }

    /// Whether a file carries its code, in constant time.
    pub fn verifies(&self, sheet: Sheet, body: &[u8], code: &[u8]) -> bool {
        self.sheet_key(sheet).verifies(&[body], code)
    }

    /// Wraps a data key of this vault: [`DataKey::WRAPPED_LEN`] bytes.
    pub fn wrap(
        &self,
        data_key: &DataKey,
        generation: u64,
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, RecordError> {
        data_key.wrap(&self.wrapping, &self.vault, generation, rng)
    }

    /// Unwraps the data key of a generation; `None` if it is changed, or of another vault, generation or master key.
    pub fn unwrap(&self, generation: u64, wrapped: &[u8]) -> Option<DataKey> {
        DataKey::unwrap(&self.wrapping, &self.vault, generation, wrapped)
    }

    fn sheet_key(&self, sheet: Sheet) -> &MacKey {
        match sheet {
            Sheet::Header => &self.header,
            Sheet::Witness => &self.witness,
        }
    }
}

/// Nothing in it but keys, each of which is wiped by its own type.
impl ZeroizeOnDrop for HeaderKeys {}

impl fmt::Debug for HeaderKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HeaderKeys(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Counting;
    use super::*;

    fn keys(master: u8, vault: u8) -> HeaderKeys {
        HeaderKeys::derive(&MasterKey::from_bytes([master; 32]), VaultId::from_bytes([vault; 16]))
    }

    #[test]
    fn a_data_key_is_unwrapped_only_where_it_belongs() {
        let data_key = DataKey::from_bytes([7; 32]);
        let wrapped = keys(1, 1).wrap(&data_key, 3, &mut Counting(0)).unwrap();
        assert_eq!(wrapped.len(), DataKey::WRAPPED_LEN);
        assert!(!wrapped.windows(8).any(|window| window == [7; 8]));
        assert_eq!(keys(1, 1).unwrap(3, &wrapped).unwrap().expose(), data_key.expose());
        assert!(keys(1, 1).unwrap(4, &wrapped).is_none(), "another generation");
        assert!(keys(2, 1).unwrap(3, &wrapped).is_none(), "another master key");
        assert!(keys(1, 2).unwrap(3, &wrapped).is_none(), "another vault");
        for position in 0..wrapped.len() {
            let mut changed = wrapped.clone();
            changed[position] ^= 1;
            assert!(keys(1, 1).unwrap(3, &changed).is_none(), "byte {position}");
            assert!(keys(1, 1).unwrap(3, &wrapped[..position]).is_none(), "cut at {position}");
        }
    }

    #[test]
    fn the_wrapping_key_lies_where_they_are_put() {
        let keys = crate::secret::Locked::build(|| keys(1, 1));
        let place = std::ptr::from_ref::<HeaderKeys>(&keys).addr();
        let key = keys.wrapping.expose().as_ptr().addr();
        assert!((place..place + size_of::<HeaderKeys>()).contains(&key));
    }

    #[test]
    fn each_sheet_has_its_own_code() {
        let keys = keys(1, 1);
        let code = keys.code(Sheet::Header, b"body");
        assert!(keys.verifies(Sheet::Header, b"body", &code));
        assert!(!keys.verifies(Sheet::Witness, b"body", &code));
        assert!(!keys.verifies(Sheet::Header, b"bodz", &code));
        assert!(!keys.verifies(Sheet::Header, b"body", &code[..31]));
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(format!("{:?}", keys(1, 1)), "HeaderKeys(redacted)");
    }
}
