//! Opening a vault as its owner on this machine does.

use latchkey_crypto::vault::{Passphrase, PassphraseProof};
use latchkey_passkey::PasskeyId;
use latchkey_vault::{OpenOptions, Vault, VaultError};

use crate::{place::VaultPlace, random::now};

/// A vault that was just opened.
pub struct Opened {
    /// The vault.
    pub vault: Vault,
    /// Verifies the user of one request.
    pub proof: PassphraseProof,
    /// What had been in the bin for too long and is gone now; or why it is not.
    pub purged: Result<Vec<PasskeyId>, VaultError>,
}

/// Opens a vault with its passphrase, and purges what has been in its bin for too long.
pub fn open(place: &VaultPlace, passphrase: &Passphrase) -> Result<Opened, VaultError> {
    let (mut vault, proof) = options(place).open(&place.folder, passphrase)?;
    let purged = vault.purge_overdue(now());
    Ok(Opened { vault, proof, purged })
}

/// How this machine opens a vault: with its memory of it, and under its own name.
pub fn options(place: &VaultPlace) -> OpenOptions {
    let options = OpenOptions::new().state_folder(&place.state);
    match rustix::system::uname().nodename().to_str() {
        Ok(name) if !name.is_empty() => options.device_name(name),
        _ => options,
    }
}
