//! Ends of a hybrid ceremony with fixed keys.

use latchkey_crypto::hybrid::{
    Advert, AuthenticatorIdentityKey, ClientIdentityKey, EidKey, OperationHint, Psk, QrContent, QrSecret,
    RoutingId, Transport, TunnelDomainId, derive_eid_key, derive_psk,
    noise::{EphemeralKey, KnInitiator, KnResponder},
};
use latchkey_hybrid::{
    HandshakeError,
    authenticator::{Scanned, Session},
    client::{ClientSession, QrShown},
};

use crate::Seeded;

pub fn client_identity() -> ClientIdentityKey {
    ClientIdentityKey::generate(&mut Seeded(1))
}

pub fn authenticator_identity() -> AuthenticatorIdentityKey {
    AuthenticatorIdentityKey::generate(&mut Seeded(2))
}

pub fn psk() -> Psk {
    Psk::from_bytes([3; 32])
}

pub fn ephemeral(seed: u64) -> EphemeralKey {
    EphemeralKey::generate(&mut Seeded(seed))
}

pub fn eid_key() -> EidKey {
    derive_eid_key(&QrSecret::from_bytes([4; 16]))
}

/// Our authenticator, and a client that has the keys.
pub fn session_and_raw_client() -> (Session, Transport) {
    let identity = client_identity();
    let secret = QrSecret::from_bytes([4; 16]);
    let text = QrContent::new(identity.public(), secret, OperationHint::GetAssertion, None).format();
    let scanned = Scanned::from_qr(QrContent::parse(&text).unwrap(), TunnelDomainId::DEFAULT).unwrap();
    let advertising = scanned.opened(RoutingId::new([0; 3]), &mut Seeded(5));
    let heard = Advert::open(&eid_key(), advertising.advert().as_bytes()).unwrap();
    let psk = derive_psk(&QrSecret::from_bytes([4; 16]), heard.plaintext());
    let (initiator, hello) = KnInitiator::start(identity, &psk, ephemeral(6));
    let (session, [response, first]) = advertising.receive_hello(&hello, &[0xa0], &mut Seeded(7)).unwrap();
    let mut transport = initiator.receive(&response).unwrap().transport;
    transport.open(&first).unwrap();
    (session, transport)
}

/// Our client, and an authenticator that has the keys and sends this first.
pub fn client_and_raw_authenticator(first: &[u8]) -> (Result<ClientSession, HandshakeError>, Transport) {
    let shown = QrShown::generate(&mut Seeded(8), OperationHint::GetAssertion, 0);
    let code = QrContent::parse(&shown.qr_text()).unwrap();
    let identity = *code.client_identity();
    let advertising = Scanned::from_qr(code, TunnelDomainId::DEFAULT)
        .unwrap()
        .opened(RoutingId::new([0; 3]), &mut Seeded(9));
    let heard = Advert::open(shown.eid_key(), advertising.advert().as_bytes()).unwrap();
    let code = QrContent::parse(&shown.qr_text()).unwrap();
    let psk = derive_psk(code.qr_secret(), heard.plaintext());
    let connecting = shown.matched(heard, &mut Seeded(10));
    let (mut established, response) =
        KnResponder::new(&identity, &psk).receive(connecting.hello(), ephemeral(11)).unwrap();
    let first = established.transport.seal(first).unwrap();
    (connecting.receive(&response).unwrap().receive(&first), established.transport)
}
