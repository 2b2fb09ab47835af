//! Into the bin, and out of it.

use latchkey_app::{VaultPlace, now};
use latchkey_vault::Entry;

use super::labels::change;
use crate::{
    Problem,
    args::{JsonOption, Selection},
    exit::Exit,
    passphrase::PassphraseSource,
    selecting::{Among, Meant},
    sentence, tell,
};

/// Moves passkeys to the bin.
pub(crate) async fn remove(
    place: &VaultPlace,
    source: &PassphraseSource,
    which: Selection,
    json: &JsonOption,
) -> Result<Exit, Problem> {
    let meant = Meant::read(which).await?;
    let choose = async |entries: &[Entry]| meant.among(entries, Among::InUse, "Move them to the bin").await;
    let exit =
        change(place, source, choose, |vault, ids| vault.bin(ids, now()), "Moved to the bin:", json).await?;
    if !json.json {
        tell(sentence::for_vault(
            "They stay there for 30 days: `latchkey restore ID` brings one back, `latchkey list --bin` shows them. \
             The sites do not know; take the passkeys off their settings, too.",
            place,
        ));
    }
    Ok(exit)
}

/// Brings passkeys back.
pub(crate) async fn restore(
    place: &VaultPlace,
    source: &PassphraseSource,
    which: Selection,
    json: &JsonOption,
) -> Result<Exit, Problem> {
    let meant = Meant::read(which).await?;
    let choose = async |entries: &[Entry]| meant.among(entries, Among::InBin, "Bring them back").await;
    change(place, source, choose, |vault, ids| vault.unbin(ids, now()), "Brought back", json).await
}
