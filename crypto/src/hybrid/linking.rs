//! Linking information: what lets a client ring an authenticator again without a QR code (CTAP 2.2 §11.5).

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{
    AuthenticatorIdentity, AuthenticatorIdentityKey, ClientIdentity, ClientIdentityKey, ContactId,
    mac::hmac_sha256, noise::HandshakeHash, point::Point, point::Scalar,
};
use crate::{cbor::Value, secret_bytes};

/// Keys of the map. Android marks its own with 999; unknown keys are ignored.
mod key {
    pub(super) const CONTACT_ID: u8 = 1;
    pub(super) const LINK_ID: u8 = 2;
    pub(super) const LINK_SECRET: u8 = 3;
    pub(super) const IDENTITY: u8 = 4;
    pub(super) const NAME: u8 = 5;
    pub(super) const SIGNATURE: u8 = 6;
}

secret_bytes! {
    /// What a linked client and authenticator share.
    pub struct LinkSecret([u8; 32]);
}

/// The name of a link, chosen by the authenticator.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct LinkId([u8; 8]);

impl LinkId {
    /// Takes over eight bytes.
    pub fn new(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }
}

impl fmt::Debug for LinkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkId(..)")
    }
}

/// Why linking information was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkingError {
    /// Not a map.
    #[error("linking information is not a map")]
    NotAMap,
    /// A value is missing, of the wrong type or of the wrong length.
    #[error("value of key {key} is missing or not of its form")]
    Field {
        /// The key.
        key: u8,
    },
    /// Whoever sent it does not have the identity it names.
    #[error("signature does not match identity and handshake")]
    Signature,
}

/// Everything a client keeps to ring an authenticator again, beside the tunnel domain of the advert.
pub struct Link {
    /// Shown to the tunnel service.
    pub contact_id: ContactId,
    /// Which link this is.
    pub link_id: LinkId,
    /// What adverts and handshakes of this link grow from.
    pub link_secret: LinkSecret,
    /// Who answers.
    pub authenticator: AuthenticatorIdentity,
    /// What the authenticator calls itself. Not to be believed, only shown.
    pub name: String,
}

/// A name and a contact are personal.
impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Link(redacted)")
    }
}

/// Linking information with its signature: made by the authenticator, or received and not yet checked.
///
/// [`LinkingOffer::verify`] is the only way from what was received to a [`Link`].
pub struct LinkingOffer {
    link: Link,
    signature: [u8; 32],
}

impl fmt::Debug for LinkingOffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkingOffer(redacted)")
    }
}

impl LinkingOffer {
    /// Signs a link for the client of this handshake; `None` if the link names another identity than the key's.
    pub fn create(
        link: Link,
        identity: &AuthenticatorIdentityKey,
        client: &ClientIdentity,
        handshake_hash: &HandshakeHash,
    ) -> Option<Self> {
        let signature = sign(&identity.0, &client.0, handshake_hash);
        (link.authenticator == identity.public()).then_some(Self { link, signature })
    }

    /// Reads the map of an update. Lengths are exact.
    pub fn parse(map: &Value) -> Result<Self, LinkingError> {
        if map.as_map().is_none() {
            return Err(LinkingError::NotAMap);
        }
        let bytes =
            |key: u8| map.get(u64::from(key)).and_then(Value::as_bytes).ok_or(LinkingError::Field { key });
        let link_id = bytes(key::LINK_ID)?.try_into();
        let name = map.get(u64::from(key::NAME)).and_then(Value::as_text);
        let signature = bytes(key::SIGNATURE)?.try_into();
        Ok(Self {
            link: Link {
                contact_id: ContactId::new(bytes(key::CONTACT_ID)?.to_vec()),
                link_id: LinkId(link_id.map_err(|_| LinkingError::Field { key: key::LINK_ID })?),
                link_secret: LinkSecret::from_slice(bytes(key::LINK_SECRET)?)
                    .ok_or(LinkingError::Field { key: key::LINK_SECRET })?,
                authenticator: AuthenticatorIdentity::from_uncompressed(bytes(key::IDENTITY)?)
                    .ok_or(LinkingError::Field { key: key::IDENTITY })?,
                name: name.ok_or(LinkingError::Field { key: key::NAME })?.to_owned(),
            },
            signature: signature.map_err(|_| LinkingError::Field { key: key::SIGNATURE })?,
        })
    }

    /// The map for an update. Holds the link secret, so the caller wipes it.
    pub fn to_map(&self) -> Value {
        let entries = [
            (key::CONTACT_ID, Value::from(self.link.contact_id.as_bytes())),
            (key::LINK_ID, Value::from(*self.link.link_id.as_bytes())),
            (key::LINK_SECRET, Value::from(self.link.link_secret.expose().as_slice())),
            (key::IDENTITY, Value::from(self.link.authenticator.uncompressed())),
            (key::NAME, Value::from(self.link.name.as_str())),
            (key::SIGNATURE, Value::from(self.signature)),
        ];
        Value::map(entries.map(|(key, value)| (u64::from(key).into(), value)))
    }

    /// Checks, in constant time, that the sender has the identity it names and took part in this handshake.
    pub fn verify(
        self,
        client: &ClientIdentityKey,
        handshake_hash: &HandshakeHash,
    ) -> Result<Link, LinkingError> {
        let expected = Zeroizing::new(sign(&client.0, &self.link.authenticator.0, handshake_hash));
        if bool::from(expected.ct_eq(&self.signature)) { Ok(self.link) } else { Err(LinkingError::Signature) }
    }
}

/// HMAC of the handshake hash under what the QR identity and the authenticator's identity agree on.
fn sign(own: &Scalar, other: &Point, handshake_hash: &HandshakeHash) -> [u8; 32] {
    hmac_sha256(&own.agree(other), handshake_hash.as_bytes())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::vectors::{array, bytes, vectors};
    use super::super::{Message, Update};
    use super::*;
    use crate::cbor;

    struct Setting {
        all: serde_json::Value,
        client: ClientIdentityKey,
        authenticator: AuthenticatorIdentityKey,
        hash: HandshakeHash,
    }

    fn setting() -> Setting {
        let all = vectors();
        let key = |name: &str| Scalar::from_bytes(&array(&all["noise"]["keys"][name]["private"])).unwrap();
        Setting {
            client: ClientIdentityKey(key("client_identity")),
            authenticator: AuthenticatorIdentityKey(key("auth_identity")),
            hash: HandshakeHash::from_bytes(array(&all["linking"]["handshake_hash"])),
            all,
        }
    }

    fn offered(setting: &Setting) -> Value {
        cbor::decode(&bytes(&setting.all["linking"]["linking_map_cbor"])).unwrap()
    }

    #[test]
    fn linking_of_the_vectors() {
        let setting = setting();
        let entry = &setting.all["linking"];
        let (client, authenticator) = (&setting.client, &setting.authenticator);
        assert_eq!(*client.0.agree(&authenticator.public().0), array(&entry["ecdh_x"]));
        assert_eq!(sign(&client.0, &authenticator.public().0, &setting.hash), array(&entry["signature"]));

        // The client's side: from the frame to the link.
        let frame = bytes(&entry["update_frame_plaintext_512"]);
        let Message::Update(Update { linking: Some(map) }) = Message::decode(&frame).unwrap() else {
            panic!("no link in the update")
        };
        assert_eq!(cbor::encode(&map), bytes(&entry["linking_map_cbor"]));
        let link = LinkingOffer::parse(&map).unwrap().verify(client, &setting.hash).unwrap();
        let linked = &setting.all["state_assisted"];
        assert_eq!(link.contact_id.as_bytes(), bytes(&linked["contact_id"]));
        assert_eq!(link.link_id.as_bytes(), &array(&linked["link_id"]));
        assert_eq!(link.link_secret.expose(), &array(&linked["link_secret"]));
        assert_eq!(link.authenticator, authenticator.public());
        assert_eq!(link.name, "Desk authenticator");

        // The authenticator's side: from the link to the same frame.
        let offer = LinkingOffer::create(link, authenticator, &client.public(), &setting.hash).unwrap();
        assert_eq!(offer.signature, array(&entry["signature"]));
        assert_eq!(Message::Update(Update { linking: Some(offer.to_map()) }).encode(), frame);
    }

    #[test]
    fn refuses_a_signature_of_another_handshake_or_identity() {
        let setting = setting();
        let parse = |map: &Value| LinkingOffer::parse(map).unwrap();
        let other_hash = HandshakeHash::from_bytes([0; 32]);
        let error = parse(&offered(&setting)).verify(&setting.client, &other_hash).unwrap_err();
        assert_eq!(error, LinkingError::Signature);

        let other = ClientIdentityKey(Scalar::from_bytes(&[3; 32]).unwrap());
        let error = parse(&offered(&setting)).verify(&other, &setting.hash).unwrap_err();
        assert_eq!(error, LinkingError::Signature);

        let other = AuthenticatorIdentityKey(Scalar::from_bytes(&[3; 32]).unwrap());
        let link = parse(&offered(&setting)).verify(&setting.client, &setting.hash).unwrap();
        assert!(LinkingOffer::create(link, &other, &setting.client.public(), &setting.hash).is_none());
    }

    #[test]
    fn refuses_each_field_that_is_missing_or_has_another_form() {
        let setting = setting();
        let entries = offered(&setting).as_map().unwrap().to_vec();
        assert_eq!(LinkingOffer::parse(&Value::Null).unwrap_err(), LinkingError::NotAMap);
        for key in 1..=6u8 {
            let is_it = |k: &Value| *k == u64::from(key).into();
            let without = Value::map(entries.iter().filter(|(k, _)| !is_it(k)).cloned());
            assert_eq!(LinkingOffer::parse(&without).unwrap_err(), LinkingError::Field { key });
            let mut odd = entries.clone();
            odd.iter_mut().filter(|(k, _)| is_it(k)).for_each(|(_, v)| *v = Value::from(true));
            assert_eq!(LinkingOffer::parse(&Value::Map(odd)).unwrap_err(), LinkingError::Field { key });
            if matches!(key, 2 | 3 | 4 | 6) {
                let mut longer = entries.clone();
                longer.iter_mut().filter(|(k, _)| is_it(k)).for_each(|(_, v)| {
                    *v = Value::from([v.as_bytes().unwrap(), &[0]].concat());
                });
                assert_eq!(
                    LinkingOffer::parse(&Value::Map(longer)).unwrap_err(),
                    LinkingError::Field { key }
                );
            }
        }
        let mut marked = entries.clone();
        marked.push((999.into(), Value::from(true)));
        assert!(LinkingOffer::parse(&Value::Map(marked)).is_ok());
    }

    #[test]
    fn debug_shows_nothing() {
        let setting = setting();
        let offer = LinkingOffer::parse(&offered(&setting)).unwrap();
        assert_eq!(format!("{offer:?}"), "LinkingOffer(redacted)");
        let link = offer.verify(&setting.client, &setting.hash).unwrap();
        assert_eq!(format!("{link:?} {:?}", link.link_id), "Link(redacted) LinkId(..)");
        assert_eq!(format!("{:?}", link.link_secret), "LinkSecret(redacted)");
    }

    proptest! {
        #[test]
        fn any_map_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            if let Ok(value) = cbor::decode(&bytes) {
                prop_assert!(LinkingOffer::parse(&value).is_err());
            }
        }
    }
}
