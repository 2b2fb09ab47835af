//! Opening the vault with the passphrase of this call.

use latchkey_app::VaultPlace;
use latchkey_crypto::vault::{Passphrase, PassphraseProof};
use latchkey_vault::{OpenOptions, Vault, VaultError};

use crate::{Problem, passphrase::PassphraseSource, sentence};

/// Opens the vault; the proof verifies the user of one request. What is wrong with the vault but leaves it usable is
/// told on standard error.
pub(crate) fn open(
    place: &VaultPlace,
    source: &PassphraseSource,
) -> Result<(Vault, PassphraseProof), Problem> {
    // A missing vault is told before a passphrase is asked for.
    if !place.folder.exists() {
        return Err(sentence::of_vault(&VaultError::NotFound).into());
    }
    let passphrase = passphrase(source)?;
    let options = OpenOptions::new().state_folder(&place.state);
    let (vault, proof) =
        options.open(&place.folder, &passphrase).map_err(|error| sentence::of_vault(&error))?;
    for finding in vault.status().map_err(|error| sentence::of_vault(&error))?.findings {
        eprintln!("warning: {}", sentence::of_finding(&finding));
    }
    Ok((vault, proof))
}

/// Makes the last snapshot. A vault that is merely dropped loses nothing, so a failure is only told.
pub(crate) fn close(vault: Vault) {
    if let Err(error) = vault.close() {
        eprintln!("warning: {}", sentence::of_vault(&error).what);
    }
}

fn passphrase(source: &PassphraseSource) -> Result<Passphrase, Problem> {
    let text = source.read("Passphrase: ").map_err(|error| sentence::of_passphrase(&error))?;
    Passphrase::new(&text).map_err(|error| sentence::of_passphrase_text(error).into())
}
