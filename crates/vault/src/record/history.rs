use latchkey_crypto::cbor::{self, Value};
use latchkey_passkey::{PasskeyId, UseRecord};
use rand_core::CryptoRng;

use super::code::{
    door_code, door_from_code, outcome_code, outcome_from_code, use_kind_code, use_kind_from_code,
    verification_code, verification_from_code,
};
use super::{ChangeId, FORMAT, Unreadable, decode_map};
use crate::HistoryEntry;

/// A line of a passkey's history: the map `{0: format, 1: time, 2: kind, 3: door, 4: outcome, 5: verification,
/// 6: change}`. The change says which device it was used on. Holds no challenge, signature or client data.
pub(crate) struct HistoryLine;

impl HistoryLine {
    pub(crate) fn encode(used: &UseRecord, change: ChangeId) -> Vec<u8> {
        let verification = used.verification.map_or(Value::Null, |how| verification_code(how).into());
        cbor::encode(&Value::map([
            (0.into(), FORMAT.into()),
            (1.into(), used.at.into()),
            (2.into(), use_kind_code(used.kind).into()),
            (3.into(), door_code(used.door).into()),
            (4.into(), outcome_code(used.outcome).into()),
            (5.into(), verification),
            (6.into(), change.to_value()),
        ]))
    }

    pub(crate) fn decode(plaintext: &[u8]) -> Result<HistoryEntry, Unreadable> {
        let map = decode_map(plaintext)?;
        let number = |key: i32| map.get(key).and_then(Value::as_u64).ok_or(Unreadable::Malformed);
        let change = map.get(6).and_then(ChangeId::from_value).ok_or(Unreadable::Malformed)?;
        let used = UseRecord {
            at: number(1)?,
            kind: use_kind_from_code(number(2)?).ok_or(Unreadable::TooNew)?,
            door: door_from_code(number(3)?).ok_or(Unreadable::TooNew)?,
            outcome: outcome_from_code(number(4)?).ok_or(Unreadable::TooNew)?,
            verification: match map.get(5) {
                None | Some(Value::Null) => None,
                Some(_) => Some(verification_from_code(number(5)?).ok_or(Unreadable::TooNew)?),
            },
        };
        Ok(HistoryEntry { used, device: change.device })
    }
}

/// Where a line lies: passkey id (16 bytes) ‖ time (8, big-endian) ‖ random (8).
///
/// So the lines of a passkey lie together and in order, and two in one second do not meet.
pub(crate) fn history_key(id: PasskeyId, at: u64, rng: &mut dyn CryptoRng) -> Vec<u8> {
    let mut random = [0; 8];
    rng.fill_bytes(&mut random);
    [id.as_bytes().as_slice(), &at.to_be_bytes(), &random].concat()
}

#[cfg(test)]
mod tests {
    use latchkey_crypto::vault::DeviceId;
    use latchkey_passkey::{Door, Outcome, UseKind, Verification};

    use super::*;

    const CHANGE: ChangeId = ChangeId { device: DeviceId::from_bytes([1; 16]), counter: 2, at: 3 };

    #[test]
    fn reads_what_it_writes() {
        for verification in [None, Some(Verification::Passphrase), Some(Verification::Script)] {
            for (kind, door, outcome) in [
                (UseKind::Create, Door::Hybrid, Outcome::Approved),
                (UseKind::SignIn, Door::VirtualKey, Outcome::Refused),
            ] {
                let used = UseRecord { at: 1_800_000_000, kind, door, outcome, verification };
                let read = HistoryLine::decode(&HistoryLine::encode(&used, CHANGE));
                assert_eq!(read, Ok(HistoryEntry { used, device: CHANGE.device }));
            }
        }
    }

    #[test]
    fn tells_what_is_later_from_what_is_broken() {
        let line = |door: u64, format: u64| {
            let numbers = [(0, format), (1, 5), (2, 1), (3, door), (4, 1)];
            let entries = numbers.map(|(key, number)| (key.into(), number.into()));
            cbor::encode(&Value::map(entries.into_iter().chain([(6.into(), CHANGE.to_value())])))
        };
        assert!(HistoryLine::decode(&line(1, 1)).is_ok());
        assert_eq!(HistoryLine::decode(&line(99, 1)), Err(Unreadable::TooNew));
        assert_eq!(HistoryLine::decode(&line(1, 2)), Err(Unreadable::TooNew));
        let nobodys = cbor::encode(&Value::map([0, 1, 2, 3, 4].map(|key| (key.into(), 1.into()))));
        assert_eq!(HistoryLine::decode(&nobodys), Err(Unreadable::Malformed));
        assert_eq!(HistoryLine::decode(&[0xa0]), Err(Unreadable::Malformed));
        assert_eq!(HistoryLine::decode(&[0xff]), Err(Unreadable::Malformed));
    }
}
