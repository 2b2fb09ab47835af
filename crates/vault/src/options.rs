use std::path::{Path, PathBuf};
use std::time::Duration;

use latchkey_crypto::vault::{KdfParams, KeyedSlot, MasterKey, Passphrase, PassphraseProof, SlotSecret};
use rand_core::CryptoRng;

use crate::restore::{Restored, Source, restore};
use crate::{Vault, VaultError, open};

/// How a vault is opened. The default: no memory kept on this machine, two minutes for the database to open.
///
/// ```no_run
/// # use latchkey_vault::{OpenOptions, VaultError};
/// # use latchkey_crypto::vault::Passphrase;
/// # fn open(passphrase: &Passphrase) -> Result<(), VaultError> {
/// let options = OpenOptions::new().state_folder("state/latchkey");
/// let (vault, _proof) = options.open("vaults/default", passphrase)?;
/// # vault.close() }
/// ```
#[derive(Debug, Clone)]
pub struct OpenOptions {
    pub(crate) state_folder: Option<PathBuf>,
    pub(crate) deadline: Duration,
    pub(crate) accept_older: bool,
    pub(crate) device_name: Option<String>,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            state_folder: None,
            deadline: Duration::from_secs(120),
            accept_older: false,
            device_name: None,
        }
    }
}

impl OpenOptions {
    /// The default.
    pub fn new() -> Self {
        Self::default()
    }

    /// Where this machine remembers what it has seen of vaults, so that a folder that was set back is noticed.
    pub fn state_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.state_folder = Some(folder.into());
        self
    }

    /// How long the database, or a copy that is tried before it, may take to open before it is given up as damaged.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Goes on with a vault that has lost commits or was set back. Only after its owner was told and agreed.
    pub fn accept_older(mut self) -> Self {
        self.accept_older = true;
        self
    }

    /// What this copy of the vault is called, the machine's name say, if it has to be given an identity: see
    /// [`Vault::devices`]. Without one it has none.
    pub fn device_name(mut self, name: impl Into<String>) -> Self {
        self.device_name = Some(name.into());
        self
    }

    /// Makes a vault in a folder that does not exist yet or is empty, and opens it.
    ///
    /// Its header, database and first snapshot are on the disk when this returns.
    pub fn create(
        &self,
        folder: impl AsRef<Path>,
        passphrase: &Passphrase,
        params: KdfParams,
        rng: &mut dyn CryptoRng,
    ) -> Result<Vault, VaultError> {
        open::create(folder.as_ref(), self, passphrase, params, rng)
    }

    /// Opens a vault with its passphrase.
    ///
    /// On a medium that cannot be written it does not open ([`VaultError::ReadOnly`]). A vault of an older format is
    /// brought to the present one ([`Finding::Migrated`](crate::Finding::Migrated)).
    ///
    /// What is wrong but leaves it usable is in [`Vault::status`]; what does not, is an error.
    pub fn open(
        &self,
        folder: impl AsRef<Path>,
        passphrase: &Passphrase,
    ) -> Result<(Vault, PassphraseProof), VaultError> {
        open::with_passphrase(folder.as_ref(), self, passphrase)
    }

    /// Opens a vault with its master key, which only one of its slots can have given.
    pub fn open_with_master_key(
        &self,
        folder: impl AsRef<Path>,
        master_key: &MasterKey,
    ) -> Result<Vault, VaultError> {
        open::with_master_key(folder.as_ref(), self, master_key)
    }

    /// Opens a vault with what opens a slot that is not a passphrase's. Nobody typed one: there is no proof.
    pub fn open_with_keyed_slot(
        &self,
        folder: impl AsRef<Path>,
        way: KeyedSlot,
        secret: &SlotSecret,
    ) -> Result<Vault, VaultError> {
        open::with_keyed_slot(folder.as_ref(), self, way, secret)
    }

    /// Brings a damaged vault back from its newest good snapshot and the journals after it, into a new database.
    ///
    /// Never done unasked: what is restored may be older than what was lost. The damaged files are kept in
    /// `set-aside/`.
    pub fn restore(&self, folder: impl AsRef<Path>, passphrase: &Passphrase) -> Result<Restored, VaultError> {
        restore(folder.as_ref(), self, Source::Newest, passphrase)
    }

    /// As [`OpenOptions::restore`], from a snapshot that was chosen, and without what came after it.
    pub fn restore_snapshot(
        &self,
        folder: impl AsRef<Path>,
        passphrase: &Passphrase,
        snapshot: u64,
    ) -> Result<Restored, VaultError> {
        restore(folder.as_ref(), self, Source::Snapshot(snapshot), passphrase)
    }
}
