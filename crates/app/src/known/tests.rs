use std::os::unix::fs::symlink;

use latchkey_crypto::vault::{KdfParams, Machine, Passphrase};
use latchkey_vault::OpenOptions;
use tempfile::TempDir;

use super::*;
use crate::os_random;

struct Person {
    known: KnownVaults,
    folder: TempDir,
}

impl Person {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let known = KnownVaults {
            folder: folder.path().join("vaults"),
            config: folder.path().join("config/latchkey"),
        };
        Self { known, folder }
    }

    fn place(&self, folder: &str) -> VaultPlace {
        VaultPlace { folder: self.folder.path().join(folder), state: self.folder.path().join("state") }
    }

    fn make(&self, folder: &str) -> (VaultPlace, VaultId) {
        let place = self.place(folder);
        let passphrase = Passphrase::new("tulip orbit walnut mosaic ferry").unwrap();
        let params = KdfParams::floor(Machine::Small);
        let options = OpenOptions::new().state_folder(&place.state);
        let vault = options.create(&place.folder, &passphrase, params, &mut os_random()).unwrap();
        let id = vault.id();
        vault.close().unwrap();
        (place, id)
    }

    fn named(&self, name: &str) -> Result<KnownVault, KnownVaultsError> {
        self.known.find(OsStr::new(name))
    }

    fn names(&self) -> Vec<String> {
        self.known.list().unwrap().into_iter().map(|vault| vault.name).collect()
    }
}

#[test]
fn lists_the_usual_ones_and_those_that_were_remembered() {
    let person = Person::new();
    assert!(person.names().is_empty());
    person.make("vaults/work");
    person.make("vaults/default");
    fs::create_dir(person.folder.path().join("vaults/empty")).unwrap();
    fs::write(person.folder.path().join("vaults/letter"), "dear").unwrap();
    let (outside, id) = person.make("stick/keys");
    person.known.remember(&outside, id).unwrap();
    person.known.remember(&outside, id).unwrap();
    let (usual, usual_id) = (person.place("vaults/work"), VaultId::from_bytes([1; 16]));
    person.known.remember(&usual, usual_id).unwrap();

    assert_eq!(person.names(), ["default", "keys", "work"]);
    let keys = person.named("keys").unwrap();
    assert_eq!((keys.is_outside, keys.id, keys.path), (true, Some(id.to_string()), outside.folder.clone()));

    fs::rename(&outside.folder, person.folder.path().join("away")).unwrap();
    assert!(matches!(person.named("keys").unwrap().presence, Presence::Missing));
    person.make("stick/keys");
    assert!(matches!(person.named("keys").unwrap().presence, Presence::Other(_)));

    person.known.forget(&person.named("keys").unwrap()).unwrap();
    assert_eq!(person.names(), ["default", "work"]);
    let refused = person.known.forget(&person.named("work").unwrap());
    assert!(matches!(refused, Err(KnownVaultsError::NotOutside)));
}

#[test]
fn a_name_is_told_from_a_path() {
    let person = Person::new();
    let (work, _) = person.make("vaults/work");
    let (outside, id) = person.make("stick/keys");
    person.known.remember(&outside, id).unwrap();
    let folder = |named: &str| person.known.folder_of(OsStr::new(named)).unwrap();
    assert_eq!((folder("work"), folder("keys")), (work.folder, outside.folder));
    assert_eq!(folder("default"), person.place("vaults/default").folder);
    let here = |path: &str| std::path::absolute(path).unwrap();
    for path in ["./work", "/work", "a/work", "work/", "other", ".work"] {
        assert_eq!(folder(path), here(path), "{path}");
    }
}

#[test]
fn renames_what_is_free_to_what_is_free() {
    let person = Person::new();
    person.make("vaults/work");
    person.make("vaults/home");
    let (outside, id) = person.make("stick/keys");
    person.known.remember(&outside, id).unwrap();
    let rename = |name: &str, to: &str| person.known.rename(&person.named(name).unwrap(), to);
    for taken in ["home", "keys", "work"] {
        assert!(matches!(rename("work", taken), Err(KnownVaultsError::NameTaken)), "{taken}");
    }
    for bad in ["", "..", "a/b", "-x"] {
        assert!(matches!(rename("work", bad), Err(KnownVaultsError::NotAName)), "{bad}");
    }
    let held = Hold::take(&person.place("vaults/work").folder).unwrap();
    assert!(matches!(rename("work", "office"), Err(KnownVaultsError::Vault(VaultError::InUse { .. }))));
    drop(held);
    assert_eq!(rename("work", "office").unwrap(), person.place("vaults/office").folder);
    assert_eq!(rename("keys", "stick").unwrap(), outside.folder);
    assert_eq!(person.names(), ["home", "office", "stick"]);
}

#[test]
fn removes_everything_of_a_vault_and_nothing_else() {
    let person = Person::new();
    let (place, id) = person.make("stick/keys");
    let (other, other_id) = person.make("vaults/default");
    person.known.remember(&place, id).unwrap();
    assert!(place.state.join(format!("{id}.epoch")).exists());

    let held = Hold::take(&place.folder).unwrap();
    assert!(matches!(
        person.known.remove(&place, id),
        Err(KnownVaultsError::Vault(VaultError::InUse { .. }))
    ));
    drop(held);
    assert!(describe(&place.folder).is_ok());

    let letter = place.folder.join("letter");
    fs::write(&letter, "dear").unwrap();
    symlink(&other.folder, place.folder.join("set-aside")).unwrap();
    let foreign = person.known.remove(&place, id).unwrap();
    assert_eq!(foreign, [letter.clone(), place.folder.join("set-aside")]);
    assert_eq!(fs::read_to_string(letter).unwrap(), "dear");
    assert!(!place.state.join(format!("{id}.epoch")).exists());
    assert!(place.state.join(format!("{other_id}.epoch")).exists());
    assert_eq!(person.names(), ["default"]);

    // All that a vault may have left.
    for left in ["header.new", "db.seal.new", "journal.new", "snapshots/new", "snapshots/header.new"] {
        fs::write(other.folder.join(left), "left").unwrap();
    }
    for left in ["db.trial/1", "db.new/2", "set-aside/3/db"] {
        fs::create_dir_all(other.folder.join(left)).unwrap();
    }
    let foreign = person.known.remove(&other, other_id).unwrap();
    assert_eq!((foreign, other.folder.exists()), (Vec::new(), false));
}
