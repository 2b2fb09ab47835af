use latchkey_crypto::vault::RecordKind;
use latchkey_passkey::{PasskeyId, UnixSeconds};

use crate::backend::{REWRITE_DUE_KEY, Tree};
use crate::credentials::Credentials;
use crate::edit::each_once;
use crate::record::{encode_tombstone, site_key};
use crate::vault::record_key;
use crate::write::Write;
use crate::{Vault, VaultError};

impl Vault {
    /// Removes passkeys that are in the bin for good, in one commit: record, secrets, history, index entries and
    /// attachments. Returns them.
    ///
    /// A tombstone stays, so that nothing older brings them back. Until the store is rewritten under another data
    /// key, which is due from now on, sealed copies are left in its file, in snapshots and in journals.
    ///
    /// All or nothing: one id that is not there or not in the bin refuses the whole change, and so does a damaged record
    /// among what would go ([`Damage::Records`](crate::Damage::Records)), or more than a commit takes (64 MiB,
    /// [`VaultError::TooLarge`]): that is a million records.
    pub fn purge(&mut self, ids: &[PasskeyId], at: UnixSeconds) -> Result<Vec<PasskeyId>, VaultError> {
        let change = self.next_change(at);
        let (mut purged, mut writes) = (Vec::new(), Vec::new());
        let mut credentials = Credentials::default();
        for id in each_once(ids) {
            let entry = self.find(id)?.ok_or(VaultError::NoSuchPasskey { id })?;
            entry.binned_at.ok_or(VaultError::NotInBin { id })?;
            let core = &entry.passkey.core;
            let records = [RecordKind::Passkey, RecordKind::PasskeySecret].map(|kind| record_key(kind, id));
            writes.extend(records.map(|key| Write::take_away(Tree::Record, key)));
            writes.push(Write::take_away(Tree::IndexRp, site_key(&self.keys, &core.rp_id, id)));
            credentials.leave(self, core)?;
            self.take_away_below(Tree::History, id.as_bytes(), &mut writes)?;
            for kind in [RecordKind::LargeBlob, RecordKind::SourceRaw] {
                self.take_away_below(Tree::Record, &record_key(kind, id), &mut writes)?;
            }
            let tombstone = record_key(RecordKind::Tombstone, id);
            writes.push(Write::put(Tree::Record, tombstone, encode_tombstone(id, change)));
            purged.push(id);
        }
        if purged.is_empty() {
            return Ok(purged);
        }
        writes.extend(credentials.into_writes());
        // Its presence is all that counts.
        writes.push(Write::put(Tree::Meta, REWRITE_DUE_KEY, vec![1]));
        self.commit(&writes)?;
        Ok(purged)
    }

    /// Whether a passkey of this id was purged.
    pub(crate) fn is_purged(&self, id: PasskeyId) -> Result<bool, VaultError> {
        Ok(self.backend().get(Tree::Record, &record_key(RecordKind::Tombstone, id))?.is_some())
    }

    /// Takes away every record whose key starts with a prefix.
    pub(crate) fn take_away_below(
        &self,
        tree: Tree,
        prefix: &[u8],
        writes: &mut Vec<Write>,
    ) -> Result<(), VaultError> {
        Ok(self.backend().scan(tree, prefix, &mut |key, _| writes.push(Write::take_away(tree, key)))?)
    }
}
