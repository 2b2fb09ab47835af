use unicode_normalization::UnicodeNormalization;

/// The most characters of a site's string that are shown.
pub const MAX_SHOWN_CHARS: usize = 64;

/// Makes a string that came from outside fit to be shown: NFC, control, line-separating and direction-changing
/// characters replaced by U+FFFD, cut at [`MAX_SHOWN_CHARS`] with an ellipsis.
///
/// Nothing that comes out can move a terminal's cursor or turn the text around it.
pub fn shown(text: &str) -> String {
    let mut chars = text.nfc().map(|c| if is_disturbing(c) { '\u{fffd}' } else { c });
    let mut out: String = chars.by_ref().take(MAX_SHOWN_CHARS).collect();
    if chars.next().is_some() {
        out.pop();
        out.push('…');
    }
    out
}

fn is_disturbing(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_escape_or_direction_change_survives() {
        assert_eq!(shown("a\u{1b}[31mb"), "a\u{fffd}[31mb");
        assert_eq!(shown("abc\u{202e}gpj"), "abc\u{fffd}gpj");
        assert_eq!(shown("one\ntwo"), "one\u{fffd}two");
        assert_eq!(shown("\u{9b}2J"), "\u{fffd}2J");
        // Every character that Unicode lets change a direction (UAX 9), and those that nobody sees.
        for c in [
            '\u{61c}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202e}', '\u{2066}', '\u{2069}', '\u{200b}',
            '\u{feff}',
        ] {
            assert_eq!(shown(&format!("a{c}b")), "a\u{fffd}b", "{c:?}");
        }
    }

    #[test]
    fn composes_and_cuts() {
        assert_eq!(shown("e\u{301}"), "é");
        assert_eq!(shown(&"x".repeat(64)), "x".repeat(64));
        let cut = shown(&"x".repeat(65));
        assert_eq!((cut.chars().count(), cut.ends_with('…')), (64, true));
    }
}
