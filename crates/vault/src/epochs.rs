use latchkey_crypto::vault::HeaderKeys;

use crate::header::Header;
use crate::witness::{Memory, Witness};
use crate::{Damage, Finding, VaultError};

/// The header's epoch is written last, and its older generation lags one more.
const HEADER_LAG: u64 = 2;

/// How far a vault had got, as header and this machine's memory know it: the two places beside the database.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KnownEpochs {
    header: u64,
    /// 0 on a machine that has never seen the vault.
    seen: u64,
    /// What the machine's memory says that this master key did not write; 0 if it wrote it.
    claimed: u64,
}

impl KnownEpochs {
    pub(crate) fn gather(
        header: &Header,
        witness: Option<&Witness>,
        keys: &HeaderKeys,
        findings: &mut Vec<Finding>,
    ) -> Self {
        let (seen, claimed) = match witness.map(|witness| witness.recall(keys)) {
            Some(Memory::Seen(seen)) => (seen, 0),
            Some(Memory::Foreign(claimed)) => {
                findings.push(Finding::WitnessForeign);
                (0, claimed)
            }
            Some(Memory::Unreadable) => {
                findings.push(Finding::WitnessUnreadable);
                (0, 0)
            }
            Some(Memory::None) | None => (0, 0),
        };
        Self { header: header.epoch, seen, claimed }
    }

    /// Compares them with the epoch that the database is at. If the database is behind and is taken all the same: the
    /// number to go on from, with a gap, so that no journal leads from the commits that are lost to those that follow.
    /// What anybody may have claimed makes no number.
    pub(crate) fn judge(self, found: u64, accept_older: bool) -> Result<Option<u64>, VaultError> {
        if accept_older && found < self.newest() {
            return Ok(Some(found.max(self.header).max(self.seen).saturating_add(1)));
        }
        if found < self.header {
            return Err(VaultError::Damaged(Damage::CommitsLost { found, expected: self.header }));
        }
        if found < self.newest() {
            return Err(VaultError::RolledBack { seen: self.newest(), found });
        }
        Ok(None)
    }

    /// The newest commit that anything knows of.
    pub(crate) fn newest(self) -> u64 {
        self.header.max(self.seen).max(self.claimed)
    }

    /// What is worth telling of a database that was judged.
    pub(crate) fn finding(self, found: u64) -> Option<Finding> {
        if found < self.newest() {
            return Some(Finding::OlderAccepted { seen: self.newest(), found });
        }
        (self.header + HEADER_LAG < found)
            .then_some(Finding::HeaderOlder { found: self.header, expected: found })
    }
}
