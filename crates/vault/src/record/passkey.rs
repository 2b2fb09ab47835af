use latchkey_crypto::cbor::{self, Value};
use latchkey_crypto::cose::Algorithm;
use latchkey_passkey::{
    BackupEligibility, CounterMode, CredProtect, CredentialId, Passkey, PasskeyCore, PasskeyId, RpId, Usage,
    UserHandle,
};

use super::code::{counter_code, counter_from_code, custody_code, custody_from_code};
use super::labels::{self, Label, labels, labels_value};
use super::{ChangeId, FORMAT, Unreadable, decode_map, inner_mut, set, unset};
use crate::{Entry, LabelEdit};

/// A passkey without its secrets, as a record: `{0: format, 1: core, 2: labels, 3: usage, 4: bin, 5: change}`.
///
/// - core `{1: id, 2: RP ID, 3: credential id, 4: user handle, 5: COSE algorithm, 6: discoverable, 7: backup
///   eligible (null if not known), 8: custody, 9: credProtect level, 10: created, 20: payments, 21: counter mode,
///   22: counter of the source, 23: bytes of the source's raw form}`; from 20 on only what an import brought. Never
///   changed.
/// - labels `{1: RP name, 2: user name, 3: user display name, 4: own name, 5: tags, 6: favourite, 20: note,
///   21: folder, 22: bytes of the large blob, 30: changes}`. The changes are `{label: change}`, with
///   that of all others under 0. A tag is `[text, change that added it]`, or a text alone if that is the change under
///   0. Records of the first form have no changes: until they are changed again, all labels have the record's.
/// - usage `{1: last used, 2: sign-ins}`.
/// - bin: absent, or `{1: since, 2: change}`, without 1 when it was taken out again.
/// - change: who made the last change and when, `[device, counter, time]`.
pub(crate) struct StoredPasskey(Value);

const CORE: u64 = 1;
const LABELS: u64 = 2;
const USAGE: u64 = 3;
const BIN: u64 = 4;
const CHANGE: u64 = 5;
/// In the core.
const SOURCE_RAW_LEN: u64 = 23;

/// Bytes of what is attached to a passkey, in records of its own; `None` where nothing is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Attached {
    pub(crate) large_blob: Option<u64>,
    pub(crate) source_raw: Option<u64>,
}

impl StoredPasskey {
    pub(crate) fn new(passkey: &Passkey, attached: Attached, change: ChangeId) -> Self {
        let mut core = core_value(&passkey.core);
        if let Some(len) = attached.source_raw {
            set(&mut core, SOURCE_RAW_LEN, len.into());
        }
        let mut labels = labels_value(&passkey.labels, change);
        if let Some(len) = attached.large_blob {
            labels::put(&mut labels, Label::LargeBlobLen, Some(len.into()), change);
        }
        Self(Value::map([
            (0.into(), FORMAT.into()),
            (CORE.into(), core),
            (LABELS.into(), labels),
            (USAGE.into(), usage_value(passkey.usage)),
            (CHANGE.into(), change.to_value()),
        ]))
    }

    pub(crate) fn decode(plaintext: &[u8]) -> Result<Self, Unreadable> {
        decode_map(plaintext).map(Self)
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        cbor::encode(&self.0)
    }

    /// Counts an approved sign-in.
    pub(crate) fn count_sign_in(&mut self, at: u64, change: ChangeId) {
        let usage = usage(&self.0);
        if let Some(map) = inner_mut(&mut self.0, USAGE) {
            set(map, 1, usage.last_used_at.map_or(at, |last| last.max(at)).into());
            set(map, 2, usage.sign_in_count.saturating_add(1).into());
        }
        self.mark(change);
    }

    /// Moves it to the bin, where it is not there; whether that made a difference.
    pub(crate) fn put_in_bin(&mut self, change: ChangeId) -> bool {
        self.move_bin(Some(change.at), change)
    }

    /// Takes it out of the bin; whether it was there.
    pub(crate) fn take_out_of_bin(&mut self, change: ChangeId) -> bool {
        self.move_bin(None, change)
    }

    fn move_bin(&mut self, since: Option<u64>, change: ChangeId) -> bool {
        if self.binned_at().is_some() == since.is_some() {
            return false;
        }
        if let Some(bin) = inner_mut(&mut self.0, BIN) {
            match since {
                Some(since) => set(bin, 1, since.into()),
                None => unset(bin, 1),
            }
            set(bin, 2, change.to_value());
        }
        self.mark(change);
        true
    }

    fn binned_at(&self) -> Option<u64> {
        self.0.get(BIN).and_then(|bin| bin.get(1)).and_then(Value::as_u64)
    }

    /// Changes labels; whether that made a difference.
    pub(crate) fn edit(&mut self, edits: &[LabelEdit], change: ChangeId) -> bool {
        self.change_labels(change, |map| {
            let mut changed = false;
            for edit in edits {
                let text = |text: &Option<String>| text.as_deref().map(Value::from);
                changed |= match edit {
                    LabelEdit::Name(name) => labels::put(map, Label::Name, text(name), change),
                    LabelEdit::Note(note) => labels::put(map, Label::Note, text(note), change),
                    LabelEdit::Folder(folder) => labels::put(map, Label::Folder, text(folder), change),
                    LabelEdit::Favourite(yes) => {
                        labels::put(map, Label::Favourite, yes.then(|| true.into()), change)
                    }
                    LabelEdit::AddTag(tag) => labels::add_tag(map, tag, change),
                    LabelEdit::RemoveTag(tag) => labels::remove_tag(map, tag, change),
                };
            }
            changed
        })
    }

    /// How many tags it has.
    pub(crate) fn tag_count(&self) -> usize {
        labels::tag_count(self.0.get(LABELS))
    }

    /// Writes down how long its large blob is.
    pub(crate) fn set_large_blob_len(&mut self, len: Option<u64>, change: ChangeId) {
        self.change_labels(change, |map| {
            // By this change also where the length stays: the content is another.
            labels::put(map, Label::LargeBlobLen, None, change);
            labels::put(map, Label::LargeBlobLen, len.map(Value::from), change)
        });
        self.mark(change);
    }

    /// How long what is attached to it is.
    pub(crate) fn attached(&self) -> Attached {
        Attached {
            large_blob: labels::number(self.0.get(LABELS), Label::LargeBlobLen),
            source_raw: self.0.get(CORE).and_then(|core| core.get(SOURCE_RAW_LEN)).and_then(Value::as_u64),
        }
    }

    fn change_labels(&mut self, change: ChangeId, edit: impl FnOnce(&mut Value) -> bool) -> bool {
        self.pin();
        let changed = inner_mut(&mut self.0, LABELS).is_some_and(edit);
        if changed {
            self.mark(change);
        }
        changed
    }

    /// Makes a change its last.
    fn mark(&mut self, change: ChangeId) {
        self.pin();
        set(&mut self.0, CHANGE, change.to_value());
    }

    fn pin(&mut self) {
        let Some(last) = self.0.get(CHANGE).cloned() else { return };
        if let Some(map) = inner_mut(&mut self.0, LABELS) {
            labels::pin(map, &last);
        }
    }

    /// What it says, in types.
    pub(crate) fn entry(&self) -> Result<Entry, Unreadable> {
        let core = self.0.get(CORE).ok_or(Unreadable::Malformed)?;
        let bytes = |key: i32| core.get(key).and_then(Value::as_bytes).ok_or(Unreadable::Malformed);
        let number = |key: i32| core.get(key).and_then(Value::as_u64).ok_or(Unreadable::Malformed);
        let flag = |key: i32| core.get(key).and_then(Value::as_bool).ok_or(Unreadable::Malformed);
        let algorithm = core.get(5).and_then(Value::as_i64).ok_or(Unreadable::Malformed)?;
        let rp_id = core.get(2).and_then(Value::as_text).ok_or(Unreadable::Malformed)?;
        let id = bytes(1)?.try_into().map_err(|_| Unreadable::Malformed)?;
        let core = PasskeyCore {
            id: PasskeyId::from_bytes(id),
            rp_id: RpId::parse(rp_id).map_err(|_| Unreadable::Malformed)?,
            credential_id: CredentialId::new(bytes(3)?.to_vec()).map_err(|_| Unreadable::Malformed)?,
            user_handle: UserHandle::new(bytes(4)?.to_vec()).map_err(|_| Unreadable::Malformed)?,
            algorithm: Algorithm::from_id(algorithm).ok_or(Unreadable::TooNew)?,
            discoverable: flag(6)?,
            backup: match core.get(7) {
                Some(Value::Bool(true)) => BackupEligibility::Yes,
                Some(Value::Bool(false)) => BackupEligibility::No,
                Some(Value::Null) => BackupEligibility::Unknown,
                _ => return Err(Unreadable::Malformed),
            },
            custody: custody_from_code(number(8)?).ok_or(Unreadable::TooNew)?,
            cred_protect: CredProtect::from_level(number(9)?).ok_or(Unreadable::TooNew)?,
            created_at: number(10)?,
            payments: core.get(20).and_then(Value::as_bool).unwrap_or(false),
            counter: match core.get(21) {
                None => CounterMode::Zero,
                Some(_) => counter_from_code(number(21)?).ok_or(Unreadable::TooNew)?,
            },
            source_counter: core.get(22).and_then(Value::as_u64).and_then(|count| u32::try_from(count).ok()),
        };
        let map = self.0.get(LABELS);
        let change = self.0.get(CHANGE).and_then(ChangeId::from_value);
        let modified_at = labels::modified_at(map).or(change.map(|change| change.at));
        Ok(Entry {
            modified_at: modified_at.unwrap_or(core.created_at),
            passkey: Passkey { core, labels: labels(map), usage: usage(&self.0) },
            binned_at: self.binned_at(),
        })
    }
}

fn core_value(core: &PasskeyCore) -> Value {
    let mut entries = vec![
        (1.into(), (*core.id.as_bytes()).into()),
        (2.into(), core.rp_id.as_str().into()),
        (3.into(), core.credential_id.as_bytes().into()),
        (4.into(), core.user_handle.as_bytes().into()),
        (5.into(), core.algorithm.id().into()),
        (6.into(), core.discoverable.into()),
        (7.into(), core.backup.known().map_or(Value::Null, Value::from)),
        (8.into(), custody_code(core.custody).into()),
        (9.into(), u64::from(core.cred_protect.level()).into()),
        (10.into(), core.created_at.into()),
    ];
    if core.payments {
        entries.push((20.into(), true.into()));
    }
    if core.counter != CounterMode::Zero {
        entries.push((21.into(), counter_code(core.counter).into()));
    }
    entries.extend(core.source_counter.map(|count| (22.into(), u64::from(count).into())));
    Value::Map(entries)
}

fn usage_value(usage: Usage) -> Value {
    let mut entries = vec![(2.into(), usage.sign_in_count.into())];
    entries.extend(usage.last_used_at.map(|at| (1.into(), at.into())));
    Value::Map(entries)
}

fn usage(record: &Value) -> Usage {
    let get = |key: i32| record.get(USAGE).and_then(|map| map.get(key)).and_then(Value::as_u64);
    Usage { last_used_at: get(1), sign_in_count: get(2).unwrap_or(0) }
}

#[cfg(test)]
mod tests {
    use latchkey_crypto::vault::DeviceId;

    use super::super::super::testing::passkey;
    use super::*;

    const CHANGE_ID: ChangeId = change(4, 77);

    const fn change(counter: u64, at: u64) -> ChangeId {
        ChangeId { device: DeviceId::from_bytes([9; 16]), counter, at }
    }

    fn stored(passkey: &Passkey) -> StoredPasskey {
        StoredPasskey::new(passkey, Attached::default(), CHANGE_ID)
    }

    #[test]
    fn reads_what_it_writes() {
        let mut made = passkey("example.org", "alice", 1);
        made.labels.name = Some("work".to_owned());
        made.labels.tags = vec!["a".to_owned(), "b".to_owned()];
        made.labels.favourite = true;
        made.usage = Usage { last_used_at: Some(5), sign_in_count: 6 };
        let stored = StoredPasskey::decode(&stored(&made).encode()).unwrap();
        assert_eq!(stored.entry().unwrap(), Entry { passkey: made, binned_at: None, modified_at: 77 });
    }

    #[test]
    fn a_change_keeps_what_this_version_does_not_know() {
        let mut stored = stored(&passkey("example.org", "alice", 1));
        let unknown = Value::from("from a later version");
        set(&mut stored.0, 60, unknown.clone());
        for inner in [CORE, LABELS, USAGE] {
            set(inner_mut(&mut stored.0, inner).unwrap(), 61, unknown.clone());
        }
        let mut stored = StoredPasskey::decode(&stored.encode()).unwrap();
        stored.count_sign_in(100, CHANGE_ID);
        stored.put_in_bin(CHANGE_ID);
        let stored = StoredPasskey::decode(&stored.encode()).unwrap();
        assert_eq!(stored.0.get(60), Some(&unknown));
        for inner in [CORE, LABELS, USAGE] {
            assert_eq!(stored.0.get(inner).unwrap().get(61), Some(&unknown));
        }
        assert_eq!(stored.entry().unwrap().binned_at, Some(77));
    }

    #[test]
    fn last_use_never_goes_back() {
        let mut stored = stored(&passkey("example.org", "alice", 1));
        stored.count_sign_in(100, CHANGE_ID);
        stored.count_sign_in(90, CHANGE_ID);
        assert_eq!(
            stored.entry().unwrap().passkey.usage,
            Usage { last_used_at: Some(100), sign_in_count: 2 }
        );
    }

    #[test]
    fn tells_what_is_later_from_what_is_broken() {
        let changed = |key: u64, value: Value| {
            let mut stored = stored(&passkey("example.org", "alice", 1));
            set(inner_mut(&mut stored.0, CORE).unwrap(), key, value);
            stored.entry().err()
        };
        assert_eq!(changed(5, (-48).into()), Some(Unreadable::TooNew));
        assert_eq!(changed(8, 3.into()), Some(Unreadable::TooNew));
        assert_eq!(changed(1, [0; 15].into()), Some(Unreadable::Malformed));
        assert_eq!(changed(2, "NOT A DOMAIN".into()), Some(Unreadable::Malformed));
        assert_eq!(changed(6, 1.into()), Some(Unreadable::Malformed));
        assert_eq!(StoredPasskey::decode(&[0xa1, 0x00, 0x02]).err(), Some(Unreadable::TooNew));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_never_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            if let Ok(stored) = StoredPasskey::decode(&bytes) {
                let _ = stored.entry();
            }
        }
    }
}
