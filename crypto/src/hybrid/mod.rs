//! The hybrid transport (CTAP 2.2 §11.5): what its QR code, advert, handshake and frames are made of.
//!
//! Both roles are here. The *client* shows the QR code and asks; the *authenticator* reads it and answers. This
//! module knows bytes only: it opens no tunnel, sends no advert, and does not know in which order things happen.
//! The order is kept by the typed states of `latchkey-hybrid`.
//!
//! The way of the keys, from the 16-byte secret in the QR code to the two keys of a session:
//!
//! ```text
//! qr_secret ──┬─ derive_eid_key ───▶ EidKey ─── seals and opens ──▶ Advert (heard by radio)
//!             ├─ derive_tunnel_id ─▶ TunnelId                          │
//!             └─ derive_psk ◀───────────────── AdvertPlaintext ────────┘
//!                    │
//!                    ▼
//!                   Psk ──▶ noise::Kn… ──▶ Transport ──▶ FirstMessage, then Message by Message
//! ```
//!
//! The QR secret alone does not give the PSK: somebody has to hear the authenticator's radio. This is the proof
//! of proximity.
//!
//! ```
//! use latchkey_crypto::hybrid::{
//!     Advert, AdvertPlaintext, ClientIdentityKey, OperationHint, QrContent, QrSecret, RoutingId, TunnelDomainId,
//!     derive_eid_key, derive_psk, noise::{EphemeralKey, KnInitiator, KnResponder},
//! };
//!
//! let mut rng = rand_core::UnwrapErr(getrandom::SysRng);
//!
//! // The client shows a code,
//! let identity = ClientIdentityKey::generate(&mut rng);
//! let secret = QrSecret::generate(&mut rng);
//! let text = QrContent::new(identity.public(), secret, OperationHint::GetAssertion, Some(1_770_000_000)).format();
//!
//! // the authenticator reads it, and sends an advert that only holders of the code can open.
//! let code = QrContent::parse(&text)?;
//! let sent = AdvertPlaintext::generate(RoutingId::new([1, 2, 3]), TunnelDomainId::DEFAULT, &mut rng);
//! let advert = Advert::seal(&derive_eid_key(code.qr_secret()), &sent);
//! let heard = Advert::open(&derive_eid_key(code.qr_secret()), advert.as_bytes())?;
//!
//! // Both now have the same PSK, and shake hands.
//! let psk = derive_psk(code.qr_secret(), heard.plaintext());
//! let (waiting, hello) = KnInitiator::start(identity, &psk, EphemeralKey::generate(&mut rng));
//! let (mut authenticator, response) = KnResponder::new(code.client_identity(), &psk)
//!     .receive(&hello, EphemeralKey::generate(&mut rng))?;
//! let mut client = waiting.receive(&response)?;
//!
//! let sealed = authenticator.transport.seal(b"hello")?;
//! assert_eq!(client.transport.open(&sealed)?, b"hello");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod advert;
mod derive;
mod domain;
mod first_message;
mod identity;
mod linking;
mod mac;
mod message;
pub mod noise;
mod point;
pub mod qr;
mod state_assisted;
mod transport;
mod tunnel;

#[cfg(test)]
mod transcript;
#[cfg(test)]
mod vectors;

pub use advert::{
    ADVERT_LEN, Advert, AdvertError, AdvertPlaintext, AdvertSuffix, EidKey, MatchedAdvert, SERVICE_UUID,
    SERVICE_UUID_GOOGLE,
};
pub use derive::{
    ContactSecret, IdentitySeed, Psk, QrSecret, RootSecret, derive_contact_secret, derive_eid_key,
    derive_identity_seed, derive_link_secret, derive_linked_eid_key, derive_linked_psk, derive_psk,
    derive_tunnel_id,
};
pub use domain::{TunnelDomainError, TunnelDomainId};
pub use first_message::{Feature, FirstMessage, FirstMessageError};
pub use identity::{AuthenticatorIdentity, AuthenticatorIdentityKey, ClientIdentity, ClientIdentityKey};
pub use linking::{Link, LinkId, LinkSecret, LinkingError, LinkingOffer};
pub use message::{Message, MessageError, Update};
pub use qr::{Channel, OperationHint, QrContent, QrError};
pub use state_assisted::{ClientNonce, ContactPayload, ContactPayloadError, is_connect_signal};
pub use transport::{MAX_CIPHERTEXT_BYTES, MAX_MESSAGES, MAX_PLAINTEXT_BYTES, Transport, TransportError};
pub use tunnel::{ContactId, RoutingId, TunnelId, connect_url, contact_url, new_url};
