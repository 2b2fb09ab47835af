use std::{
    io::{self, Write},
    time::Instant,
};

use latchkey_app::{VaultPlace, known::KnownVaults, os_random, vaults};
use latchkey_crypto::vault::{KdfParams, Passphrase};
use latchkey_vault::{Vault, VaultError};

use crate::{
    Problem,
    background::at_work,
    choosing::choose,
    exit::Exit,
    interruption::{Deferral, Interruptions},
    opening,
    passphrase::PassphraseSource,
    sentence, tell,
};

/// Makes a new vault.
pub(crate) async fn run(place: &VaultPlace, source: &PassphraseSource) -> Result<Exit, Problem> {
    // Told before a passphrase is thought up.
    if place.is_taken() {
        return Err(sentence::of_vault(&VaultError::AlreadyExists).into());
    }
    let passphrase = choose(source).await?;
    tell("Measuring this machine, then making the vault …");
    let started = Instant::now();
    let params =
        at_work(vaults::calibrate).await.map_err(|error| sentence::of_vault(&VaultError::Kdf(error)))?;
    let vault = make(place, passphrase, params).await?;
    opening::remember(place, vault.id());
    opening::close(vault);
    tracing::debug!(took = ?started.elapsed(), "vault made");
    report(place, params).map_err(Problem::OutputAfterChange)?;
    Ok(Exit::Done)
}

/// Makes the vault. A key derivation cannot be stopped: after an interruption, what comes of it goes again, which holds
/// nothing yet.
async fn make(place: &VaultPlace, passphrase: Passphrase, params: KdfParams) -> Result<Vault, Problem> {
    let _deferral = Deferral::begin();
    let mut interruptions = Interruptions::new()?;
    let (options, folder) = (latchkey_app::opening::options(place), place.folder.clone());
    let making = at_work(move || options.create(&folder, &passphrase, params, &mut os_random()));
    tokio::pin!(making);
    let mut is_interrupted = false;
    let made = loop {
        tokio::select! {
            biased;
            made = &mut making => break made,
            () = interruptions.next() => is_interrupted = true,
        }
    };
    let vault = made.map_err(|error| sentence::of_vault(&error))?;
    if !is_interrupted {
        return Ok(vault);
    }
    let id = vault.id();
    drop(vault);
    let known = KnownVaults::of_this_user().ok_or_else(sentence::no_home)?;
    known.remove(place, id).map_err(|error| sentence::of_known_vaults(&error))?;
    Err(sentence::interrupted().into())
}

fn report(place: &VaultPlace, params: KdfParams) -> io::Result<()> {
    let cost = params.cost();
    let mut out = io::stdout().lock();
    writeln!(out, "Made a vault in {}", place.folder.display())?;
    writeln!(
        out,
        "Each guess at its passphrase costs {} passes over {} MiB.",
        cost.passes,
        cost.memory_kib >> 10
    )?;
    writeln!(
        out,
        "Nobody can recover a forgotten passphrase: write it down and keep it where you keep papers."
    )?;
    writeln!(out, "Next: {}", sentence::command("doctor", place))
}
