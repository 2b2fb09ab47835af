use latchkey_crypto::cbor::{self, Value};

use super::{FORMAT, Unreadable, decode_map};

/// One copy of the vault, as a record: `{0: format, 1: name}`, without a name where none was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredDevice {
    pub(crate) name: Option<String>,
}

pub(crate) fn encode_device(device: &StoredDevice) -> Vec<u8> {
    let mut entries = vec![(0.into(), FORMAT.into())];
    entries.extend(device.name.as_deref().map(|name| (1.into(), name.into())));
    cbor::encode(&Value::Map(entries))
}

pub(crate) fn decode_device(plaintext: &[u8]) -> Result<StoredDevice, Unreadable> {
    let map = decode_map(plaintext)?;
    Ok(StoredDevice { name: map.get(1).and_then(Value::as_text).map(str::to_owned) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        for name in [None, Some("workshop".to_owned())] {
            let device = StoredDevice { name };
            assert_eq!(decode_device(&encode_device(&device)), Ok(device));
        }
        assert_eq!(decode_device(&[0xa0]), Err(Unreadable::Malformed));
    }
}
