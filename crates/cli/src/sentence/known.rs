//! Names and places of vaults.

use latchkey_app::known::KnownVaultsError;

use super::{Sentence, of_vault, reason, sentence};
use crate::exit::Exit;

pub(crate) fn of_known_vaults(error: &KnownVaultsError) -> Sentence {
    use KnownVaultsError as K;
    match error {
        K::Unreadable { path, source } => sentence(
            Exit::VaultDamaged,
            format!("Cannot read {}: {}.", path.display(), reason(source)),
            "Look at its owner and rights.",
        ),
        K::Unwritable { path, source } => sentence(
            Exit::VaultDamaged,
            format!("Cannot write {}: {}.", path.display(), reason(source)),
            "Look at its owner and rights, and at the room on the disk.",
        ),
        K::Malformed { path, line, detail } => sentence(
            Exit::Usage,
            format!("{} cannot be understood in line {line}: {detail}.", path.display()),
            "Mend the line, or move the file away: it only remembers where vaults are.",
        ),
        K::NoSuchVault => sentence(
            Exit::Usage,
            "There is no such vault.",
            "`latchkey vaults list` shows their names; a folder is written with a slash.",
        ),
        K::Ambiguous { named } => sentence(
            Exit::Usage,
            format!(
                "This is the name of a vault, in {}, and of a folder here with a vault in it.",
                named.display()
            ),
            "Write ./ before it for the folder, or the whole path for the other.",
        ),
        K::NameTaken => sentence(
            Exit::Usage,
            "A vault has this name already.",
            "Take another; `latchkey vaults list` shows those there are. For a folder here, write ./ before it.",
        ),
        K::NotAName => sentence(
            Exit::Usage,
            "This cannot be a vault's name.",
            "Take letters, digits, -, _ and ., with a letter or digit first, 64 at most.",
        ),
        K::NotOutside => sentence(
            Exit::Usage,
            "This vault lies in the usual folder and is known by that.",
            "`latchkey vaults delete` deletes it.",
        ),
        K::Vault(error) => of_vault(error),
        _ => sentence(Exit::VaultDamaged, format!("It failed: {error}."), "Nothing was lost."),
    }
}

pub(crate) fn delete_without_passphrase() -> Sentence {
    sentence(
        Exit::Usage,
        "--yes takes the place of your answer, so the passphrase must come with the same call.",
        "Add --passphrase-file or --passphrase-fd.",
    )
}

pub(crate) fn other_vault_named(name: &str) -> Sentence {
    sentence(
        Exit::Refused,
        format!("--yes names another vault; this one is called {name}."),
        "Nothing was deleted.",
    )
}

pub(crate) fn nobody_to_ask_for_name() -> Sentence {
    sentence(
        Exit::Usage,
        "There is no terminal to ask you on.",
        "For scripts: --yes NAME with --passphrase-file or --passphrase-fd.",
    )
}

pub(crate) fn name_not_typed() -> Sentence {
    sentence(Exit::Refused, "The name was not typed.", "Nothing was deleted.")
}
