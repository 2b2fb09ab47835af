//! Opening the vault with the passphrase of this call.

use latchkey_app::VaultPlace;
use latchkey_crypto::vault::{Passphrase, PassphraseProof};
use latchkey_vault::{OpenOptions, Vault, VaultError, describe};

use crate::{
    Problem, in_background,
    passphrase::PassphraseSource,
    sentence::{self, Sentence},
    tell,
};

/// Opens the vault; the proof verifies the user of one request. What is wrong with the vault but leaves it usable is
/// told on standard error.
pub(crate) async fn open(
    place: &VaultPlace,
    source: &PassphraseSource,
) -> Result<(Vault, PassphraseProof), Problem> {
    expect_vault(place)?;
    let passphrase = passphrase(source).await?;
    let options = OpenOptions::new().state_folder(&place.state);
    let folder = place.folder.clone();
    let opened = in_background(move || options.open(&folder, &passphrase)).await;
    let (vault, proof) = opened.map_err(|error| sentence::of_vault(&error))?;
    for finding in vault.status().map_err(|error| sentence::of_vault(&error))?.findings {
        let told = sentence::for_vault(&sentence::of_finding(&finding), place);
        tell(format_args!("warning: {told}"));
    }
    Ok((vault, proof))
}

/// A vault that is missing, or damaged beyond opening, is told before anything is asked.
pub(crate) fn expect_vault(place: &VaultPlace) -> Result<(), Sentence> {
    describe(&place.folder).map(drop).map_err(|error| match error {
        VaultError::NotFound if place.is_taken() => sentence::not_a_vault(place),
        error => sentence::of_vault(&error),
    })
}

/// Makes the last snapshot. A vault that is merely dropped loses nothing, so a failure is only told.
pub(crate) fn close(vault: Vault) {
    if let Err(error) = vault.close() {
        tell(format_args!("warning: {}", sentence::of_vault(&error).what));
    }
}

async fn passphrase(source: &PassphraseSource) -> Result<Passphrase, Problem> {
    let text = source.read("Passphrase: ").await.map_err(|error| sentence::of_passphrase(&error))?;
    Passphrase::new(&text).map_err(|error| sentence::of_passphrase_text(error).into())
}
