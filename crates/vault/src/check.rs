use std::collections::{HashMap, HashSet};

use latchkey_crypto::vault::{Manifest, RecordError, RecordKind, VaultKeys};
use latchkey_passkey::PasskeyId;

use crate::backend::{Backend, MANIFEST_KEY, Tree};
use crate::record::{
    Attached, HistoryLine, StoredPasskey, Unreadable, decode_ids, decode_secret, decode_tombstone,
};
use crate::vault::owner;
use crate::{Damage, Finding, VaultError};

/// What checking a store brought to light.
#[derive(Debug)]
pub(crate) struct Checked {
    /// As the store has it.
    pub(crate) manifest: Manifest,
    pub(crate) findings: Vec<Finding>,
}

/// Checks on opening that the store holds exactly the records that the manifest says.
///
/// One pass over all trees with one keyed hash per record, over its whole envelope: nothing is decrypted but the
/// manifest. A record that was changed, lost, added or brought back in an older form makes a difference. Only then
/// is every record opened, to say which.
pub(crate) fn check(backend: &dyn Backend, keys: &VaultKeys) -> Result<Checked, VaultError> {
    let manifest = read_manifest(backend, keys)?;
    let found = count(backend, keys, manifest.epoch)?;
    let findings = if found == manifest { Vec::new() } else { explain(backend, keys, &manifest, &found)? };
    Ok(Checked { manifest, findings })
}

/// Opens every record whatever the manifest says, and every secret as what it is.
pub(crate) fn check_thoroughly(backend: &dyn Backend, keys: &VaultKeys) -> Result<Checked, VaultError> {
    let manifest = read_manifest(backend, keys)?;
    let found = count(backend, keys, manifest.epoch)?;
    let findings = explain(backend, keys, &manifest, &found)?;
    Ok(Checked { manifest, findings })
}

fn read_manifest(backend: &dyn Backend, keys: &VaultKeys) -> Result<Manifest, VaultError> {
    let damaged = || VaultError::Damaged(Damage::Manifest);
    let envelope = backend.get(Tree::Meta, MANIFEST_KEY)?.ok_or_else(damaged)?;
    let opened = keys.open(RecordKind::Manifest, MANIFEST_KEY, &envelope)?;
    Manifest::decode(&opened.plaintext)
        .filter(|manifest| manifest.epoch == opened.version)
        .ok_or_else(damaged)
}

fn count(backend: &dyn Backend, keys: &VaultKeys, epoch: u64) -> Result<Manifest, VaultError> {
    let mut found = Manifest { epoch, ..Manifest::EMPTY };
    for tree in Tree::ALL {
        backend.scan(tree, &[], &mut |key, envelope| match tree.kind(key) {
            Some(RecordKind::Manifest) => {}
            Some(kind) => found.add(keys.member(kind, key, envelope)),
            // Of no kind that we know: it cannot be in the manifest, so the count gives it away.
            None => found.count = found.count.wrapping_add(1),
        })?;
    }
    Ok(found)
}

fn explain(
    backend: &dyn Backend,
    keys: &VaultKeys,
    manifest: &Manifest,
    found: &Manifest,
) -> Result<Vec<Finding>, VaultError> {
    let mut survey = Survey::default();
    for tree in Tree::ALL {
        backend.scan(tree, &[], &mut |key, envelope| survey.look_at(keys, tree, key, envelope))?;
    }
    let mut findings = survey.findings;
    // An index, or the other half, still names what is gone.
    let named: HashSet<_> = survey.indexed.union(&survey.secrets).copied().collect();
    findings.extend(named.difference(&survey.passkeys).map(|id| Finding::PasskeyMissing { id: *id }));
    findings.extend(survey.passkeys.difference(&survey.secrets).map(|id| Finding::SecretMissing { id: *id }));
    let told: HashSet<_> = findings.iter().cloned().collect();
    for ((kind, id), (expected, there)) in survey.attachments {
        let damaged = Finding::RecordDamaged { kind: Some(kind), id: Some(id) };
        // A piece that does not open has been told of.
        if expected != there && !told.contains(&damaged) {
            findings.push(damaged);
        }
    }
    if found.count < manifest.count {
        findings.push(Finding::RecordsMissing { count: manifest.count - found.count });
    }
    if found.count > manifest.count {
        findings.push(Finding::RecordsAdded { count: found.count - manifest.count });
    }
    if findings.is_empty() && found != manifest {
        findings.push(Finding::RecordsExchanged);
    }
    Ok(findings)
}

/// Every passkey that a store names, be it only in an index or by one of its halves.
pub(crate) fn named(backend: &dyn Backend, keys: &VaultKeys) -> Result<HashSet<PasskeyId>, VaultError> {
    let mut survey = Survey::default();
    for tree in Tree::ALL {
        backend.scan(tree, &[], &mut |key, envelope| survey.look_at(keys, tree, key, envelope))?;
    }
    Ok(survey.indexed.iter().chain(&survey.secrets).chain(&survey.passkeys).copied().collect())
}

#[derive(Default)]
struct Survey {
    findings: Vec<Finding>,
    passkeys: HashSet<PasskeyId>,
    secrets: HashSet<PasskeyId>,
    indexed: HashSet<PasskeyId>,
    /// Bytes of each attachment: as its passkey says, and in all of its pieces.
    attachments: HashMap<(RecordKind, PasskeyId), (u64, u64)>,
}

impl Survey {
    fn look_at(&mut self, keys: &VaultKeys, tree: Tree, key: &[u8], envelope: &[u8]) {
        let Some(kind) = tree.kind(key) else {
            self.findings.push(Finding::RecordDamaged { kind: None, id: None });
            return;
        };
        let id = owner(kind, key);
        // Also when it does not open: it is there, and is told of once.
        match (kind, id) {
            (RecordKind::Passkey, Some(id)) => drop(self.passkeys.insert(id)),
            (RecordKind::PasskeySecret, Some(id)) => drop(self.secrets.insert(id)),
            _ => {}
        }
        match keys.open(kind, key, envelope) {
            Ok(opened) => match self.read(kind, id, &opened.plaintext) {
                Ok(()) => {}
                Err(Unreadable::TooNew) => self.findings.push(Finding::RecordTooNew { kind, id }),
                Err(Unreadable::Malformed) => {
                    self.findings.push(Finding::RecordDamaged { kind: Some(kind), id })
                }
            },
            Err(RecordError::TooNew { .. }) => self.findings.push(Finding::RecordTooNew { kind, id }),
            Err(_) => self.findings.push(Finding::RecordDamaged { kind: Some(kind), id }),
        }
    }

    fn read(&mut self, kind: RecordKind, id: Option<PasskeyId>, plaintext: &[u8]) -> Result<(), Unreadable> {
        match kind {
            RecordKind::Passkey => {
                let stored = StoredPasskey::decode(plaintext)?;
                let Attached { large_blob, source_raw } = stored.attached();
                for (kind, len) in [(RecordKind::LargeBlob, large_blob), (RecordKind::SourceRaw, source_raw)]
                {
                    if let Some(len) = len
                        && let Some((expected, _)) = self.attachment(kind, id)
                    {
                        *expected = len;
                    }
                }
                stored.entry().map(drop)
            }
            RecordKind::LargeBlob | RecordKind::SourceRaw => {
                if let Some((_, there)) = self.attachment(kind, id) {
                    *there = there.saturating_add(u64::try_from(plaintext.len()).unwrap_or(u64::MAX));
                }
                Ok(())
            }
            RecordKind::PasskeySecret => decode_secret(plaintext).map(drop),
            RecordKind::History => HistoryLine::decode(plaintext).map(drop),
            RecordKind::Tombstone => decode_tombstone(plaintext).map(drop),
            RecordKind::SiteIndex | RecordKind::CredentialIndex => {
                self.indexed.extend(decode_ids(plaintext)?);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn attachment(&mut self, kind: RecordKind, id: Option<PasskeyId>) -> Option<&mut (u64, u64)> {
        id.map(|id| self.attachments.entry((kind, id)).or_default())
    }
}
