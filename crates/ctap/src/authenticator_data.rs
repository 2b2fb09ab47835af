use latchkey_crypto::cbor::{self, Value};
use latchkey_passkey::{Aaguid, BackupEligibility, CredentialId};

use crate::answer::Approval;

const UP: u8 = 0x01;
const UV: u8 = 0x04;
const BE: u8 = 0x08;
const BS: u8 = 0x10;
const AT: u8 = 0x40;
const ED: u8 = 0x80;

/// Authenticator data (WebAuthn L3 §6.1): 37 bytes, then what the flags AT and ED announce.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthenticatorData {
    /// SHA-256 of the RP ID.
    pub rp_id_hash: [u8; 32],
    /// Presence, verification, backup.
    pub flags: Flags,
    /// The signature counter; 0 but for passkeys that came with one.
    pub sign_count: u32,
    /// The new credential, at creation.
    pub attested_credential_data: Option<AttestedCredentialData>,
    /// The map of signed extension outputs, if there are any.
    pub extensions: Option<Value>,
}

/// Attested credential data (WebAuthn L3 §6.5.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttestedCredentialData {
    /// The model of the authenticator.
    pub aaguid: Aaguid,
    /// The new credential's ID.
    pub credential_id: CredentialId,
    /// Its public key: one COSE_Key, encoded.
    pub public_key: Vec<u8>,
}

/// UP, UV, BE and BS (WebAuthn L3 §6.1). Those that we send are built from a person's approval alone; anyone may
/// read them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flags(u8);

impl Flags {
    /// UP and UV as the approval has it. BS is honest: nothing is known here of a copy elsewhere, so 0.
    pub(crate) fn of(approval: &Approval, backup: BackupEligibility) -> Self {
        let uv = if approval.verification().is_some() { UV } else { 0 };
        Self(UP | uv | if backup.flag() { BE } else { 0 })
    }

    /// UP: a person was there.
    pub fn user_present(self) -> bool {
        self.0 & UP != 0
    }

    /// UV: the person was verified.
    pub fn user_verified(self) -> bool {
        self.0 & UV != 0
    }

    /// BE: the credential may be backed up.
    pub fn backup_eligible(self) -> bool {
        self.0 & BE != 0
    }

    /// BS: it is.
    pub fn backup_state(self) -> bool {
        self.0 & BS != 0
    }
}

/// Why bytes are not authenticator data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthenticatorDataError {
    /// They end before what the flags announce, or go on after it.
    #[error("authenticator data has another length than its flags announce")]
    Length,
    /// The credential ID has no allowed length.
    #[error("credential id has no allowed length")]
    CredentialId,
    /// Public key or extensions are not a CBOR map.
    #[error("public key or extensions are not a CBOR map")]
    Cbor,
}

impl AuthenticatorData {
    /// The bytes that are signed, followed by the client data hash.
    pub fn encode(&self) -> Vec<u8> {
        let at = if self.attested_credential_data.is_some() { AT } else { 0 };
        let ed = if self.extensions.is_some() { ED } else { 0 };
        let mut out = Vec::with_capacity(256);
        out.extend_from_slice(&self.rp_id_hash);
        out.push(self.flags.0 | at | ed);
        out.extend_from_slice(&self.sign_count.to_be_bytes());
        if let Some(attested) = &self.attested_credential_data {
            let id = attested.credential_id.as_bytes();
            out.extend_from_slice(&attested.aaguid.0);
            // A credential ID has 1023 bytes at most.
            out.extend_from_slice(&u16::try_from(id.len()).unwrap_or(u16::MAX).to_be_bytes());
            out.extend_from_slice(id);
            out.extend_from_slice(&attested.public_key);
        }
        if let Some(extensions) = &self.extensions {
            out.extend_from_slice(&cbor::encode(extensions));
        }
        out
    }

    /// Reads authenticator data, of ours or anyone's. A public key is checked to be a map, no more.
    pub fn parse(bytes: &[u8]) -> Result<Self, AuthenticatorDataError> {
        let (rp_id_hash, rest) = chunk::<32>(bytes)?;
        let ([flags], rest) = chunk::<1>(rest)?;
        let (sign_count, mut rest) = chunk::<4>(rest)?;
        let mut attested_credential_data = None;
        if flags & AT != 0 {
            let (attested, after) = parse_attested(rest)?;
            attested_credential_data = Some(attested);
            rest = after;
        }
        let mut extensions = None;
        if flags & ED != 0 {
            let (map, after) = parse_map(rest)?;
            extensions = Some(map);
            rest = after;
        }
        if !rest.is_empty() {
            return Err(AuthenticatorDataError::Length);
        }
        Ok(Self {
            rp_id_hash,
            flags: Flags(flags & !(AT | ED)),
            sign_count: u32::from_be_bytes(sign_count),
            attested_credential_data,
            extensions,
        })
    }
}

fn parse_attested(bytes: &[u8]) -> Result<(AttestedCredentialData, &[u8]), AuthenticatorDataError> {
    let (aaguid, rest) = chunk::<16>(bytes)?;
    let (length, rest) = chunk::<2>(rest)?;
    let (id, rest) = rest
        .split_at_checked(usize::from(u16::from_be_bytes(length)))
        .ok_or(AuthenticatorDataError::Length)?;
    let credential_id = CredentialId::new(id.to_vec()).map_err(|_| AuthenticatorDataError::CredentialId)?;
    let (_, after) = parse_map(rest)?;
    let public_key = rest.get(..rest.len() - after.len()).unwrap_or_default().to_vec();
    Ok((AttestedCredentialData { aaguid: Aaguid(aaguid), credential_id, public_key }, after))
}

fn parse_map(bytes: &[u8]) -> Result<(Value, &[u8]), AuthenticatorDataError> {
    match cbor::decode_prefix(bytes) {
        Ok((map @ Value::Map(_), rest)) => Ok((map, rest)),
        _ => Err(AuthenticatorDataError::Cbor),
    }
}

fn chunk<const N: usize>(bytes: &[u8]) -> Result<([u8; N], &[u8]), AuthenticatorDataError> {
    bytes.split_first_chunk().map(|(chunk, rest)| (*chunk, rest)).ok_or(AuthenticatorDataError::Length)
}
