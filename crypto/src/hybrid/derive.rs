//! The key derivation of hybrid: HKDF-SHA-256 (RFC 5869), `info` = the purpose as a little-endian `u32`.

use hkdf::Hkdf;
use rand_core::CryptoRng;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{AdvertPlaintext, ClientNonce, ContactId, EidKey, LinkId, LinkSecret, TunnelId};
use crate::secret_bytes;

secret_bytes! {
    /// The secret in the QR code.
    pub struct QrSecret([u8; 16]);
}

impl QrSecret {
    /// Draws a fresh secret, as every QR code needs.
    pub fn generate(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        Self::fill(|bytes| rng.fill_bytes(bytes))
    }
}

secret_bytes! {
    /// The pre-shared key of the handshake: who has it knows the QR secret and heard the advert.
    pub struct Psk([u8; 32]);
}

secret_bytes! {
    /// An authenticator's root of all its links.
    pub struct RootSecret([u8; 32]);
}

secret_bytes! {
    /// An authenticator's secret for one contact ID: the root of the links made under it.
    pub struct ContactSecret([u8; 32]);
}

secret_bytes! {
    /// What an authenticator makes its identity key from.
    pub struct IdentitySeed([u8; 32]);
}

/// The purposes of CTAP 2.2 §11.5 (1 to 3) and those of Chrome's phone code (4 to 6), which never leave the
/// authenticator.
mod purpose {
    pub(super) const EID_KEY: u32 = 1;
    pub(super) const TUNNEL_ID: u32 = 2;
    pub(super) const PSK: u32 = 3;
    pub(super) const LINK_SECRET: u32 = 4;
    pub(super) const IDENTITY_SEED: u32 = 5;
    pub(super) const CONTACT_SECRET: u32 = 6;
}

/// Derives the keys that seal the BLE advert of one QR ceremony. Deterministic; cannot fail.
///
/// CTAP 2.2 §11.5, purpose `keyPurposeEIDKey` (1), no salt, 64 bytes.
pub fn derive_eid_key(qr_secret: &QrSecret) -> EidKey {
    EidKey::from_bytes(&derive(qr_secret.expose(), &[], purpose::EID_KEY))
}

/// Derives the name of the tunnel of one QR ceremony. Deterministic; cannot fail.
///
/// CTAP 2.2 §11.5, purpose `keyPurposeTunnelID` (2), no salt, 16 bytes.
pub fn derive_tunnel_id(qr_secret: &QrSecret) -> TunnelId {
    TunnelId::from_bytes(*derive(qr_secret.expose(), &[], purpose::TUNNEL_ID))
}

/// Derives the pre-shared key of a QR ceremony from its secret and the decrypted advert.
///
/// CTAP 2.2 §11.5, purpose `keyPurposePSK` (3), the 16 bytes of the advert's plaintext as salt, 32 bytes.
pub fn derive_psk(qr_secret: &QrSecret, advert: &AdvertPlaintext) -> Psk {
    Psk::from_bytes(*derive(qr_secret.expose(), advert.as_bytes(), purpose::PSK))
}

/// Derives the keys that seal the advert of a linked ceremony: as [`derive_eid_key`], salted with the client's
/// nonce.
pub fn derive_linked_eid_key(link_secret: &LinkSecret, client_nonce: &ClientNonce) -> EidKey {
    EidKey::from_bytes(&derive(link_secret.expose(), client_nonce.as_bytes(), purpose::EID_KEY))
}

/// Derives the pre-shared key of a linked ceremony: as [`derive_psk`], from the link secret.
pub fn derive_linked_psk(link_secret: &LinkSecret, advert: &AdvertPlaintext) -> Psk {
    Psk::from_bytes(*derive(link_secret.expose(), advert.as_bytes(), purpose::PSK))
}

/// Derives an authenticator's secret for one contact ID (purpose 6).
///
/// With [`derive_link_secret`] it spares an authenticator a list of its links, and a new contact ID revokes all.
pub fn derive_contact_secret(root: &RootSecret, contact_id: &ContactId) -> ContactSecret {
    ContactSecret::from_bytes(*derive(root.expose(), contact_id.as_bytes(), purpose::CONTACT_SECRET))
}

/// Derives the secret of one link (purpose 4).
pub fn derive_link_secret(contact: &ContactSecret, link_id: LinkId) -> LinkSecret {
    LinkSecret::from_bytes(*derive(contact.expose(), link_id.as_bytes(), purpose::LINK_SECRET))
}

/// Derives what an authenticator makes its identity key from (purpose 5).
pub fn derive_identity_seed(root: &RootSecret) -> IdentitySeed {
    IdentitySeed::from_bytes(*derive(root.expose(), &[], purpose::IDENTITY_SEED))
}

fn derive<const N: usize>(secret: &[u8], salt: &[u8], purpose: u32) -> Zeroizing<[u8; N]> {
    hkdf(secret, salt, &purpose.to_le_bytes())
}

/// HKDF-SHA-256 with `N` ≤ 255 × 32 bytes of output.
#[expect(clippy::expect_used, reason = "the length is checked when this is compiled")]
pub(super) fn hkdf<const N: usize>(ikm: &[u8], salt: &[u8], info: &[u8]) -> Zeroizing<[u8; N]> {
    const { assert!(N <= 255 * 32) };
    let mut out = Zeroizing::new([0; N]);
    Hkdf::<Sha256>::new(Some(salt), ikm)
        .expand(info, out.as_mut_slice())
        .expect("N is at most 255 × 32, checked above");
    out
}

#[cfg(test)]
mod tests {
    use super::super::vectors::{bytes, number, vectors};
    use super::*;

    #[test]
    fn every_derivation_of_the_vectors() {
        let all = vectors();
        for entry in all["derive"].as_array().unwrap() {
            let (secret, salt, output) =
                (bytes(&entry["secret"]), bytes(&entry["salt"]), bytes(&entry["output"]));
            let purpose = u32::try_from(number(&entry["purpose"])).unwrap();
            let derived = match number(&entry["length"]) {
                16 => derive::<16>(&secret, &salt, purpose).to_vec(),
                32 => derive::<32>(&secret, &salt, purpose).to_vec(),
                64 => derive::<64>(&secret, &salt, purpose).to_vec(),
                other => panic!("length {other}"),
            };
            assert_eq!(derived, output, "{entry}");
        }
    }

    /// The typed functions use the right purpose, salt and secret.
    #[test]
    fn typed_derivations_of_the_vectors() {
        let all = vectors();
        let entry = |purpose: u64, salted: bool| {
            all["derive"]
                .as_array()
                .unwrap()
                .iter()
                .rfind(|e| number(&e["purpose"]) == purpose && (e["salt"] != "") == salted)
                .unwrap()
        };

        let one = entry(1, false);
        let secret = QrSecret::from_slice(&bytes(&one["secret"])).unwrap();
        assert_eq!(derive_eid_key(&secret).to_bytes().to_vec(), bytes(&one["output"]));

        let two = entry(2, false);
        let secret = QrSecret::from_slice(&bytes(&two["secret"])).unwrap();
        assert_eq!(derive_tunnel_id(&secret).expose().to_vec(), bytes(&two["output"]));

        let three = entry(3, true);
        let secret = QrSecret::from_slice(&bytes(&three["secret"])).unwrap();
        let plaintext = AdvertPlaintext::from_bytes(bytes(&three["salt"]).try_into().unwrap()).unwrap();
        assert_eq!(derive_psk(&secret, &plaintext).expose().to_vec(), bytes(&three["output"]));

        let six = entry(6, true);
        let root = RootSecret::from_slice(&bytes(&six["secret"])).unwrap();
        let contact_id = ContactId::new(bytes(&six["salt"]));
        let contact = derive_contact_secret(&root, &contact_id);
        assert_eq!(contact.expose().to_vec(), bytes(&six["output"]));

        let four = entry(4, true);
        let link_id = LinkId::new(bytes(&four["salt"]).try_into().unwrap());
        assert_eq!(derive_link_secret(&contact, link_id).expose().to_vec(), bytes(&four["output"]));

        let five = entry(5, false);
        assert_eq!(derive_identity_seed(&root).expose().to_vec(), bytes(&five["output"]));
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", QrSecret::from_bytes([1; 16])), "QrSecret(redacted)");
        assert_eq!(format!("{:?}", Psk::from_bytes([1; 32])), "Psk(redacted)");
        assert_eq!(format!("{:?}", RootSecret::from_bytes([1; 32])), "RootSecret(redacted)");
        assert_eq!(format!("{:?}", ContactSecret::from_bytes([1; 32])), "ContactSecret(redacted)");
        assert_eq!(format!("{:?}", IdentitySeed::from_bytes([1; 32])), "IdentitySeed(redacted)");
    }
}
