use super::Value;

/// Encodes a value in CTAP2 canonical form: shortest heads, definite lengths, map keys sorted.
///
/// Keys sort by the bytes of their encoding, which is the order of CTAP 2.2 §8: major type, then length, then
/// content.
pub fn encode(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    encode_to(&mut out, value);
    out
}

/// Appends a value, encoded as [`encode`] does.
///
/// What it takes is reserved before the first byte is written, so no half-written copy of a secret is left behind.
pub fn encode_to(out: &mut Vec<u8>, value: &Value) {
    out.reserve_exact(encoded_len(value));
    write(out, value);
}

fn encoded_len(value: &Value) -> usize {
    match value {
        Value::Unsigned(n) | Value::Negative(n) => head_len(*n),
        Value::Bytes(bytes) => head_len(length(bytes.len())) + bytes.len(),
        Value::Text(text) => head_len(length(text.len())) + text.len(),
        Value::Array(items) => head_len(length(items.len())) + items.iter().map(encoded_len).sum::<usize>(),
        Value::Map(entries) => {
            let both = |(key, value): &(Value, Value)| encoded_len(key) + encoded_len(value);
            head_len(length(entries.len())) + entries.iter().map(both).sum::<usize>()
        }
        Value::Bool(_) | Value::Null => 1,
    }
}

/// Bytes of a head in its shortest form.
fn head_len(argument: u64) -> usize {
    match argument {
        0..24 => 1,
        24..0x100 => 2,
        0x100..0x1_0000 => 3,
        0x1_0000..0x1_0000_0000 => 5,
        _ => 9,
    }
}

fn write(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Unsigned(n) => head(out, 0, *n),
        Value::Negative(n) => head(out, 1, *n),
        Value::Bytes(bytes) => {
            head(out, 2, length(bytes.len()));
            out.extend_from_slice(bytes);
        }
        Value::Text(text) => {
            head(out, 3, length(text.len()));
            out.extend_from_slice(text.as_bytes());
        }
        Value::Array(items) => {
            head(out, 4, length(items.len()));
            items.iter().for_each(|item| write(out, item));
        }
        Value::Map(entries) => {
            head(out, 5, length(entries.len()));
            let mut sorted: Vec<_> = entries.iter().map(|(key, value)| (encode(key), value)).collect();
            sorted.sort_by(|(a, _), (b, _)| a.cmp(b));
            for (key, value) in sorted {
                out.extend_from_slice(&key);
                write(out, value);
            }
        }
        Value::Bool(false) => out.push(0xf4),
        Value::Bool(true) => out.push(0xf5),
        Value::Null => out.push(0xf6),
    }
}

/// Writes a head in its shortest form.
pub(super) fn head(out: &mut Vec<u8>, major: u8, argument: u64) {
    let major = major << 5;
    if let Ok(n) = u8::try_from(argument) {
        if n < 24 {
            out.push(major | n);
        } else {
            out.extend_from_slice(&[major | 24, n]);
        }
    } else if let Ok(n) = u16::try_from(argument) {
        out.push(major | 25);
        out.extend_from_slice(&n.to_be_bytes());
    } else if let Ok(n) = u32::try_from(argument) {
        out.push(major | 26);
        out.extend_from_slice(&n.to_be_bytes());
    } else {
        out.push(major | 27);
        out.extend_from_slice(&argument.to_be_bytes());
    }
}

fn length(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserves_what_it_writes() {
        for edge in [0, 23, 24, 0xff, 0x100, 0xffff, 0x1_0000, 0xffff_ffff, 0x1_0000_0000, u64::MAX] {
            for value in [Value::Unsigned(edge), Value::Negative(edge)] {
                assert_eq!(encode(&value).len(), encoded_len(&value), "{edge}");
            }
        }
        for len in [0, 23, 24, 255, 256, 65_535, 65_536] {
            let items = || (0..len).map(|n| Value::Unsigned(length(n)));
            for value in [
                Value::Bytes(vec![1; len]),
                Value::Text("a".repeat(len)),
                Value::Array(items().collect()),
                Value::Map(items().map(|item| (item, Value::Null)).collect()),
            ] {
                assert_eq!(encode(&value).len(), encoded_len(&value), "{len}");
            }
        }
    }

    #[test]
    fn appends_in_one_reservation() {
        let mut out = vec![0x00];
        let value = Value::map([(1.into(), Value::Bytes(vec![7; 300])), (2.into(), true.into())]);
        encode_to(&mut out, &value);
        assert_eq!(out[1..], encode(&value));
        assert_eq!(out.capacity(), out.len());
    }
}
