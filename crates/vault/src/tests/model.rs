//! Random histories of every operation against a plain model: what is read back is what the model says, after
//! reopening too.

mod outcome;
mod step;

use std::collections::{BTreeMap, BTreeSet};

use latchkey_passkey::{PasskeyId, PasskeyStore, UserHandle};
use proptest::prelude::*;
use proptest::sample::Index;

use self::outcome::{Outcome, Refusal, outcome, stored};
use self::step::{Step, any_step};
use crate::testing::*;
use crate::{BIN_SECONDS, Device, LabelEdit, NewPasskey, OpenOptions, Vault};

const SITES: u8 = 3;
const ACCOUNTS: u8 = 2;
/// Between two steps. Ten of them are more than what the bin keeps.
const STEP_SECONDS: u64 = BIN_SECONDS / 8;

/// A passkey as the model has it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Modelled {
    site: u8,
    account: u8,
    credential_of: u64,
    binned_at: Option<u64>,
    modified_at: u64,
    last_used_at: Option<u64>,
    sign_ins: u64,
    lines: usize,
    name: Option<String>,
    note: Option<String>,
    folder: Option<String>,
    favourite: bool,
    tags: Vec<String>,
    blob: Option<Vec<u8>>,
    raw: Option<Vec<u8>>,
}

#[derive(Debug, Default)]
struct Model {
    live: BTreeMap<PasskeyId, Modelled>,
    purged: BTreeSet<PasskeyId>,
    /// The number of the last passkey that was made.
    last: u64,
    at: u64,
}

fn site(n: u8) -> String {
    format!("site{n}.example")
}

fn id(n: u64) -> PasskeyId {
    passkey("example.org", "x", n).core.id
}

fn content(len: usize, at: u64) -> Vec<u8> {
    (at..).take(len).map(|n| u8::try_from(n % 256).unwrap()).collect()
}

impl Model {
    fn new_one(&self, site: u8, account: u8, credential_of: u64, lines: usize) -> Modelled {
        Modelled {
            site,
            account,
            credential_of,
            binned_at: None,
            modified_at: self.at,
            last_used_at: None,
            sign_ins: 0,
            lines,
            name: None,
            note: None,
            folder: None,
            favourite: false,
            tags: Vec::new(),
            blob: None,
            raw: None,
        }
    }

    /// The passkey with a number drawn, or nobody where none was made.
    fn drawn(&self, which: &Index) -> PasskeyId {
        id(1 + u64::try_from(which.index(usize::try_from(self.last.max(1)).unwrap())).unwrap())
    }

    fn all_drawn(&self, which: &[Index]) -> Vec<PasskeyId> {
        which.iter().map(|which| self.drawn(which)).collect()
    }

    fn in_use(&self, id: PasskeyId) -> Result<(), Refusal> {
        let in_use = self.live.get(&id).is_some_and(|one| one.binned_at.is_none());
        if in_use { Ok(()) } else { Err(Refusal::NoSuchPasskey(id)) }
    }

    /// Changes each once, or nothing at all.
    fn change_each(
        &mut self,
        ids: &[PasskeyId],
        change: impl Fn(&mut Modelled) -> Result<bool, Refusal>,
    ) -> Outcome {
        let (mut after, mut changed) = (self.live.clone(), Vec::new());
        let mut seen = BTreeSet::new();
        for id in ids.iter().filter(|id| seen.insert(**id)) {
            let one = after.get_mut(id).ok_or(Refusal::NoSuchPasskey(*id))?;
            if change(one)? {
                changed.push(*id);
            }
        }
        self.live = after;
        Ok(changed)
    }

    fn edit(&mut self, ids: &[PasskeyId], edits: &[LabelEdit]) -> Outcome {
        let fits = |text: &Option<String>, most| text.as_ref().is_none_or(|text| text.trim().len() <= most);
        let all_fit = edits.iter().all(|edit| match edit {
            LabelEdit::Name(text) | LabelEdit::Folder(text) => fits(text, 200),
            LabelEdit::Note(text) => fits(text, 3072),
            LabelEdit::AddTag(tag) => tag.len() <= 200,
            LabelEdit::RemoveTag(_) | LabelEdit::Favourite(_) => true,
        });
        if !all_fit {
            return Err(Refusal::Label);
        }
        let at = self.at;
        self.change_each(ids, |one| {
            let before = one.clone();
            let given = |text: &Option<String>| {
                text.as_deref().map(str::trim).filter(|t| !t.is_empty()).map(String::from)
            };
            let mut touched = false;
            for edit in edits {
                let was = one.clone();
                match edit {
                    LabelEdit::Name(text) => one.name = given(text),
                    LabelEdit::Note(text) => one.note = given(text),
                    LabelEdit::Folder(text) => one.folder = given(text),
                    LabelEdit::Favourite(yes) => one.favourite = *yes,
                    LabelEdit::AddTag(tag) if one.tags.contains(tag) => {}
                    LabelEdit::AddTag(tag) => one.tags.push(tag.clone()),
                    LabelEdit::RemoveTag(tag) => one.tags.retain(|other| other != tag),
                }
                touched |= was != *one;
            }
            if touched {
                one.modified_at = at.max(before.modified_at);
            }
            Ok(touched)
        })
    }

    fn purge(&mut self, ids: &[PasskeyId]) -> Outcome {
        let gone = self.change_each(ids, |one| Ok(one.binned_at.is_some()))?;
        let wanted: Vec<_> = ids.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
        if gone.len() < wanted.len() {
            let first = ids.iter().find(|id| self.live[*id].binned_at.is_none());
            return Err(Refusal::NotInBin(*first.unwrap()));
        }
        for id in &gone {
            self.live.remove(id);
            self.purged.insert(*id);
        }
        Ok(gone)
    }
}

/// Makes a step in the vault and in the model: the same has to come of it.
fn apply(vault: &mut Vault, model: &mut Model, step: &Step) {
    model.at += STEP_SECONDS;
    let at = model.at;
    let epoch = vault.status().unwrap().epoch;
    let (got, expected) = match step {
        Step::Add { site: place, account, replaces } => {
            let n = model.last + 1;
            let replaces = replaces.as_ref().map(|which| model.drawn(which));
            let made = passkey(&site(*place), &format!("account {account}"), n);
            let got = stored(add(vault, &made, replaces, &created(at)));
            let expected = replaces.map_or(Ok(()), |id| model.in_use(id)).map(|()| {
                model.last = n;
                let one = model.new_one(*place, *account, n, 1);
                model.live.insert(id(n), one);
                if let Some(old) = replaces {
                    model.live.get_mut(&old).unwrap().binned_at = Some(at);
                }
                Vec::new()
            });
            (got, expected)
        }
        Step::Import { site: place, account, same_credential_as, blob, raw } => {
            model.last += 1;
            let n = model.last;
            let other = same_credential_as.as_ref().and_then(|which| model.live.get(&model.drawn(which)));
            let (place, credential_of) = other.map_or((*place, n), |other| (other.site, other.credential_of));
            let mut one = model.new_one(place, *account, credential_of, 0);
            one.blob = blob.map(|len| content(len, at));
            one.raw = raw.map(|len| content(len, at + 1));
            let mut made = passkey(&site(place), &format!("account {account}"), n);
            made.core.credential_id = passkey("example.org", "x", credential_of).core.credential_id;
            let secrets = secrets(n);
            let (large_blob, source_raw) = (one.blob.as_deref(), one.raw.as_deref());
            let new = NewPasskey { passkey: &made, secrets: &secrets, large_blob, source_raw };
            import(vault, &[new], at).unwrap();
            model.live.insert(id(n), one);
            (Ok(Vec::new()), Ok(Vec::new()))
        }
        Step::AddAgain { which } => {
            let n = 1 + u64::try_from(which.index(usize::try_from(model.last.max(1)).unwrap())).unwrap();
            if !model.live.contains_key(&id(n)) && !model.purged.contains(&id(n)) {
                return;
            }
            let again = passkey(&site(0), "account 0", n);
            let expected = match model.purged.contains(&id(n)) {
                true => Refusal::Purged(id(n)),
                false => Refusal::AlreadyStored,
            };
            (stored(add(vault, &again, None, &created(at))), Err(expected))
        }
        Step::Use { which } => {
            let id = model.drawn(which);
            let expected = model.in_use(id).map(|()| {
                let one = model.live.get_mut(&id).unwrap();
                (one.sign_ins, one.lines, one.last_used_at) = (one.sign_ins + 1, one.lines + 1, Some(at));
                Vec::new()
            });
            (stored(vault.record_use(id, &signed_in(at))), expected)
        }
        Step::Edit { which, edits } => {
            let ids = model.all_drawn(which);
            let got = outcome(vault.edit(&ids, edits, at));
            // How large a record is only the vault knows; that nothing has changed then is seen below.
            let expected =
                if got == Err(Refusal::TooLarge) { Err(Refusal::TooLarge) } else { model.edit(&ids, edits) };
            (got, expected)
        }
        Step::SetLargeBlob { which, len } => {
            let id = model.drawn(which);
            let blob = len.map(|len| content(len, at));
            let got = vault
                .set_large_blob(id, blob.as_deref(), at)
                .map(|yes| yes.then_some(id).into_iter().collect());
            let expected = model.change_each(&[id], |one| {
                let changed = one.blob != blob;
                if changed {
                    (one.blob, one.modified_at) = (blob.clone(), at);
                }
                Ok(changed)
            });
            (outcome(got), expected)
        }
        Step::Bin { which } => {
            let ids = model.all_drawn(which);
            let expected = model
                .change_each(&ids, |one| Ok(one.binned_at.is_none() && one.binned_at.replace(at).is_none()));
            (outcome(vault.bin(&ids, at)), expected)
        }
        Step::Unbin { which } => {
            let ids = model.all_drawn(which);
            let expected = model.change_each(&ids, |one| Ok(one.binned_at.take().is_some()));
            (outcome(vault.unbin(&ids, at)), expected)
        }
        Step::Purge { which } => {
            let ids = model.all_drawn(which);
            let got = outcome(vault.purge(&ids, at));
            // The first that does not fit is named, whatever is wrong with it.
            let first = ids.iter().find_map(|id| match model.live.get(id) {
                None => Some(Refusal::NoSuchPasskey(*id)),
                Some(one) => one.binned_at.is_none().then_some(Refusal::NotInBin(*id)),
            });
            (got, first.map_or_else(|| model.purge(&ids), Err))
        }
        Step::PurgeOverdue => {
            let overdue: Vec<_> = model
                .live
                .iter()
                .filter(|(_, one)| one.binned_at.is_some_and(|since| at - since > BIN_SECONDS))
                .map(|(id, _)| *id)
                .collect();
            (outcome(vault.purge_overdue(at)), model.purge(&overdue))
        }
        Step::Check => {
            assert_eq!(vault.check().unwrap(), []);
            return;
        }
        Step::Reopen { .. } => return,
    };
    assert_eq!(got, expected, "{step:?}");
    let committed = vault.status().unwrap().epoch - epoch;
    match expected {
        Err(_) => assert_eq!(committed, 0, "{step:?}"),
        // One more remembers how long the bin needs no emptying.
        Ok(_) if matches!(step, Step::PurgeOverdue) => assert!(committed <= 2, "{step:?}"),
        Ok(_) => assert!(committed <= 1, "{step:?}"),
    }
}

fn read_back(vault: &Vault) -> BTreeMap<PasskeyId, Modelled> {
    let entries = vault.list().unwrap();
    let modelled = entries.into_iter().map(|entry| {
        let (core, labels, usage) = (entry.passkey.core, entry.passkey.labels, entry.passkey.usage);
        let bytes = |content: zeroize::Zeroizing<Vec<u8>>| content.to_vec();
        let (number, _) = core.credential_id.as_bytes().split_first_chunk().unwrap();
        let one = Modelled {
            site: core.rp_id.as_str().as_bytes()[4] - b'0',
            account: core.user_handle.as_bytes()[8] - b'0',
            credential_of: u64::from_be_bytes(*number),
            binned_at: entry.binned_at,
            modified_at: entry.modified_at,
            last_used_at: usage.last_used_at,
            sign_ins: usage.sign_in_count,
            lines: vault.history(core.id).unwrap().len(),
            name: labels.name,
            note: labels.note,
            folder: labels.folder,
            favourite: labels.favourite,
            tags: labels.tags,
            blob: vault.large_blob(core.id).unwrap().map(bytes),
            raw: vault.source_raw(core.id).unwrap().map(bytes),
        };
        (core.id, one)
    });
    modelled.collect()
}

fn check_against(vault: &Vault, model: &Model) {
    assert_eq!(read_back(vault), model.live);
    let in_use = || model.live.iter().filter(|(_, one)| one.binned_at.is_none());
    for at in 0..SITES {
        let of_site = || in_use().filter(|(_, one)| one.site == at);
        let found: Vec<_> =
            vault.find_by_rp_id(&rp(&site(at))).unwrap().into_iter().map(|passkey| passkey.core.id).collect();
        assert_eq!(found, of_site().map(|(id, _)| *id).collect::<Vec<_>>());
        for account in 0..ACCOUNTS {
            let handle = UserHandle::new(format!("account {account}").into_bytes()).unwrap();
            let newest = of_site().filter(|(_, one)| one.account == account).map(|(id, _)| *id).next_back();
            assert_eq!(vault.find_by_user_handle(&rp(&site(at)), &handle).unwrap(), newest);
        }
        for n in 1..=model.last {
            let credential_id = passkey("example.org", "x", n).core.credential_id;
            let found = vault.find_by_credential_id(&rp(&site(at)), &credential_id).unwrap();
            let first = of_site().find(|(_, one)| one.credential_of == n).map(|(id, _)| *id);
            assert_eq!(found.map(|passkey| passkey.core.id), first);
        }
    }
    for id in model.live.keys() {
        assert!(vault.secrets(*id).unwrap().is_some());
    }
    for id in &model.purged {
        assert!(vault.find(*id).unwrap().is_none() && vault.secrets(*id).unwrap().is_none());
        assert!(vault.history(*id).unwrap().is_empty());
    }
    let devices: Vec<Device> = vault.devices().unwrap();
    assert!(devices.len() == 1 && devices[0].this);
    assert_eq!(vault.check().unwrap(), []);
    assert_eq!(vault.status().unwrap().findings, []);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]
    #[test]
    fn over_memory(steps in proptest::collection::vec(any_step(), 1..60)) {
        let (mut vault, mut model) = (vault_in_memory(), Model::default());
        for step in &steps {
            apply(&mut vault, &mut model, step);
        }
        check_against(&vault, &model);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]
    #[test]
    fn over_the_disk(steps in proptest::collection::vec(any_step(), 1..40)) {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("vault");
        let (mut vault, mut model) = (new_vault(&path, &OpenOptions::new()), Model::default());
        for step in steps.iter().chain([&Step::Reopen { close: true }]) {
            apply(&mut vault, &mut model, step);
            if let Step::Reopen { close } = step {
                if *close { vault.close().unwrap() } else { drop(vault) }
                vault = reopen(&path, &OpenOptions::new()).unwrap();
                check_against(&vault, &model);
            }
        }
    }
}
