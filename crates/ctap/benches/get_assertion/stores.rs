//! The same 10,000 passkeys in memory and in a vault.

use std::{env, path::Path, process::Command};

use getrandom::{SysRng, rand_core::UnwrapErr};
use latchkey_crypto::{
    cose::{Algorithm, PrivateKey},
    vault::{KdfParams, Machine, Passphrase},
};
use latchkey_passkey::{
    BackupEligibility, CounterMode, CredProtect, CredentialId, Custody, Door, Labels, Outcome, Passkey,
    PasskeyCore, PasskeyId, PasskeySecrets, PasskeyStore, PrfSeeds, RpId, Seed, StoreError, Usage, UseKind,
    UseRecord, UserHandle,
};
use latchkey_vault::Vault;
use tempfile::TempDir;

use crate::{NOW, PASSKEYS, credential_id, id, memory_store::MemoryStore, rp_id};

/// Where the other process is to fill a vault.
const FILL: &str = "LATCHKEY_BENCH_FILL";

/// A filled vault; its folder goes with it.
pub(crate) struct InVault {
    pub(crate) vault: Vault,
    _folder: TempDir,
}

/// A store whose sign-ins are not made durable, to tell what they cost without.
pub(crate) struct Uncommitted<'a, S>(pub(crate) &'a S);

pub(crate) fn in_memory() -> MemoryStore {
    let mut store = MemoryStore::default();
    fill(&mut store);
    store
}

impl InVault {
    /// Where a commit costs next to nothing, as none is measured; elsewhere filling takes minutes.
    pub(crate) fn in_fast_memory() -> Self {
        let fast = Path::new("/dev/shm");
        Self::at(if fast.is_dir() { fast } else { Path::new(env!("CARGO_TARGET_TMPDIR")) })
    }

    /// Filled by another process, as this one's memory should be that of a sign-in.
    fn at(parent: &Path) -> Self {
        let folder = new_folder(parent);
        let path = folder.path().join("vault");
        let filled = Command::new(env::current_exe().unwrap()).env(FILL, &path).status().unwrap();
        assert!(filled.success());
        let (vault, _) = Vault::open(path, &passphrase()).unwrap();
        Self { vault, _folder: folder }
    }
}

/// Fills a vault and says so, if this is the process that was started for it.
pub(crate) fn is_filler() -> bool {
    let Some(path) = env::var_os(FILL) else { return false };
    let (params, rng) = (KdfParams::floor(Machine::Small), &mut UnwrapErr(SysRng));
    let mut vault = Vault::create(path, &passphrase(), params, rng).unwrap();
    fill(&mut vault);
    vault.close().unwrap();
    true
}

/// What is written down of a use now.
fn used(kind: UseKind) -> UseRecord {
    UseRecord { at: NOW, kind, door: Door::Hybrid, outcome: Outcome::Approved, verification: None }
}

fn fill(store: &mut dyn PasskeyStore) {
    (0..PASSKEYS).for_each(|n| store.add(&passkey(n), &secrets(), None, &used(UseKind::Create)).unwrap());
}

fn passkey(n: u32) -> Passkey {
    Passkey {
        core: PasskeyCore {
            id: id(n),
            rp_id: RpId::parse(&rp_id(n)).unwrap(),
            credential_id: CredentialId::new(credential_id(n)).unwrap(),
            user_handle: UserHandle::new(vec![1; 32]).unwrap(),
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
        labels: Labels { user_name: "alice".to_owned(), ..Labels::default() },
        usage: Usage::default(),
    }
}

fn secrets() -> PasskeySecrets {
    PasskeySecrets {
        private_key: PrivateKey::generate(Algorithm::Es256, &mut UnwrapErr(SysRng)).unwrap(),
        prf_seeds: PrfSeeds { with_uv: Seed::from_bytes([1; 32]), without_uv: Seed::from_bytes([2; 32]) },
        cred_blob: None,
        large_blob_key: None,
    }
}

fn passphrase() -> Passphrase {
    Passphrase::new("known to every reader of the bench").unwrap()
}

fn new_folder(parent: &Path) -> TempDir {
    TempDir::with_prefix_in("latchkey-bench-", parent).unwrap()
}

impl<S: PasskeyStore> PasskeyStore for Uncommitted<'_, S> {
    fn find_by_rp_id(&self, rp_id: &RpId) -> Result<Vec<Passkey>, StoreError> {
        self.0.find_by_rp_id(rp_id)
    }

    fn find_by_credential_id(&self, rp_id: &RpId, id: &CredentialId) -> Result<Option<Passkey>, StoreError> {
        self.0.find_by_credential_id(rp_id, id)
    }

    fn find_by_user_handle(&self, rp_id: &RpId, user: &UserHandle) -> Result<Option<PasskeyId>, StoreError> {
        self.0.find_by_user_handle(rp_id, user)
    }

    fn secrets(&self, id: PasskeyId) -> Result<Option<PasskeySecrets>, StoreError> {
        self.0.secrets(id)
    }

    fn add(
        &mut self,
        _: &Passkey,
        _: &PasskeySecrets,
        _: Option<PasskeyId>,
        _: &UseRecord,
    ) -> Result<(), StoreError> {
        Ok(())
    }

    fn record_use(&mut self, _: PasskeyId, _: &UseRecord) -> Result<(), StoreError> {
        Ok(())
    }
}
