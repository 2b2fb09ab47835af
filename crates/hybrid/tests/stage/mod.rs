//! Two ends of a ceremony in one place, repeatable to the byte.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a stage of tests, so it may panic")]

use std::convert::Infallible;

use latchkey_crypto::hybrid::{
    Advert, ClientIdentityKey, FirstMessage, OperationHint, QrContent, QrSecret, RoutingId, Transport,
    TunnelDomainId, derive_eid_key, derive_psk,
    noise::{EphemeralKey, KnInitiator, KnResponder},
};
use latchkey_hybrid::{
    HandshakeError, SessionError,
    authenticator::{Advertising, Event, Scanned, Session},
    client::{ClientEvent, ClientSession, Connecting, QrShown},
};
use rand_core::{TryCryptoRng, TryRng};

pub(crate) const GET_INFO: &[u8] = &[0xa1, 0x01, 0x81, 0x61, 0x78];
pub(crate) const REQUEST: &[u8] = &[0x02, 0xa1, 0x01, 0x61, 0x78];
pub(crate) const RESPONSE: &[u8] = &[0x00, 0xa1, 0x02, 0x41, 0x00];
pub(crate) const NOW: u64 = 1_770_000_000;

/// The same bytes for the same seed (splitmix64). For tests only.
pub(crate) struct Seeded(pub(crate) u64);

impl TryRng for Seeded {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::try_from(self.try_next_u64()? >> 32).unwrap())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Ok(z ^ (z >> 31))
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Infallible> {
        for chunk in to.chunks_mut(8) {
            chunk.copy_from_slice(&self.try_next_u64()?.to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for Seeded {}

pub(crate) fn shown(seed: u64) -> QrShown {
    QrShown::generate(&mut Seeded(seed), OperationHint::GetAssertion, NOW)
}

pub(crate) fn scanned(shown: &QrShown) -> Scanned {
    Scanned::from_qr(QrContent::parse(&shown.qr_text()).unwrap(), TunnelDomainId::DEFAULT).unwrap()
}

pub(crate) fn advertising(shown: &QrShown, seed: u64) -> Advertising {
    scanned(shown).opened(RoutingId::new([1, 2, 3]), &mut Seeded(seed))
}

pub(crate) fn connecting(shown: QrShown, advert: &Advert) -> Connecting {
    let matched = Advert::open(shown.eid_key(), advert.as_bytes()).unwrap();
    shown.matched(matched, &mut Seeded(30))
}

/// Both ends, the handshake done.
pub(crate) fn sessions() -> (Session, ClientSession) {
    let shown = shown(10);
    let advertising = advertising(&shown, 20);
    let connecting = connecting(shown, advertising.advert());
    let hello = *connecting.hello();
    let (session, [response, first]) = advertising.receive_hello(&hello, GET_INFO, &mut Seeded(40)).unwrap();
    (session, connecting.receive(&response).unwrap().receive(&first).unwrap())
}

/// Our authenticator, and a client that knows the keys but not the rules.
pub(crate) fn session_and_raw_client() -> (Session, Transport) {
    let identity = ClientIdentityKey::generate(&mut Seeded(1));
    let secret = QrSecret::from_bytes([5; 16]);
    let text = QrContent::new(identity.public(), secret, OperationHint::GetAssertion, None).format();
    let code = || QrContent::parse(&text).unwrap();
    let advertising = Scanned::from_qr(code(), TunnelDomainId::DEFAULT)
        .unwrap()
        .opened(RoutingId::new([0; 3]), &mut Seeded(2));
    let eid_key = derive_eid_key(code().qr_secret());
    let matched = Advert::open(&eid_key, advertising.advert().as_bytes()).unwrap();
    let psk = derive_psk(code().qr_secret(), matched.plaintext());
    let (initiator, hello) = KnInitiator::start(identity, &psk, EphemeralKey::generate(&mut Seeded(3)));
    let (session, [response, first]) = advertising.receive_hello(&hello, GET_INFO, &mut Seeded(4)).unwrap();
    let mut transport = initiator.receive(&response).unwrap().transport;
    transport.open(&first).unwrap();
    (session, transport)
}

/// Our client, and an authenticator that knows the keys but not the rules. It sends this as its first message.
pub(crate) fn client_and_raw_authenticator(
    first: &[u8],
) -> (Result<ClientSession, HandshakeError>, Transport) {
    let shown = shown(10);
    let code = QrContent::parse(&shown.qr_text()).unwrap();
    let advertising = advertising(&shown, 20);
    let matched = Advert::open(shown.eid_key(), advertising.advert().as_bytes()).unwrap();
    let psk = derive_psk(code.qr_secret(), matched.plaintext());
    let connecting = shown.matched(matched, &mut Seeded(30));
    let (mut established, response) = KnResponder::new(code.client_identity(), &psk)
        .receive(connecting.hello(), EphemeralKey::generate(&mut Seeded(40)))
        .unwrap();
    let first = established.transport.seal(first).unwrap();
    (connecting.receive(&response).unwrap().receive(&first), established.transport)
}

/// What a rule-abiding authenticator sends first.
pub(crate) fn first_message() -> Vec<u8> {
    FirstMessage::new(GET_INFO).encode()
}

/// The messages of a ceremony, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    Advert,
    Hello,
    Response,
    First,
    Request,
    Reply,
    Shutdown,
}

pub(crate) const STEPS: [Step; 7] =
    [Step::Advert, Step::Hello, Step::Response, Step::First, Step::Request, Step::Reply, Step::Shutdown];

/// Runs a whole ceremony; what is sent passes through `carry`. Either every message did what it should, and these
/// are the messages, or the step at which an end refused.
pub(crate) fn run(carry: &mut dyn FnMut(Step, Vec<u8>) -> Vec<u8>) -> Result<Vec<Vec<u8>>, Step> {
    let mut sent = Vec::new();
    let mut carry = |step: Step, message: &[u8]| {
        sent.push(message.to_vec());
        carry(step, message.to_vec())
    };
    let shown = shown(10);
    let advertising = advertising(&shown, 20);

    let heard = carry(Step::Advert, advertising.advert().as_bytes());
    let matched = Advert::open(shown.eid_key(), &heard).map_err(|_| Step::Advert)?;
    let connecting = shown.matched(matched, &mut Seeded(30));

    let hello = carry(Step::Hello, connecting.hello());
    let (mut session, [response, first]) =
        advertising.receive_hello(&hello, GET_INFO, &mut Seeded(40)).map_err(|_| Step::Hello)?;
    let response = carry(Step::Response, &response);
    let awaiting = connecting.receive(&response).map_err(|_| Step::Response)?;
    let first = carry(Step::First, &first);
    let mut client = awaiting.receive(&first).map_err(|_| Step::First)?;
    assert_eq!(client.get_info(), GET_INFO);

    let request = carry(Step::Request, &client.request(REQUEST).unwrap());
    match session.receive(&request) {
        Ok(event) => assert_eq!(event, Event::Ctap(REQUEST.to_vec())),
        Err(_) => return Err(ended(&mut session, Step::Request)),
    }
    let reply = carry(Step::Reply, &session.reply(RESPONSE).unwrap());
    match client.receive(&reply) {
        Ok(event) => assert_eq!(event, ClientEvent::Response(RESPONSE.to_vec())),
        Err(_) => {
            assert!(client.receive(&reply).is_err() && client.request(REQUEST).is_err());
            return Err(Step::Reply);
        }
    }
    let shutdown = carry(Step::Shutdown, &client.shutdown().unwrap());
    match session.receive(&shutdown) {
        Ok(event) => assert_eq!(event, Event::Shutdown),
        Err(_) => return Err(ended(&mut session, Step::Shutdown)),
    }
    ended(&mut session, Step::Shutdown);
    Ok(sent)
}

/// A session that has ended stays so.
fn ended(session: &mut Session, at: Step) -> Step {
    assert_eq!(session.receive(&[]), Err(SessionError::Ended));
    assert_eq!(session.reply(RESPONSE), Err(SessionError::Ended));
    assert!(!session.has_open_request());
    at
}
