//! How records look inside their envelopes.
//!
//! Maps keep entries that this version does not know: a record is changed in place, never rebuilt from types.

mod code;
mod device;
mod history;
mod index;
mod labels;
mod passkey;
mod secret;
mod tombstone;

use latchkey_crypto::cbor::{self, Value};
use latchkey_crypto::vault::DeviceId;

pub(crate) use device::{StoredDevice, decode_device, encode_device};
pub(crate) use history::{HistoryLine, history_key};
pub(crate) use index::{credential_key, decode_ids, encode_ids, site_key, site_prefix};
pub(crate) use passkey::{Attached, StoredPasskey};
pub(crate) use secret::{decode_secret, encode_secret};
pub(crate) use tombstone::{decode_tombstone, encode_tombstone};

/// The format that every record's map carries under key 0.
const FORMAT: u64 = 1;

/// Who made a change, and when: what merging by vector clock will need.
///
/// The array `[device (16 bytes), counter, time]`; the counter is the epoch of the commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChangeId {
    pub(crate) device: DeviceId,
    pub(crate) counter: u64,
    pub(crate) at: u64,
}

impl ChangeId {
    fn to_value(self) -> Value {
        Value::array([(*self.device.as_bytes()).into(), self.counter.into(), self.at.into()])
    }

    fn from_value(value: &Value) -> Option<Self> {
        let [device, counter, at] = value.as_array()? else { return None };
        Some(Self {
            device: DeviceId::from_bytes(device.as_bytes()?.try_into().ok()?),
            counter: counter.as_u64()?,
            at: at.as_u64()?,
        })
    }
}

/// Why an opened record cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// It is not what its place says.
    Malformed,
    /// It says something that only a later version understands.
    TooNew,
}

/// Reads a record's map and checks its format.
fn decode_map(plaintext: &[u8]) -> Result<Value, Unreadable> {
    let map = cbor::decode(plaintext).map_err(|_| Unreadable::Malformed)?;
    match map.get(0).and_then(Value::as_u64) {
        Some(FORMAT) => Ok(map),
        Some(_) => Err(Unreadable::TooNew),
        None => Err(Unreadable::Malformed),
    }
}

/// Sets an entry of a map and leaves the others as they are.
fn set(map: &mut Value, key: u64, to: Value) {
    let Value::Map(entries) = map else { return };
    match entries.iter_mut().find(|(k, _)| k.as_u64() == Some(key)) {
        Some((_, value)) => *value = to,
        None => entries.push((key.into(), to)),
    }
}

/// Takes an entry out of a map and leaves the others as they are.
fn unset(map: &mut Value, key: u64) {
    if let Value::Map(entries) = map {
        entries.retain(|(k, _)| k.as_u64() != Some(key));
    }
}

/// The inner map under a key, made if it is missing.
fn inner_mut(map: &mut Value, key: u64) -> Option<&mut Value> {
    if map.get(key).is_none() {
        set(map, key, Value::map([]));
    }
    let Value::Map(entries) = map else { return None };
    entries.iter_mut().find(|(k, _)| k.as_u64() == Some(key)).map(|(_, value)| value)
}
