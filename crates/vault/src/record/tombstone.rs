use latchkey_crypto::cbor::{self, Value};
use latchkey_passkey::PasskeyId;

use super::{ChangeId, FORMAT, Unreadable, decode_map};

/// What is left of a purged passkey: `{0: format, 1: id (16 bytes), 2: change}`.
///
/// So that nothing older, from a backup or another machine, brings it back.
pub(crate) fn encode_tombstone(id: PasskeyId, change: ChangeId) -> Vec<u8> {
    cbor::encode(&Value::map([
        (0.into(), FORMAT.into()),
        (1.into(), (*id.as_bytes()).into()),
        (2.into(), change.to_value()),
    ]))
}

/// Reads a tombstone: who is gone, and by which change.
pub(crate) fn decode_tombstone(plaintext: &[u8]) -> Result<(PasskeyId, ChangeId), Unreadable> {
    let map = decode_map(plaintext)?;
    let id = map.get(1).and_then(Value::as_bytes).and_then(|bytes| bytes.try_into().ok());
    let change = map.get(2).and_then(ChangeId::from_value);
    id.map(PasskeyId::from_bytes).zip(change).ok_or(Unreadable::Malformed)
}

#[cfg(test)]
mod tests {
    use latchkey_crypto::vault::DeviceId;

    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let id = PasskeyId::from_bytes([1; 16]);
        let change = ChangeId { device: DeviceId::from_bytes([2; 16]), counter: 3, at: 4 };
        assert_eq!(decode_tombstone(&encode_tombstone(id, change)), Ok((id, change)));
        assert_eq!(decode_tombstone(&[0xa1, 0x00, 0x01]), Err(Unreadable::Malformed));
        assert_eq!(decode_tombstone(&[0xa1, 0x00, 0x02]), Err(Unreadable::TooNew));
    }
}
