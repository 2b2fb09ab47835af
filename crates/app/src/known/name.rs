use std::path::Path;

/// The most characters of a name.
const MAX_CHARS: usize = 64;

/// Whether a text can be a vault's name: 1 to 64 letters, digits, `-`, `_` and `.`, of which the first is a letter or
/// digit. So it is one word to a shell, no option, no hidden folder and no path.
pub fn is_vault_name(text: &str) -> bool {
    text.chars().all(may_stand)
        && text.starts_with(char::is_alphanumeric)
        && text.chars().count() <= MAX_CHARS
}

fn may_stand(c: char) -> bool {
    c.is_alphanumeric() || "-_.".contains(c)
}

/// A name after that of a folder, with a number where another vault has it.
pub(super) fn free_name(folder: &Path, is_taken: impl Fn(&str) -> bool) -> String {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    // Room is left for a number.
    let fit: String = name
        .chars()
        .map(|c| if may_stand(c) { c } else { '-' })
        .skip_while(|c| !c.is_alphanumeric())
        .take(MAX_CHARS - 10)
        .collect();
    let fit = if fit.is_empty() { "vault".to_owned() } else { fit };
    let numbered = (2_u64..).map(|n| format!("{fit}-{n}"));
    std::iter::once(fit.clone()).chain(numbered).find(|name| !is_taken(name)).unwrap_or(fit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_word_and_no_path() {
        for name in ["default", "work-2", "Büro", "a.b_c", "7", &"x".repeat(64)] {
            assert!(is_vault_name(name), "{name}");
        }
        for text in ["", ".", "..", ".hidden", "-v", "a b", "a/b", "a\nb", "a\u{1b}b", "_x", &"x".repeat(65)]
        {
            assert!(!is_vault_name(text), "{text:?}");
        }
    }

    #[test]
    fn a_folder_gives_a_name_that_nobody_has() {
        let free = |folder: &str, taken: &[&str]| free_name(Path::new(folder), |name| taken.contains(&name));
        assert_eq!(free("/media/stick/keys", &[]), "keys");
        assert_eq!(free("/media/stick/keys", &["keys", "keys-2"]), "keys-3");
        assert_eq!(free("/media/my keys'", &[]), "my-keys-");
        assert_eq!(free("/", &[]), "vault");
        assert_eq!(free("/.keys", &["vault"]), "keys");
        assert!(is_vault_name(&free(&format!("/{}", "ü".repeat(120)), &[])));
    }
}
