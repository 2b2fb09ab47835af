//! Opening the vault with the passphrase of this call, and giving it up.

use latchkey_app::{
    VaultPlace,
    known::KnownVaults,
    opening::{self, Opened},
};
use latchkey_crypto::vault::{Passphrase, PassphraseProof, VaultId};
use latchkey_memory::lock_refused;
use latchkey_vault::{Vault, VaultError, describe};

use crate::{
    Problem,
    background::at_work,
    passphrase::PassphraseSource,
    progress,
    selecting::passkeys,
    sentence::{self, Sentence},
    tell,
};

/// What is asked where one passphrase is wanted.
pub(crate) const PROMPT: &str = "Passphrase: ";

/// Opens the vault; the proof verifies the user of one request. What is wrong with the vault but leaves it usable is
/// told on standard error. What has been in the bin for too long goes.
pub(crate) async fn open(
    place: &VaultPlace,
    source: &PassphraseSource,
) -> Result<(Vault, PassphraseProof), Problem> {
    let (opened, _passphrase) = open_with_passphrase(place, source, PROMPT).await?;
    Ok((opened.vault, opened.proof))
}

/// The same, and gives the passphrase back, for what needs it once more.
pub(crate) async fn open_with_passphrase(
    place: &VaultPlace,
    source: &PassphraseSource,
    question: &str,
) -> Result<(Opened, Passphrase), Problem> {
    expect_vault(place)?;
    let passphrase = asked(source, question).await?;
    let wanted = place.clone();
    let (opened, passphrase) = at_work(move || (opening::open(&wanted, &passphrase), passphrase)).await;
    let opened = opened.map_err(|error| sentence::of_vault(&error))?;
    tell_of(place, &opened);
    remember(place, opened.vault.id());
    Ok((opened, passphrase))
}

fn tell_of(place: &VaultPlace, opened: &Opened) {
    for finding in opened.vault.findings() {
        warn(&sentence::for_vault(&sentence::of_finding(&finding), place));
    }
    match &opened.purged {
        Ok(ids) if ids.is_empty() => {}
        Ok(ids) => {
            tell(format_args!("{} had been in the bin for 30 days: gone for good.", passkeys(ids.len())))
        }
        Err(error) => warn(&format!("the bin could not be emptied: {}", sentence::of_vault(error).what)),
    }
    if lock_refused() {
        warn("the system did not lock all keys into memory, so they may be swapped to disk; see `ulimit -l`");
    }
}

/// A vault that is missing, or damaged beyond opening, is told before anything is asked.
pub(crate) fn expect_vault(place: &VaultPlace) -> Result<(), Sentence> {
    describe(&place.folder).map(drop).map_err(|error| match error {
        VaultError::NotFound if place.is_taken() => sentence::not_a_vault(place),
        error => sentence::of_vault(&error),
    })
}

/// Remembers a vault outside the usual folder. That it cannot be remembered is no reason to stop.
pub(crate) fn remember(place: &VaultPlace, id: VaultId) {
    let Some(known) = KnownVaults::of_this_user() else { return };
    if let Err(error) = known.remember(place, id) {
        warn(&format!("this vault is not remembered: {}", sentence::of_known_vaults(&error).what));
    }
}

/// Makes the last snapshot. A vault that is merely dropped loses nothing, so a failure is only told.
pub(crate) fn close(vault: Vault) {
    if let Err(error) = vault.close() {
        warn(&sentence::of_vault(&error).what);
    }
}

/// Writes a vault anew where that is due, with progress, and gives it up. Whether nothing is left to be done; what is,
/// is made up for when the vault is next closed.
pub(crate) async fn close_rewritten(vault: Vault) -> Result<bool, Problem> {
    if !vault.rewrite_is_due() {
        close(vault);
        return Ok(true);
    }
    let rewritten = progress::shown("Writing the vault anew", move |progress| {
        let mut vault = vault;
        let rewritten = vault.rewrite(progress);
        (vault, rewritten)
    });
    let (vault, rewritten) = rewritten.await?;
    if let Err(error) = rewritten {
        warn(&format!("the vault was not written anew: {}", sentence::of_vault(&error).what));
        tell(
            "  Sealed copies of what is gone stay in its folder until it is; it is tried again when it is next closed.",
        );
        // Dropped: closing would try it at once.
        drop(vault);
        return Ok(false);
    }
    close(vault);
    Ok(true)
}

pub(crate) async fn passphrase(source: &PassphraseSource) -> Result<Passphrase, Problem> {
    asked(source, PROMPT).await
}

async fn asked(source: &PassphraseSource, question: &str) -> Result<Passphrase, Problem> {
    let text = source.read(question).await.map_err(|error| sentence::of_passphrase(&error))?;
    Passphrase::new(&text).map_err(|error| sentence::of_passphrase_text(error).into())
}

fn warn(what: &str) {
    tell(format_args!("warning: {what}"));
}
