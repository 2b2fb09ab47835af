use latchkey_app::VaultPlace;

/// Commands that have nothing to do with a vault.
const WITHOUT_VAULT: [&str; 3] = ["tunnel", "demo", "completions"];

/// A command of ours as it is to be typed for this vault: `latchkey init --vault DIR`, or `latchkey init` where it is
/// the one that is used when none is named.
pub(crate) fn command(words: &str, place: &VaultPlace) -> String {
    let first = words.split(' ').next().unwrap_or_default();
    if place.is_default() || WITHOUT_VAULT.contains(&first) || words.contains("--vault") {
        return format!("latchkey {words}");
    }
    format!("latchkey {words} --vault {}", quoted(&place.folder.display().to_string()))
}

/// A sentence with the vault named in every command of ours, which stand in backticks.
pub(crate) fn for_vault(text: &str, place: &VaultPlace) -> String {
    let mut pieces = text.split("`latchkey ");
    let mut named = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        match piece.split_once('`') {
            Some((words, rest)) => named.push_str(&format!("`{}`{rest}", command(words, place))),
            None => named.push_str(&format!("`latchkey {piece}")),
        }
    }
    named
}

/// A word that a shell takes as it is.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+:@%,=".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_vault_in_every_command_that_has_one() {
        let place = VaultPlace { folder: "/my/vault".into(), state: "/state".into() };
        for (text, named) in [
            ("Run `latchkey list`.", "Run `latchkey list --vault /my/vault`."),
            ("`latchkey list --json` shows", "`latchkey list --json --vault /my/vault` shows"),
            (
                "`latchkey tunnel domains`; `latchkey init`",
                "`latchkey tunnel domains`; `latchkey init --vault /my/vault`",
            ),
            ("`latchkey init --vault DIR`", "`latchkey init --vault DIR`"),
            ("`latchkey` is too old", "`latchkey` is too old"),
            ("`latchkey without an end", "`latchkey without an end"),
            ("nothing", "nothing"),
        ] {
            assert_eq!(for_vault(text, &place), named);
        }
    }

    #[test]
    fn a_path_stays_one_word() {
        let place = VaultPlace { folder: "/it's mine".into(), state: "/state".into() };
        assert_eq!(command("init", &place), r"latchkey init --vault '/it'\''s mine'");
    }
}
