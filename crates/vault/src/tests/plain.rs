//! A vault as a plain value, and changes drawn by number: what kills and damage are judged by.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use latchkey_crypto::vault::RecordKind;
use latchkey_passkey::{Labels, Outcome, Passkey, PasskeyId, PasskeyStore, UseRecord};

use crate::backend::Tree;
use crate::testing::*;
use crate::{Entry, LabelEdit, NewPasskey, Vault, VaultError};

pub(super) const SITES: [&str; 3] = ["one.example", "two.example", "three.example"];

/// Numbers that follow from a seed (SplitMix64).
#[derive(Debug, Clone)]
pub(super) struct Draw(u64);

impl Draw {
    /// Another sequence for each of several things of one seed.
    pub(super) fn new(seed: u64, of: u64) -> Self {
        let mut draw = Self(seed ^ of.wrapping_mul(0xd605_1d25_4a1b_8c6b));
        draw.number();
        draw
    }

    pub(super) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below a number above 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.number() % u64::try_from(end).unwrap()).unwrap()
    }

    pub(super) fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// At least one of those, in order.
    fn some_of(&mut self, all: &[PasskeyId]) -> Vec<PasskeyId> {
        let always = self.below(all.len());
        let chosen = all.iter().enumerate().filter(|(nth, _)| *nth == always || self.below(2) == 0);
        chosen.map(|(_, id)| *id).collect()
    }
}

/// A passkey with everything that belongs to it. Its secrets follow from its id.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Kept {
    entry: Entry,
    lines: Vec<UseRecord>,
    blob: Option<Vec<u8>>,
}

/// Everything that a vault holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Plain {
    kept: BTreeMap<PasskeyId, Kept>,
    purged: BTreeSet<PasskeyId>,
}

/// A change of a vault. Those of several passkeys are one commit.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Add {
        passkey: Box<Passkey>,
        replaces: Option<PasskeyId>,
    },
    Import(Vec<(Passkey, Vec<u8>)>),
    SignIn(PasskeyId),
    Refuse(PasskeyId),
    Edit(Vec<PasskeyId>, Vec<LabelEdit>),
    Bin(Vec<PasskeyId>),
    Unbin(Vec<PasskeyId>),
    Purge(Vec<PasskeyId>),
    SetLargeBlob(PasskeyId, Vec<u8>),
    /// Changes nothing that can be seen.
    Snapshot,
    /// Changes nothing that can be seen: writes everything anew under another data key.
    Rewrite,
    /// Changes nothing that can be seen: closes the vault, which makes a snapshot, and opens it again.
    Reopen,
}

impl Step {
    /// For tables.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Step::Add { replaces: None, .. } => "add",
            Step::Add { replaces: Some(_), .. } => "add, replacing",
            Step::Import(_) => "import of several",
            Step::SignIn(_) => "sign-in",
            Step::Refuse(_) => "refused sign-in",
            Step::Edit(..) => "edit of several",
            Step::Bin(_) => "bin of several",
            Step::Unbin(_) => "unbin of several",
            Step::Purge(_) => "purge of several",
            Step::SetLargeBlob(..) => "large blob",
            Step::Snapshot => "snapshot",
            Step::Rewrite => "rewrite",
            Step::Reopen => "close and open",
        }
    }

    /// The change of a number in a vault as it is: the same for the same seed and vault.
    pub(super) fn draw(seed: u64, number: u64, plain: &Plain) -> Self {
        let mut draw = Draw::new(seed, number);
        let (live, binned) = (plain.ids(false), plain.ids(true));
        let crowded = plain.kept.len() > 20;
        loop {
            return match draw.below(23) {
                0..=3 if !crowded => {
                    Step::Add { passkey: plain.new_passkey(&mut draw, 0).into(), replaces: None }
                }
                4..=5 if !live.is_empty() => Step::Add {
                    passkey: plain.new_passkey(&mut draw, 0).into(),
                    replaces: Some(*draw.one_of(&live)),
                },
                6 if !crowded => {
                    let several = 2..=2 + u64::try_from(draw.below(4)).unwrap();
                    Step::Import(several.map(|nth| plain.imported(&mut draw, nth)).collect())
                }
                7..=9 if !live.is_empty() => Step::SignIn(*draw.one_of(&live)),
                10 if !live.is_empty() => Step::Refuse(*draw.one_of(&live)),
                11..=13 if !live.is_empty() => Step::Edit(draw.some_of(&live), edits(&mut draw, number)),
                14..=15 if live.len() > 2 => Step::Bin(draw.some_of(&live)),
                16 if !binned.is_empty() => Step::Unbin(draw.some_of(&binned)),
                17..=18 if !binned.is_empty() => Step::Purge(draw.some_of(&binned)),
                19 if !live.is_empty() => {
                    let blob = vec![draw.number().to_le_bytes()[0]; 1 + draw.below(16_000)];
                    Step::SetLargeBlob(*draw.one_of(&live), blob)
                }
                20 => Step::Snapshot,
                21 => Step::Reopen,
                // It takes ten times as long as the others.
                22 if draw.below(3) == 0 => Step::Rewrite,
                _ => continue,
            };
        }
    }

    /// Makes the change, at a time that is its number.
    pub(super) fn make(&self, vault: &mut Vault, number: u64) -> Result<(), VaultError> {
        let unboxed = |error: latchkey_passkey::StoreError| panic!("step {number}: {error:?}");
        match self {
            Step::Add { passkey, replaces } => {
                add(vault, passkey, *replaces, &created(number)).unwrap_or_else(unboxed);
            }
            Step::Import(several) => {
                let secrets: Vec<_> =
                    several.iter().map(|(passkey, _)| secrets_of(passkey.core.id)).collect();
                let new = several.iter().zip(&secrets).map(|((passkey, blob), secrets)| NewPasskey {
                    passkey,
                    secrets,
                    large_blob: Some(blob),
                    source_raw: None,
                });
                import(vault, &new.collect::<Vec<_>>(), number)?;
            }
            Step::SignIn(id) => vault.record_use(*id, &signed_in(number)).unwrap_or_else(unboxed),
            Step::Refuse(id) => vault.record_use(*id, &refused(number)).unwrap_or_else(unboxed),
            Step::Edit(ids, edits) => assert_eq!(vault.edit(ids, edits, number)?, *ids),
            Step::Bin(ids) => assert_eq!(vault.bin(ids, number)?, *ids),
            Step::Unbin(ids) => assert_eq!(vault.unbin(ids, number)?, *ids),
            Step::Purge(ids) => assert_eq!(vault.purge(ids, number)?, *ids),
            Step::SetLargeBlob(id, blob) => assert!(vault.set_large_blob(*id, Some(blob), number)?),
            Step::Snapshot => vault.snapshot()?,
            Step::Rewrite => vault.rewrite(&mut |_| ControlFlow::Continue(()))?,
            Step::Reopen => {}
        }
        Ok(())
    }
}

impl Plain {
    /// What a vault holds, by every way of reading it.
    pub(super) fn of(vault: &Vault) -> Result<Self, VaultError> {
        let mut plain = Plain::default();
        for entry in vault.list()? {
            let id = entry.passkey.core.id;
            let blob = vault.large_blob(id)?.map(|blob| blob.to_vec());
            // One that is spoilt is missed here, as its owner would miss it.
            let signs = vault
                .secrets_of(id)?
                .is_some_and(|kept| kept.private_key.to_bytes() == secrets_of(id).private_key.to_bytes());
            if signs {
                plain.kept.insert(id, Kept { entry, lines: uses(vault, id), blob });
            }
        }
        let prefix = [RecordKind::Tombstone.code()];
        vault.backend().scan(Tree::Record, &prefix, &mut |key, _| {
            plain.purged.insert(PasskeyId::from_bytes(key[1..17].try_into().unwrap()));
        })?;
        Ok(plain)
    }

    /// Whether the indexes lead to what is there, and to nothing else.
    pub(super) fn is_found(&self, vault: &Vault) -> bool {
        SITES.iter().all(|site| {
            let site = rp(site);
            let live = self.kept.values().map(|kept| &kept.entry).filter(|entry| entry.binned_at.is_none());
            let expected: Vec<_> =
                live.map(|entry| &entry.passkey).filter(|passkey| passkey.core.rp_id == site).collect();
            let found = vault.find_by_rp_id(&site).unwrap();
            let by_credential = expected.iter().all(|passkey| {
                let found = vault.find_by_credential_id(&site, &passkey.core.credential_id).unwrap();
                found.is_some_and(|found| found.core.id == passkey.core.id)
            });
            by_credential && found.iter().collect::<Vec<_>>() == expected
        })
    }

    /// What it holds after a change.
    pub(super) fn after(&self, step: &Step, number: u64) -> Self {
        let mut plain = self.clone();
        match step {
            Step::Add { passkey, replaces } => {
                plain.insert(passkey, number, vec![created(number)], None);
                replaces.iter().for_each(|old| plain.entry(old).binned_at = Some(number));
            }
            Step::Import(several) => {
                for (passkey, blob) in several {
                    plain.insert(passkey, number, Vec::new(), Some(blob.clone()));
                }
            }
            Step::SignIn(id) => {
                let kept = plain.kept.get_mut(id).unwrap();
                kept.lines.push(signed_in(number));
                let usage = &mut kept.entry.passkey.usage;
                (usage.last_used_at, usage.sign_in_count) = (Some(number), usage.sign_in_count + 1);
            }
            Step::Refuse(id) => plain.kept.get_mut(id).unwrap().lines.push(refused(number)),
            Step::Edit(ids, edits) => {
                for id in ids {
                    let entry = plain.entry(id);
                    edits.iter().for_each(|edit| apply(edit, &mut entry.passkey.labels));
                    entry.modified_at = number;
                }
            }
            Step::Bin(ids) => ids.iter().for_each(|id| plain.entry(id).binned_at = Some(number)),
            Step::Unbin(ids) => ids.iter().for_each(|id| plain.entry(id).binned_at = None),
            Step::Purge(ids) => {
                plain.kept.retain(|id, _| !ids.contains(id));
                plain.purged.extend(ids);
            }
            Step::SetLargeBlob(id, blob) => {
                plain.kept.get_mut(id).unwrap().blob = Some(blob.clone());
                plain.entry(id).modified_at = number;
            }
            Step::Snapshot | Step::Rewrite | Step::Reopen => {}
        }
        plain
    }

    /// In what two of them differ: names nobody, and is short.
    pub(super) fn difference(&self, other: &Self) -> String {
        let ids: BTreeSet<_> = self.kept.keys().chain(other.kept.keys()).copied().collect();
        let differs = |id: &PasskeyId| self.kept.get(id) != other.kept.get(id);
        let shown = ids.into_iter().filter(differs).map(|id| {
            let side = |plain: &Self| {
                plain.kept.get(&id).map(|kept| {
                    let (entry, labels) = (&kept.entry, &kept.entry.passkey.labels);
                    let (bin, uses, blob) =
                        (entry.binned_at, kept.lines.len(), kept.blob.as_ref().map(Vec::len));
                    let counted = entry.passkey.usage.sign_in_count;
                    let at = entry.modified_at;
                    format!("{bin:?} {uses} {counted} {blob:?} {at} {:?} {:?}", labels.name, labels.tags)
                })
            };
            format!("{id}: {:?} / {:?}", side(self), side(other))
        });
        let purged = self.purged.symmetric_difference(&other.purged).map(|id| format!("{id}: purged"));
        shown.chain(purged).collect::<Vec<_>>().join("; ")
    }

    fn ids(&self, binned: bool) -> Vec<PasskeyId> {
        let those = self.kept.iter().filter(|(_, kept)| kept.entry.binned_at.is_some() == binned);
        those.map(|(id, _)| *id).collect()
    }

    fn insert(&mut self, passkey: &Passkey, at: u64, lines: Vec<UseRecord>, blob: Option<Vec<u8>>) {
        let entry = Entry { passkey: passkey.clone(), binned_at: None, modified_at: at };
        self.kept.insert(passkey.core.id, Kept { entry, lines, blob });
    }

    fn entry(&mut self, id: &PasskeyId) -> &mut Entry {
        &mut self.kept.get_mut(id).unwrap().entry
    }

    fn new_passkey(&self, draw: &mut Draw, nth: u64) -> Passkey {
        let used = self.kept.keys().chain(&self.purged).map(|id| number_of(*id));
        let n = used.max().unwrap_or(0) + 1 + nth;
        passkey(SITES[draw.below(SITES.len())], &format!("user {}", n % 5), n)
    }

    fn imported(&self, draw: &mut Draw, nth: u64) -> (Passkey, Vec<u8>) {
        (self.new_passkey(draw, nth), vec![draw.number().to_le_bytes()[0]; draw.below(9_000)])
    }
}

fn edits(draw: &mut Draw, number: u64) -> Vec<LabelEdit> {
    let (tag, other) = (format!("tag {}", draw.below(4)), format!("tag {}", draw.below(4)));
    // The name makes sure that there is a change.
    vec![
        LabelEdit::Name(Some(format!("name {number}"))),
        LabelEdit::Note((draw.below(2) == 0).then(|| "line\n".repeat(1 + draw.below(300)) + "end")),
        LabelEdit::Folder((draw.below(2) == 0).then(|| format!("folder {number}"))),
        LabelEdit::Favourite(draw.below(2) == 0),
        LabelEdit::RemoveTag(other),
        LabelEdit::AddTag(tag),
    ]
}

fn apply(edit: &LabelEdit, labels: &mut Labels) {
    match edit {
        LabelEdit::Name(name) => labels.name = name.clone(),
        LabelEdit::Note(note) => labels.note = note.clone(),
        LabelEdit::Folder(folder) => labels.folder = folder.clone(),
        LabelEdit::Favourite(yes) => labels.favourite = *yes,
        LabelEdit::AddTag(tag) if labels.tags.contains(tag) => {}
        LabelEdit::AddTag(tag) => labels.tags.push(tag.clone()),
        LabelEdit::RemoveTag(tag) => labels.tags.retain(|other| other != tag),
    }
}

fn refused(at: u64) -> UseRecord {
    UseRecord { outcome: Outcome::Refused, ..signed_in(at) }
}

fn number_of(id: PasskeyId) -> u64 {
    u64::from_be_bytes(id.as_bytes()[..8].try_into().unwrap())
}

fn secrets_of(id: PasskeyId) -> latchkey_passkey::PasskeySecrets {
    secrets(number_of(id))
}
