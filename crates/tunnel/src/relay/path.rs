/// What a request path asks of the relay. It has no `Debug`, for both ids stay out of logs.
pub enum RelayPath {
    /// `/cable/new/<tunnel id>`: the authenticator opens a tunnel.
    New {
        /// 32 hex digits.
        tunnel_id: [u8; 16],
    },
    /// `/cable/connect/<routing id>/<tunnel id>`: the client joins it.
    Connect {
        /// 6 hex digits.
        routing_id: [u8; 3],
        /// 32 hex digits.
        tunnel_id: [u8; 16],
    },
}

/// Why a path asks nothing of the relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// `/cable/new/` or `/cable/connect/`, but not followed by exactly the ids.
    #[error("the path's ids are not 32, or 6 and 32, hex digits")]
    Malformed,
    /// Another path.
    #[error("no such path")]
    Unknown,
}

impl RelayPath {
    /// Parses a request target in origin form. Hex digits of either case; no query, no further segment.
    ///
    /// `/cable/contact/` is unknown here: this relay hands out no contact IDs. Not "gone" (410), on which a
    /// browser would delete the linked phone for good, just because a domain answers from the wrong server.
    pub fn parse(target: &str) -> Result<Self, PathError> {
        if let Some(tunnel_id) = target.strip_prefix("/cable/new/") {
            let tunnel_id = decode_hex(tunnel_id).ok_or(PathError::Malformed)?;
            Ok(Self::New { tunnel_id })
        } else if let Some(ids) = target.strip_prefix("/cable/connect/") {
            let (routing_id, tunnel_id) = ids.split_once('/').ok_or(PathError::Malformed)?;
            let routing_id = decode_hex(routing_id).ok_or(PathError::Malformed)?;
            let tunnel_id = decode_hex(tunnel_id).ok_or(PathError::Malformed)?;
            Ok(Self::Connect { routing_id, tunnel_id })
        } else {
            Err(PathError::Unknown)
        }
    }
}

/// Decodes exactly `2 * N` hex digits.
pub(crate) fn decode_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        for digit in pair {
            let value = char::from(*digit).to_digit(16)?;
            *byte = (*byte << 4) | u8::try_from(value).ok()?;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TUNNEL: &str = "00112233445566778899AABBCCDDEEFF";

    #[test]
    fn reads_both_paths_in_either_case() {
        for tunnel in [TUNNEL.to_owned(), TUNNEL.to_lowercase()] {
            let Ok(RelayPath::New { tunnel_id }) = RelayPath::parse(&format!("/cable/new/{tunnel}")) else {
                panic!("not a new path")
            };
            assert_eq!(tunnel_id[..3], [0x00, 0x11, 0x22]);
            let Ok(RelayPath::Connect { routing_id, tunnel_id }) =
                RelayPath::parse(&format!("/cable/connect/0aF0b1/{tunnel}"))
            else {
                panic!("not a connect path")
            };
            assert_eq!(routing_id, [0x0a, 0xf0, 0xb1]);
            assert_eq!(tunnel_id[15], 0xff);
        }
    }

    #[test]
    fn refuses_ids_of_other_lengths_and_other_characters() {
        for path in [
            "/cable/new/".to_owned(),
            format!("/cable/new/{}", &TUNNEL[1..]),
            format!("/cable/new/{TUNNEL}/"),
            format!("/cable/new/{TUNNEL}?x"),
            format!("/cable/new/+{}", &TUNNEL[1..]),
            format!("/cable/new/é{}", &TUNNEL[2..]),
            format!("/cable/connect/{TUNNEL}"),
            format!("/cable/connect/00000/{TUNNEL}"),
            format!("/cable/connect/00000g/{TUNNEL}"),
            format!("/cable/connect/000000//{TUNNEL}"),
        ] {
            assert_eq!(RelayPath::parse(&path).err(), Some(PathError::Malformed), "{path}");
        }
    }

    #[test]
    fn knows_no_other_path() {
        for path in ["", "/", "/cable/new", "/cable/contact/AAAA", "/Cable/new/", "*", "https://a/cable/new/"]
        {
            assert_eq!(RelayPath::parse(path).err(), Some(PathError::Unknown), "{path}");
        }
    }

    proptest! {
        #[test]
        fn no_path_panics(path in ".{0,80}|/cable/(new|connect)/[0-9A-Fa-g/]{0,50}") {
            let _ = RelayPath::parse(&path);
        }

        #[test]
        fn reads_back_what_is_written(routing: [u8; 3], tunnel: [u8; 16]) {
            let path = format!("/cable/connect/{}/{}", hex::encode(routing), hex::encode_upper(tunnel));
            let Ok(RelayPath::Connect { routing_id, tunnel_id }) = RelayPath::parse(&path) else {
                return Err(TestCaseError::fail("not a connect path"));
            };
            prop_assert_eq!((routing_id, tunnel_id), (routing, tunnel));
        }
    }
}
