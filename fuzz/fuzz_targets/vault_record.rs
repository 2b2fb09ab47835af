//! Vault records: an envelope of noise never opens, what is sealed opens to the same, and whatever is inside is read
//! as each kind without a panic.
#![no_main]

use latchkey_crypto::vault::{DataKey, Manifest, RecordKind, VaultId, VaultKeys};
use latchkey_fuzz::{Seeded, overlaid};
use latchkey_vault::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let keys = VaultKeys::of(&DataKey::from_bytes([1; 32]), VaultId::from_bytes([2; 16]));
    let good = keys.seal(RecordKind::Passkey, b"id", 1, b"content", &mut Seeded(1)).unwrap();
    let changed = overlaid(&good, data);
    assert!(changed == good || keys.open(RecordKind::Passkey, b"id", &changed).is_err());

    let (kind, plaintext) = data.split_first().unwrap_or((&0, data));
    let kind = RecordKind::from_code(*kind).unwrap_or(RecordKind::Passkey);
    let sealed = keys.seal(kind, b"id", 7, plaintext, &mut Seeded(1)).unwrap();
    assert_eq!(keys.open(kind, b"id", &sealed).unwrap().plaintext.as_slice(), plaintext);
    fuzzing::record(kind, plaintext);
    if let Some(manifest) = Manifest::decode(plaintext) {
        assert_eq!(Manifest::decode(&manifest.encode()), Some(manifest));
    }
});
