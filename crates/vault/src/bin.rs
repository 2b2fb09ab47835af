use latchkey_passkey::{PasskeyId, UnixSeconds};

use crate::vault::MOST_RECORD_BYTES;
use crate::{Vault, VaultError};

/// How long a passkey stays in the bin before it is purged: 30 days.
pub const BIN_SECONDS: UnixSeconds = 30 * 24 * 60 * 60;

impl Vault {
    /// Puts passkeys into the bin, in one commit: no site finds them any more. Returns those that were not in it yet.
    ///
    /// All or nothing: one id that is not there refuses the whole change.
    pub fn bin(&mut self, ids: &[PasskeyId], at: UnixSeconds) -> Result<Vec<PasskeyId>, VaultError> {
        let change = self.next_change(at);
        self.change_each(ids, MOST_RECORD_BYTES, |stored| Ok(stored.put_in_bin(change)))
    }

    /// Takes passkeys out of the bin, in one commit. Returns those that were in it.
    ///
    /// One that was replaced comes back beside the one that took its place: the account then has two, both are
    /// offered at a sign-in, told apart by when they were made, and the site may take both or only the newer one. The
    /// next registration of the account replaces the newest of them.
    ///
    /// All or nothing: one id that is not there refuses the whole change.
    pub fn unbin(&mut self, ids: &[PasskeyId], at: UnixSeconds) -> Result<Vec<PasskeyId>, VaultError> {
        let change = self.next_change(at);
        self.change_each(ids, MOST_RECORD_BYTES, |stored| Ok(stored.take_out_of_bin(change)))
    }

    /// Purges what has been in the bin for longer than [`BIN_SECONDS`]: see [`Vault::purge`]. Returns it.
    pub fn purge_overdue(&mut self, now: UnixSeconds) -> Result<Vec<PasskeyId>, VaultError> {
        let overdue = |at: UnixSeconds| now.saturating_sub(at) > BIN_SECONDS;
        let entries = self.list()?.into_iter();
        let ids: Vec<_> = entries
            .filter(|entry| entry.binned_at.is_some_and(overdue))
            .map(|entry| entry.passkey.core.id)
            .collect();
        self.purge(&ids, now)
    }
}
