//! Text that breaks between words where a terminal is narrow.

use std::os::fd::AsFd;

use rustix::termios::tcgetwinsize;

/// Less room than this beside an indent is no use.
const LEAST_ROOM: usize = 12;

/// How many columns the terminal behind a stream has; `None` where there is none, or it does not say.
pub(crate) fn columns(stream: impl AsFd) -> Option<usize> {
    tcgetwinsize(stream).ok().map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

/// `text` after `head`; what does not fit into the columns stands below, after `indent`. A word is never broken.
pub(crate) fn wrapped(head: &str, indent: &str, text: &str, columns: Option<usize>) -> String {
    let room = columns.unwrap_or(usize::MAX);
    if room < indent.chars().count() + LEAST_ROOM {
        return format!("{head}{text}");
    }
    let mut lines = Vec::new();
    for (paragraph, n) in text.split('\n').zip(0_u32..) {
        let words = paragraph.trim_start_matches(' ');
        let margin = paragraph.get(..paragraph.len() - words.len()).unwrap_or_default();
        let mut line = if n == 0 { format!("{head}{margin}") } else { margin.to_owned() };
        let mut is_begun = false;
        for word in words.split(' ') {
            if is_begun && line.chars().count() + 1 + word.chars().count() > room {
                lines.push(std::mem::replace(&mut line, indent.to_owned()));
                is_begun = false;
            }
            if is_begun {
                line.push(' ');
            }
            line.push_str(word);
            is_begun = true;
        }
        lines.push(line);
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breaks_between_words_only() {
        let text = "one two three four five";
        assert_eq!(wrapped("> ", "  ", text, None), "> one two three four five");
        assert_eq!(wrapped("> ", "  ", text, Some(25)), "> one two three four five");
        assert_eq!(wrapped("> ", "  ", text, Some(24)), "> one two three four\n  five");
        assert_eq!(wrapped("> ", "  ", text, Some(15)), "> one two three\n  four five");
        assert_eq!(wrapped("", "", "/a/path/longer/than/that", Some(15)), "/a/path/longer/than/that");
    }

    #[test]
    fn keeps_the_lines_that_are_there() {
        assert_eq!(wrapped("", "  ", "a list:\n  one\n  two", None), "a list:\n  one\n  two");
        assert_eq!(wrapped("", "  ", "a list:\n  one\n  two", Some(20)), "a list:\n  one\n  two");
    }

    #[test]
    fn gives_up_where_there_is_no_room() {
        assert_eq!(wrapped("> ", "          ", "one two three", Some(13)), "> one two three");
    }
}
