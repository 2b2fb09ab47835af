//! Labels and the bin: one commit for all, or none.

use latchkey_passkey::{PasskeyId, PasskeyStore, UserHandle};

use crate::testing::*;
use crate::{LabelEdit, LabelError, MAX_LABEL_BYTES, MAX_TAGS, OpenOptions, Vault, VaultError};

fn id(n: u64) -> PasskeyId {
    passkey("example.org", "alice", n).core.id
}

/// Three passkeys, numbered from 1.
fn fill(vault: &mut Vault) {
    for n in 1..=3 {
        add(vault, &passkey("example.org", &format!("user {n}"), n), None, &created(100)).unwrap();
    }
}

fn filled() -> Vault {
    let mut vault = vault_in_memory();
    fill(&mut vault);
    vault
}

fn tag(text: &str) -> LabelEdit {
    LabelEdit::AddTag(text.to_owned())
}

fn note(text: &str) -> LabelEdit {
    LabelEdit::Note(Some(text.to_owned()))
}

#[test]
fn every_label_is_changed_and_found_after_reopening() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vault");
    let mut vault = new_vault(&path, &OpenOptions::new());
    fill(&mut vault);
    assert_eq!(vault.find(id(1)).unwrap().unwrap().modified_at, 100);
    let edits = [
        LabelEdit::Name(Some("  Work  ".to_owned())),
        note("first line\n\tsecond line\n"),
        LabelEdit::Folder(Some("office".to_owned())),
        LabelEdit::Favourite(true),
        tag(" a "),
        tag("b"),
        LabelEdit::RemoveTag("a ".to_owned()),
    ];
    assert_eq!(vault.edit(&[id(1)], &edits, 200).unwrap(), [id(1)]);
    vault.close().unwrap();
    let vault = reopen(&path, &OpenOptions::new()).unwrap();
    let entry = vault.find(id(1)).unwrap().unwrap();
    let labels = entry.passkey.labels;
    assert_eq!(labels.name.as_deref(), Some("Work"));
    assert_eq!(labels.note.as_deref(), Some("first line\n\tsecond line"));
    assert_eq!((labels.folder.as_deref(), labels.favourite), (Some("office"), true));
    assert_eq!((labels.tags, labels.user_name), (vec!["b".to_owned()], "user 1".to_owned()));
    assert_eq!((entry.modified_at, vault.find(id(2)).unwrap().unwrap().modified_at), (200, 100));
    assert_eq!(vault.check().unwrap(), []);
}

#[test]
fn a_bulk_change_is_one_commit_and_tells_what_really_changed() {
    let mut vault = filled();
    vault.edit(&[id(2)], &[tag("a")], 150).unwrap();
    let epoch = vault.status().unwrap().epoch;
    let all = [id(3), id(2), id(1), id(3)];
    assert_eq!(vault.edit(&all, &[tag("a")], 200).unwrap(), [id(3), id(1)]);
    assert_eq!(vault.status().unwrap().epoch, epoch + 1);
    assert_eq!(vault.find(id(2)).unwrap().unwrap().modified_at, 150);
    // What changes nothing commits nothing.
    assert_eq!(vault.edit(&all, &[tag("a"), LabelEdit::Name(Some(" ".to_owned()))], 300).unwrap(), []);
    assert_eq!(vault.edit(&all, &[], 300).unwrap(), []);
    assert_eq!(vault.edit(&[], &[tag("b")], 300).unwrap(), []);
    assert_eq!(vault.status().unwrap().epoch, epoch + 1);
}

#[test]
fn an_unknown_id_refuses_the_whole_change_and_is_named() {
    let mut vault = filled();
    let (nobody, epoch) = (PasskeyId::from_bytes([0xee; 16]), vault.status().unwrap().epoch);
    let ids = [id(1), nobody];
    for result in [
        vault.edit(&ids, &[tag("a")], 200),
        vault.bin(&ids, 200),
        vault.unbin(&ids, 200),
        vault.purge(&ids, 200),
    ] {
        match result {
            Err(VaultError::NoSuchPasskey { id }) => assert_eq!(id, nobody),
            // The first that does not fit is named.
            Err(VaultError::NotInBin { id: first }) => assert_eq!(first, id(1)),
            other => panic!("{other:?}"),
        }
    }
    let entry = vault.find(id(1)).unwrap().unwrap();
    assert!(entry.passkey.labels.tags.is_empty() && entry.binned_at.is_none());
    assert_eq!(vault.status().unwrap().epoch, epoch);
}

#[test]
fn texts_that_cannot_be_labels_are_refused() {
    let mut vault = filled();
    let epoch = vault.status().unwrap().epoch;
    let long = "x".repeat(201);
    let name = |text: &str| LabelEdit::Name(Some(text.to_owned()));
    let folder = |text: &str| LabelEdit::Folder(Some(text.to_owned()));
    let too_long = |what, got, most| LabelError::TooLong { what, got, most };
    for (edit, expected) in [
        (name(&long), too_long("name", 201, 200)),
        (folder(&long), too_long("folder", 201, 200)),
        (tag(&long), too_long("tag", 201, 200)),
        (note(&"x".repeat(3073)), too_long("note", 3073, 3072)),
        (name("a\nb"), LabelError::Control { what: "name" }),
        (folder("a\tb"), LabelError::Control { what: "folder" }),
        (tag("a\u{1b}[31m"), LabelError::Control { what: "tag" }),
        (note("a\rb"), LabelError::Control { what: "note" }),
        (note("a\u{9b}b"), LabelError::Control { what: "note" }),
        (tag(" \t "), LabelError::EmptyTag),
    ] {
        match vault.edit(&[id(1)], &[tag("fine"), edit], 200) {
            Err(VaultError::Label(error)) => assert_eq!(error, expected),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(vault.status().unwrap().epoch, epoch);
    vault
        .edit(&[id(1)], &[name(&"x".repeat(200)), note(&"x".repeat(3072)), tag(&"x".repeat(200))], 200)
        .unwrap();
    assert_eq!(format!("{:?}", name("private")), "Name(..)");
}

#[test]
fn a_65th_tag_is_refused() {
    let mut vault = filled();
    let tags: Vec<_> = (0..MAX_TAGS).map(|n| tag(&format!("tag {n}"))).collect();
    vault.edit(&[id(1), id(2)], &tags, 200).unwrap();
    let error = vault.edit(&[id(3), id(1)], &[tag("one more")], 200).unwrap_err();
    assert!(matches!(error, VaultError::Label(LabelError::TooManyTags)), "{error}");
    assert!(vault.find(id(3)).unwrap().unwrap().passkey.labels.tags.is_empty());
    let exchange = [LabelEdit::RemoveTag("tag 7".to_owned()), tag("one more")];
    assert_eq!(vault.edit(&[id(1)], &exchange, 200).unwrap(), [id(1)]);
}

#[test]
fn an_edit_that_makes_a_record_too_large_is_refused_before_anything_changes() {
    let mut vault = filled();
    let epoch = vault.status().unwrap().epoch;
    let many: Vec<_> = (0..30).map(|n| tag(&format!("{n:0>199}"))).collect();
    let error = vault.edit(&[id(1), id(2)], &many, 200).unwrap_err();
    assert!(matches!(error, VaultError::TooLarge { .. }), "{error}");
    assert_eq!(vault.status().unwrap().epoch, epoch);
    assert!(vault.list().unwrap().iter().all(|entry| entry.passkey.labels.tags.is_empty()));
}

/// What fills its record to the last byte can still be used and binned, for as long as anybody lives.
#[test]
fn the_largest_record_takes_every_use_and_the_bin() {
    let mut vault = filled();
    vault.edit(&[id(1)], &[note(&"x".repeat(3072))], 200).unwrap();
    for n in 0..30 {
        let _ = vault.edit(&[id(1)], &[tag(&format!("{n:0>199}"))], 200);
    }
    // Byte by byte to the brim.
    let mut len = 1;
    while vault.edit(&[id(1)], &[LabelEdit::Name(Some("n".repeat(len)))], 200).is_ok() {
        len += 1;
    }
    assert!(len <= MAX_LABEL_BYTES, "the name was too long before the record was");
    vault.record_use(id(1), &signed_in(u64::from(u32::MAX) + 1)).unwrap();
    vault.record_use(id(1), &signed_in(u64::MAX)).unwrap();
    assert_eq!(vault.bin(&[id(1)], u64::MAX).unwrap(), [id(1)]);
    assert_eq!(vault.unbin(&[id(1)], u64::MAX).unwrap(), [id(1)]);
    // It can become smaller, and not larger.
    let larger = vault.edit(&[id(1)], &[LabelEdit::Favourite(true)], 300);
    assert!(matches!(larger, Err(VaultError::TooLarge { .. })), "{larger:?}");
    assert_eq!(vault.edit(&[id(1)], &[LabelEdit::Name(None)], 300).unwrap(), [id(1)]);
    assert_eq!(vault.check().unwrap(), []);
}

#[test]
fn the_bin_hides_from_sites_and_gives_back() {
    let mut vault = filled();
    let epoch = vault.status().unwrap().epoch;
    assert_eq!(vault.bin(&[id(1), id(2)], 200).unwrap(), [id(1), id(2)]);
    assert_eq!(vault.bin(&[id(2), id(3)], 300).unwrap(), [id(3)]);
    let since = |vault: &Vault, n| vault.find(id(n)).unwrap().unwrap().binned_at;
    assert_eq!((since(&vault, 2), since(&vault, 3)), (Some(200), Some(300)));
    assert!(vault.find_by_rp_id(&rp("example.org")).unwrap().is_empty());
    // Its labels can be changed there, and it is no label.
    vault.edit(&[id(1)], &[tag("old")], 350).unwrap();
    assert_eq!(vault.find(id(2)).unwrap().unwrap().modified_at, 100);
    assert_eq!(vault.unbin(&[id(1), id(2)], 400).unwrap(), [id(1), id(2)]);
    assert_eq!(vault.unbin(&[id(1)], 400).unwrap(), []);
    assert_eq!(vault.find_by_rp_id(&rp("example.org")).unwrap().len(), 2);
    vault.record_use(id(1), &signed_in(500)).unwrap();
    assert_eq!(vault.status().unwrap().epoch, epoch + 5);
    assert_eq!(vault.check().unwrap(), []);
}

#[test]
fn a_replaced_passkey_comes_back_beside_the_one_that_took_its_place() {
    let mut vault = vault_in_memory();
    let (old, new) = (passkey("example.org", "alice", 1), passkey("example.org", "alice", 2));
    add(&mut vault, &old, None, &created(100)).unwrap();
    add(&mut vault, &new, Some(old.core.id), &created(200)).unwrap();
    assert_eq!(vault.unbin(&[old.core.id], 300).unwrap(), [old.core.id]);
    let both = vault.find_by_rp_id(&rp("example.org")).unwrap();
    assert_eq!(both.iter().map(|passkey| passkey.core.id).collect::<Vec<_>>(), [old.core.id, new.core.id]);
    let found = vault.find_by_credential_id(&rp("example.org"), &old.core.credential_id).unwrap();
    assert_eq!(found.unwrap().core.id, old.core.id);
    // The next registration of the account replaces the newest.
    let alice = UserHandle::new(b"alice".to_vec()).unwrap();
    assert_eq!(vault.find_by_user_handle(&rp("example.org"), &alice).unwrap(), Some(new.core.id));
    vault.record_use(old.core.id, &signed_in(400)).unwrap();
    assert!(vault.secrets(old.core.id).unwrap().is_some());
}
