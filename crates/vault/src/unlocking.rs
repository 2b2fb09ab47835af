//! From the master key to the keys that an open vault works with.

use std::sync::Arc;

use latchkey_crypto::vault::{DataKey, HeaderKeys, MasterKey, VaultId, VaultKeys};
use latchkey_memory::{Locked, wiping_stack};
use rand_core::CryptoRng;

use crate::header::{Header, WrappedDataKey};
use crate::{Damage, VaultError};

/// The keys of the records, in locked memory.
pub(crate) type DataKeys = Arc<Locked<VaultKeys>>;

/// Every key of an open vault, in locked memory. The master key is not among them: it is gone once they are made.
pub(crate) struct Keys {
    pub(crate) header: Locked<HeaderKeys>,
    pub(crate) data: DataKeys,
}

impl Keys {
    /// Those of a vault, once its header is shown to be the work of whoever holds the master key.
    pub(crate) fn unlock(header: &Header, master_key: &MasterKey) -> Result<Self, VaultError> {
        let vault = header.slots.vault();
        let header_keys = Locked::build(|| HeaderKeys::derive(master_key, vault));
        header.verify(&header_keys)?;
        let data = match &header.data_key {
            None => first_format(master_key, vault),
            Some(WrappedDataKey { generation, wrapped }) => {
                // The header verified: this cannot happen but by a mistake of ours.
                let tampered = || VaultError::Damaged(Damage::HeaderTampered);
                let data_key = header_keys.unwrap(*generation, wrapped).ok_or_else(tampered)?;
                of(&data_key, vault)
            }
        };
        Ok(Self { header: header_keys, data })
    }

    /// Those of a new vault, or of one with a new master key: a data key is drawn for the generation.
    pub(crate) fn generate(
        master_key: &MasterKey,
        vault: VaultId,
        generation: u64,
        rng: &mut dyn CryptoRng,
    ) -> Result<(Self, WrappedDataKey), VaultError> {
        let header = Locked::build(|| HeaderKeys::derive(master_key, vault));
        let (data, wrapped) = new_data_key(&header, generation, rng)?;
        Ok((Self { header, data }, wrapped))
    }
}

/// Draws a data key, and wraps it for the header.
pub(crate) fn new_data_key(
    keys: &HeaderKeys,
    generation: u64,
    rng: &mut dyn CryptoRng,
) -> Result<(DataKeys, WrappedDataKey), VaultError> {
    wiping_stack(|| {
        let data_key = DataKey::generate(rng);
        let wrapped = keys.wrap(&data_key, generation, rng)?;
        Ok((of(&data_key, keys.vault()), WrappedDataKey { generation, wrapped }))
    })
}

/// The keys of a vault of the first format, and of the snapshots that it has left.
pub(crate) fn first_format(master_key: &MasterKey, vault: VaultId) -> DataKeys {
    wiping_stack(|| of(&DataKey::of_first_format(master_key), vault))
}

fn of(data_key: &DataKey, vault: VaultId) -> DataKeys {
    Arc::new(Locked::build(|| VaultKeys::of(data_key, vault)))
}
