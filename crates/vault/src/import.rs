use std::collections::HashSet;

use latchkey_crypto::vault::RecordKind;
use latchkey_passkey::{Passkey, PasskeyId, PasskeySecrets, UnixSeconds};

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
    /// As the authenticator will know it. Labels are taken as they are, as long as the record is not too large.
    pub passkey: &'a Passkey,
    /// What signs for it.
    pub secrets: &'a PasskeySecrets,
    /// What the site keeps beside it, up to [`MAX_LARGE_BLOB_BYTES`](crate::MAX_LARGE_BLOB_BYTES).
    pub large_blob: Option<&'a [u8]>,
    /// What it was imported from, as it came, up to [`MAX_SOURCE_RAW_BYTES`](crate::MAX_SOURCE_RAW_BYTES).
    pub source_raw: Option<&'a [u8]>,
}

/// Passkeys that were made elsewhere, on their way into the vault in one commit: see [`Vault::begin_import`].
pub struct Import<'v> {
    vault: &'v mut Vault,
    change: ChangeId,
    writes: Vec<Write>,
    credentials: Credentials,
    ids: HashSet<PasskeyId>,
}

impl Vault {
    /// Starts storing passkeys that were made elsewhere. Nothing is written before [`Import::commit`].
    pub fn begin_import(&mut self, at: UnixSeconds) -> Import<'_> {
        let change = self.next_change(at);
        let (writes, credentials, ids) = (Vec::new(), Credentials::default(), HashSet::new());
        Import { vault: self, change, writes, credentials, ids }
    }

    /// Everything that a new passkey is, but for its entry in the credential index.
    pub(crate) fn put_new(
        &self,
        new: &NewPasskey<'_>,
        change: ChangeId,
        credentials: &mut Credentials,
    ) -> Result<Vec<Write>, VaultError> {
        let core = &new.passkey.core;
        if self.backend().get(Tree::Record, &record_key(RecordKind::Passkey, core.id))?.is_some() {
            return Err(VaultError::AlreadyStored);
        }
        if self.is_purged(core.id)? {
            return Err(VaultError::Purged { id: core.id });
        }
        let mut writes = Vec::new();
        let attached = Attached {
            large_blob: put_attachment(RecordKind::LargeBlob, core.id, new.large_blob, &mut writes)?,
            source_raw: put_attachment(RecordKind::SourceRaw, core.id, new.source_raw, &mut writes)?,
        };
        writes.push(passkey_write(core.id, &StoredPasskey::new(new.passkey, attached, change))?);
        let secret = record_key(RecordKind::PasskeySecret, core.id);
        writes.push(Write::put(Tree::Record, secret, encode_secret(new.secrets)));
        let site = site_key(&self.keys, &core.rp_id, core.id);
        writes.push(Write::put(Tree::IndexRp, site, encode_ids(&[core.id])));
        credentials.join(self, core)?;
        Ok(writes)
    }
}

impl Import<'_> {
    /// Takes a passkey in; its history begins empty. One at a time, so that the caller needs the secrets of no two at
    /// once.
    ///
    /// One that is refused leaves the others as they are: its id is there already ([`VaultError::AlreadyStored`]) or
    /// was purged ([`VaultError::Purged`]), or a part of it is too large ([`VaultError::TooLarge`]).
    pub fn add(&mut self, new: &NewPasskey<'_>) -> Result<(), VaultError> {
        if self.ids.contains(&new.passkey.core.id) {
            return Err(VaultError::AlreadyStored);
        }
        self.writes.append(&mut self.vault.put_new(new, self.change, &mut self.credentials)?);
        self.ids.insert(new.passkey.core.id);
        Ok(())
    }

    /// Writes all that was taken in, in one commit.
    ///
    /// Fails with [`VaultError::TooLarge`], and writes nothing, where that is more than a commit takes (64 MiB).
    pub fn commit(mut self) -> Result<(), VaultError> {
        if self.writes.is_empty() {
            return Ok(());
        }
        self.writes.extend(self.credentials.into_writes());
        self.vault.commit(&self.writes)
    }
}

/// What is in it is personal, so not shown.
impl std::fmt::Debug for Import<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Import({} passkeys)", self.ids.len())
    }
}
