//! What a client sends to ring a linked authenticator (CTAP 2.2 §11.5, state-assisted transactions).

use rand_core::CryptoRng;

use super::{LinkId, OperationHint, tunnel::upper_hex};
use crate::cbor::{self, DecodeError, Value};

/// Keys of the map.
mod key {
    pub(super) const LINK_ID: u8 = 1;
    pub(super) const CLIENT_NONCE: u8 = 2;
    pub(super) const HINT: u8 = 3;
}

/// A client's random bytes for one linked ceremony. The tunnel service sees them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientNonce([u8; 16]);

impl ClientNonce {
    /// Draws fresh bytes.
    pub fn generate(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        let mut bytes = [0; 16];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// Why a contact payload was refused. The authenticator stays silent then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContactPayloadError {
    /// Not one CBOR value.
    #[error("contact payload is not CBOR: {0}")]
    Cbor(#[from] DecodeError),
    /// Not a map.
    #[error("contact payload is not a map")]
    NotAMap,
    /// A value is missing, of the wrong type or of the wrong length.
    #[error("value of key {key} is missing or not of its form")]
    Field {
        /// The key.
        key: u8,
    },
}

/// `{1: link ID, 2: client nonce, 3: "ga" or "mc"}`: which link, and what for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContactPayload {
    /// The link.
    pub link_id: LinkId,
    /// What the advert's key is salted with.
    pub client_nonce: ClientNonce,
    /// What the client is going to ask for. Here it is part of the check: anything but passkeys is refused.
    pub hint: OperationHint,
}

impl ContactPayload {
    /// Reads the map.
    pub fn decode(bytes: &[u8]) -> Result<Self, ContactPayloadError> {
        let map = cbor::decode(bytes)?;
        if map.as_map().is_none() {
            return Err(ContactPayloadError::NotAMap);
        }
        let field = |key: u8| map.get(u64::from(key)).ok_or(ContactPayloadError::Field { key });
        let wrong = |key: u8| ContactPayloadError::Field { key };
        let link_id = field(key::LINK_ID)?.as_bytes().and_then(|bytes| bytes.try_into().ok());
        let nonce = field(key::CLIENT_NONCE)?.as_bytes().and_then(|bytes| bytes.try_into().ok());
        let hint =
            field(key::HINT)?.as_text().and_then(OperationHint::from_text).filter(|hint| hint.is_ctap());
        Ok(Self {
            link_id: LinkId::new(link_id.ok_or(wrong(key::LINK_ID))?),
            client_nonce: ClientNonce(nonce.ok_or(wrong(key::CLIENT_NONCE))?),
            hint: hint.ok_or(wrong(key::HINT))?,
        })
    }

    /// Writes the map.
    pub fn encode(&self) -> Vec<u8> {
        let entries = [
            (key::LINK_ID, Value::from(*self.link_id.as_bytes())),
            (key::CLIENT_NONCE, Value::from(*self.client_nonce.as_bytes())),
            (key::HINT, Value::from(self.hint.as_str())),
        ];
        cbor::encode(&Value::map(entries.map(|(key, value)| (u64::from(key).into(), value))))
    }

    /// The value of the header `X-caBLE-Client-Payload`: upper-case hex.
    pub fn header_value(&self) -> String {
        upper_hex(&self.encode())
    }
}

/// Whether a binary frame is the tunnel service's word that the authenticator has connected: one zero byte.
pub fn is_connect_signal(frame: &[u8]) -> bool {
    frame == [0]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::vectors::{array, bytes, number, text, vectors};
    use super::super::*;
    use super::*;

    #[test]
    fn state_assisted_ceremony_of_the_vectors() {
        let all = vectors();
        let entry = &all["state_assisted"];

        // How the authenticator comes by the link secret.
        let root = RootSecret::from_bytes(array(&entry["root_secret"]));
        let contact = derive_contact_secret(&root, &ContactId::new(bytes(&entry["contact_id"])));
        assert_eq!(contact.expose(), &array(&entry["per_contact_secret"]));
        let link_id = LinkId::new(array(&entry["link_id"]));
        let secret = derive_link_secret(&contact, link_id);
        assert_eq!(secret.expose(), &array(&entry["link_secret"]));

        // What the client sends to the tunnel service.
        let client_nonce = ClientNonce(array(&entry["client_nonce"]));
        let payload = ContactPayload { link_id, client_nonce, hint: OperationHint::GetAssertion };
        assert_eq!(payload.encode(), bytes(&entry["client_payload_cbor"]));
        assert_eq!(payload.header_value(), text(&entry["client_payload_header_value"]));
        assert_eq!(ContactPayload::decode(&payload.encode()), Ok(payload));
        assert!(is_connect_signal(&bytes(&entry["connect_signal_frame"])));
        assert!(!is_connect_signal(&[]) && !is_connect_signal(&[1]) && !is_connect_signal(&[0, 0]));

        // Advert and PSK.
        let eid_key = derive_linked_eid_key(&secret, &client_nonce);
        assert_eq!(eid_key.to_bytes(), bytes(&entry["eid_key"]));
        let plaintext = AdvertPlaintext::from_bytes(array(&entry["eid_plaintext"])).unwrap();
        assert_eq!(u64::from(plaintext.domain().id()), number(&entry["domain_id_in_plaintext"]));
        assert_eq!(Advert::seal(&eid_key, &plaintext).as_bytes(), &array(&entry["advert"]));
        assert_eq!(derive_linked_psk(&secret, &plaintext).expose(), &array(&entry["psk"]));
        assert_eq!(bytes(&all["noise"]["NKpsk0"]["psk"]), bytes(&entry["psk"]));
    }

    #[test]
    fn refuses_other_forms() {
        let payload = |link: usize, nonce: usize, hint: Value| {
            let entries = [
                (1.into(), Value::from(vec![1; link])),
                (2.into(), Value::from(vec![2; nonce])),
                (3.into(), hint),
            ];
            ContactPayload::decode(&cbor::encode(&Value::map(entries)))
        };
        assert!(payload(8, 16, "mc".into()).is_ok());
        assert_eq!(payload(7, 16, "mc".into()), Err(ContactPayloadError::Field { key: 1 }));
        assert_eq!(payload(8, 17, "mc".into()), Err(ContactPayloadError::Field { key: 2 }));
        assert_eq!(payload(8, 16, "dcp".into()), Err(ContactPayloadError::Field { key: 3 }));
        assert_eq!(payload(8, 16, "XX".into()), Err(ContactPayloadError::Field { key: 3 }));
        assert_eq!(payload(8, 16, 1.into()), Err(ContactPayloadError::Field { key: 3 }));
        assert_eq!(ContactPayload::decode(&[0x80]), Err(ContactPayloadError::NotAMap));
        assert_eq!(ContactPayload::decode(&[0xa0]), Err(ContactPayloadError::Field { key: 1 }));
    }

    proptest! {
        #[test]
        fn any_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = ContactPayload::decode(&bytes);
        }

        #[test]
        fn what_is_encoded_decodes(link: [u8; 8], nonce: [u8; 16], create: bool) {
            let hint = if create { OperationHint::MakeCredential } else { OperationHint::GetAssertion };
            let payload = ContactPayload { link_id: LinkId::new(link), client_nonce: ClientNonce(nonce), hint };
            prop_assert_eq!(ContactPayload::decode(&payload.encode()), Ok(payload));
        }
    }
}
