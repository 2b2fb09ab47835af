use std::fmt;

use aes::{
    Aes256, Block,
    cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit},
};
use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use super::{RoutingId, TunnelDomainError, TunnelDomainId, mac::hmac_sha256};
use crate::cbor::{self, Value};

/// Bytes of an advert.
pub const ADVERT_LEN: usize = 20;

/// The 16-bit UUID under which adverts are sent as service data (assigned to FIDO).
pub const SERVICE_UUID: u16 = 0xfff9;

/// The 16-bit UUID that older phones use (assigned to Google). Read it, never send it.
pub const SERVICE_UUID_GOOGLE: u16 = 0xfde2;

const SEALED_LEN: usize = 16;

/// Why service data is not an advert for us.
///
/// Everything but `Length` is normal on the air: other people's ceremonies, or once in 2^32 an accident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AdvertError {
    /// Not the length of an advert.
    #[error("advert is {got} bytes, expected {ADVERT_LEN}")]
    Length {
        /// Bytes given.
        got: usize,
    },
    /// The tag does not match this key.
    #[error("advert was not sealed with this key")]
    Unrecognised,
    /// The reserved first byte is not zero.
    #[error("reserved byte of the advert is {byte:#04x}, expected 0")]
    Reserved {
        /// The byte.
        byte: u8,
    },
    /// The advert names no tunnel service.
    #[error(transparent)]
    Domain(#[from] TunnelDomainError),
    /// What follows the 20 bytes is not a map of channels.
    #[error("suffix of the advert is not a map of channels")]
    Suffix,
}

/// The keys that seal the adverts of one ceremony: AES-256, then HMAC-SHA-256. Wiped when dropped.
pub struct EidKey {
    cipher: Zeroizing<[u8; 32]>,
    mac: Zeroizing<[u8; 32]>,
}

impl EidKey {
    pub(super) fn from_bytes(bytes: &[u8; 64]) -> Self {
        let mut key = Self { cipher: Zeroizing::new([0; 32]), mac: Zeroizing::new([0; 32]) };
        let (cipher, mac) = bytes.split_at(32);
        key.cipher.copy_from_slice(cipher);
        key.mac.copy_from_slice(mac);
        key
    }

    #[cfg(test)]
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        [self.cipher.as_slice(), self.mac.as_slice()].concat()
    }

    fn block_cipher(&self) -> Aes256 {
        Aes256::new((&*self.cipher).into())
    }

    fn tag(&self, sealed: &[u8; SEALED_LEN]) -> [u8; 4] {
        let [a, b, c, d, ..] = hmac_sha256(&self.mac, sealed);
        [a, b, c, d]
    }
}

impl fmt::Debug for EidKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EidKey(redacted)")
    }
}

/// What an advert says: `00` ‖ nonce (10) ‖ routing ID (3) ‖ tunnel domain ID (2, little endian).
///
/// Whoever knows these 16 bytes beside the QR secret has the PSK, so they are treated as a secret.
pub struct AdvertPlaintext {
    bytes: Zeroizing<[u8; SEALED_LEN]>,
    routing_id: RoutingId,
    domain: TunnelDomainId,
}

impl AdvertPlaintext {
    /// The advert of a QR ceremony, with a fresh nonce.
    pub fn generate(
        routing_id: RoutingId,
        domain: TunnelDomainId,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Self {
        let mut nonce = [0; 10];
        rng.fill_bytes(&mut nonce);
        Self::new(&nonce, routing_id, domain)
    }

    /// The advert of a linked ceremony: all is random but the domain, which is our own.
    ///
    /// Routing was settled before, so the specification lets these bytes be random. A strict client still drops
    /// an advert whose last two bytes name no service, so they do.
    pub fn generate_linked(domain: TunnelDomainId, rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        let mut routing_id = [0; 3];
        rng.fill_bytes(&mut routing_id);
        Self::generate(RoutingId::new(routing_id), domain, rng)
    }

    fn new(nonce: &[u8; 10], routing_id: RoutingId, domain: TunnelDomainId) -> Self {
        let mut bytes = Zeroizing::new([0; SEALED_LEN]);
        let content = nonce.iter().chain(routing_id.as_bytes()).copied().chain(domain.id().to_le_bytes());
        bytes.iter_mut().skip(1).zip(content).for_each(|(byte, content)| *byte = content);
        Self { bytes, routing_id, domain }
    }

    /// Reads the decrypted bytes: the first must be 0, the last two must name a tunnel service.
    pub fn from_bytes(bytes: [u8; SEALED_LEN]) -> Result<Self, AdvertError> {
        let [reserved, _, _, _, _, _, _, _, _, _, _, r0, r1, r2, d0, d1] = bytes;
        if reserved != 0 {
            return Err(AdvertError::Reserved { byte: reserved });
        }
        let domain = TunnelDomainId::new(u16::from_le_bytes([d0, d1]))?;
        Ok(Self { bytes: Zeroizing::new(bytes), routing_id: RoutingId::new([r0, r1, r2]), domain })
    }

    /// The 16 bytes.
    pub fn as_bytes(&self) -> &[u8; SEALED_LEN] {
        &self.bytes
    }

    /// What to tell the tunnel service.
    pub fn routing_id(&self) -> RoutingId {
        self.routing_id
    }

    /// The tunnel service.
    pub fn domain(&self) -> TunnelDomainId {
        self.domain
    }
}

impl fmt::Debug for AdvertPlaintext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdvertPlaintext(redacted)")
    }
}

/// A sealed advert: 16 bytes of AES-256, then the first 4 bytes of their HMAC. It goes out by radio, for all to
/// hear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advert([u8; ADVERT_LEN]);

impl Advert {
    /// Seals an advert. Deterministic; the plaintext's nonce makes each advert a new one.
    pub fn seal(key: &EidKey, plaintext: &AdvertPlaintext) -> Self {
        let mut block = Block::from(*plaintext.as_bytes());
        key.block_cipher().encrypt_block(&mut block);
        let sealed = block.into();
        let tag = key.tag(&sealed);
        let mut advert = [0; ADVERT_LEN];
        advert.iter_mut().zip(sealed.into_iter().chain(tag)).for_each(|(to, from)| *to = from);
        Self(advert)
    }

    /// Takes 20 bytes of service data as an advert that may be anybody's.
    pub fn from_bytes(bytes: [u8; ADVERT_LEN]) -> Self {
        Self(bytes)
    }

    /// Checks service data against a key and opens it.
    ///
    /// In this order: exactly 20 bytes; the tag, in constant time; the reserved byte; a domain that has a name.
    /// Longer service data is refused because we never offer a channel that would make an advert longer.
    pub fn open(key: &EidKey, service_data: &[u8]) -> Result<MatchedAdvert, AdvertError> {
        let Ok(advert) = <[u8; ADVERT_LEN]>::try_from(service_data) else {
            return Err(AdvertError::Length { got: service_data.len() });
        };
        let [sealed @ .., t0, t1, t2, t3] = advert;
        if !bool::from(key.tag(&sealed).ct_eq(&[t0, t1, t2, t3])) {
            return Err(AdvertError::Unrecognised);
        }
        let mut block = Block::from(sealed);
        key.block_cipher().decrypt_block(&mut block);
        let plaintext = AdvertPlaintext::from_bytes(block.into());
        block.zeroize();
        Ok(MatchedAdvert(plaintext?))
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; ADVERT_LEN] {
        &self.0
    }

    /// The advertising structure that a controller sends: `17 16 f9 ff` and the advert, 24 of 31 bytes.
    pub fn ad_structure(&self) -> [u8; 24] {
        // Length of what follows, AD type "service data, 16-bit UUID", the UUID in little endian.
        let [low, high] = SERVICE_UUID.to_le_bytes();
        let mut structure = [0; 24];
        let content = [0x17, 0x16, low, high].into_iter().chain(self.0);
        structure.iter_mut().zip(content).for_each(|(to, from)| *to = from);
        structure
    }
}

/// An advert that a key has opened: somebody who knows the QR code is near. Only [`Advert::open`] makes one.
#[derive(Debug)]
pub struct MatchedAdvert(AdvertPlaintext);

impl MatchedAdvert {
    /// What the advert says.
    pub fn plaintext(&self) -> &AdvertPlaintext {
        &self.0
    }
}

/// What CTAP 2.3 lets follow the 20 bytes when the client offered a further channel: a map from channel to data.
///
/// We never offer one. This reads what Android sends, so that it can be told apart from noise; it is not covered
/// by the advert's tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdvertSuffix {
    /// The L2CAP port (PSM) of channel 1, if the map has one.
    pub l2cap_psm: Option<u16>,
}

impl AdvertSuffix {
    /// Splits service data into its advert and its suffix, if it has one.
    pub fn split(service_data: &[u8]) -> Result<(Advert, Option<AdvertSuffix>), AdvertError> {
        let length = AdvertError::Length { got: service_data.len() };
        let (advert, rest) = service_data.split_first_chunk().ok_or(length)?;
        if rest.is_empty() {
            return Ok((Advert(*advert), None));
        }
        let map = cbor::decode(rest).map_err(|_| AdvertError::Suffix)?;
        if map.as_map().is_none() {
            return Err(AdvertError::Suffix);
        }
        let l2cap_psm = map.get(1).and_then(Value::as_u64).and_then(|psm| u16::try_from(psm).ok());
        Ok((Advert(*advert), Some(AdvertSuffix { l2cap_psm })))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::vectors::{array, bytes, number, text, vectors};
    use super::super::{QrSecret, derive_eid_key, derive_psk, derive_tunnel_id};
    use super::*;

    #[test]
    fn every_valid_advert_of_the_vectors() {
        let all = vectors();
        for entry in all["eid"]["valid"].as_array().unwrap() {
            let secret = QrSecret::from_slice(&bytes(&entry["secret"])).unwrap();
            let key = derive_eid_key(&secret);
            assert_eq!(key.to_bytes(), bytes(&entry["eid_key"]));
            assert_eq!(derive_tunnel_id(&secret).expose(), &array(&entry["tunnel_id"]));

            let domain = TunnelDomainId::new(u16::try_from(number(&entry["domain_id"])).unwrap()).unwrap();
            assert_eq!(domain.domain_name(), text(&entry["domain"]));
            let plaintext = AdvertPlaintext::new(
                &array(&entry["nonce"]),
                RoutingId::new(array(&entry["routing_id"])),
                domain,
            );
            assert_eq!(plaintext.as_bytes(), &array(&entry["plaintext"]));
            assert_eq!(derive_psk(&secret, &plaintext).expose(), &array(&entry["psk"]));

            let advert = Advert::seal(&key, &plaintext);
            assert_eq!(advert.as_bytes(), &array(&entry["advert"]));
            let opened = Advert::open(&key, advert.as_bytes()).unwrap();
            assert_eq!(opened.plaintext().as_bytes(), plaintext.as_bytes());
            assert_eq!(opened.plaintext().routing_id(), plaintext.routing_id());
            assert_eq!(opened.plaintext().domain(), domain);
        }
    }

    #[test]
    fn refuses_every_advert_to_reject_of_the_vectors() {
        let all = vectors();
        let expected = [
            AdvertError::Unrecognised,
            AdvertError::Unrecognised,
            AdvertError::Reserved { byte: 1 },
            TunnelDomainError { id: 255 }.into(),
            TunnelDomainError { id: 2 }.into(),
            AdvertError::Length { got: 19 },
        ];
        let entries = all["eid"]["reject"].as_array().unwrap();
        assert_eq!(entries.len(), expected.len());
        for (entry, expected) in entries.iter().zip(expected) {
            let key = EidKey::from_bytes(&array(&entry["eid_key"]));
            assert_eq!(
                Advert::open(&key, &bytes(&entry["advert"])).unwrap_err(),
                expected,
                "{}",
                entry["name"]
            );
        }
    }

    #[test]
    fn reads_a_suffix_but_opens_only_twenty_bytes() {
        let all = vectors();
        let entry = &all["eid"]["suffix"][0];
        let service_data = bytes(&entry["service_data"]);
        let (advert, suffix) = AdvertSuffix::split(&service_data).unwrap();
        assert_eq!(advert.as_bytes(), &array(&entry["advert"]));
        assert_eq!(service_data[ADVERT_LEN..], bytes(&entry["suffix"]));
        let psm = u16::try_from(number(&entry["meaning"]["1"])).unwrap();
        assert_eq!(suffix, Some(AdvertSuffix { l2cap_psm: Some(psm) }));

        let key = EidKey::from_bytes(&[0; 64]);
        assert_eq!(Advert::open(&key, &service_data).unwrap_err(), AdvertError::Length { got: 24 });
        assert_eq!(AdvertSuffix::split(advert.as_bytes()), Ok((advert, None)));
        let odd = [advert.as_bytes().as_slice(), &[0x00]].concat();
        assert_eq!(AdvertSuffix::split(&odd), Err(AdvertError::Suffix));
    }

    #[test]
    fn every_ad_structure_of_the_vectors() {
        let all = vectors();
        let advert = Advert(array(&all["transcript_ios"]["advert"]));
        let (flags, uuid_list) = ([0x02, 0x01, 0x06], [0x03, 0x03, 0xf9, 0xff]);
        let structure = advert.ad_structure();
        let payloads = [
            structure.to_vec(),
            [&flags[..], &structure].concat(),
            [&flags[..], &uuid_list, &structure].concat(),
        ];
        let entries = all["ble_payload"].as_array().unwrap();
        assert_eq!(entries.len(), payloads.len());
        for (entry, payload) in entries.iter().zip(payloads) {
            assert_eq!(payload, bytes(&entry["ad"]));
            assert_eq!(u64::try_from(payload.len()).unwrap(), number(&entry["length"]));
        }
    }

    #[test]
    fn a_linked_advert_names_our_domain() {
        let mut rng = rand_core::UnwrapErr(getrandom::SysRng);
        let plaintext = AdvertPlaintext::generate_linked(TunnelDomainId::DEFAULT, &mut rng);
        assert!(AdvertPlaintext::from_bytes(*plaintext.as_bytes()).is_ok());
    }

    #[test]
    fn debug_shows_nothing() {
        let key = EidKey::from_bytes(&[1; 64]);
        let plaintext = AdvertPlaintext::new(&[1; 10], RoutingId::new([1; 3]), TunnelDomainId::DEFAULT);
        let matched = Advert::open(&key, Advert::seal(&key, &plaintext).as_bytes()).unwrap();
        assert_eq!(
            format!("{key:?} {matched:?}"),
            "EidKey(redacted) MatchedAdvert(AdvertPlaintext(redacted))"
        );
    }

    proptest! {
        #[test]
        fn any_bytes_never_panic(key: [u8; 32], data in proptest::collection::vec(any::<u8>(), 0..40)) {
            let mut both = [0; 64];
            both[..32].copy_from_slice(&key);
            prop_assert!(Advert::open(&EidKey::from_bytes(&both), &data).is_err());
            let _ = AdvertSuffix::split(&data);
        }

        #[test]
        fn any_flipped_bit_is_refused(secret: [u8; 16], nonce: [u8; 10], bit in 0usize..160) {
            let key = derive_eid_key(&QrSecret::from_bytes(secret));
            let plaintext = AdvertPlaintext::new(&nonce, RoutingId::new([1, 2, 3]), TunnelDomainId::DEFAULT);
            let mut advert = *Advert::seal(&key, &plaintext).as_bytes();
            prop_assert!(Advert::open(&key, &advert).is_ok());
            advert[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(Advert::open(&key, &advert).unwrap_err(), AdvertError::Unrecognised);
        }
    }
}
