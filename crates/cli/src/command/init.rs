use std::{
    io::{self, Write},
    time::Instant,
};

use latchkey_app::{VaultPlace, os_random, vaults};
use latchkey_vault::VaultError;

use crate::{Problem, choosing::choose, exit::Exit, opening, passphrase::PassphraseSource, sentence, tell};

/// Makes a new vault.
pub(crate) async fn run(place: &VaultPlace, source: &PassphraseSource) -> Result<Exit, Problem> {
    // Told before a passphrase is thought up.
    if place.is_taken() {
        return Err(sentence::of_vault(&VaultError::AlreadyExists).into());
    }
    let passphrase = choose(source).await?;
    tell("Measuring this machine, then making the vault …");
    let started = Instant::now();
    let params = vaults::calibrate().map_err(|error| sentence::of_vault(&VaultError::Kdf(error)))?;
    let vault = latchkey_app::opening::options(place)
        .create(&place.folder, &passphrase, params, &mut os_random())
        .map_err(|error| sentence::of_vault(&error))?;
    opening::remember(place, vault.id());
    opening::close(vault);
    tracing::debug!(took = ?started.elapsed(), "vault made");
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
    writeln!(out, "Next: {}", sentence::command("doctor", place))?;
    Ok(Exit::Done)
}
