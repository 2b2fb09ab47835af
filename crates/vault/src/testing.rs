//! What the tests of this crate share.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::OnceLock;

use latchkey_crypto::cose::{Algorithm, PrivateKey};
use latchkey_crypto::vault::{
    DataKey, HeaderKeys, KdfCost, KdfParams, Machine, Manifest, MasterKey, Passphrase, RecordKind, SlotTable,
    VaultId, VaultKeys,
};
use latchkey_memory::Locked;
use latchkey_passkey::{
    BackupEligibility, CounterMode, CredProtect, CredentialId, Custody, Door, Labels, Outcome, Passkey,
    PasskeyCore, PasskeyId, PasskeySecrets, PasskeyStore, PrfSeeds, RpId, Seed, StoreError, Usage, UseKind,
    UseRecord, UserHandle, Verification,
};

use crate::backend::{Backend, Change, MANIFEST_KEY, Memory, Tree};
use crate::folder::{Folder, Lock, create_private_folder};
use crate::header::{Header, WrappedDataKey};
use crate::unlocking::new_data_key;
use crate::vault::random;
use crate::{NewPasskey, OpenOptions, Vault, VaultError, open};

/// The passphrase of [`slot_table`].
pub(crate) const PASSPHRASE: &str = "correct horse";

/// The cheapest derivation that is legal anywhere.
pub(crate) fn cheap() -> KdfParams {
    KdfParams::new(KdfCost { passes: 3, memory_kib: 64 * 1024, lanes: 4 }, Machine::Small).unwrap()
}

pub(crate) fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text).unwrap()
}

/// One slot table and its master key for all tests: its key derivation is paid once.
fn made() -> &'static (Vec<u8>, [u8; 32]) {
    static MADE: OnceLock<(Vec<u8>, [u8; 32])> = OnceLock::new();
    MADE.get_or_init(|| {
        let vault = VaultId::from_bytes([2; 16]);
        let (table, key) = SlotTable::create(vault, &passphrase(PASSPHRASE), cheap(), &mut random()).unwrap();
        (table.encode(), *key.expose())
    })
}

pub(crate) fn slot_table() -> SlotTable {
    SlotTable::decode(&made().0).unwrap()
}

/// The variable by which a test hands its master key to a child, which then pays no key derivation.
pub(crate) const KEY_VARIABLE: &str = "LATCHKEY_TEST_KEY";

pub(crate) fn master_key() -> MasterKey {
    match std::env::var(KEY_VARIABLE) {
        Ok(digits) => MasterKey::from_bytes(key_from(&digits)),
        Err(_) => MasterKey::from_bytes(made().1),
    }
}

/// The master key in the form that [`KEY_VARIABLE`] has.
pub(crate) fn master_key_digits() -> String {
    let (high, low) = made().1.split_at(16);
    let half = |bytes: &[u8]| u128::from_be_bytes(bytes.try_into().unwrap());
    format!("{:032x}{:032x}", half(high), half(low))
}

fn key_from(digits: &str) -> [u8; 32] {
    let half = |digits| u128::from_str_radix(digits, 16).unwrap().to_be_bytes();
    [half(&digits[..32]), half(&digits[32..])].concat().try_into().unwrap()
}

/// Of stores that a test makes by hand: those of a vault of the first format.
pub(crate) fn keys() -> VaultKeys {
    VaultKeys::of(&DataKey::of_first_format(&master_key()), VaultId::from_bytes([2; 16]))
}

pub(crate) fn header_keys() -> HeaderKeys {
    HeaderKeys::derive(&master_key(), VaultId::from_bytes([2; 16]))
}

/// Of a vault of the present format, not yet written.
pub(crate) fn new_header() -> Header {
    let (_, data_key) = new_data_key(&header_keys(), 1, &mut random()).unwrap();
    Header::new(slot_table(), Some(data_key))
}

/// The keys of the records in a vault's folder.
pub(crate) fn keys_in(path: &Path) -> VaultKeys {
    let header = Header::read(&Folder::at(path)).unwrap().header;
    let data_key = match header.data_key {
        None => DataKey::of_first_format(&master_key()),
        Some(WrappedDataKey { generation, wrapped }) => header_keys().unwrap(generation, &wrapped).unwrap(),
    };
    VaultKeys::of(&data_key, header.slots.vault())
}

/// A new vault in a folder, without a key derivation.
pub(crate) fn new_vault(path: &Path, options: &OpenOptions) -> Vault {
    create_private_folder(path).unwrap();
    let folder = Folder::at(path);
    let lock = Lock::take(&folder.lock()).unwrap();
    open::make(folder, lock, options, slot_table(), &master_key(), &mut random()).unwrap()
}

/// Opens a vault that [`new_vault`] made.
pub(crate) fn reopen(path: &Path, options: &OpenOptions) -> Result<Vault, VaultError> {
    options.open_with_master_key(path, &master_key())
}

/// Copies a folder, in place of the one that is there.
pub(crate) fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    create_private_folder(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

type Look = Box<dyn FnMut(&'static str)>;

thread_local! {
    static AT_STEP: RefCell<Option<Look>> = const { RefCell::new(None) };
}

/// What is done on this thread at every step of a rewrite.
pub(crate) fn at_each_step(look: impl FnMut(&'static str) + 'static) {
    AT_STEP.set(Some(Box::new(look)));
}

pub(crate) fn reached(step: &'static str) {
    AT_STEP.with_borrow_mut(|look| {
        if let Some(look) = look {
            look(step);
        }
    });
}

/// What was on the disk at each step of a rewrite, which is what a kill there leaves.
pub(crate) fn images_of(path: &Path, rewrite: impl FnOnce()) -> Vec<(&'static str, PathBuf)> {
    let images = Rc::new(RefCell::new(Vec::new()));
    at_each_step({
        let (path, images) = (path.to_owned(), Rc::clone(&images));
        move |step| {
            let image = path.with_file_name(format!("killed at {step}"));
            copy(&path, &image);
            images.borrow_mut().push((step, image));
        }
    });
    rewrite();
    at_each_step(|_| ());
    images.take()
}

/// A vault over memory.
pub(crate) fn vault_in_memory() -> Vault {
    let mut vault = vault_over(Memory::default());
    vault.write_device_identity(None).unwrap();
    vault
}

pub(crate) fn vault_over(backend: Memory) -> Vault {
    Vault::assemble(Locked::build(keys).into(), Box::new(backend), Manifest::EMPTY, None, Vec::new())
}

/// A store of sealed history lines and a manifest.
pub(crate) fn filled_memory(records: u8, epoch: u64) -> (Memory, Manifest) {
    let (keys, backend) = (keys(), Memory::default());
    let mut manifest = Manifest { epoch, ..Manifest::EMPTY };
    let mut rng = random();
    let mut changes = Vec::new();
    for n in 0..records {
        let envelope = keys.seal(RecordKind::History, &[n], 1, &[n; 3000], &mut rng).unwrap();
        manifest.add(keys.member(RecordKind::History, &[n], &envelope));
        changes.push(Change { tree: Tree::History, key: vec![n], value: Some(envelope) });
    }
    let sealed = keys.seal(RecordKind::Manifest, MANIFEST_KEY, epoch, &manifest.encode(), &mut rng).unwrap();
    changes.push(Change { tree: Tree::Meta, key: MANIFEST_KEY.to_vec(), value: Some(sealed) });
    backend.commit(&changes).unwrap();
    (backend, manifest)
}

/// A passkey whose ids follow from a number; its [`secrets`] do, too.
pub(crate) fn passkey(rp_id: &str, user: &str, n: u64) -> Passkey {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&n.to_be_bytes());
    Passkey {
        core: PasskeyCore {
            id: PasskeyId::from_bytes(id),
            rp_id: RpId::parse(rp_id).unwrap(),
            credential_id: CredentialId::new([&id[..], &id[..]].concat()).unwrap(),
            user_handle: UserHandle::new(user.as_bytes().to_vec()).unwrap(),
            algorithm: Algorithm::EdDsa,
            discoverable: true,
            backup: BackupEligibility::Yes,
            custody: Custody::Syncable,
            cred_protect: CredProtect::UserVerificationOptional,
            created_at: 1_800_000_000 + n,
            payments: false,
            counter: CounterMode::Zero,
            source_counter: None,
        },
        labels: Labels {
            user_name: user.to_owned(),
            rp_name: Some("Example".to_owned()),
            ..Labels::default()
        },
        usage: Usage::default(),
    }
}

/// Fixed for good: `stored/` has some of them.
pub(crate) fn secrets(n: u64) -> PasskeySecrets {
    let seed: Vec<u8> = (1..=4).flat_map(|word| ((n << 20) + word).to_be_bytes()).collect();
    PasskeySecrets {
        private_key: PrivateKey::from_bytes(Algorithm::EdDsa, &seed).unwrap(),
        prf_seeds: PrfSeeds { with_uv: Seed::from_bytes([3; 32]), without_uv: Seed::from_bytes([4; 32]) },
        cred_blob: None,
        large_blob_key: None,
    }
}

/// Adds a passkey that [`passkey`] made, with its secrets.
pub(crate) fn add(
    vault: &mut Vault,
    passkey: &Passkey,
    replaces: Option<PasskeyId>,
    first_use: &UseRecord,
) -> Result<(), StoreError> {
    let (number, _) = passkey.core.id.as_bytes().split_first_chunk().unwrap();
    vault.add(passkey, &secrets(u64::from_be_bytes(*number)), replaces, first_use)
}

/// A passkey's history without the devices.
pub(crate) fn uses(vault: &Vault, id: PasskeyId) -> Vec<UseRecord> {
    vault.history(id).unwrap().into_iter().map(|entry| entry.used).collect()
}

/// Imports passkeys, all or none.
pub(crate) fn import(vault: &mut Vault, new: &[NewPasskey<'_>], at: u64) -> Result<(), VaultError> {
    let mut import = vault.begin_import(at);
    new.iter().try_for_each(|new| import.add(new))?;
    import.commit()
}

pub(crate) fn rp(text: &str) -> RpId {
    RpId::parse(text).unwrap()
}

pub(crate) fn created(at: u64) -> UseRecord {
    UseRecord {
        at,
        kind: UseKind::Create,
        door: Door::Hybrid,
        outcome: Outcome::Approved,
        verification: Some(Verification::Passphrase),
    }
}

pub(crate) fn signed_in(at: u64) -> UseRecord {
    UseRecord { kind: UseKind::SignIn, ..created(at) }
}

/// How often a long proof repeats: the default in a test run, more where the variable says so (`make soak`).
pub(crate) fn times(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |number| number.parse().unwrap())
}

/// What random choices of a proof follow from; the variable repeats a run.
pub(crate) fn seed() -> u64 {
    std::env::var("LATCHKEY_SEED")
        .map_or_else(|_| rand_core::Rng::next_u64(&mut random()), |number| number.parse().unwrap())
}
