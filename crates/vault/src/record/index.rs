use latchkey_crypto::cbor::{self, Value};
use latchkey_crypto::vault::{Index, VaultKeys};
use latchkey_passkey::{CredentialId, PasskeyId, RpId};

use super::{FORMAT, Unreadable, decode_map};

/// Bytes of a keyed hash that a site's entries start with, and of the pseudonym that follows.
const HALF: usize = 16;

/// What the entries of a site start with: 16 bytes of a keyed hash of the RP ID.
pub(crate) fn site_prefix(keys: &VaultKeys, rp_id: &RpId) -> [u8; HALF] {
    half(keys.index(Index::Site, &[rp_id.as_str().as_bytes()]))
}

/// Where a site's entry for one passkey lies: the site's prefix ‖ 16 bytes of a keyed hash of the passkey's id.
///
/// One entry each, so that adding to a site with many accounts costs the same as to one with few.
pub(crate) fn site_key(keys: &VaultKeys, rp_id: &RpId, id: PasskeyId) -> Vec<u8> {
    [site_prefix(keys, rp_id), half(keys.index(Index::Pseudonym, &[id.as_bytes()]))].concat()
}

/// Where a credential ID's entry lies: 32 bytes of a keyed hash of RP ID and credential ID.
pub(crate) fn credential_key(keys: &VaultKeys, rp_id: &RpId, credential_id: &CredentialId) -> Vec<u8> {
    keys.index(Index::Credential, &[rp_id.as_str().as_bytes(), credential_id.as_bytes()]).to_vec()
}

/// An index entry: the map `{0: format, 1: [passkey id (16 bytes), …]}`.
///
/// Usually one id; two if an import brought the same credential ID with another key.
pub(crate) fn encode_ids(ids: &[PasskeyId]) -> Vec<u8> {
    cbor::encode(&Value::map([
        (0.into(), FORMAT.into()),
        (1.into(), Value::array(ids.iter().map(|id| (*id.as_bytes()).into()))),
    ]))
}

/// Reads an index entry.
pub(crate) fn decode_ids(plaintext: &[u8]) -> Result<Vec<PasskeyId>, Unreadable> {
    let map = decode_map(plaintext)?;
    let ids = map.get(1).and_then(Value::as_array).ok_or(Unreadable::Malformed)?;
    ids.iter()
        .map(|id| {
            let bytes = id.as_bytes().and_then(|bytes| bytes.try_into().ok());
            bytes.map(PasskeyId::from_bytes).ok_or(Unreadable::Malformed)
        })
        .collect()
}

fn half(hash: [u8; 32]) -> [u8; HALF] {
    let mut half = [0; HALF];
    half.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    half
}

#[cfg(test)]
mod tests {
    use latchkey_crypto::vault::{DataKey, VaultId};

    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let ids = [PasskeyId::from_bytes([1; 16]), PasskeyId::from_bytes([2; 16])];
        assert_eq!(decode_ids(&encode_ids(&ids)).unwrap(), ids);
        assert_eq!(decode_ids(&[0xa0]), Err(Unreadable::Malformed));
    }

    #[test]
    fn a_sites_entries_share_their_beginning_and_show_no_name() {
        let keys = VaultKeys::of(&DataKey::from_bytes([1; 32]), VaultId::from_bytes([2; 16]));
        let (site, other) = (RpId::parse("example.org").unwrap(), RpId::parse("example.net").unwrap());
        let (a, b) = (PasskeyId::from_bytes([1; 16]), PasskeyId::from_bytes([2; 16]));
        let prefix = site_prefix(&keys, &site);
        assert!(site_key(&keys, &site, a).starts_with(&prefix));
        assert!(site_key(&keys, &site, b).starts_with(&prefix));
        assert_ne!(site_key(&keys, &site, a), site_key(&keys, &site, b));
        assert!(!site_key(&keys, &other, a).starts_with(&prefix));
        assert!(!site_key(&keys, &site, a).windows(4).any(|four| four == [1; 4]));
    }
}
