use latchkey_crypto::vault::RecordKind;
use latchkey_passkey::{
    CredentialId, Outcome, Passkey, PasskeyId, PasskeySecrets, PasskeyStore, RpId, StoreError, UseKind,
    UseRecord, UserHandle,
};

use crate::backend::Tree;
use crate::record::{
    HistoryLine, StoredPasskey, credential_key, decode_ids, encode_ids, encode_secret, history_key, site_key,
    site_prefix,
};
use crate::vault::{Vault, Write, random, record_key};
use crate::{Entry, VaultError};

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
            for found in self.ids_at(RecordKind::CredentialIndex, &credential_key(&self.keys, rp_id, id))? {
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
                let Some(Entry { passkey, binned_at: None }) = self.find(id)? else { continue };
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
        let core = &passkey.core;
        let change = self.next_change(first_use.at);
        let record = record_key(RecordKind::Passkey, core.id);
        if self.backend().get(Tree::Record, &record)?.is_some() {
            return Err(VaultError::AlreadyStored);
        }
        let credential = credential_key(&self.keys, &core.rp_id, &core.credential_id);
        let mut same_credential = self.ids_at(RecordKind::CredentialIndex, &credential)?;
        same_credential.push(core.id);

        let stored = StoredPasskey::new(passkey, change).encode();
        let secret = encode_secret(secrets);
        let (line, same_credential) = (HistoryLine::encode(first_use, change), encode_ids(&same_credential));
        let this = encode_ids(&[core.id]);
        let write = |tree, key, plaintext| Write { tree, key, plaintext };
        let mut writes = vec![
            write(Tree::Record, record, &stored),
            write(Tree::Record, record_key(RecordKind::PasskeySecret, core.id), secret.as_slice()),
            write(Tree::IndexRp, site_key(&self.keys, &core.rp_id, core.id), &this),
            write(Tree::IndexCredential, credential, &same_credential),
            write(Tree::History, history_key(core.id, first_use.at, &mut random()), &line),
        ];
        let replaced = replaces.map(|id| self.in_bin(id, first_use.at)).transpose()?;
        if let Some((key, content)) = &replaced {
            writes.push(write(Tree::Record, key.clone(), content));
        }
        self.commit(&writes)
    }

    fn append_use(&mut self, id: PasskeyId, used: &UseRecord) -> Result<(), VaultError> {
        let change = self.next_change(used.at);
        let (key, mut stored) = self.stored_in_use(id)?;
        let line = HistoryLine::encode(used, change);
        let mut writes = vec![Write {
            tree: Tree::History,
            key: history_key(id, used.at, &mut random()),
            plaintext: &line,
        }];
        let content;
        if used.kind == UseKind::SignIn && used.outcome == Outcome::Approved {
            stored.count_sign_in(used.at, change);
            content = stored.encode();
            writes.push(Write { tree: Tree::Record, key, plaintext: &content });
        }
        self.commit(&writes)
    }

    /// A passkey's record as it will be in the bin, and where it lies.
    fn in_bin(&self, id: PasskeyId, at: u64) -> Result<(Vec<u8>, Vec<u8>), VaultError> {
        let (key, mut stored) = self.stored_in_use(id)?;
        stored.put_in_bin(self.next_change(at));
        Ok((key, stored.encode()))
    }

    fn stored_in_use(&self, id: PasskeyId) -> Result<(Vec<u8>, StoredPasskey), VaultError> {
        let in_use = |stored: &StoredPasskey| stored.entry().is_ok_and(|entry| entry.binned_at.is_none());
        self.stored(id)?.filter(|(_, stored)| in_use(stored)).ok_or(VaultError::NoSuchPasskey)
    }

    /// The ids of a site's passkeys: only this site's entries are touched.
    fn ids_of_site(&self, rp_id: &RpId) -> Result<Vec<PasskeyId>, VaultError> {
        let mut ids = Vec::new();
        self.backend().scan(Tree::IndexRp, &site_prefix(&self.keys, rp_id), &mut |key, envelope| {
            ids.extend(self.read(RecordKind::SiteIndex, key, envelope, decode_ids).unwrap_or_default());
        })?;
        Ok(ids)
    }

    fn ids_at(&self, kind: RecordKind, key: &[u8]) -> Result<Vec<PasskeyId>, VaultError> {
        let envelope = self.backend().get(Tree::IndexCredential, key)?;
        let ids = envelope.and_then(|envelope| self.read(kind, key, &envelope, decode_ids));
        Ok(ids.unwrap_or_default())
    }
}

fn store_error(error: VaultError) -> StoreError {
    match error {
        VaultError::NoSuchPasskey => StoreError::NoSuchPasskey(Box::new(error)),
        error => StoreError::new(error),
    }
}
