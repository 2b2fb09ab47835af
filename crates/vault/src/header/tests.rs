use std::fs;

use super::*;
use crate::testing::{header_keys, new_header};

fn written() -> (tempfile::TempDir, Folder, Header) {
    let place = tempfile::tempdir().unwrap();
    let folder = Folder::at(place.path());
    let mut header = new_header();
    header.write(&folder, &header_keys(), 1).unwrap();
    header.write(&folder, &header_keys(), 2).unwrap();
    (place, folder, header)
}

fn damage(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn the_newer_generation_counts() {
    let (_place, folder, _) = written();
    let found = Header::read(&folder).unwrap();
    assert_eq!((found.header.epoch, found.other_damaged), (2, false));
    assert!(found.header.verify(&header_keys()).is_ok());
}

#[test]
fn one_damaged_generation_is_bridged_and_told() {
    let (_place, folder, _) = written();
    damage(&folder.header());
    let found = Header::read(&folder).unwrap();
    assert_eq!((found.header.epoch, found.other_damaged), (1, true));
    fs::remove_file(folder.header()).unwrap();
    assert_eq!(Header::read(&folder).unwrap().header.epoch, 1);
    damage(&folder.previous_header());
    assert!(matches!(Header::read(&folder), Err(VaultError::Damaged(Damage::Header))));
}

#[test]
fn an_older_generation_that_does_not_come_off_the_disk_holds_nothing_up() {
    let (_place, folder, _) = written();
    fs::remove_file(folder.previous_header()).unwrap();
    fs::create_dir(folder.previous_header()).unwrap();
    let found = Header::read(&folder).unwrap();
    assert_eq!((found.header.epoch, found.other_damaged), (2, true));
    fs::remove_dir(folder.previous_header()).unwrap();
    fs::remove_file(folder.header()).unwrap();
    fs::create_dir(folder.header()).unwrap();
    assert!(matches!(Header::read(&folder), Err(VaultError::Io { doing: "read the header", .. })));
}

#[test]
fn no_more_is_read_than_a_header_can_be() {
    let (_place, folder, _) = written();
    let endless = File::create(folder.header()).unwrap();
    endless.set_len(1 << 40).unwrap();
    assert_eq!(read_bytes(&folder.header()).unwrap().len(), MOST_BYTES + 1);
    assert_eq!(Header::read(&folder).unwrap().header.epoch, 1);
}

#[test]
fn being_killed_between_the_renames_is_no_damage() {
    let (_place, folder, _) = written();
    fs::rename(folder.header(), unfinished_path(&folder.header())).unwrap();
    let found = Header::read(&folder).unwrap();
    assert_eq!((found.header.epoch, found.other_damaged), (1, false));
}

#[test]
fn every_flipped_bit_is_damage_and_not_a_wrong_passphrase() {
    let (_place, _, header) = written();
    let bytes = header.encode();
    for position in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[position] ^= 4;
        assert!(matches!(Header::decode(&changed), Err(VaultError::Damaged(Damage::Header))), "{position}");
        assert!(Header::decode(&bytes[..position]).is_err());
    }
}

#[test]
fn an_epoch_changed_by_another_hand_is_noticed() {
    let (_place, _, mut header) = written();
    header.body = cbor::encode(&Value::map([
        (1.into(), FORMAT.into()),
        (2.into(), header.slots.encode().into()),
        (3.into(), 1.into()),
        (4.into(), 1.into()),
        (5.into(), header.data_key.as_ref().unwrap().wrapped.clone().into()),
    ]));
    let forged = Header::decode(&header.encode()).unwrap();
    assert!(matches!(forged.verify(&header_keys()), Err(VaultError::Damaged(Damage::HeaderTampered))));
}

#[test]
fn a_later_format_is_refused_kindly_and_not_passed_over() {
    let (_place, folder, mut header) = written();
    header.body = cbor::encode(&Value::map([(1.into(), 3.into())]));
    fs::write(folder.header(), header.encode()).unwrap();
    assert!(matches!(Header::read(&folder), Err(VaultError::TooNew { format: 3 })));
}

#[test]
fn an_older_copy_under_the_name_of_the_newer_is_passed_over() {
    let (_place, folder, mut header) = written();
    let old = fs::read(folder.header()).unwrap();
    header.write(&folder, &header_keys(), 3).unwrap();
    header.write(&folder, &header_keys(), 4).unwrap();
    fs::write(folder.header(), old).unwrap();
    let found = Header::read(&folder).unwrap();
    assert_eq!((found.header.epoch, found.other_damaged), (3, true));
}

#[test]
fn a_header_of_the_first_format_stays_one() {
    let place = tempfile::tempdir().unwrap();
    let folder = Folder::at(place.path());
    let mut header = Header { data_key: None, ..new_header() };
    header.write(&folder, &header_keys(), 1).unwrap();
    let again = Header::read(&folder).unwrap().header;
    assert_eq!((again.generation(), again.epoch), (0, 1));
    assert!(again.verify(&header_keys()).is_ok());
    let map = cbor::decode(&again.body).unwrap();
    assert_eq!((map.get(1).and_then(Value::as_u64), map.get(4)), (Some(1), None));
}

#[test]
fn a_data_key_without_bytes_or_generation_is_damage() {
    let (_place, _, mut header) = written();
    let all: [(Value, Value); 5] = [
        (1.into(), FORMAT.into()),
        (2.into(), header.slots.encode().into()),
        (3.into(), 1.into()),
        (4.into(), 1.into()),
        (5.into(), vec![0; 72].into()),
    ];
    let mut decode = |entries: Vec<(Value, Value)>| {
        header.body = cbor::encode(&Value::map(entries));
        Header::decode(&header.encode()).map(drop)
    };
    assert!(decode(all.to_vec()).is_ok());
    let without = |key: u64| all.iter().filter(|(k, _)| k.as_u64() != Some(key)).cloned().collect();
    for key in [3, 4, 5] {
        assert!(matches!(decode(without(key)), Err(VaultError::Damaged(Damage::Header))), "{key}");
    }
    let mut zero = all.to_vec();
    zero[3].1 = 0.into();
    assert!(matches!(decode(zero), Err(VaultError::Damaged(Damage::Header))));
}

#[test]
fn keeps_entries_of_later_versions() {
    let (_place, folder, mut header) = written();
    header.unknown.push((40.into(), "new".into()));
    header.write(&folder, &header_keys(), 3).unwrap();
    let mut again = Header::read(&folder).unwrap().header;
    again.write(&folder, &header_keys(), 4).unwrap();
    assert_eq!(Header::read(&folder).unwrap().header.unknown, header.unknown);
}

proptest::proptest! {
    #[test]
    fn any_bytes_never_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
        let _ = Header::decode(&bytes);
        let _ = Header::decode(&[MAGIC, &bytes].concat());
    }
}
