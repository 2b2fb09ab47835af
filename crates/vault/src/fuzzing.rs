//! Doors for the fuzz targets, to the readers of this crate that take bytes from a disk.

use latchkey_crypto::vault::{DeviceId, RecordKind};
use sha2::{Digest, Sha256};

use crate::header::{Header, MAGIC};
use crate::record::{HistoryLine, StoredPasskey, decode_device, decode_ids, decode_secret, decode_tombstone};

/// Reads a header whose first line and checksum are right. What is read has to encode to the same bytes again:
/// `false` if it does not.
pub fn header(content: &[u8]) -> bool {
    let mut bytes = [MAGIC, content].concat();
    let checksum = Sha256::digest(&bytes);
    bytes.extend_from_slice(&checksum);
    Header::decode(&bytes).map_or(true, |header| header.encode() == bytes)
}

/// Reads the content of an opened record as what its kind says.
pub fn record(kind: RecordKind, plaintext: &[u8]) {
    match kind {
        RecordKind::Passkey => {
            if let Ok(mut stored) = StoredPasskey::decode(plaintext) {
                let change =
                    crate::record::ChangeId { device: DeviceId::from_bytes([1; 16]), counter: 1, at: 1 };
                stored.count_sign_in(1, change);
                stored.put_in_bin(change);
                let tag = crate::LabelEdit::AddTag("tag".to_owned());
                stored.edit(&[tag], change);
                stored.set_large_blob_len(Some(1), change);
                let _ = stored.entry();
                let _ = StoredPasskey::decode(&stored.encode());
            }
        }
        RecordKind::PasskeySecret => drop(decode_secret(plaintext)),
        RecordKind::History => drop(HistoryLine::decode(plaintext)),
        RecordKind::Tombstone => drop(decode_tombstone(plaintext)),
        RecordKind::Meta => drop(decode_device(plaintext)),
        RecordKind::SiteIndex | RecordKind::CredentialIndex => drop(decode_ids(plaintext)),
        _ => drop(crate::journal::decode(plaintext)),
    }
}
