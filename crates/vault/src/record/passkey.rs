use latchkey_crypto::cbor::{self, Value};
use latchkey_crypto::cose::Algorithm;
use latchkey_passkey::{
    CredProtect, CredentialId, Labels, Passkey, PasskeyCore, PasskeyId, RpId, Usage, UserHandle,
};

use super::code::{custody_code, custody_from_code};
use super::{ChangeId, FORMAT, Unreadable, decode_map, inner_mut, set};
use crate::Entry;

/// A passkey without its secrets, as a record: `{0: format, 1: core, 2: labels, 3: usage, 4: bin, 5: change}`.
///
/// - core `{1: id, 2: RP ID, 3: credential id, 4: user handle, 5: COSE algorithm, 6: discoverable, 7: backup
///   eligible, 8: custody, 9: credProtect level, 10: created}`. Never changed. From 20 on is room for what an
///   import may bring: credBlob, payments, the source's counter, its raw form.
/// - labels `{1: RP name, 2: user name, 3: user display name, 4: own name, 5: tags, 6: favourite}`. From 20 on is
///   room for notes; 30 is kept for the change of each label, `{label: change}`, where it differs from 5 below.
/// - usage `{1: last used, 2: sign-ins}`.
/// - bin: absent, or `{1: since}`.
/// - change: who made the last change and when, `[device, counter, time]`.
pub(crate) struct StoredPasskey(Value);

const CORE: u64 = 1;
const LABELS: u64 = 2;
const USAGE: u64 = 3;
const BIN: u64 = 4;
const CHANGE: u64 = 5;

impl StoredPasskey {
    pub(crate) fn new(passkey: &Passkey, change: ChangeId) -> Self {
        Self(Value::map([
            (0.into(), FORMAT.into()),
            (CORE.into(), core_value(&passkey.core)),
            (LABELS.into(), labels_value(&passkey.labels)),
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
        set(&mut self.0, CHANGE, change.to_value());
    }

    /// Moves it to the bin.
    pub(crate) fn put_in_bin(&mut self, change: ChangeId) {
        set(&mut self.0, BIN, Value::map([(1.into(), change.at.into())]));
        set(&mut self.0, CHANGE, change.to_value());
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
            backup_eligible: flag(7)?,
            custody: custody_from_code(number(8)?).ok_or(Unreadable::TooNew)?,
            cred_protect: CredProtect::from_level(number(9)?).ok_or(Unreadable::TooNew)?,
            created_at: number(10)?,
        };
        Ok(Entry {
            passkey: Passkey { core, labels: labels(&self.0), usage: usage(&self.0) },
            binned_at: self.0.get(BIN).and_then(|bin| bin.get(1)).and_then(Value::as_u64),
        })
    }
}

fn core_value(core: &PasskeyCore) -> Value {
    Value::map([
        (1.into(), (*core.id.as_bytes()).into()),
        (2.into(), core.rp_id.as_str().into()),
        (3.into(), core.credential_id.as_bytes().into()),
        (4.into(), core.user_handle.as_bytes().into()),
        (5.into(), core.algorithm.id().into()),
        (6.into(), core.discoverable.into()),
        (7.into(), core.backup_eligible.into()),
        (8.into(), custody_code(core.custody).into()),
        (9.into(), u64::from(core.cred_protect.level()).into()),
        (10.into(), core.created_at.into()),
    ])
}

fn labels_value(labels: &Labels) -> Value {
    let texts = [
        (1, labels.rp_name.clone()),
        (2, Some(labels.user_name.clone())),
        (3, Some(labels.user_display_name.clone())),
        (4, labels.name.clone()),
    ];
    let mut entries: Vec<(Value, Value)> =
        texts.into_iter().filter_map(|(key, text)| Some((key.into(), text?.into()))).collect();
    if !labels.tags.is_empty() {
        entries.push((5.into(), Value::array(labels.tags.iter().map(|tag| tag.as_str().into()))));
    }
    if labels.favourite {
        entries.push((6.into(), true.into()));
    }
    Value::Map(entries)
}

fn labels(record: &Value) -> Labels {
    let map = record.get(LABELS);
    let get = |key: i32| map.and_then(|map| map.get(key));
    let text = |key| get(key).and_then(Value::as_text).map(str::to_owned);
    let tags = get(5).and_then(Value::as_array).unwrap_or_default();
    Labels {
        rp_name: text(1),
        user_name: text(2).unwrap_or_default(),
        user_display_name: text(3).unwrap_or_default(),
        name: text(4),
        tags: tags.iter().filter_map(Value::as_text).map(str::to_owned).collect(),
        favourite: get(6).and_then(Value::as_bool).unwrap_or(false),
    }
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
    use super::super::super::testing::passkey;
    use super::*;

    const CHANGE_ID: ChangeId = ChangeId { device: [9; 16], counter: 4, at: 77 };

    #[test]
    fn reads_what_it_writes() {
        let mut made = passkey("example.org", "alice", 1);
        made.labels.name = Some("work".to_owned());
        made.labels.tags = vec!["a".to_owned(), "b".to_owned()];
        made.labels.favourite = true;
        made.usage = Usage { last_used_at: Some(5), sign_in_count: 6 };
        let stored = StoredPasskey::decode(&StoredPasskey::new(&made, CHANGE_ID).encode()).unwrap();
        assert_eq!(stored.entry().unwrap(), Entry { passkey: made, binned_at: None });
    }

    #[test]
    fn a_change_keeps_what_this_version_does_not_know() {
        let mut stored = StoredPasskey::new(&passkey("example.org", "alice", 1), CHANGE_ID);
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
        let mut stored = StoredPasskey::new(&passkey("example.org", "alice", 1), CHANGE_ID);
        stored.count_sign_in(100, CHANGE_ID);
        stored.count_sign_in(90, CHANGE_ID);
        assert_eq!(
            stored.entry().unwrap().passkey.usage,
            Usage { last_used_at: Some(100), sign_in_count: 2 }
        );
    }

    #[test]
    fn tells_what_is_later_from_what_is_broken() {
        let stored = |key: u64, value: Value| {
            let mut stored = StoredPasskey::new(&passkey("example.org", "alice", 1), CHANGE_ID);
            set(inner_mut(&mut stored.0, CORE).unwrap(), key, value);
            stored.entry().err()
        };
        assert_eq!(stored(5, (-48).into()), Some(Unreadable::TooNew));
        assert_eq!(stored(8, 3.into()), Some(Unreadable::TooNew));
        assert_eq!(stored(1, [0; 15].into()), Some(Unreadable::Malformed));
        assert_eq!(stored(2, "NOT A DOMAIN".into()), Some(Unreadable::Malformed));
        assert_eq!(stored(6, 1.into()), Some(Unreadable::Malformed));
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
