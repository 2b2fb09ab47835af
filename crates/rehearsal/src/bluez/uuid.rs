//! 16-bit service UUIDs, in the spellings that bluetoothd takes.

const BASE: &str = "-0000-1000-8000-00805f9b34fb";

/// The FIDO Alliance's number, CTAP 2.2 §11.5.1.
pub(super) const FIDO: u16 = 0xfff9;

/// Reads `fff9`, `0xfff9` or the 128-bit text that stands for it; `None` for any other UUID.
pub(super) fn parse(text: &str) -> Option<u16> {
    let text = text.to_ascii_lowercase();
    let short = match text.strip_suffix(BASE) {
        Some(start) => start.strip_prefix("0000")?,
        None => text.strip_prefix("0x").unwrap_or(&text),
    };
    if short.len() == 4 { u16::from_str_radix(short, 16).ok() } else { None }
}

/// The 128-bit text, as bluetoothd reports UUIDs.
pub(super) fn format(uuid: u16) -> String {
    format!("0000{uuid:04x}{BASE}")
}

#[cfg(test)]
mod tests {
    use super::{FIDO, format, parse};

    #[test]
    fn every_spelling_of_the_same_number_is_read() {
        for text in ["fff9", "0xFFF9", "0000fff9-0000-1000-8000-00805F9B34FB"] {
            assert_eq!(parse(text), Some(FIDO), "{text}");
        }
        assert_eq!(parse(&format(FIDO)), Some(FIDO));
    }

    #[test]
    fn other_uuids_are_not_mistaken_for_short_ones() {
        for text in ["", "ff9", "ffff9", "1000fff9-0000-1000-8000-00805f9b34fb", "fff9-0000", "zzzz"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
