//! Both roles against each other, as the protocol wants it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests, so they may panic")]

mod stage;

use latchkey_crypto::hybrid::{
    Advert, AdvertError, OperationHint, QrContent, RoutingId, TransportError, TunnelDomainId,
    noise::NoiseError,
};
use latchkey_hybrid::{
    HandshakeError, MAX_MESSAGES_PER_DIRECTION, ScannedError, SessionError,
    authenticator::{Event, Scanned},
    client::{ClientEvent, QrShown},
};
use stage::{
    GET_INFO, NOW, REQUEST, RESPONSE, STEPS, Seeded, advertising, connecting, run, scanned, sessions, shown,
};

#[test]
fn a_ceremony_runs_from_code_to_shutdown() {
    let sent = run(&mut |_, message| message).unwrap();
    assert_eq!(sent.len(), STEPS.len());
    assert_eq!(sent[..3].iter().map(Vec::len).collect::<Vec<_>>(), [20, 81, 81]);
}

#[test]
fn both_ends_meet_at_the_same_tunnel() {
    let shown = shown(10);
    let scanned = scanned(&shown);
    assert_eq!((scanned.hint(), scanned.made_at()), (OperationHint::GetAssertion, Some(NOW)));
    let created = scanned.tunnel_url();
    let name = created.strip_prefix("wss://cable.ua5v.com/cable/new/").unwrap().to_owned();
    let advertising = scanned.opened(RoutingId::new([0xab, 0xcd, 0xef]), &mut Seeded(20));
    let connecting = connecting(shown, advertising.advert());
    assert_eq!(connecting.connect_url(), format!("wss://cable.ua5v.com/cable/connect/ABCDEF/{name}"));
}

#[test]
fn several_requests_until_shutdown() {
    let (mut session, mut client) = sessions();
    for n in 1..=3u8 {
        let request = client.request(&[n]).unwrap();
        assert_eq!(session.receive(&request), Ok(Event::Ctap(vec![n])));
        assert!(session.has_open_request());
        let reply = session.reply(&[0, n]).unwrap();
        assert_eq!(client.receive(&reply), Ok(ClientEvent::Response(vec![0, n])));
        assert!(!session.has_open_request());
    }
    assert_eq!(session.receive(&client.shutdown().unwrap()), Ok(Event::Shutdown));
}

#[test]
fn a_shutdown_while_a_request_is_open_cancels_it() {
    let (mut session, mut client) = sessions();
    session.receive(&client.request(REQUEST).unwrap()).unwrap();
    assert_eq!(session.receive(&client.shutdown().unwrap()), Ok(Event::Shutdown));
    assert!(!session.has_open_request());
    assert_eq!(session.reply(RESPONSE), Err(SessionError::Ended));
}

#[test]
fn a_close_is_good_after_the_response_only() {
    let (_, client) = sessions();
    assert_eq!(client.closed_by_peer(), Err(SessionError::ClosedTooEarly));

    let (_, mut client) = sessions();
    client.request(REQUEST).unwrap();
    assert_eq!(client.closed_by_peer(), Err(SessionError::ClosedTooEarly));

    let (mut session, mut client) = sessions();
    session.receive(&client.request(REQUEST).unwrap()).unwrap();
    client.receive(&session.reply(RESPONSE).unwrap()).unwrap();
    assert_eq!(client.closed_by_peer(), Ok(()));

    let (mut session, mut client) = sessions();
    session.receive(&client.request(REQUEST).unwrap()).unwrap();
    client.receive(&session.reply(RESPONSE).unwrap()).unwrap();
    client.request(REQUEST).unwrap();
    assert_eq!(client.closed_by_peer(), Err(SessionError::ClosedTooEarly));
}

#[test]
fn one_request_at_a_time_and_no_reply_without_one() {
    let (mut session, mut client) = sessions();
    assert_eq!(session.reply(RESPONSE), Err(SessionError::NoRequest));
    let request = client.request(REQUEST).unwrap();
    assert_eq!(client.request(REQUEST), Err(SessionError::RequestOpen));
    // Neither refusal cost anything.
    session.receive(&request).unwrap();
    let reply = session.reply(RESPONSE).unwrap();
    assert_eq!(session.reply(RESPONSE), Err(SessionError::NoRequest));
    assert!(client.receive(&reply).is_ok());
}

#[test]
fn what_cannot_be_sent_leaves_the_request_open() {
    let (mut session, mut client) = sessions();
    assert!(matches!(client.request(&[]), Err(SessionError::Message(_))));
    assert!(matches!(
        client.request(&vec![1; 65_536]),
        Err(SessionError::Transport(TransportError::TooLong { .. }))
    ));
    session.receive(&client.request(REQUEST).unwrap()).unwrap();
    assert!(matches!(session.reply(&[]), Err(SessionError::Message(_))));
    assert!(matches!(
        session.reply(&vec![1; 65_536]),
        Err(SessionError::Transport(TransportError::TooLong { .. }))
    ));
    // A status can still be answered.
    let reply = session.reply(&[0x7f]).unwrap();
    assert_eq!(client.receive(&reply), Ok(ClientEvent::Response(vec![0x7f])));
}

#[test]
fn long_messages_pass_up_to_the_limit() {
    let (mut session, mut client) = sessions();
    let long = vec![0x5a; 65_502];
    let request = client.request(&long).unwrap();
    assert!(request.len() <= 65_535);
    assert_eq!(session.receive(&request), Ok(Event::Ctap(long.clone())));
    let reply = session.reply(&long).unwrap();
    assert_eq!(client.receive(&reply), Ok(ClientEvent::Response(long)));

    let limit = SessionError::Transport(TransportError::TooLong { got: 65_536, limit: 65_535 });
    assert_eq!(session.receive(&vec![0; 65_536]), Err(limit));
    assert_eq!(session.receive(&[]), Err(SessionError::Ended));
}

#[test]
fn each_direction_carries_sixteen_messages() {
    // The authenticator has sent two of its own when the session begins.
    let (mut session, mut client) = sessions();
    for _ in 2..MAX_MESSAGES_PER_DIRECTION {
        session.receive(&client.request(REQUEST).unwrap()).unwrap();
        client.receive(&session.reply(RESPONSE).unwrap()).unwrap();
    }
    session.receive(&client.request(REQUEST).unwrap()).unwrap();
    assert_eq!(session.reply(RESPONSE), Err(SessionError::TooManyMessages));
    assert_eq!(session.reply(RESPONSE), Err(SessionError::Ended));

    // The client has sent its hello; what is ignored counts too.
    let (mut session, mut raw) = stage::session_and_raw_client();
    for _ in 1..MAX_MESSAGES_PER_DIRECTION {
        assert_eq!(session.receive(&raw.seal(&[9]).unwrap()), Ok(Event::Ignored));
    }
    assert_eq!(session.receive(&raw.seal(&[9]).unwrap()), Err(SessionError::TooManyMessages));
    assert_eq!(session.receive(&raw.seal(&[0]).unwrap()), Err(SessionError::Ended));
}

#[test]
fn refuses_a_client_with_another_code() {
    let (shown_here, shown_elsewhere) = (shown(10), shown(11));
    let advertising_here = advertising(&shown_here, 20);
    let advert = advertising_here.advert().as_bytes();
    let no_match = Advert::open(shown_elsewhere.eid_key(), advert).unwrap_err();
    assert_eq!(no_match, AdvertError::Unrecognised);

    let elsewhere = advertising(&shown_elsewhere, 20);
    let stranger = connecting(shown_elsewhere, elsewhere.advert());
    let refused = advertising_here.receive_hello(stranger.hello(), GET_INFO, &mut Seeded(40)).unwrap_err();
    assert_eq!(refused, HandshakeError::Noise(NoiseError::Decrypt));
}

/// Somebody has the code but heard another advert: he was not near when it counted.
#[test]
fn refuses_a_client_that_heard_another_advert() {
    let code = shown(10);
    let (before, now) = (advertising(&code, 20), advertising(&code, 21));
    assert_ne!(before.advert(), now.advert());
    let replayed = connecting(code, before.advert());
    let refused = now.receive_hello(replayed.hello(), GET_INFO, &mut Seeded(40)).unwrap_err();
    assert_eq!(refused, HandshakeError::Noise(NoiseError::Decrypt));
}

/// Somebody has the secret of a code, and an identity of his own.
#[test]
fn refuses_an_authenticator_that_answers_for_another_client() {
    let code = shown(10);
    let advertising_here = advertising(&code, 20);
    let connecting_here = connecting(code, advertising_here.advert());
    let other = shown(11);
    let advertising_there = advertising(&other, 20);
    let hello = *connecting(other, advertising_there.advert()).hello();
    let (_, [response, _]) = advertising_there.receive_hello(&hello, GET_INFO, &mut Seeded(40)).unwrap();
    let refused = connecting_here.receive(&response).unwrap_err();
    assert_eq!(refused, HandshakeError::Noise(NoiseError::Decrypt));
}

#[test]
fn refuses_codes_that_cannot_be_served() {
    let code = |hint| {
        let text = QrShown::generate(&mut Seeded(1), hint, NOW).qr_text();
        QrContent::parse(&text).unwrap()
    };
    let from_qr = |hint, id| Scanned::from_qr(code(hint), TunnelDomainId::new(id).unwrap());
    assert!(from_qr(OperationHint::MakeCredential, 256).is_ok());
    assert!(from_qr(OperationHint::GetAssertion, 1).is_ok());
    for hint in [OperationHint::DigitalCredentialPresentation, OperationHint::DigitalCredentialIssuance] {
        assert_eq!(from_qr(hint, 0).unwrap_err(), ScannedError::NotPasskeys { hint });
    }
    // A code of the vectors that knows no assigned domain.
    let minimal = "FIDO:/2145148530222710637948755911372309243457004857157992972529438609372631384043\
                   0492013630000000134226708900000000000000000000000000000000";
    let parse = || QrContent::parse(minimal).unwrap();
    let unknown = ScannedError::UnknownDomain { id: 0, known: 0 };
    assert_eq!(Scanned::from_qr(parse(), TunnelDomainId::DEFAULT).unwrap_err(), unknown);
    assert!(Scanned::from_qr(parse(), TunnelDomainId::new(512).unwrap()).is_ok());
}

#[test]
fn debug_shows_nothing() {
    let shown = shown(10);
    let scanned = scanned(&shown);
    let text = format!("{shown:?} {scanned:?}");
    for secret in
        ["QrSecret(redacted)", "EidKey(redacted)", "ClientIdentityKey(redacted)", "TunnelId(redacted)"]
    {
        assert!(text.contains(secret), "{text}");
    }
    let advertising = scanned.opened(RoutingId::new([1; 3]), &mut Seeded(20));
    assert!(format!("{advertising:?}").contains("KnResponder(redacted)"));
    let connecting = connecting(shown, advertising.advert());
    assert!(format!("{connecting:?}").contains("KnInitiator(redacted)"));
    let (session, client) = sessions();
    assert!(format!("{session:?}").contains("Transport(redacted)"));
    assert!(format!("{client:?}").contains("Transport(redacted)"));
    assert_eq!(format!("{:?}", Event::Ctap(vec![1, 2])), "Ctap(2 bytes)");
    assert_eq!(format!("{:?}", ClientEvent::Response(vec![1, 2])), "Response(2 bytes)");
}
