use std::collections::HashSet;

use latchkey_crypto::vault::RecordKind;
use latchkey_passkey::PasskeyId;

use crate::Finding;

/// What was found wrong, each thing once, in the order in which it was found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    all: Vec<Finding>,
    known: HashSet<Finding>,
    /// Passkeys that cannot sign: asked for at every sign-in.
    without_secrets: HashSet<PasskeyId>,
    wrong_records: bool,
}

impl Findings {
    pub(crate) fn all(&self) -> &[Finding] {
        &self.all
    }

    pub(crate) fn note(&mut self, finding: Finding) {
        if !self.known.insert(finding.clone()) {
            return;
        }
        match finding {
            Finding::SecretMissing { id } => drop(self.without_secrets.insert(id)),
            Finding::RecordDamaged { kind: Some(RecordKind::PasskeySecret), id }
            | Finding::RecordTooNew { kind: RecordKind::PasskeySecret, id } => {
                self.without_secrets.extend(id)
            }
            _ => {}
        }
        self.wrong_records |= matches!(
            finding,
            Finding::RecordDamaged { .. }
                | Finding::RecordTooNew { .. }
                | Finding::PasskeyMissing { .. }
                | Finding::SecretMissing { .. }
                | Finding::RecordsMissing { .. }
                | Finding::RecordsAdded { .. }
                | Finding::RecordsExchanged
        );
        self.all.push(finding);
    }

    /// Whether a passkey is known to have lost its secrets.
    pub(crate) fn has_lost_secrets(&self, passkey: PasskeyId) -> bool {
        self.without_secrets.contains(&passkey)
    }

    /// Whether any of it is of the store's records.
    pub(crate) fn has_wrong_records(&self) -> bool {
        self.wrong_records
    }
}

impl FromIterator<Finding> for Findings {
    fn from_iter<I: IntoIterator<Item = Finding>>(found: I) -> Self {
        let mut findings = Self::default();
        found.into_iter().for_each(|finding| findings.note(finding));
        findings
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn id(n: u64) -> PasskeyId {
        crate::testing::passkey("example.org", "x", n).core.id
    }

    #[test]
    fn each_is_kept_once_and_in_order() {
        let damaged = |kind, n| Finding::RecordDamaged { kind: Some(kind), id: Some(id(n)) };
        let found = [
            Finding::JournalBroken,
            Finding::SecretMissing { id: id(1) },
            damaged(RecordKind::PasskeySecret, 2),
            damaged(RecordKind::History, 3),
        ];
        let findings: Findings = found.iter().chain(&found).cloned().collect();
        assert_eq!(findings.all(), found);
        assert_eq!([1, 2, 3].map(|n| findings.has_lost_secrets(id(n))), [true, true, false]);
        assert!(findings.has_wrong_records());
        assert!(!Findings::from_iter([Finding::JournalBroken]).has_wrong_records());
    }

    /// A search through a list takes minutes for it.
    #[test]
    fn very_many_take_no_longer_each() {
        let begun = Instant::now();
        let findings: Findings = (0..100_000).map(|n| Finding::SecretMissing { id: id(n) }).collect();
        assert!((0..100_000).all(|n| findings.has_lost_secrets(id(n))));
        assert!(begun.elapsed() < Duration::from_secs(60));
    }
}
