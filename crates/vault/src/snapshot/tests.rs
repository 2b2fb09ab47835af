use std::path::PathBuf;

use super::*;
use crate::testing::{filled_memory, header_keys, keys, new_header};
use crate::vault::random;

fn written(records: u8) -> (tempfile::TempDir, Folder, PathBuf) {
    let place = tempfile::tempdir().unwrap();
    let folder = Folder::at(place.path());
    let (backend, manifest) = filled_memory(records, 5);
    let header = new_header();
    write(&folder, &keys(), &header, &backend, manifest.epoch, &mut random()).unwrap();
    let path = path_of(&folder, 5);
    (place, folder, path)
}

#[test]
fn a_whole_one_verifies() {
    let (_place, folder, path) = written(200);
    let manifest = verify(&path, &keys()).unwrap();
    assert_eq!((manifest.epoch, manifest.count), (5, 200));
    assert_eq!(list(&folder).unwrap(), [5]);
    let keys = keys();
    let mut reader = Reader::open(&path, &keys).unwrap();
    let mut rows = 0;
    while let Some(more) = reader.next_rows().unwrap() {
        rows += more.len();
    }
    assert_eq!(rows, 201);
}

#[test]
fn a_changed_or_cut_one_does_not() {
    let (_place, _, path) = written(3);
    let bytes = fs::read(&path).unwrap();
    for position in (0..bytes.len()).step_by(7) {
        let mut changed = bytes.clone();
        changed[position] ^= 1;
        fs::write(&path, &changed).unwrap();
        assert!(verify(&path, &keys()).is_none(), "byte {position}");
        fs::write(&path, &bytes[..position]).unwrap();
        assert!(verify(&path, &keys()).is_none(), "cut at {position}");
    }
    fs::write(&path, [bytes.as_slice(), b"x"].concat()).unwrap();
    assert!(verify(&path, &keys()).is_none());
}

#[test]
fn one_of_the_first_format_has_its_header_and_a_later_one_none() {
    let (_place, folder, path) = written(3);
    assert!(header_of(&path).is_none());
    let head = head_of(&path).unwrap();
    assert!(head.generation == 1 && head.made_at.is_some());
    let (backend, manifest) = filled_memory(3, 6);
    let mut first = new_header();
    first.data_key = None;
    first.write(&folder, &header_keys(), 6).unwrap();
    write(&folder, &keys(), &first, &backend, manifest.epoch, &mut random()).unwrap();
    let path = path_of(&folder, 6);
    assert_eq!(verify(&path, &keys()).unwrap(), manifest);
    assert_eq!(header_of(&path).unwrap().slots.encode(), first.slots.encode());
    assert_eq!(head_of(&path).unwrap().made_at, None);

    fs::write(folder.snapshots().join(UNFINISHED), b"half of one, with its header").unwrap();
    remove_those_with_header(&folder).unwrap();
    assert_eq!(list(&folder).unwrap(), [5]);
    assert!(!folder.snapshots().join(UNFINISHED).exists());
}

#[test]
fn rows_that_do_not_belong_together_do_not_verify() {
    let place = tempfile::tempdir().unwrap();
    let folder = Folder::at(place.path());
    let (backend, _) = filled_memory(3, 5);
    let gone = Change { tree: Tree::History, key: vec![1], value: None };
    backend.commit(&[gone]).unwrap();
    write(&folder, &keys(), &new_header(), &backend, 5, &mut random()).unwrap();
    assert!(verify(&path_of(&folder, 5), &keys()).is_none());
}

#[test]
fn only_the_newest_generations_stay() {
    let place = tempfile::tempdir().unwrap();
    let folder = Folder::at(place.path());
    fs::create_dir(folder.snapshots()).unwrap();
    for epoch in 1..=12 {
        fs::write(path_of(&folder, epoch), b"").unwrap();
        fs::write(journal_path_of(&folder, epoch), b"").unwrap();
    }
    fs::write(folder.snapshots().join("notes.txt"), b"").unwrap();
    prune(&folder, &keys()).unwrap();
    assert_eq!(list(&folder).unwrap(), (5..=12).rev().collect::<Vec<_>>());
    assert!(!journal_path_of(&folder, 4).exists() && journal_path_of(&folder, 5).exists());
    assert!(folder.snapshots().join("notes.txt").exists());
}

#[test]
fn the_newest_good_one_outlives_bad_generations() {
    let (_place, folder, _) = written(3);
    fs::write(path_of(&folder, 4), b"").unwrap();
    for epoch in 4..=20 {
        fs::write(journal_path_of(&folder, epoch), b"").unwrap();
    }
    for epoch in 6..=20 {
        fs::write(path_of(&folder, epoch), b"").unwrap();
    }
    prune(&folder, &keys()).unwrap();
    let newest: Vec<u64> = (13..=20).rev().collect();
    assert_eq!(list(&folder).unwrap(), [newest, vec![5]].concat());
    assert_eq!(newest_good(&folder, &keys()).unwrap(), Some(5));
    assert!(!journal_path_of(&folder, 4).exists());
    assert!((5..=20).all(|epoch| journal_path_of(&folder, epoch).exists()));
}

#[test]
fn nothing_stays_of_one_that_fails() {
    let (_place, folder, path) = written(3);
    let (backend, manifest) = filled_memory(3, 5);
    // In the way of its name.
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(write(&folder, &keys(), &new_header(), &backend, manifest.epoch, &mut random()).is_err());
    assert!(!folder.snapshots().join(UNFINISHED).exists());
}

#[test]
fn one_takes_no_more_room_than_was_asked_for() {
    for records in [0, 3, 200] {
        let (_place, _, path) = written(records);
        let most = expected_len(&filled_memory(records, 5).0).unwrap();
        // Beside the rows: head and seals, for which there is always room.
        let len = fs::metadata(&path).unwrap().len();
        assert!(len <= most + 1024 && len + len / 4 + 1024 >= most, "{records}: {len} of {most}");
    }
}
