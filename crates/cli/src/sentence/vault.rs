use std::{io, path::Path};

use latchkey_vault::{Damage, Finding, VaultError};

use super::{Sentence, reason, sentence};
use crate::{exit::Exit, passphrase::PassphraseError};

const REPAIR: &str =
    "Keep a copy of its folder, then run `latchkey repair`: the snapshots in it hold what was there.";

pub(crate) fn of_vault(error: &VaultError) -> Sentence {
    use VaultError as V;
    let damaged = |what: String, next: &str| sentence(Exit::VaultDamaged, what, next);
    match error {
        V::NotFound => sentence(
            Exit::Usage,
            "There is no vault here.",
            "Make one with `latchkey init`, or name yours with --vault DIR.",
        ),
        V::AlreadyExists => sentence(
            Exit::Usage,
            "There is a vault here already, or a folder with other files in it.",
            "Name another place with --vault DIR, or give the new vault a name with --name NAME.",
        ),
        V::WrongPassphrase => sentence(
            Exit::WrongPassphrase,
            "Wrong passphrase.",
            "Mind capitals and the keyboard's language, and try again.",
        ),
        V::InUse { process } => sentence(
            Exit::VaultInUse,
            match process {
                Some(process) => format!("The vault is in use by another process ({process})."),
                None => "The vault is in use by another process.".to_owned(),
            },
            "Wait until it is done, or end it.",
        ),
        // What the storage engine says is for developers.
        V::Damaged(Damage::DatabaseUnreadable { .. }) => {
            damaged("The vault is damaged: database cannot be read.".into(), REPAIR)
        }
        V::Damaged(damage) => damaged(format!("The vault is damaged: {damage}."), REPAIR),
        V::RolledBack { seen, found } => damaged(
            format!("The vault is older than what this machine has seen of it (change {found} of {seen})."),
            "Somebody put an old copy back, or a disk lost writes. Nothing was changed. Put the newer folder back, or go on \
             with the older one: `latchkey repair --accept-older`.",
        ),
        V::TooNew { .. } => {
            damaged("A later version of Latchkey wrote this vault.".into(), "Update Latchkey.")
        }
        V::Kdf(error) => damaged(
            format!("The vault's key derivation was refused: {error}."),
            "Somebody may have changed the vault's header.",
        ),
        V::NoSuchPasskey { .. } | V::NotInBin { .. } | V::Purged { .. } => sentence(
            Exit::Nothing,
            "There is no such passkey any more.",
            "`latchkey list --all` shows the ids.",
        ),
        V::Label(error) => sentence(
            Exit::Usage,
            format!("This cannot be written on a passkey: {error}."),
            "Nothing was changed.",
        ),
        V::TooLarge { .. } => sentence(
            Exit::Usage,
            "Name, note and tags together are more than a passkey has room for.",
            "Nothing was changed. Write a shorter note.",
        ),
        V::Cancelled => sentence(Exit::Refused, "Stopped, as you said.", "The vault is as it was."),
        V::LastSlot => sentence(
            Exit::Refused,
            "This is the last passphrase that opens the vault, so it stays.",
            "Add another first: `latchkey passphrase add`.",
        ),
        V::NoSuchSlot => no_such_slot(),
        V::SlotsFull => sentence(
            Exit::Refused,
            "The vault has as many slots as it takes.",
            "Take one away first: `latchkey slots remove N`.",
        ),
        V::Interrupted { cause } => {
            let why = cause.as_deref().map(|cause| format!(" {}", of_vault(cause).what)).unwrap_or_default();
            damaged(
                format!("The change failed half-way.{why}"),
                "Nothing that was acknowledged is lost. Run the command again: opening the vault finds out whether \
                 this change was made.",
            )
        }
        V::NotMigrated { format } => damaged(
            format!("The vault is of format {format} still, in which this cannot be done."),
            "Make room on the disk, or mend what `latchkey check` names; opening it then brings it to the present one.",
        ),
        V::NothingToRestore => damaged(
            "No snapshot of the vault is good enough to restore from.".into(),
            "Nothing was changed. Put back a copy of its folder, if there is one.",
        ),
        V::Full => damaged("The disk is full.".into(), "Nothing was lost. Make room and try again."),
        V::ReadOnly => damaged(
            "The vault is on a medium that cannot be written.".into(),
            "Nothing was lost. Make it writable and try again.",
        ),
        V::NotPermitted { doing, path, source } => damaged(
            refused(doing, path.as_deref(), source),
            "Look at the owner and the rights of the folder. Nothing that was acknowledged is lost.",
        ),
        V::Io { doing, path, source } => damaged(
            refused(doing, path.as_deref(), source),
            "Look at the disk and the folder. Nothing that was acknowledged is lost.",
        ),
        error => damaged(format!("The vault failed: {error}."), "Nothing that was acknowledged is lost."),
    }
}

/// What the system would not do, and its words for it.
fn refused(doing: &str, path: Option<&Path>, source: &io::Error) -> String {
    let path = path.map(|path| format!(" {}", path.display())).unwrap_or_default();
    format!("Cannot {doing}{path}: {}.", reason(source))
}

/// What is wrong with a vault that is usable all the same.
pub(crate) fn of_finding(finding: &Finding) -> String {
    let or_several = |id: &Option<_>| id.map_or("several passkeys".to_owned(), |id| format!("passkey {id}"));
    match finding {
        Finding::HeaderGenerationDamaged => {
            "one of the two copies of the vault's header is damaged; the other serves".into()
        }
        Finding::HeaderOlder { .. } => {
            "the vault's header is older than its data: an old copy may have been put back".into()
        }
        Finding::OlderAccepted { seen, found } => {
            format!("the vault is at change {found}, this machine has seen {seen}")
        }
        Finding::WitnessUnreadable => {
            "this machine's memory of the vault is unreadable, so an older copy would not be noticed".into()
        }
        Finding::WitnessUnwritable => {
            "this machine's memory of the vault cannot be written, so an older copy would not be noticed"
                .into()
        }
        Finding::WitnessForeign => {
            "the vault got a new master key elsewhere since this machine has seen it".into()
        }
        Finding::Migrated { from } => {
            format!(
                "the vault was of format {from}; it was brought to the present one, a snapshot from before is kept"
            )
        }
        Finding::NotMigrated { format } => {
            format!(
                "the vault is of format {format} and could not be brought to the present one: records are damaged, or the disk is full"
            )
        }
        Finding::Unfinished => {
            "the change was made, but copies of the header or data under the old keys are still to be replaced; \
             the next opening tries it again"
                .into()
        }
        Finding::SlotsOlder => {
            "an older header was put back: a passphrase that was changed since may open the vault again"
                .into()
        }
        Finding::RecordDamaged { id, .. } => {
            format!("a record of {} is damaged and set aside", or_several(id))
        }
        Finding::RecordTooNew { id, .. } => {
            format!("a later version of Latchkey wrote a record of {}; it is set aside", or_several(id))
        }
        Finding::PasskeyMissing { id } => format!("passkey {id} is lost"),
        Finding::SecretMissing { id } => format!("the key of passkey {id} is lost; it cannot sign in"),
        Finding::RecordsMissing { count } => format!("{count} records are lost"),
        Finding::RecordsAdded { count } => format!("{count} records are there that nobody stored"),
        Finding::RecordsExchanged => "some records are older than they should be".into(),
        Finding::JournalBroken => "the journal was missing or damaged; a snapshot took its place".into(),
        Finding::SnapshotMissing => "the newest snapshot was missing; another was made".into(),
        Finding::SnapshotFailed => "a snapshot could not be made; the journal goes on".into(),
        _ => "something is not as it should be; `latchkey` is too old to say what".into(),
    }
}

pub(crate) fn of_passphrase(error: &PassphraseError) -> Sentence {
    let next = match error {
        PassphraseError::NoTerminal => "Give it with --passphrase-file or --passphrase-fd.",
        PassphraseError::NoTerminalForNew => "Give it with --new-passphrase-file or --new-passphrase-fd.",
        PassphraseError::NothingTyped | PassphraseError::Left | PassphraseError::Terminal(_) => {
            "Run the command again and type it."
        }
        _ => "Name a file, or an open descriptor, that holds the passphrase and nothing else.",
    };
    sentence(Exit::Usage, format!("No passphrase: {error}."), next)
}

pub(crate) fn of_passphrase_text(error: latchkey_crypto::vault::PassphraseError) -> Sentence {
    sentence(Exit::Usage, format!("This cannot be a passphrase: {error}."), "Give another.")
}

pub(crate) fn weak_passphrase(why: &str) -> Sentence {
    sentence(
        Exit::Usage,
        format!("This passphrase is too weak. {why}"),
        "Take five or six words that do not belong together.",
    )
}

pub(crate) fn passphrases_differ() -> Sentence {
    sentence(Exit::Usage, "The two are not the same.", "Try again.")
}

/// Neither beside the database nor in a snapshot.
pub(crate) fn no_header_left() -> Sentence {
    sentence(
        Exit::VaultDamaged,
        "No copy of the vault's header is left that can be read, and without one nothing opens it.",
        "Nothing was changed. Put back a copy of its folder, if there is one.",
    )
}

pub(crate) fn no_such_slot() -> Sentence {
    sentence(Exit::Usage, "There is no slot of this number.", "`latchkey slots` shows them.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_storage_engine_are_not_shown() {
        let detail = "Read corrupted data at file offset None backtrace ()".to_owned();
        let sentence = of_vault(&VaultError::Damaged(Damage::DatabaseUnreadable { detail }));
        assert_eq!(sentence.what, "The vault is damaged: database cannot be read.");
        assert!(sentence.next.contains("latchkey repair"));
    }

    #[test]
    fn what_the_system_refused_is_told_with_path_and_its_words() {
        let source = || io::Error::new(io::ErrorKind::NotADirectory, "no way");
        let path = Some("/vault/header".into());
        let refused = VaultError::NotPermitted { doing: "write the header", path, source: source() };
        assert_eq!(of_vault(&refused).what, "Cannot write the header /vault/header: no way.");
        let failed = VaultError::Io { doing: "write the journal", path: None, source: source() };
        assert_eq!(of_vault(&failed).what, "Cannot write the journal: no way.");
    }
}
