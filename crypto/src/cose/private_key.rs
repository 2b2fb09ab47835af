use std::fmt;

use ecdsa::{EcdsaCurve, Signature, hazmat::sign_prehashed_rfc6979};
use p256::{
    NistP256, SecretKey,
    elliptic_curve::{CurveArithmetic, Generate},
    pkcs8::{DecodePrivateKey, EncodePrivateKey},
};
use p384::NistP384;
use rand_core::CryptoRng;
use rsa::{Pkcs1v15Sign, RsaPrivateKey, RsaPublicKey, traits::PublicKeyParts};
use sha2::{Digest, Sha256, Sha384};
use zeroize::Zeroizing;

use super::{Algorithm, KeyError, PublicKey};

/// Bits of the RSA keys made here, and the fewest of those loaded.
const RSA_BITS: usize = 2048;

/// Bytes of the largest modulus that is loaded: the largest of a public key, too.
const MOST_RSA_BYTES: usize = RsaPublicKey::MAX_SIZE / 8;

/// The private key of one passkey. Wiped when dropped, shown as `PrivateKey(redacted)`, never copied.
///
/// Loading computes nothing, neither the public key nor, for EdDSA, the expanded secret, so a vault can decode
/// many keys of which one signs. RS256 is the exception: the library checks the primes and prepares them.
pub struct PrivateKey(Kind);

// On the heap, each: handing a key on leaves no copy of it on the stack. Not in locked pages: one lives for a
// signature, and locking and unlocking its page would take a third as long as that.
enum Kind {
    Es256(Box<SecretKey>),
    EdDsa(Box<Zeroizing<[u8; 32]>>),
    Es384(Box<p384::SecretKey>),
    // With its PKCS#8 form, so that storing it cannot fail.
    Rs256(Box<(RsaPrivateKey, Zeroizing<Vec<u8>>)>),
}

impl PrivateKey {
    /// Makes a new key. Fails for RS256 only, which also takes longest: some tens of milliseconds.
    pub fn generate<R: CryptoRng + ?Sized>(algorithm: Algorithm, rng: &mut R) -> Result<Self, KeyError> {
        Ok(Self(match algorithm {
            Algorithm::Es256 => Kind::Es256(Box::new(SecretKey::generate_from_rng(rng))),
            Algorithm::EdDsa => {
                let mut seed = Box::new(Zeroizing::new([0; 32]));
                rng.fill_bytes(seed.as_mut_slice());
                Kind::EdDsa(seed)
            }
            Algorithm::Es384 => Kind::Es384(Box::new(p384::SecretKey::generate_from_rng(rng))),
            Algorithm::Rs256 => {
                let key = RsaPrivateKey::new(rng, RSA_BITS).map_err(|_| KeyError::Rsa)?;
                let pkcs8 = key.to_pkcs8_der().map_err(|_| KeyError::Rsa)?.to_bytes();
                Kind::Rs256(Box::new((key, pkcs8)))
            }
        }))
    }

    /// Loads what [`to_bytes`](Self::to_bytes) wrote: the scalar of ES256 (32 bytes, big endian) or ES384 (48),
    /// the seed of EdDSA (32, RFC 8032 §5.1.5), PKCS#8 in DER for RS256.
    pub fn from_bytes(algorithm: Algorithm, bytes: &[u8]) -> Result<Self, KeyError> {
        let kind = match algorithm {
            // The libraries would pad shorter scalars; here the length is exact.
            Algorithm::Es256 if bytes.len() == 32 => {
                SecretKey::from_slice(bytes).ok().map(|key| Kind::Es256(Box::new(key)))
            }
            Algorithm::Es384 if bytes.len() == 48 => {
                p384::SecretKey::from_slice(bytes).ok().map(|key| Kind::Es384(Box::new(key)))
            }
            Algorithm::EdDsa if bytes.len() == 32 => {
                let mut seed = Box::new(Zeroizing::new([0; 32]));
                seed.copy_from_slice(bytes);
                Some(Kind::EdDsa(seed))
            }
            Algorithm::Rs256 => RsaPrivateKey::from_pkcs8_der(bytes)
                .ok()
                .filter(|key| (RSA_BITS / 8..=MOST_RSA_BYTES).contains(&key.size()))
                .map(|key| Kind::Rs256(Box::new((key, Zeroizing::new(bytes.to_vec()))))),
            Algorithm::Es256 | Algorithm::Es384 | Algorithm::EdDsa => None,
        };
        kind.map(Self).ok_or(KeyError::PrivateKey { algorithm })
    }

    /// The private key as [`from_bytes`](Self::from_bytes) takes it.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        match &self.0 {
            Kind::Es256(key) => Zeroizing::new(Zeroizing::new(key.to_bytes()).to_vec()),
            Kind::Es384(key) => Zeroizing::new(Zeroizing::new(key.to_bytes()).to_vec()),
            Kind::EdDsa(seed) => Zeroizing::new(seed.to_vec()),
            Kind::Rs256(key) => key.1.clone(),
        }
    }

    /// The algorithm that it signs with.
    pub fn algorithm(&self) -> Algorithm {
        match &self.0 {
            Kind::Es256(_) => Algorithm::Es256,
            Kind::EdDsa(_) => Algorithm::EdDsa,
            Kind::Es384(_) => Algorithm::Es384,
            Kind::Rs256(_) => Algorithm::Rs256,
        }
    }

    /// Computes the public key.
    pub fn public_key(&self) -> PublicKey {
        match &self.0 {
            Kind::Es256(key) => PublicKey::from(p256::ecdsa::VerifyingKey::from(key.public_key())),
            Kind::EdDsa(seed) => PublicKey::from(ed25519_dalek::SigningKey::from_bytes(seed).verifying_key()),
            Kind::Es384(key) => PublicKey::from(p384::ecdsa::VerifyingKey::from(key.public_key())),
            Kind::Rs256(key) => PublicKey::from(key.0.to_public_key()),
        }
    }

    /// Signs a message; hashing it is part of the algorithm.
    ///
    /// The form is that of WebAuthn L3 §6.5.5: DER for ECDSA, 64 bytes for EdDSA, the modulus' length for RS256.
    /// The signature is deterministic; randomness only blinds the computation of RS256, and no other algorithm
    /// draws any. Fails for RS256 only, when its result does not verify (a computing fault).
    pub fn sign<R: CryptoRng + ?Sized>(&self, message: &[u8], rng: &mut R) -> Result<Vec<u8>, KeyError> {
        Ok(match &self.0 {
            Kind::Es256(key) => ecdsa::<NistP256, Sha256>(key, message).to_der().as_bytes().to_vec(),
            Kind::Es384(key) => ecdsa::<NistP384, Sha384>(key, message).to_der().as_bytes().to_vec(),
            Kind::EdDsa(seed) => {
                // RFC 8032 hashes the public key into the signature, so here it has to be computed.
                use ed25519_dalek::Signer;
                ed25519_dalek::SigningKey::from_bytes(seed).sign(message).to_bytes().to_vec()
            }
            // Blinded, although the library's exponentiation takes constant time: the timing of RSA has been
            // attacked too often to rely on one measure (RUSTSEC-2023-0071).
            Kind::Rs256(key) => key
                .0
                .sign_with_rng(rng, Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(message))
                .map_err(|_| KeyError::Rsa)?,
        })
    }
}

fn ecdsa<C, D>(key: &p256::elliptic_curve::SecretKey<C>, message: &[u8]) -> Signature<C>
where
    C: EcdsaCurve + CurveArithmetic,
    D: Digest + sha2::digest::block_api::BlockSizeUser,
{
    let scalar = Zeroizing::new(key.to_nonzero_scalar());
    sign_prehashed_rfc6979::<C, D>(&scalar, &D::digest(message), &[]).0
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_loads_and_signs_the_same() {
        let mut rng = getrandom::rand_core::UnwrapErr(getrandom::SysRng);
        for algorithm in Algorithm::ALL {
            let key = PrivateKey::generate(algorithm, &mut rng).unwrap();
            let loaded = PrivateKey::from_bytes(algorithm, &key.to_bytes()).unwrap();
            let signature = loaded.sign(b"message", &mut rng).unwrap();
            assert_eq!(signature, key.sign(b"message", &mut rng).unwrap());
            let public_key = PublicKey::decode(&key.public_key().encode()).unwrap();
            assert_eq!((public_key.algorithm(), loaded.algorithm()), (algorithm, algorithm));
            assert!(public_key.verify(b"message", &signature), "{}", algorithm.name());
            assert!(!public_key.verify(b"massage", &signature));
            assert!(!public_key.verify(b"message", &[]));
        }
    }

    /// Counts what is drawn, and draws from the system.
    struct Counted(usize);

    impl rand_core::TryRng for Counted {
        type Error = getrandom::Error;

        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            self.0 += 4;
            getrandom::SysRng.try_next_u32()
        }

        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            self.0 += 8;
            getrandom::SysRng.try_next_u64()
        }

        fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Self::Error> {
            self.0 += to.len();
            getrandom::SysRng.try_fill_bytes(to)
        }
    }

    impl rand_core::TryCryptoRng for Counted {}

    #[test]
    fn rs256_is_blinded_and_nothing_else_draws_randomness() {
        for algorithm in Algorithm::ALL {
            let mut rng = rand_core::UnwrapErr(Counted(0));
            let key = PrivateKey::generate(algorithm, &mut rng).unwrap();
            rng.0.0 = 0;
            key.sign(b"message", &mut rng).unwrap();
            // A blinding factor is as long as the modulus.
            let drawn = if algorithm == Algorithm::Rs256 { rng.0.0 >= RSA_BITS / 8 } else { rng.0.0 == 0 };
            assert!(drawn, "{} bytes for {}", rng.0.0, algorithm.name());
        }
    }

    #[test]
    fn refuses_keys_of_another_length_or_out_of_range() {
        for (algorithm, length) in [(Algorithm::Es256, 32), (Algorithm::EdDsa, 32), (Algorithm::Es384, 48)] {
            for wrong in [0, 24, length - 1, length + 1] {
                assert!(PrivateKey::from_bytes(algorithm, &vec![1; wrong]).is_err(), "{wrong}");
            }
        }
        for scalar in [0x00, 0xff] {
            assert!(PrivateKey::from_bytes(Algorithm::Es256, &[scalar; 32]).is_err());
            assert!(PrivateKey::from_bytes(Algorithm::Es384, &[scalar; 48]).is_err());
        }
        assert!(PrivateKey::from_bytes(Algorithm::Rs256, &[0x30, 0x00]).is_err());
    }

    #[test]
    fn refuses_rsa_keys_that_are_too_short() {
        let mut rng = getrandom::rand_core::UnwrapErr(getrandom::SysRng);
        let short = RsaPrivateKey::new(&mut rng, 1024).unwrap().to_pkcs8_der().unwrap();
        assert!(PrivateKey::from_bytes(Algorithm::Rs256, short.as_bytes()).is_err());
    }

    #[test]
    fn debug_shows_nothing() {
        let key = PrivateKey::from_bytes(Algorithm::EdDsa, &[7; 32]).unwrap();
        assert_eq!(format!("{key:?}"), "PrivateKey(redacted)");
    }
}
