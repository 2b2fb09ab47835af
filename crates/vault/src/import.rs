use std::collections::HashSet;

use latchkey_crypto::vault::RecordKind;
use latchkey_passkey::{Passkey, PasskeySecrets, UnixSeconds};

use crate::attachment::put_attachment;
use crate::backend::Tree;
use crate::credentials::Credentials;
use crate::edit::passkey_write;
use crate::record::{Attached, ChangeId, StoredPasskey, encode_ids, encode_secret, site_key};
use crate::vault::record_key;
use crate::write::Write;
use crate::{Vault, VaultError};

/// A passkey that comes into the vault, with everything that belongs to it.
#[derive(Debug, Clone, Copy)]
pub struct NewPasskey<'a> {
    /// As the authenticator will know it.
    pub passkey: &'a Passkey,
    /// What signs for it.
    pub secrets: &'a PasskeySecrets,
    /// What the site keeps beside it, up to [`MAX_LARGE_BLOB_BYTES`](crate::MAX_LARGE_BLOB_BYTES).
    pub large_blob: Option<&'a [u8]>,
    /// What it was imported from, as it came, up to [`MAX_SOURCE_RAW_BYTES`](crate::MAX_SOURCE_RAW_BYTES).
    pub source_raw: Option<&'a [u8]>,
}

impl Vault {
    /// Stores passkeys that were made elsewhere, in one commit. Their history begins empty.
    ///
    /// All or nothing: an id that is there already ([`VaultError::AlreadyStored`]) or was purged
    /// ([`VaultError::Purged`]), or a record that would be too large, refuses the whole change.
    pub fn import(&mut self, new: &[NewPasskey<'_>], at: UnixSeconds) -> Result<(), VaultError> {
        let change = self.next_change(at);
        let (mut writes, mut credentials, mut ids) = (Vec::new(), Credentials::default(), HashSet::new());
        for new in new {
            if !ids.insert(new.passkey.core.id) {
                return Err(VaultError::AlreadyStored);
            }
            self.put_new(new, change, &mut credentials, &mut writes)?;
        }
        if writes.is_empty() {
            return Ok(());
        }
        writes.extend(credentials.into_writes());
        self.commit(&writes)
    }

    /// Everything that a new passkey is, but for its entry in the credential index.
    pub(crate) fn put_new(
        &self,
        new: &NewPasskey<'_>,
        change: ChangeId,
        credentials: &mut Credentials,
        writes: &mut Vec<Write>,
    ) -> Result<(), VaultError> {
        let core = &new.passkey.core;
        if self.backend().get(Tree::Record, &record_key(RecordKind::Passkey, core.id))?.is_some() {
            return Err(VaultError::AlreadyStored);
        }
        if self.is_purged(core.id)? {
            return Err(VaultError::Purged { id: core.id });
        }
        let attached = Attached {
            large_blob: put_attachment(RecordKind::LargeBlob, core.id, new.large_blob, writes)?,
            source_raw: put_attachment(RecordKind::SourceRaw, core.id, new.source_raw, writes)?,
        };
        writes.push(passkey_write(core.id, &StoredPasskey::new(new.passkey, attached, change))?);
        let secret = record_key(RecordKind::PasskeySecret, core.id);
        writes.push(Write::put(Tree::Record, secret, encode_secret(new.secrets)));
        let site = site_key(&self.keys, &core.rp_id, core.id);
        writes.push(Write::put(Tree::IndexRp, site, encode_ids(&[core.id])));
        credentials.join(self, core)
    }
}
