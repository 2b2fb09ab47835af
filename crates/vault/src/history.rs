use latchkey_crypto::vault::{DeviceId, RecordKind};
use latchkey_passkey::{PasskeyId, UseRecord};

use crate::backend::Tree;
use crate::record::HistoryLine;
use crate::{Vault, VaultError};

/// One line of a passkey's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    /// What happened.
    pub used: UseRecord,
    /// Where: one of [`Vault::devices`].
    pub device: DeviceId,
}

impl Vault {
    /// A passkey's history, oldest first.
    pub fn history(&self, id: PasskeyId) -> Result<Vec<HistoryEntry>, VaultError> {
        let mut lines = Vec::new();
        self.backend().scan(Tree::History, id.as_bytes(), &mut |key, envelope| {
            lines.extend(self.read(RecordKind::History, key, envelope, HistoryLine::decode));
        })?;
        Ok(lines)
    }
}
