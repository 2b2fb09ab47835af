//! Opening and giving up a vault as its owner on this machine does.

use latchkey_crypto::vault::{Passphrase, PassphraseProof};
use latchkey_vault::{OpenOptions, Vault, VaultError};

use crate::place::VaultPlace;

/// A vault that was just opened.
pub struct Opened {
    /// The vault.
    pub vault: Vault,
    /// Verifies the user of one request.
    pub proof: PassphraseProof,
}

/// Opens a vault with its passphrase.
pub fn open(place: &VaultPlace, passphrase: &Passphrase) -> Result<Opened, VaultError> {
    let (vault, proof) = options(place).open(&place.folder, passphrase)?;
    Ok(Opened { vault, proof })
}

/// How this machine opens a vault: with its memory of it, and under its own name.
pub fn options(place: &VaultPlace) -> OpenOptions {
    OpenOptions::new().state_folder(&place.state)
}
