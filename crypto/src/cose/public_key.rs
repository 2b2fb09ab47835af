use ed25519_dalek::Verifier;
use rsa::{BoxedUint, Pkcs1v15Sign, RsaPublicKey, traits::PublicKeyParts};
use sha2::{Digest, Sha256};

use super::{Algorithm, KeyError};
use crate::cbor::{self, Value};

// Labels of a COSE_Key: RFC 9052 §7.1, RFC 9053 §7, RFC 8230 §4.
const KTY: i64 = 1;
const ALG: i64 = 3;
const CRV: i64 = -1;
const X: i64 = -2;
const Y: i64 = -3;
const RSA_N: i64 = -1;
const RSA_E: i64 = -2;
const KTY_OKP: i64 = 1;
const KTY_EC2: i64 = 2;
const KTY_RSA: i64 = 3;
const CRV_P256: i64 = 1;
const CRV_P384: i64 = 2;
const CRV_ED25519: i64 = 6;

/// A public key as a relying party gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Es256(p256::ecdsa::VerifyingKey),
    EdDsa(ed25519_dalek::VerifyingKey),
    Es384(p384::ecdsa::VerifyingKey),
    Rs256(RsaPublicKey),
}

impl PublicKey {
    /// The algorithm of its signatures.
    pub fn algorithm(&self) -> Algorithm {
        match &self.0 {
            Kind::Es256(_) => Algorithm::Es256,
            Kind::EdDsa(_) => Algorithm::EdDsa,
            Kind::Es384(_) => Algorithm::Es384,
            Kind::Rs256(_) => Algorithm::Rs256,
        }
    }

    /// The credential public key of WebAuthn L3 §6.5.1.1: a COSE_Key in canonical CBOR, points uncompressed.
    pub fn encode(&self) -> Vec<u8> {
        let alg = self.algorithm().id();
        cbor::encode(&match &self.0 {
            Kind::Es256(key) => ec2(alg, CRV_P256, key.to_sec1_point(false).as_bytes()),
            Kind::Es384(key) => ec2(alg, CRV_P384, key.to_sec1_point(false).as_bytes()),
            Kind::EdDsa(key) => Value::map([
                (KTY.into(), KTY_OKP.into()),
                (ALG.into(), alg.into()),
                (CRV.into(), CRV_ED25519.into()),
                (X.into(), key.to_bytes().into()),
            ]),
            Kind::Rs256(key) => Value::map([
                (KTY.into(), KTY_RSA.into()),
                (ALG.into(), alg.into()),
                (RSA_N.into(), key.n_bytes().into_vec().into()),
                (RSA_E.into(), key.e_bytes().into_vec().into()),
            ]),
        })
    }

    /// Decodes exactly one COSE_Key.
    pub fn decode(bytes: &[u8]) -> Result<Self, KeyError> {
        Self::from_value(&cbor::decode(bytes).map_err(|_| KeyError::CoseKey)?)
    }

    /// Reads a COSE_Key that is decoded already. Members that a key does not need are passed over.
    pub fn from_value(map: &Value) -> Result<Self, KeyError> {
        let id = map.get(ALG).and_then(Value::as_i64).ok_or(KeyError::CoseKey)?;
        let algorithm = Algorithm::from_id(id).ok_or(KeyError::UnknownAlgorithm { id })?;
        let is = |label: i64, expected: i64| map.get(label).and_then(Value::as_i64) == Some(expected);
        let bytes = |label: i64| map.get(label).and_then(Value::as_bytes);
        let kind = match algorithm {
            Algorithm::Es256 if is(KTY, KTY_EC2) && is(CRV, CRV_P256) => sec1(bytes(X), bytes(Y), 32)
                .and_then(|point| p256::ecdsa::VerifyingKey::from_sec1_bytes(&point).ok())
                .map(Kind::Es256),
            Algorithm::Es384 if is(KTY, KTY_EC2) && is(CRV, CRV_P384) => sec1(bytes(X), bytes(Y), 48)
                .and_then(|point| p384::ecdsa::VerifyingKey::from_sec1_bytes(&point).ok())
                .map(Kind::Es384),
            Algorithm::EdDsa if is(KTY, KTY_OKP) && is(CRV, CRV_ED25519) => bytes(X)
                .and_then(|x| x.try_into().ok())
                .and_then(|x| ed25519_dalek::VerifyingKey::from_bytes(x).ok())
                .map(Kind::EdDsa),
            Algorithm::Rs256 if is(KTY, KTY_RSA) => {
                bytes(RSA_N).zip(bytes(RSA_E)).and_then(|(n, e)| rsa(n, e)).map(Kind::Rs256)
            }
            Algorithm::Es256 | Algorithm::Es384 | Algorithm::EdDsa | Algorithm::Rs256 => None,
        };
        kind.map(Self).ok_or(KeyError::CoseKey)
    }

    /// Whether a signature in the form of [`PrivateKey::sign`](super::PrivateKey::sign) is this key's over the
    /// message.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.0 {
            Kind::Es256(key) => p256::ecdsa::DerSignature::from_bytes(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            Kind::Es384(key) => p384::ecdsa::DerSignature::from_bytes(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            // Strict: refuses keys of small order, for which a signature proves nothing.
            Kind::EdDsa(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok()),
            Kind::Rs256(key) => {
                key.verify(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(message), signature).is_ok()
            }
        }
    }
}

/// A COSE_Key of an uncompressed SEC 1 point: `04`, then two coordinates of equal length.
fn ec2(alg: i64, crv: i64, point: &[u8]) -> Value {
    let coordinates = point.get(1..).unwrap_or_default();
    let (x, y) = coordinates.split_at(coordinates.len() / 2);
    Value::map([
        (KTY.into(), KTY_EC2.into()),
        (ALG.into(), alg.into()),
        (CRV.into(), crv.into()),
        (X.into(), x.into()),
        (Y.into(), y.into()),
    ])
}

/// An uncompressed SEC 1 point from two coordinates of exactly this length.
fn sec1(x: Option<&[u8]>, y: Option<&[u8]>, length: usize) -> Option<Vec<u8>> {
    let (x, y) = x.zip(y)?;
    (x.len() == length && y.len() == length).then(|| [&[4], x, y].concat())
}

fn rsa(n: &[u8], e: &[u8]) -> Option<RsaPublicKey> {
    let uint = |bytes: &[u8]| {
        let bits = u32::try_from(bytes.len()).ok()?.checked_mul(8)?;
        BoxedUint::from_be_slice(bytes, bits).ok()
    };
    // The library bounds the modulus to 1024 to 8192 bits; the lengths here only bound its work.
    (n.len() <= 1024 && e.len() <= 8).then(|| RsaPublicKey::new(uint(n)?, uint(e)?).ok())?
}

macro_rules! from_library_key {
    ($key:ty, $kind:ident) => {
        impl From<$key> for PublicKey {
            fn from(key: $key) -> Self {
                Self(Kind::$kind(key))
            }
        }
    };
}

from_library_key!(p256::ecdsa::VerifyingKey, Es256);
from_library_key!(ed25519_dalek::VerifyingKey, EdDsa);
from_library_key!(p384::ecdsa::VerifyingKey, Es384);
from_library_key!(RsaPublicKey, Rs256);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cose::PrivateKey;

    proptest! {
        #[test]
        fn any_bytes_decode_to_a_key_or_an_error(bytes: Vec<u8>) {
            if let Ok(key) = PublicKey::decode(&bytes) {
                prop_assert_eq!(PublicKey::decode(&key.encode()), Ok(key));
            }
        }

        #[test]
        fn a_bent_key_is_another_key_or_none(at in 0_usize..77, bit in 0_u8..8) {
            let good = PrivateKey::from_bytes(Algorithm::Es256, &[7; 32]).unwrap().public_key();
            let mut bytes = good.encode();
            prop_assert_eq!(bytes.len(), 77);
            bytes[at] ^= 1 << bit;
            prop_assert_ne!(PublicKey::decode(&bytes), Ok(good));
        }
    }
}
