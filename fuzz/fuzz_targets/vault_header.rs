//! Vault headers and the slot tables in them, raw and laid over a good one: what is read encodes to the same bytes,
//! and no changed table verifies.
#![no_main]

use latchkey_crypto::vault::{MasterKey, SlotTable};
use latchkey_fuzz::overlaid;
use latchkey_vault::fuzzing;
use libfuzzer_sys::fuzz_target;

const GOOD: &[u8] = include_bytes!("../../crates/vault/stored/1/header");
/// The first line, and the checksum at the end: the target's other side makes both right.
const HEAD_LEN: usize = 15;
const CHECKSUM_LEN: usize = 32;

fuzz_target!(|data: &[u8]| {
    let good = &GOOD[HEAD_LEN..GOOD.len() - CHECKSUM_LEN];
    for content in [data.to_vec(), overlaid(good, data)] {
        assert!(fuzzing::header(&content));
    }
    if let Ok(table) = SlotTable::decode(data) {
        assert_eq!(table.encode(), data);
        assert!(table.verify(&MasterKey::from_bytes([1; 32])).is_err());
    }
});
