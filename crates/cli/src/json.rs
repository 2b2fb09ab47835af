//! JSON on standard output.

use std::io::{self, Write};

use serde::Serialize;

/// Writes a value and a newline, in ASCII only: what a site called an account may hold characters that move a
/// terminal's cursor or turn the text around them. Escaped they mean the same to every reader of JSON.
pub(crate) fn write(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_string_pretty(value)?;
    let mut ascii = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        if c == '\n' || (c.is_ascii() && !c.is_ascii_control()) {
            ascii.push(c);
        } else {
            // Outside its strings JSON is ASCII, so this is inside one (RFC 8259 §7).
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| ascii.push_str(&format!("\\u{unit:04x}")));
        }
    }
    ascii.push('\n');
    out.write_all(ascii.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_arrives_and_none_disturbs() {
        let text = "a\u{1b}[2J \u{7f} \u{9b}31m \u{202e} ü \u{1f511} \"\\\n";
        let mut out = Vec::new();
        write(&mut out, &[text]).unwrap();
        assert!(out.iter().all(|byte| *byte == b'\n' || (b' '..=b'~').contains(byte)));
        assert_eq!(serde_json::from_slice::<Vec<String>>(&out).unwrap(), [text]);
    }
}
