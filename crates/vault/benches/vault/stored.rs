//! Vaults of any size, made once and kept for the next run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use getrandom::{SysRng, rand_core::UnwrapErr};
use latchkey_crypto::cbor::{self, Value};
use latchkey_crypto::cose::{Algorithm, PrivateKey};
use latchkey_crypto::vault::{KdfParams, Machine, MasterKey, Passphrase, SlotTable};
use latchkey_passkey::{
    BackupEligibility, CounterMode, CredProtect, CredentialId, Custody, Labels, Passkey, PasskeyCore,
    PasskeyId, PasskeySecrets, PrfSeeds, Seed, Usage, UserHandle,
};
use latchkey_vault::{NewPasskey, Vault};

use crate::people::{self, Person};

pub(crate) const PASSPHRASE: &str = "known to every reader of the bench";
pub(crate) const NOW: u64 = 1_790_000_000;
/// To be raised when the vaults made here change, so that old ones are not taken for new.
const SHAPE: u32 = 2;
const PASSKEYS_OF_A_COMMIT: usize = 2000;

/// A vault on the disk that the project is on.
pub(crate) struct Stored {
    place: PathBuf,
}

impl Stored {
    /// The one of so many passkeys, made by another process if it is not there yet.
    pub(crate) fn of(count: usize) -> Self {
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("latchkey-bench-{SHAPE}-{count}"));
        let stored = Self { place };
        let opens = || Vault::open_with_master_key(stored.folder(), &stored.master_key());
        if !stored.key_file().exists() || opens().is_err() {
            let _ = fs::remove_dir_all(&stored.place);
            let mut filler = Command::new(std::env::current_exe().unwrap());
            let filler = filler.arg("fill").arg(&stored.place).arg(count.to_string());
            assert!(filler.status().unwrap().success());
        }
        stored
    }

    pub(crate) fn at(place: &Path) -> Self {
        Self { place: place.to_owned() }
    }

    pub(crate) fn place(&self) -> &Path {
        &self.place
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.place.join("vault")
    }

    pub(crate) fn master_key(&self) -> MasterKey {
        MasterKey::from_slice(&fs::read(self.key_file()).unwrap()).unwrap()
    }

    /// Opens a copy that may be changed; it goes with its folder.
    pub(crate) fn open_copy(&self) -> (Vault, tempfile::TempDir) {
        let parent = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let place = tempfile::TempDir::with_prefix_in("latchkey-bench-", parent).unwrap();
        let copied = Command::new("cp").arg("-r").arg(self.folder()).arg(place.path()).status();
        assert!(copied.unwrap().success());
        let vault = Vault::open_with_master_key(place.path().join("vault"), &self.master_key()).unwrap();
        (vault, place)
    }

    fn key_file(&self) -> PathBuf {
        self.place.join("master-key")
    }
}

/// Makes a vault of so many passkeys.
pub(crate) fn fill(place: &Path, count: usize) {
    let stored = Stored::at(place);
    let passphrase = Passphrase::new(PASSPHRASE).unwrap();
    let params = KdfParams::floor(Machine::Small);
    fs::create_dir_all(place).unwrap();
    let mut vault = Vault::create(stored.folder(), &passphrase, params, &mut UnwrapErr(SysRng)).unwrap();
    let (people, secrets) = (people::generate(count), secrets());
    for people in people.chunks(PASSKEYS_OF_A_COMMIT) {
        let mut import = vault.begin_import(NOW);
        for person in people {
            let passkey = &passkey(person);
            import
                .add(&NewPasskey { passkey, secrets: &secrets, large_blob: None, source_raw: None })
                .unwrap();
        }
        import.commit().unwrap();
    }
    vault.close().unwrap();

    // The header's slots, as `header.rs` of the vault writes them: line, [body, code], checksum.
    let header = fs::read(stored.folder().join("header")).unwrap();
    let inner = header.strip_prefix(b"latchkey vault\n").unwrap();
    let outer = cbor::decode_canonical(&inner[..inner.len() - 32]).unwrap();
    let body = outer.as_array().and_then(|parts| parts[0].as_bytes()).unwrap();
    let body = cbor::decode_canonical(body).unwrap();
    let slots = SlotTable::decode(body.get(2).and_then(Value::as_bytes).unwrap()).unwrap();
    let (master_key, _) = slots.open(&passphrase).unwrap();
    fs::write(stored.key_file(), master_key.expose()).unwrap();
}

pub(crate) fn passkey(person: &Person) -> Passkey {
    let (fields, owned) = (person.fields(), |text: Option<&str>| text.map(str::to_owned));
    Passkey {
        core: PasskeyCore {
            id: person.id,
            rp_id: fields.rp_id.clone(),
            credential_id: credential_id(person.id),
            user_handle: UserHandle::new(person.id.as_bytes().to_vec()).unwrap(),
            algorithm: Algorithm::Es256,
            discoverable: true,
            backup: BackupEligibility::Yes,
            custody: Custody::Syncable,
            cred_protect: CredProtect::UserVerificationOptional,
            created_at: NOW,
            payments: false,
            counter: CounterMode::Zero,
            source_counter: None,
        },
        labels: Labels {
            rp_name: owned(fields.rp_name),
            user_name: fields.user_name.to_owned(),
            user_display_name: fields.user_display_name.to_owned(),
            name: owned(fields.name),
            tags: fields.tags.to_vec(),
            note: owned(fields.note),
            ..Labels::default()
        },
        usage: Usage::default(),
    }
}

pub(crate) fn credential_id(id: PasskeyId) -> CredentialId {
    CredentialId::new([id.as_bytes().as_slice(), &[0; 16]].concat()).unwrap()
}

/// The same for all: each is sealed by itself, and none is opened for what is measured.
pub(crate) fn secrets() -> PasskeySecrets {
    PasskeySecrets {
        private_key: PrivateKey::generate(Algorithm::Es256, &mut UnwrapErr(SysRng)).unwrap(),
        prf_seeds: PrfSeeds { with_uv: Seed::from_bytes([1; 32]), without_uv: Seed::from_bytes([2; 32]) },
        cred_blob: None,
        large_blob_key: None,
    }
}
