//! Peers that have the keys but other habits: what phones and browsers in the field do, and what nobody should.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests, so they may panic")]

mod stage;

use latchkey_crypto::{
    cbor::{self, Value},
    hybrid::{FirstMessageError, MessageError, TransportError},
};
use latchkey_hybrid::{HandshakeError, SessionError, authenticator::Event, client::ClientEvent};
use stage::{
    GET_INFO, REQUEST, RESPONSE, client_and_raw_authenticator, first_message, session_and_raw_client,
};

fn first(entries: Vec<(u64, Value)>) -> Vec<u8> {
    cbor::encode(&Value::map(entries.into_iter().map(|(key, value)| (key.into(), value))))
}

fn texts(items: &[&str]) -> Value {
    Value::array(items.iter().map(|item| Value::from(*item)))
}

#[test]
fn our_first_message_is_what_browsers_want() {
    // Nothing but getInfo and "ctap".
    assert_eq!(first_message(), first(vec![(1, GET_INFO.into()), (3, texts(&["ctap"]))]));
}

#[test]
fn a_client_accepts_first_messages_as_phones_send_them() {
    let get_info = || (1, Value::from(GET_INFO));
    for entries in [
        vec![get_info()],
        vec![get_info(), (3, texts(&["ctap", "dc"]))],
        vec![get_info(), (3, texts(&["dc", "ctap", "later"]))],
        vec![(0, Value::from([0; 100])), get_info(), (2, Value::map([])), (9, Value::Null)],
    ] {
        let (client, _) = client_and_raw_authenticator(&first(entries));
        assert_eq!(client.unwrap().get_info(), GET_INFO);
    }
}

#[test]
fn a_client_refuses_an_authenticator_without_ctap() {
    let error = |plaintext: &[u8]| client_and_raw_authenticator(plaintext).0.unwrap_err();
    assert_eq!(error(&first(vec![(3, texts(&["dc"]))])), HandshakeError::NoCtap);
    assert_eq!(error(&first(vec![])), HandshakeError::FirstMessage(FirstMessageError::NoGetInfo));
    let empty = first(vec![(1, GET_INFO.into()), (3, texts(&[]))]);
    assert_eq!(error(&empty), HandshakeError::FirstMessage(FirstMessageError::GetInfoWithoutCtap));
    // Phones before 2022 padded the map itself.
    let mut padded = first(vec![(1, GET_INFO.into())]);
    padded.resize(510, 0);
    padded.extend([0xf0, 0x01]);
    assert!(matches!(error(&padded), HandshakeError::FirstMessage(FirstMessageError::Cbor(_))));
}

#[test]
fn a_client_takes_updates_at_any_time() {
    let (client, mut raw) = client_and_raw_authenticator(&first_message());
    let mut client = client.unwrap();
    let padded = [&[2, 0xa1, 0x00, 0x58, 0xc8][..], &[0; 0xc8]].concat();
    assert_eq!(client.receive(&raw.seal(&padded).unwrap()), Ok(ClientEvent::Ignored));
    client.request(REQUEST).unwrap();
    assert_eq!(client.receive(&raw.seal(&[2, 0xa0]).unwrap()), Ok(ClientEvent::Ignored));
    // A link that our code did not ask for.
    assert_eq!(client.receive(&raw.seal(&[2, 0xa1, 0x01, 0xa0]).unwrap()), Ok(ClientEvent::Ignored));
    let response = raw.seal(&[&[1], RESPONSE].concat()).unwrap();
    assert_eq!(client.receive(&response), Ok(ClientEvent::Response(RESPONSE.to_vec())));
    assert_eq!(client.receive(&raw.seal(&[2, 0xa0]).unwrap()), Ok(ClientEvent::Ignored));
    assert_eq!(client.closed_by_peer(), Ok(()));
}

#[test]
fn a_client_refuses_what_an_authenticator_may_not_send() {
    for (frame, error) in [
        (&[0][..], SessionError::Unexpected { kind: 0 }),
        (b"\x03{}", SessionError::Unexpected { kind: 3 }),
        (&[4], SessionError::Unexpected { kind: 4 }),
        (&[255, 1, 2], SessionError::Unexpected { kind: 255 }),
        (&[], SessionError::Message(MessageError::Empty)),
        (&[1], SessionError::Message(MessageError::EmptyCtap)),
        (&[2, 0x80], SessionError::Message(MessageError::NotAMap)),
    ] {
        let (client, mut raw) = client_and_raw_authenticator(&first_message());
        let mut client = client.unwrap();
        client.request(REQUEST).unwrap();
        assert_eq!(client.receive(&raw.seal(frame).unwrap()), Err(error), "{frame:02x?}");
        let response = raw.seal(&[&[1], RESPONSE].concat()).unwrap();
        assert_eq!(client.receive(&response), Err(SessionError::Ended));
        assert_eq!(client.closed_by_peer(), Err(SessionError::Ended));
    }
}

#[test]
fn a_client_refuses_a_response_without_a_request() {
    let (client, mut raw) = client_and_raw_authenticator(&first_message());
    let mut client = client.unwrap();
    assert_eq!(client.receive(&raw.seal(&[1, 0]).unwrap()), Err(SessionError::NoRequest));
    assert_eq!(client.shutdown(), Err(SessionError::Ended));
}

#[test]
fn an_authenticator_passes_over_frames_that_are_not_for_it() {
    let (mut session, mut raw) = session_and_raw_client();
    for frame in [&[2, 0xa0][..], b"\x03{}", &[4, 1], &[200]] {
        assert_eq!(session.receive(&raw.seal(frame).unwrap()), Ok(Event::Ignored));
    }
    let request = raw.seal(&[1, 4]).unwrap();
    assert_eq!(session.receive(&request), Ok(Event::Ctap(vec![4])));
    assert_eq!(session.receive(&raw.seal(&[7]).unwrap()), Ok(Event::Ignored));
    assert_eq!(raw.open(&session.reply(RESPONSE).unwrap()).unwrap(), [&[1], RESPONSE].concat());
}

#[test]
fn an_authenticator_refuses_a_second_request_while_one_is_open() {
    let (mut session, mut raw) = session_and_raw_client();
    session.receive(&raw.seal(&[1, 2]).unwrap()).unwrap();
    assert_eq!(session.receive(&raw.seal(&[1, 2]).unwrap()), Err(SessionError::RequestOpen));
    assert_eq!(session.reply(RESPONSE), Err(SessionError::Ended));
}

#[test]
fn an_authenticator_refuses_frames_that_are_none() {
    for (frame, error) in [
        (&[][..], SessionError::Message(MessageError::Empty)),
        (&[1], SessionError::Message(MessageError::EmptyCtap)),
        (
            &[2, 0xff],
            SessionError::Message(MessageError::Cbor(cbor::DecodeError::Unsupported { byte: 0xff })),
        ),
    ] {
        let (mut session, mut raw) = session_and_raw_client();
        assert_eq!(session.receive(&raw.seal(frame).unwrap()), Err(error));
        assert_eq!(session.receive(&raw.seal(&[0]).unwrap()), Err(SessionError::Ended));
    }
    let (mut session, _) = session_and_raw_client();
    let decrypt = SessionError::Transport(TransportError::Decrypt);
    assert_eq!(session.receive(&[]), Err(decrypt));
}
