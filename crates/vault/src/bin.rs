use std::collections::HashSet;

use latchkey_crypto::vault::RecordKind;
use latchkey_passkey::{PasskeyId, UnixSeconds};

use crate::backend::{OLDEST_BINNED_KEY, Tree};
use crate::record::Unreadable;
use crate::vault::MOST_RECORD_BYTES;
use crate::write::Write;
use crate::{Damage, Vault, VaultError};

/// How long a passkey stays in the bin before it is purged: 30 days.
pub const BIN_SECONDS: UnixSeconds = 30 * 24 * 60 * 60;

/// So many are purged in one commit, at most.
const BATCH: usize = 1000;

impl Vault {
    /// Puts passkeys into the bin, in one commit: no site finds them any more. Returns those that were not in it yet.
    ///
    /// All or nothing: one id that is not there refuses the whole change, and so does more than a commit takes (64 MiB,
    /// [`VaultError::TooLarge`]): that is the records of at least 10,000 passkeys.
    pub fn bin(&mut self, ids: &[PasskeyId], at: UnixSeconds) -> Result<Vec<PasskeyId>, VaultError> {
        let (change, sooner) = (self.next_change(at), self.binned_sooner(at)?);
        self.change_each(ids, MOST_RECORD_BYTES, sooner, |stored| Ok(stored.put_in_bin(change)))
    }

    /// Takes passkeys out of the bin, in one commit. Returns those that were in it.
    ///
    /// One that was replaced comes back beside the one that took its place: the account then has two, both are
    /// offered at a sign-in, told apart by when they were made, and the site may take both or only the newer one. The
    /// next registration of the account replaces the newest of them.
    ///
    /// All or nothing, as [`Vault::bin`].
    pub fn unbin(&mut self, ids: &[PasskeyId], at: UnixSeconds) -> Result<Vec<PasskeyId>, VaultError> {
        let change = self.next_change(at);
        self.change_each(ids, MOST_RECORD_BYTES, None, |stored| Ok(stored.take_out_of_bin(change)))
    }

    /// Purges what has been in the bin for longer than [`BIN_SECONDS`]: see [`Vault::purge`]. Returns it.
    ///
    /// In several commits where it is much. What cannot be purged, as a record of it is damaged, stays in the bin. Costs
    /// next to nothing while nothing is overdue, and reading every passkey otherwise.
    pub fn purge_overdue(&mut self, now: UnixSeconds) -> Result<Vec<PasskeyId>, VaultError> {
        let is_overdue = |at: UnixSeconds| now.saturating_sub(at) > BIN_SECONDS;
        if self.oldest_binned()?.is_some_and(|at| !is_overdue(at)) {
            return Ok(Vec::new());
        }
        let entries = self.list()?.into_iter();
        let binned: Vec<_> =
            entries.filter_map(|entry| Some((entry.binned_at?, entry.passkey.core.id))).collect();
        let overdue: Vec<_> = binned.iter().filter(|(at, _)| is_overdue(*at)).map(|(_, id)| *id).collect();
        let mut purged = Vec::new();
        for batch in overdue.chunks(BATCH) {
            purged.append(&mut self.purge_what_can_be(batch, now)?);
        }
        let gone: HashSet<_> = purged.iter().collect();
        let left = binned.iter().filter(|(_, id)| !gone.contains(id));
        self.remember_oldest_binned(left.map(|(at, _)| *at).min());
        Ok(purged)
    }

    /// Halves what is refused until it is known which one is in the way.
    fn purge_what_can_be(
        &mut self,
        ids: &[PasskeyId],
        now: UnixSeconds,
    ) -> Result<Vec<PasskeyId>, VaultError> {
        match self.purge(ids, now) {
            Err(VaultError::Damaged(Damage::Records) | VaultError::TooLarge { .. }) => {}
            other => return other,
        }
        let (some, others) = ids.split_at(ids.len() / 2);
        if some.is_empty() {
            return Ok(Vec::new());
        }
        let mut purged = self.purge_what_can_be(some, now)?;
        purged.append(&mut self.purge_what_can_be(others, now)?);
        Ok(purged)
    }

    /// Nothing in the bin came there before; `None` if that is not known.
    fn oldest_binned(&self) -> Result<Option<UnixSeconds>, VaultError> {
        let envelope = self.backend().get(Tree::Meta, OLDEST_BINNED_KEY)?;
        let decode =
            |bytes: &[u8]| bytes.try_into().map(u64::from_be_bytes).map_err(|_| Unreadable::Malformed);
        Ok(envelope.and_then(|envelope| self.read(RecordKind::Meta, OLDEST_BINNED_KEY, &envelope, decode)))
    }

    /// What keeps [`Vault::oldest_binned`] true when something comes into the bin.
    pub(crate) fn binned_sooner(&self, at: UnixSeconds) -> Result<Option<Write>, VaultError> {
        Ok(self.oldest_binned()?.filter(|oldest| at < *oldest).map(|_| write_oldest(at)))
    }

    fn remember_oldest_binned(&mut self, at: Option<UnixSeconds>) {
        let at = at.unwrap_or(NEVER);
        let known = matches!(self.oldest_binned(), Ok(Some(known)) if known == at);
        // A restore may bring back what is not seen now.
        if !known && !self.has_wrong_records() {
            // It only saves time. Where it fails half-way, the next change says so.
            let _ = self.commit(&[write_oldest(at)]);
        }
    }
}

/// As if what is in an empty bin had come there at the end of time.
const NEVER: UnixSeconds = UnixSeconds::MAX;

/// Says of a vault that nothing is in its bin.
pub(crate) fn bin_is_empty() -> Write {
    write_oldest(NEVER)
}

fn write_oldest(at: UnixSeconds) -> Write {
    Write::put(Tree::Meta, OLDEST_BINNED_KEY, at.to_be_bytes().to_vec())
}
