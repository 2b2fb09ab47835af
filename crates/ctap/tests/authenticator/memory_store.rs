use std::{
    cell::Cell,
    collections::{HashMap, HashSet},
};

use latchkey_crypto::cose::PrivateKey;
use latchkey_passkey::{
    CredBlob, CredentialId, LargeBlobKey, Outcome, Passkey, PasskeyCore, PasskeyId, PasskeySecrets,
    PasskeyStore, PrfSeeds, RpId, Seed, StoreError, UseKind, UseRecord, UserHandle,
};

/// Passkeys in memory: for tests and benches.
#[derive(Default)]
pub(crate) struct MemoryStore {
    passkeys: Vec<Passkey>,
    secrets: HashMap<PasskeyId, PasskeySecrets>,
    by_rp_id: HashMap<RpId, Vec<usize>>,
    by_credential_id: HashMap<CredentialId, usize>,
    by_id: HashMap<PasskeyId, usize>,
    binned: HashSet<PasskeyId>,
    pub(crate) history: Vec<(PasskeyId, UseRecord)>,
    /// Calls to let through before every further one fails.
    pub(crate) calls_left: Cell<Option<u32>>,
}

#[allow(dead_code, reason = "the bench asks less of it")]
impl MemoryStore {
    pub(crate) fn passkeys(&self) -> Vec<&Passkey> {
        self.passkeys.iter().filter(|passkey| !self.binned.contains(&passkey.core.id)).collect()
    }

    pub(crate) fn bin(&mut self, id: PasskeyId) {
        self.binned.insert(id);
    }

    /// As if the passkey had never been.
    pub(crate) fn forget(&mut self, id: PasskeyId) {
        self.bin(id);
        self.secrets.remove(&id);
    }

    /// Makes another passkey of one, as an import does.
    pub(crate) fn change_core(&mut self, id: PasskeyId, change: impl FnOnce(&mut PasskeyCore)) {
        change(&mut self.passkeys[self.by_id[&id]].core);
    }

    pub(crate) fn secrets_of(&self, passkey: &Passkey) -> &PasskeySecrets {
        &self.secrets[&passkey.core.id]
    }

    fn called(&self) -> Result<(), StoreError> {
        match self.calls_left.get() {
            None => Ok(()),
            Some(0) => Err(StoreError::new(std::io::Error::other("the disk is gone"))),
            Some(left) => {
                self.calls_left.set(Some(left - 1));
                Ok(())
            }
        }
    }

    fn read(&self, index: usize) -> Option<Passkey> {
        let passkey = self.passkeys.get(index)?;
        (!self.binned.contains(&passkey.core.id)).then(|| passkey.clone())
    }
}

impl PasskeyStore for MemoryStore {
    fn find_by_rp_id(&self, rp_id: &RpId) -> Result<Vec<Passkey>, StoreError> {
        self.called()?;
        let indices = self.by_rp_id.get(rp_id).map(Vec::as_slice).unwrap_or_default();
        Ok(indices.iter().filter_map(|index| self.read(*index)).collect())
    }

    fn find_by_credential_id(&self, rp_id: &RpId, id: &CredentialId) -> Result<Option<Passkey>, StoreError> {
        self.called()?;
        let passkey = self.by_credential_id.get(id).and_then(|index| self.read(*index));
        Ok(passkey.filter(|passkey| passkey.core.rp_id == *rp_id))
    }

    fn find_by_user_handle(&self, rp_id: &RpId, user: &UserHandle) -> Result<Option<PasskeyId>, StoreError> {
        let passkeys = self.find_by_rp_id(rp_id)?;
        Ok(passkeys.iter().rfind(|passkey| passkey.core.user_handle == *user).map(|passkey| passkey.core.id))
    }

    /// From the bin too, as the vault does.
    fn secrets(&self, id: PasskeyId) -> Result<Option<PasskeySecrets>, StoreError> {
        self.called()?;
        Ok(self.secrets.get(&id).map(copy))
    }

    fn add(
        &mut self,
        passkey: &Passkey,
        secrets: &PasskeySecrets,
        replaces: Option<PasskeyId>,
        first_use: &UseRecord,
    ) -> Result<(), StoreError> {
        self.called()?;
        let index = self.passkeys.len();
        self.by_rp_id.entry(passkey.core.rp_id.clone()).or_default().push(index);
        self.by_credential_id.insert(passkey.core.credential_id.clone(), index);
        self.by_id.insert(passkey.core.id, index);
        self.history.push((passkey.core.id, first_use.clone()));
        self.passkeys.push(passkey.clone());
        self.secrets.insert(passkey.core.id, copy(secrets));
        self.binned.extend(replaces);
        Ok(())
    }

    fn record_use(&mut self, id: PasskeyId, used: &UseRecord) -> Result<(), StoreError> {
        self.called()?;
        let index = self.by_id.get(&id).filter(|_| !self.binned.contains(&id));
        let Some(passkey) = index.and_then(|index| self.passkeys.get_mut(*index)) else {
            return Err(StoreError::NoSuchPasskey("gone or in the bin".into()));
        };
        self.history.push((id, used.clone()));
        if used.outcome == Outcome::Approved && used.kind == UseKind::SignIn {
            passkey.usage.last_used_at = Some(used.at);
            passkey.usage.sign_in_count += 1;
        }
        Ok(())
    }
}

/// The vault alone copies keys, by storing them; a test may.
pub(crate) fn copy(secrets: &PasskeySecrets) -> PasskeySecrets {
    let (key, seeds) = (&secrets.private_key, &secrets.prf_seeds);
    PasskeySecrets {
        private_key: PrivateKey::from_bytes(key.algorithm(), &key.to_bytes()).unwrap(),
        prf_seeds: PrfSeeds {
            with_uv: Seed::from_bytes(*seeds.with_uv.expose()),
            without_uv: Seed::from_bytes(*seeds.without_uv.expose()),
        },
        cred_blob: secrets.cred_blob.as_ref().map(|blob| CredBlob::new(blob.expose().to_vec()).unwrap()),
        large_blob_key: secrets.large_blob_key.as_ref().map(|key| LargeBlobKey::from_bytes(*key.expose())),
    }
}
