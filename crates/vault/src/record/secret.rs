use latchkey_crypto::cose::{Algorithm, PrivateKey};
use latchkey_passkey::{PasskeySecrets, PrfSeeds, Seed};
use zeroize::Zeroizing;

use super::Unreadable;

const FORMAT: u8 = 1;
const ALGORITHM_LEN: usize = 8;

/// A passkey's secrets: `format (1 byte) ‖ seed with UV (32) ‖ seed without UV (32) ‖ COSE algorithm (8, signed,
/// big-endian) ‖ private key (the rest)`.
///
/// Written once and never changed. Not CBOR: built in one buffer of its final size, so that wiping it wipes the
/// only copy.
pub(crate) fn encode_secret(secrets: &PasskeySecrets) -> Zeroizing<Vec<u8>> {
    let PasskeySecrets { private_key, prf_seeds } = secrets;
    let key = private_key.to_bytes();
    let mut out = Zeroizing::new(Vec::with_capacity(1 + 2 * Seed::LEN + ALGORITHM_LEN + key.len()));
    out.push(FORMAT);
    out.extend_from_slice(prf_seeds.with_uv.expose());
    out.extend_from_slice(prf_seeds.without_uv.expose());
    out.extend_from_slice(&private_key.algorithm().id().to_be_bytes());
    out.extend_from_slice(&key);
    out
}

/// Reads what [`encode_secret`] wrote.
pub(crate) fn decode_secret(plaintext: &[u8]) -> Result<PasskeySecrets, Unreadable> {
    let (&format, rest) = plaintext.split_first().ok_or(Unreadable::Malformed)?;
    if format != FORMAT {
        return Err(Unreadable::TooNew);
    }
    let (with_uv, rest) = rest.split_at_checked(Seed::LEN).ok_or(Unreadable::Malformed)?;
    let (without_uv, rest) = rest.split_at_checked(Seed::LEN).ok_or(Unreadable::Malformed)?;
    let (algorithm, key) = rest.split_first_chunk::<ALGORITHM_LEN>().ok_or(Unreadable::Malformed)?;
    let (Some(with_uv), Some(without_uv)) = (Seed::from_slice(with_uv), Seed::from_slice(without_uv)) else {
        return Err(Unreadable::Malformed);
    };
    let algorithm = Algorithm::from_id(i64::from_be_bytes(*algorithm)).ok_or(Unreadable::TooNew)?;
    let private_key = PrivateKey::from_bytes(algorithm, key).map_err(|_| Unreadable::Malformed)?;
    Ok(PasskeySecrets { private_key, prf_seeds: PrfSeeds { with_uv, without_uv } })
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::secrets;
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let made = secrets(1);
        let read = decode_secret(&encode_secret(&made)).unwrap();
        assert_eq!(read.private_key.algorithm(), made.private_key.algorithm());
        assert_eq!(read.private_key.to_bytes(), made.private_key.to_bytes());
        assert_eq!(read.prf_seeds.with_uv.expose(), made.prf_seeds.with_uv.expose());
        assert_eq!(read.prf_seeds.without_uv.expose(), made.prf_seeds.without_uv.expose());
    }

    #[test]
    fn refuses_other_formats_algorithms_and_lengths() {
        let bytes = encode_secret(&secrets(1));
        let mut later = bytes.clone();
        later[0] = 2;
        assert_eq!(decode_secret(&later).unwrap_err(), Unreadable::TooNew);
        let mut other = bytes.clone();
        other[65] ^= 1;
        assert_eq!(decode_secret(&other).unwrap_err(), Unreadable::TooNew);
        for len in [0, 1, 33, 65, 73, bytes.len() - 1] {
            assert_eq!(decode_secret(&bytes[..len]).unwrap_err(), Unreadable::Malformed, "{len}");
        }
    }
}
