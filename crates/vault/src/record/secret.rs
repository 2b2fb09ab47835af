use latchkey_crypto::cose::{Algorithm, PrivateKey};
use latchkey_passkey::{CredBlob, LargeBlobKey, PasskeySecrets, PrfSeeds, Seed};
use zeroize::Zeroizing;

use super::Unreadable;

/// Without parts: the private key is the rest.
const FIRST_FORMAT: u8 = 1;
const FORMAT: u8 = 2;
const ALGORITHM_LEN: usize = 8;
const PART_HEAD_LEN: usize = 3;

const PRIVATE_KEY: u8 = 1;
const CRED_BLOB: u8 = 2;
const LARGE_BLOB_KEY: u8 = 3;

/// A passkey's secrets: `format (1 byte) ‖ seed with UV (32) ‖ seed without UV (32) ‖ COSE algorithm (8, signed,
/// big-endian)`, then parts of `what (1) ‖ length (2, big-endian) ‖ bytes`: 1 the private key, 2 credBlob, 3
/// largeBlobKey.
///
/// Written once and never changed. Not CBOR: built in one buffer of its final size, so that wiping it wipes the
/// only copy.
pub(crate) fn encode_secret(secrets: &PasskeySecrets) -> Zeroizing<Vec<u8>> {
    let PasskeySecrets { private_key, prf_seeds, cred_blob, large_blob_key } = secrets;
    let key = private_key.to_bytes();
    let parts = [
        (PRIVATE_KEY, Some(key.as_slice())),
        (CRED_BLOB, cred_blob.as_ref().map(CredBlob::expose)),
        (LARGE_BLOB_KEY, large_blob_key.as_ref().map(|key| key.expose().as_slice())),
    ];
    let parts = || parts.iter().filter_map(|(what, bytes)| Some((*what, (*bytes)?)));
    let len: usize = parts().map(|(_, bytes)| PART_HEAD_LEN + bytes.len()).sum();
    let mut out = Zeroizing::new(Vec::with_capacity(1 + 2 * Seed::LEN + ALGORITHM_LEN + len));
    out.push(FORMAT);
    out.extend_from_slice(prf_seeds.with_uv.expose());
    out.extend_from_slice(prf_seeds.without_uv.expose());
    out.extend_from_slice(&private_key.algorithm().id().to_be_bytes());
    for (what, bytes) in parts() {
        // The longest is the key of RS256 with some 2,400 bytes.
        let len = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
        out.push(what);
        out.extend_from_slice(&len.to_be_bytes());
        out.extend_from_slice(bytes);
    }
    out
}

/// Reads what [`encode_secret`] wrote, now or in the first format.
pub(crate) fn decode_secret(plaintext: &[u8]) -> Result<PasskeySecrets, Unreadable> {
    let (&format, rest) = plaintext.split_first().ok_or(Unreadable::Malformed)?;
    if ![FIRST_FORMAT, FORMAT].contains(&format) {
        return Err(Unreadable::TooNew);
    }
    let (with_uv, rest) = rest.split_at_checked(Seed::LEN).ok_or(Unreadable::Malformed)?;
    let (without_uv, rest) = rest.split_at_checked(Seed::LEN).ok_or(Unreadable::Malformed)?;
    let (algorithm, rest) = rest.split_first_chunk::<ALGORITHM_LEN>().ok_or(Unreadable::Malformed)?;
    let (Some(with_uv), Some(without_uv)) = (Seed::from_slice(with_uv), Seed::from_slice(without_uv)) else {
        return Err(Unreadable::Malformed);
    };
    let algorithm = Algorithm::from_id(i64::from_be_bytes(*algorithm)).ok_or(Unreadable::TooNew)?;
    let parts = if format == FIRST_FORMAT { Parts { key: rest, ..Parts::default() } } else { parts(rest)? };
    Ok(PasskeySecrets {
        private_key: PrivateKey::from_bytes(algorithm, parts.key).map_err(|_| Unreadable::Malformed)?,
        prf_seeds: PrfSeeds { with_uv, without_uv },
        cred_blob: read(parts.cred_blob, |bytes| CredBlob::new(bytes.to_vec()).ok())?,
        large_blob_key: read(parts.large_blob_key, LargeBlobKey::from_slice)?,
    })
}

#[derive(Default)]
struct Parts<'a> {
    key: &'a [u8],
    cred_blob: Option<&'a [u8]>,
    large_blob_key: Option<&'a [u8]>,
}

fn parts(mut rest: &[u8]) -> Result<Parts<'_>, Unreadable> {
    let mut parts = Parts::default();
    while !rest.is_empty() {
        let (&[what, high, low], after) = rest.split_first_chunk().ok_or(Unreadable::Malformed)?;
        let len = usize::from(u16::from_be_bytes([high, low]));
        let (bytes, after) = after.split_at_checked(len).ok_or(Unreadable::Malformed)?;
        match what {
            PRIVATE_KEY => parts.key = bytes,
            CRED_BLOB => parts.cred_blob = Some(bytes),
            LARGE_BLOB_KEY => parts.large_blob_key = Some(bytes),
            _ => return Err(Unreadable::TooNew),
        }
        rest = after;
    }
    Ok(parts)
}

fn read<T>(bytes: Option<&[u8]>, read: impl FnOnce(&[u8]) -> Option<T>) -> Result<Option<T>, Unreadable> {
    bytes.map(|bytes| read(bytes).ok_or(Unreadable::Malformed)).transpose()
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::secrets;
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let (plain, mut full) = (secrets(1), secrets(2));
        full.cred_blob = Some(CredBlob::new(vec![5; 1024]).unwrap());
        full.large_blob_key = Some(LargeBlobKey::from_bytes([6; 32]));
        for made in [plain, full] {
            let read = decode_secret(&encode_secret(&made)).unwrap();
            assert_eq!(read.private_key.algorithm(), made.private_key.algorithm());
            assert_eq!(read.private_key.to_bytes(), made.private_key.to_bytes());
            assert_eq!(read.prf_seeds.with_uv.expose(), made.prf_seeds.with_uv.expose());
            assert_eq!(read.prf_seeds.without_uv.expose(), made.prf_seeds.without_uv.expose());
            assert_eq!(
                read.cred_blob.as_ref().map(CredBlob::expose),
                made.cred_blob.as_ref().map(CredBlob::expose)
            );
            assert_eq!(
                read.large_blob_key.map(|key| *key.expose()),
                made.large_blob_key.map(|k| *k.expose())
            );
        }
    }

    #[test]
    fn reads_the_first_format() {
        let made = secrets(1);
        let mut first = encode_secret(&made);
        first[0] = 1;
        first.drain(73..76);
        let read = decode_secret(&first).unwrap();
        assert_eq!(read.private_key.to_bytes(), made.private_key.to_bytes());
        assert!(read.cred_blob.is_none() && read.large_blob_key.is_none());
    }

    #[test]
    fn refuses_other_formats_algorithms_parts_and_lengths() {
        let bytes = encode_secret(&secrets(1));
        for (at, value) in [(0, 3), (65, bytes[65] ^ 1), (73, 9)] {
            let mut later = bytes.clone();
            later[at] = value;
            assert_eq!(decode_secret(&later).unwrap_err(), Unreadable::TooNew, "{at}");
        }
        for len in [0, 1, 33, 65, 73, 75, bytes.len() - 1] {
            assert_eq!(decode_secret(&bytes[..len]).unwrap_err(), Unreadable::Malformed, "{len}");
        }
        for part in [[2, 0, 0].as_slice(), &[3, 0, 1, 7]] {
            let wrong = [bytes.as_slice(), part].concat();
            assert_eq!(decode_secret(&wrong).unwrap_err(), Unreadable::Malformed);
        }
    }
}
