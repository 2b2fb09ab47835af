use latchkey_crypto::{cbor, cose::PublicKey};

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const BACKUP_ELIGIBLE: u8 = 0x08;
const BACKUP_STATE: u8 = 0x10;
const ATTESTED_CREDENTIAL_DATA: u8 = 0x40;
const EXTENSION_DATA: u8 = 0x80;

/// What an authenticator says about itself and the user (WebAuthn L3 §6.1).
pub(super) struct AuthenticatorData {
    pub(super) rp_id_hash: [u8; 32],
    flags: u8,
    pub(super) sign_count: u32,
    /// Credential ID and public key, when a credential was made.
    pub(super) attested: Option<(Vec<u8>, PublicKey)>,
}

impl AuthenticatorData {
    /// Reads 37 bytes, the attested credential data and the extensions that the flags announce, and nothing after.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (rp_id_hash, rest) = bytes.split_first_chunk::<32>()?;
        let (&flags, rest) = rest.split_first()?;
        let (sign_count, mut rest) = rest.split_first_chunk::<4>()?;
        let mut attested = None;
        if flags & ATTESTED_CREDENTIAL_DATA != 0 {
            let (_aaguid, after) = rest.split_first_chunk::<16>()?;
            let (length, after) = after.split_first_chunk::<2>()?;
            let (id, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
            let (key, after) = cbor::decode_prefix(after).ok()?;
            attested = Some((id.to_vec(), PublicKey::decode(&cbor::encode(&key)).ok()?));
            rest = after;
        }
        if flags & EXTENSION_DATA != 0 {
            rest = cbor::decode_prefix(rest).ok()?.1;
        }
        let sign_count = u32::from_be_bytes(*sign_count);
        rest.is_empty().then_some(Self { rp_id_hash: *rp_id_hash, flags, sign_count, attested })
    }

    pub(super) fn user_present(&self) -> bool {
        self.flags & USER_PRESENT != 0
    }

    pub(super) fn user_verified(&self) -> bool {
        self.flags & USER_VERIFIED != 0
    }

    pub(super) fn backup_eligible(&self) -> bool {
        self.flags & BACKUP_ELIGIBLE != 0
    }

    pub(super) fn backup_state(&self) -> bool {
        self.flags & BACKUP_STATE != 0
    }
}
