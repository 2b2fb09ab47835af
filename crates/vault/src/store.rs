use latchkey_crypto::vault::RecordKind;
use latchkey_passkey::{
    CredentialId, Outcome, Passkey, PasskeyId, PasskeySecrets, PasskeyStore, RpId, StoreError, UseKind,
    UseRecord, UserHandle,
};

use crate::backend::Tree;
use crate::credentials::Credentials;
use crate::record::{HistoryLine, StoredPasskey, credential_key, decode_ids, history_key, site_prefix};
use crate::vault::{Vault, random};
use crate::write::Write;
use crate::{Entry, NewPasskey, VaultError};

impl PasskeyStore for Vault {
    fn find_by_rp_id(&self, rp_id: &RpId) -> Result<Vec<Passkey>, StoreError> {
        let find = || {
            let mut passkeys = Vec::new();
            for id in self.ids_of_site(rp_id)? {
                passkeys.extend(self.passkey(id)?.filter(|passkey| passkey.core.rp_id == *rp_id));
            }
            passkeys.sort_by_key(|passkey: &Passkey| (passkey.core.created_at, passkey.core.id));
            Ok(passkeys)
        };
        find().map_err(store_error)
    }

    fn find_by_credential_id(&self, rp_id: &RpId, id: &CredentialId) -> Result<Option<Passkey>, StoreError> {
        let find = || {
            for found in self.ids_of_credential(&credential_key(&self.keys, rp_id, id))? {
                let passkey = self.passkey(found)?;
                let right =
                    |passkey: &Passkey| passkey.core.rp_id == *rp_id && passkey.core.credential_id == *id;
                if let Some(passkey) = passkey.filter(right) {
                    return Ok(Some(passkey));
                }
            }
            Ok(None)
        };
        find().map_err(store_error)
    }

    fn find_by_user_handle(&self, rp_id: &RpId, user: &UserHandle) -> Result<Option<PasskeyId>, StoreError> {
        let find = || {
            let mut newest = None;
            for id in self.ids_of_site(rp_id)? {
                let Some(Entry { passkey, binned_at: None, .. }) = self.find(id)? else { continue };
                let core = passkey.core;
                if core.rp_id == *rp_id && core.user_handle == *user {
                    newest = newest.max(Some((core.created_at, core.id)));
                }
            }
            Ok(newest.map(|(_, id)| id))
        };
        find().map_err(store_error)
    }

    fn secrets(&self, id: PasskeyId) -> Result<Option<PasskeySecrets>, StoreError> {
        self.secrets_of(id).map_err(store_error)
    }

    fn add(
        &mut self,
        passkey: &Passkey,
        secrets: &PasskeySecrets,
        replaces: Option<PasskeyId>,
        first_use: &UseRecord,
    ) -> Result<(), StoreError> {
        self.add_passkey(passkey, secrets, replaces, first_use).map_err(store_error)
    }

    fn record_use(&mut self, id: PasskeyId, used: &UseRecord) -> Result<(), StoreError> {
        self.append_use(id, used).map_err(store_error)
    }
}

impl Vault {
    fn add_passkey(
        &mut self,
        passkey: &Passkey,
        secrets: &PasskeySecrets,
        replaces: Option<PasskeyId>,
        first_use: &UseRecord,
    ) -> Result<(), VaultError> {
        let (core, change) = (&passkey.core, self.next_change(first_use.at));
        let mut credentials = Credentials::default();
        let new = NewPasskey { passkey, secrets, large_blob: None, source_raw: None };
        let mut writes = self.put_new(&new, change, &mut credentials)?;
        writes.extend(credentials.into_writes());
        let line = history_key(core.id, first_use.at, &mut random());
        writes.push(Write::put(Tree::History, line, HistoryLine::encode(first_use, change)));
        if let Some(id) = replaces {
            let (key, mut stored) = self.stored_in_use(id)?;
            stored.put_in_bin(change);
            writes.push(Write::put(Tree::Record, key, stored.encode()));
            writes.extend(self.binned_sooner(first_use.at)?);
        }
        self.commit(&writes)
    }

    fn append_use(&mut self, id: PasskeyId, used: &UseRecord) -> Result<(), VaultError> {
        let change = self.next_change(used.at);
        let (key, mut stored) = self.stored_in_use(id)?;
        let line = history_key(id, used.at, &mut random());
        let mut writes = vec![Write::put(Tree::History, line, HistoryLine::encode(used, change))];
        if used.kind == UseKind::SignIn && used.outcome == Outcome::Approved {
            stored.count_sign_in(used.at, change);
            writes.push(Write::put(Tree::Record, key, stored.encode()));
        }
        self.commit(&writes)
    }

    fn stored_in_use(&self, id: PasskeyId) -> Result<(Vec<u8>, StoredPasskey), VaultError> {
        let in_use = |stored: &StoredPasskey| stored.entry().is_ok_and(|entry| entry.binned_at.is_none());
        self.stored(id)?.filter(|(_, stored)| in_use(stored)).ok_or(VaultError::NoSuchPasskey { id })
    }

    /// The ids of a site's passkeys: only this site's entries are touched.
    fn ids_of_site(&self, rp_id: &RpId) -> Result<Vec<PasskeyId>, VaultError> {
        let mut ids = Vec::new();
        self.backend().scan(Tree::IndexRp, &site_prefix(&self.keys, rp_id), &mut |key, envelope| {
            ids.extend(self.read(RecordKind::SiteIndex, key, envelope, decode_ids).unwrap_or_default());
        })?;
        Ok(ids)
    }

    /// The ids of the passkeys that an entry of the credential index leads to.
    pub(crate) fn ids_of_credential(&self, key: &[u8]) -> Result<Vec<PasskeyId>, VaultError> {
        let envelope = self.backend().get(Tree::IndexCredential, key)?;
        let ids =
            envelope.and_then(|envelope| self.read(RecordKind::CredentialIndex, key, &envelope, decode_ids));
        Ok(ids.unwrap_or_default())
    }
}

fn store_error(error: VaultError) -> StoreError {
    match error {
        VaultError::NoSuchPasskey { .. } => StoreError::NoSuchPasskey(Box::new(error)),
        error => StoreError::new(error),
    }
}
