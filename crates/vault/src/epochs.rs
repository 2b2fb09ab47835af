use latchkey_crypto::vault::VaultKeys;

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
}

impl KnownEpochs {
    pub(crate) fn gather(
        header: &Header,
        witness: Option<&Witness>,
        keys: &VaultKeys,
        findings: &mut Vec<Finding>,
    ) -> Self {
        let seen = match witness.map(|witness| witness.recall(keys)) {
            Some(Memory::Seen(seen)) => seen,
            Some(Memory::Unreadable) => {
                findings.push(Finding::WitnessUnreadable);
                0
            }
            Some(Memory::None) | None => 0,
        };
        Self { header: header.epoch, seen }
    }

    /// Compares them with the epoch that the database is at. The highest of them, if the database is behind it and
    /// is taken all the same.
    pub(crate) fn judge(self, found: u64, accept_older: bool) -> Result<Option<u64>, VaultError> {
        let newest = self.header.max(self.seen);
        if accept_older && found < newest {
            return Ok(Some(newest));
        }
        if found < self.header {
            return Err(VaultError::Damaged(Damage::CommitsLost { found, expected: self.header }));
        }
        if found < self.seen {
            return Err(VaultError::RolledBack { seen: self.seen, found });
        }
        Ok(None)
    }

    /// What is worth telling of a database that was judged.
    pub(crate) fn finding(self, found: u64) -> Option<Finding> {
        let newest = self.header.max(self.seen);
        if found < newest {
            return Some(Finding::OlderAccepted { seen: newest, found });
        }
        (self.header + HEADER_LAG < found)
            .then_some(Finding::HeaderOlder { found: self.header, expected: found })
    }
}
