use std::collections::BTreeMap;

use latchkey_passkey::{PasskeyCore, PasskeyId};

use crate::backend::Tree;
use crate::record::{credential_key, encode_ids};
use crate::write::Write;
use crate::{Vault, VaultError};

/// Entries of the credential index as a commit will leave them, each read from the store once: several passkeys of
/// one commit may share an entry.
#[derive(Default)]
pub(crate) struct Credentials(BTreeMap<Vec<u8>, Vec<PasskeyId>>);

impl Credentials {
    /// Lets a passkey's credential ID lead to it, besides those that it leads to already.
    pub(crate) fn join(&mut self, vault: &Vault, core: &PasskeyCore) -> Result<(), VaultError> {
        self.entry(vault, core)?.push(core.id);
        Ok(())
    }

    /// Lets a passkey's credential ID no longer lead to it; another of the same credential ID stays.
    pub(crate) fn leave(&mut self, vault: &Vault, core: &PasskeyCore) -> Result<(), VaultError> {
        self.entry(vault, core)?.retain(|id| *id != core.id);
        Ok(())
    }

    pub(crate) fn into_writes(self) -> impl Iterator<Item = Write> {
        self.0.into_iter().map(|(key, ids)| {
            if ids.is_empty() {
                Write::take_away(Tree::IndexCredential, key)
            } else {
                Write::put(Tree::IndexCredential, key, encode_ids(&ids))
            }
        })
    }

    fn entry(&mut self, vault: &Vault, core: &PasskeyCore) -> Result<&mut Vec<PasskeyId>, VaultError> {
        let key = credential_key(&vault.keys, &core.rp_id, &core.credential_id);
        if !self.0.contains_key(&key) {
            let ids = vault.ids_of_credential(&key)?;
            self.0.insert(key.clone(), ids);
        }
        Ok(self.0.entry(key).or_default())
    }
}
