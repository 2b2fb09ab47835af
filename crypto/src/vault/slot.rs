use chacha20poly1305::{AeadInOut, KeyInit, XChaCha20Poly1305, XNonce};
use rand_core::CryptoRng;

use super::kdf::SALT_LEN;
use super::key::{self, MasterKey, Subkey, VaultId};
use super::{KdfCost, KdfParams, Passphrase, SlotError};
use crate::cbor::{self, Value};
use crate::secret_bytes;

const NONCE_LEN: usize = 24;
const WRAPPED_LEN: usize = MasterKey::LEN + 16;

/// A slot's number within its vault; never used again for another slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SlotId(pub u64);

/// What opens a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SlotKind {
    /// A passphrase, through Argon2id.
    Passphrase,
    /// The recovery key on paper.
    RecoveryKey,
    /// This machine's TPM, with a PIN.
    Tpm,
    /// A security key, through its `hmac-secret`.
    SecurityKey,
    /// A kind of a later version: kept as it is.
    Unknown(u64),
}

impl SlotKind {
    fn from_code(code: u64) -> Self {
        match code {
            1 => SlotKind::Passphrase,
            2 => SlotKind::RecoveryKey,
            3 => SlotKind::Tpm,
            4 => SlotKind::SecurityKey,
            other => SlotKind::Unknown(other),
        }
    }

    fn code(self) -> u64 {
        match self {
            SlotKind::Passphrase => 1,
            SlotKind::RecoveryKey => 2,
            SlotKind::Tpm => 3,
            SlotKind::SecurityKey => 4,
            SlotKind::Unknown(code) => code,
        }
    }
}

/// A way to open a slot whose secret has the strength of a key already, so that nothing is stretched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyedSlot {
    /// [`SlotKind::RecoveryKey`].
    RecoveryKey,
    /// [`SlotKind::Tpm`].
    Tpm,
    /// [`SlotKind::SecurityKey`].
    SecurityKey,
}

impl KeyedSlot {
    fn kind(self) -> SlotKind {
        match self {
            KeyedSlot::RecoveryKey => SlotKind::RecoveryKey,
            KeyedSlot::Tpm => SlotKind::Tpm,
            KeyedSlot::SecurityKey => SlotKind::SecurityKey,
        }
    }

    /// The purpose from which its slot key is derived. Fixed for good.
    fn purpose(self) -> &'static str {
        match self {
            KeyedSlot::RecoveryKey => "slot recovery key",
            KeyedSlot::Tpm => "slot tpm",
            KeyedSlot::SecurityKey => "slot security key",
        }
    }
}

secret_bytes! {
    /// What opens a [`KeyedSlot`]: 32 bytes nobody can guess, from paper, a TPM, or a security key's `hmac-secret`.
    pub struct SlotSecret([u8; 32]);
}

/// What may be told about a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotInfo {
    /// Its number.
    pub id: SlotId,
    /// What opens it.
    pub kind: SlotKind,
    /// What opening costs, for a passphrase.
    pub cost: Option<KdfCost>,
}

/// One wrapping of the master key.
///
/// Stored as the CBOR map `{1: id, 2: kind, 3: parameters, 4: nonce (24 bytes), 5: wrapped key (48 bytes)}`; keys
/// that this version does not know are kept. The wrapping binds vault, id, kind and parameters.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) id: SlotId,
    pub(super) method: Method,
    nonce: [u8; NONCE_LEN],
    wrapped: Vec<u8>,
    unknown: Vec<(Value, Value)>,
}

/// How a slot's own key is found.
#[derive(Debug)]
pub(super) enum Method {
    /// Parameters `{1: passes, 2: memory in KiB, 3: lanes, 4: salt (32 bytes)}` of Argon2id 1.3.
    Passphrase { cost: KdfCost, salt: [u8; SALT_LEN] },
    /// Anything else. The parameters are what the holder of the secret needs to find it again (a credential ID and
    /// a salt, a TPM's blob); they are kept as they came.
    Other { kind: SlotKind, params: Value },
}

impl Slot {
    /// Wraps the master key under a passphrase.
    pub(super) fn wrap(
        vault: &VaultId,
        id: SlotId,
        master_key: &MasterKey,
        passphrase: &Passphrase,
        params: KdfParams,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, SlotError> {
        let mut salt = [0; SALT_LEN];
        rng.fill_bytes(&mut salt);
        let method = Method::Passphrase { cost: params.cost(), salt };
        let slot_key = passphrase_key(vault, params.cost(), passphrase, &salt)?;
        Self::seal(vault, id, master_key, method, &slot_key, rng)
    }

    /// Wraps the master key under a secret that is a key already.
    pub(super) fn wrap_keyed(
        vault: &VaultId,
        id: SlotId,
        master_key: &MasterKey,
        way: KeyedSlot,
        secret: &SlotSecret,
        params: Value,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, SlotError> {
        let slot_key = key::derive(secret.expose(), vault, way.purpose());
        Self::seal(vault, id, master_key, Method::Other { kind: way.kind(), params }, &slot_key, rng)
    }

    fn seal(
        vault: &VaultId,
        id: SlotId,
        master_key: &MasterKey,
        method: Method,
        slot_key: &Subkey,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, SlotError> {
        let mut nonce = [0; NONCE_LEN];
        rng.fill_bytes(&mut nonce);
        // Sealed in place: the buffer has room for the tag, so no copy of the key stays behind.
        let mut wrapped = Vec::with_capacity(WRAPPED_LEN);
        wrapped.extend_from_slice(master_key.expose());
        XChaCha20Poly1305::new(slot_key.expose().into())
            .encrypt_in_place(&XNonce::from(nonce), &bound(vault, id, &method), &mut wrapped)
            .map_err(|_| SlotError::Malformed { what: "key that cannot be wrapped" })?;
        Ok(Self { id, method, nonce, wrapped, unknown: Vec::new() })
    }

    /// Unwraps the master key with a passphrase; `None` if it is not this slot's.
    pub(super) fn unwrap_with(
        &self,
        vault: &VaultId,
        passphrase: &Passphrase,
    ) -> Result<Option<MasterKey>, SlotError> {
        let Method::Passphrase { cost, salt } = &self.method else {
            return Ok(None);
        };
        Ok(self.open_with(vault, &passphrase_key(vault, *cost, passphrase, salt)?))
    }

    /// Unwraps the master key with a secret of a kind; `None` if it is not this slot's.
    pub(super) fn unwrap_keyed(
        &self,
        vault: &VaultId,
        way: KeyedSlot,
        secret: &SlotSecret,
    ) -> Option<MasterKey> {
        (self.method.kind() == way.kind())
            .then(|| key::derive(secret.expose(), vault, way.purpose()))
            .and_then(|slot_key| self.open_with(vault, &slot_key))
    }

    fn open_with(&self, vault: &VaultId, slot_key: &Subkey) -> Option<MasterKey> {
        let mut opened = zeroize::Zeroizing::new(self.wrapped.clone());
        let result = XChaCha20Poly1305::new(slot_key.expose().into()).decrypt_in_place(
            &XNonce::from(self.nonce),
            &bound(vault, self.id, &self.method),
            &mut *opened,
        );
        result.ok().and_then(|()| MasterKey::from_slice(&opened))
    }

    pub(super) fn info(&self) -> SlotInfo {
        let cost = match &self.method {
            Method::Passphrase { cost, .. } => Some(*cost),
            Method::Other { .. } => None,
        };
        SlotInfo { id: self.id, kind: self.method.kind(), cost }
    }

    pub(super) fn to_value(&self) -> Value {
        let entries = [
            (1.into(), self.id.0.into()),
            (2.into(), self.method.kind().code().into()),
            (3.into(), self.method.params()),
            (4.into(), self.nonce.into()),
            (5.into(), self.wrapped.clone().into()),
        ];
        Value::map(entries.into_iter().chain(self.unknown.iter().cloned()))
    }

    pub(super) fn from_value(value: &Value) -> Result<Self, SlotError> {
        let malformed = |what| SlotError::Malformed { what };
        let id = value.get(1).and_then(Value::as_u64).ok_or(malformed("slot without a number"))?;
        let kind = value.get(2).and_then(Value::as_u64).ok_or(malformed("slot without a kind"))?;
        let params = value.get(3).ok_or(malformed("slot without parameters"))?;
        let nonce = value.get(4).and_then(Value::as_bytes).and_then(|bytes| bytes.try_into().ok());
        let wrapped =
            value.get(5).and_then(Value::as_bytes).ok_or(malformed("slot without a wrapped key"))?;
        let entries = value.as_map().unwrap_or_default().iter();
        Ok(Self {
            id: SlotId(id),
            method: Method::from_params(SlotKind::from_code(kind), params)?,
            nonce: nonce.ok_or(malformed("slot without a nonce"))?,
            wrapped: wrapped.to_vec(),
            unknown: entries.filter(|(key, _)| !matches!(key.as_u64(), Some(1..=5))).cloned().collect(),
        })
    }
}

impl Method {
    fn kind(&self) -> SlotKind {
        match self {
            Method::Passphrase { .. } => SlotKind::Passphrase,
            Method::Other { kind, .. } => *kind,
        }
    }

    pub(super) fn params(&self) -> Value {
        match self {
            Method::Passphrase { cost, salt } => Value::map([
                (1.into(), u64::from(cost.passes).into()),
                (2.into(), u64::from(cost.memory_kib).into()),
                (3.into(), u64::from(cost.lanes).into()),
                (4.into(), (*salt).into()),
            ]),
            Method::Other { params, .. } => params.clone(),
        }
    }

    /// A cost below the floor or above the ceiling is refused here, long before it is paid.
    fn from_params(kind: SlotKind, params: &Value) -> Result<Self, SlotError> {
        if kind != SlotKind::Passphrase {
            return Ok(Method::Other { kind, params: params.clone() });
        }
        let number =
            |key: i32| params.get(key).and_then(Value::as_u64).map(|n| u32::try_from(n).unwrap_or(u32::MAX));
        let salt = params.get(4).and_then(Value::as_bytes).and_then(|bytes| bytes.try_into().ok());
        let (Some(passes), Some(memory_kib), Some(lanes), Some(salt)) =
            (number(1), number(2), number(3), salt)
        else {
            return Err(SlotError::Malformed { what: "parameters of a passphrase slot" });
        };
        let cost = KdfCost { passes, memory_kib, lanes };
        cost.check_to_open()?;
        Ok(Method::Passphrase { cost, salt })
    }
}

/// What the wrapping is bound to: the CBOR array of a label, vault, slot number, kind and parameters.
fn bound(vault: &VaultId, id: SlotId, method: &Method) -> Vec<u8> {
    cbor::encode(&Value::array([
        "latchkey/1 slot".into(),
        (*vault.as_bytes()).into(),
        id.0.into(),
        method.kind().code().into(),
        method.params(),
    ]))
}

fn passphrase_key(
    vault: &VaultId,
    cost: KdfCost,
    passphrase: &Passphrase,
    salt: &[u8; SALT_LEN],
) -> Result<Subkey, SlotError> {
    Ok(key::derive(&*cost.derive(passphrase, salt)?, vault, "slot passphrase"))
}
