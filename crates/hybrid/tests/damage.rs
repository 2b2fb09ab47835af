//! Every message of a ceremony truncated, lengthened, flipped, exchanged and repeated: the end that gets it refuses,
//! once and for good, and nothing panics.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests, so they may panic")]

mod stage;

use latchkey_crypto::hybrid::{Advert, FirstMessage};
use latchkey_hybrid::{SessionError, authenticator::Event, client::ClientEvent};
use proptest::prelude::*;
use stage::{
    GET_INFO, REQUEST, RESPONSE, STEPS, Seeded, Step, advertising, client_and_raw_authenticator, connecting,
    first_message, run, session_and_raw_client, sessions, shown,
};

/// Runs a ceremony in which one message is put in place of another's.
fn with_message(at: Step, message: &[u8]) -> Result<Vec<Vec<u8>>, Step> {
    run(&mut |step, sent| if step == at { message.to_vec() } else { sent })
}

fn messages() -> Vec<(Step, Vec<u8>)> {
    STEPS.into_iter().zip(run(&mut |_, message| message).unwrap()).collect()
}

#[test]
fn the_stage_is_repeatable() {
    assert_eq!(messages(), messages());
    for (step, message) in messages() {
        assert!(with_message(step, &message).is_ok());
    }
}

#[test]
fn refuses_every_truncation_and_addition() {
    for (step, message) in messages() {
        for length in 0..message.len() {
            assert_eq!(with_message(step, &message[..length]), Err(step), "{step:?} cut to {length}");
        }
        for extra in [1, 16, 65_536] {
            let longer = [message.as_slice(), &vec![0; extra]].concat();
            assert_eq!(with_message(step, &longer), Err(step), "{step:?} and {extra} more");
        }
    }
}

#[test]
fn refuses_every_flipped_bit() {
    for (step, message) in messages() {
        for bit in 0..message.len() * 8 {
            let mut damaged = message.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(with_message(step, &damaged), Err(step), "{step:?}, bit {bit}");
        }
    }
}

#[test]
fn refuses_every_message_in_place_of_another() {
    for (step, _) in messages() {
        for (other, message) in messages().into_iter().filter(|(other, _)| *other != step) {
            assert_eq!(with_message(step, &message), Err(step), "{other:?} in place of {step:?}");
        }
    }
}

#[test]
fn refuses_the_messages_of_another_ceremony() {
    let (mut session, mut client) = sessions();
    let (mut other_session, mut raw_client) = session_and_raw_client();
    let request = client.request(REQUEST).unwrap();
    assert!(other_session.receive(&request).is_err());
    assert!(session.receive(&raw_client.seal(&[1, 4]).unwrap()).is_err());
}

#[test]
fn refuses_each_message_a_second_time() {
    let shown = shown(10);
    let advertising = advertising(&shown, 20);
    let advert = *advertising.advert();
    let connecting = connecting(shown, &advert);
    let hello = *connecting.hello();

    // The hello: its state is gone, so it arrives where the first request should.
    let (mut session, [response, _]) = advertising.receive_hello(&hello, GET_INFO, &mut Seeded(40)).unwrap();
    assert!(session.receive(&hello).is_err());

    // The response: it arrives where the first sealed message should.
    assert!(connecting.receive(&response).unwrap().receive(&response).is_err());

    // The first sealed message: it arrives where the reply should.
    let first = messages().into_iter().find(|(step, _)| *step == Step::First).unwrap().1;
    let (_, mut client) = sessions();
    client.request(REQUEST).unwrap();
    assert!(client.receive(&first).is_err());

    // The request, while the first is open and after it was answered.
    let (mut session, mut client) = sessions();
    let request = client.request(REQUEST).unwrap();
    session.receive(&request).unwrap();
    assert!(session.receive(&request).is_err());
    let (mut session, mut client) = sessions();
    let request = client.request(REQUEST).unwrap();
    session.receive(&request).unwrap();
    let reply = session.reply(RESPONSE).unwrap();
    assert!(session.receive(&request).is_err());

    // The reply, with and without another request open.
    client.receive(&reply).unwrap();
    client.request(REQUEST).unwrap();
    assert!(client.receive(&reply).is_err());

    // The shutdown: the session has ended.
    let (mut session, client) = sessions();
    let shutdown = client.shutdown().unwrap();
    assert_eq!(session.receive(&shutdown), Ok(Event::Shutdown));
    assert!(session.receive(&shutdown).is_err());
}

#[test]
fn refuses_requests_out_of_order() {
    let (mut session, mut raw) = session_and_raw_client();
    let one = raw.seal(&[1, 4]).unwrap();
    let two = raw.seal(&[1, 4]).unwrap();
    assert!(session.receive(&two).is_err());
    assert!(session.receive(&one).is_err());
}

#[test]
fn refuses_responses_out_of_order() {
    let (client, mut raw) = client_and_raw_authenticator(&first_message());
    let mut client = client.unwrap();
    client.request(REQUEST).unwrap();
    let one = raw.seal(&[1, 0]).unwrap();
    let two = raw.seal(&[1, 0]).unwrap();
    assert!(client.receive(&two).is_err());
    assert!(client.receive(&one).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_in_place_of_any_message(step in 0..STEPS.len(), bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let step = STEPS[step];
        prop_assert_eq!(with_message(step, &bytes), Err(step));
    }

    #[test]
    fn any_plaintext_from_a_client_has_one_outcome(frames in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 1..20)) {
        let (mut session, mut raw) = session_and_raw_client();
        let mut over = false;
        for frame in frames {
            let outcome = session.receive(&raw.seal(&frame).unwrap());
            prop_assert!(!over || outcome == Err(SessionError::Ended));
            over |= matches!(outcome, Err(_) | Ok(Event::Shutdown));
            let answered = session.reply(RESPONSE).is_ok();
            prop_assert_eq!(answered, matches!(outcome, Ok(Event::Ctap(_))));
        }
    }

    #[test]
    fn any_first_message_has_one_outcome(plaintext in proptest::collection::vec(any::<u8>(), 0..60)) {
        let (client, _) = client_and_raw_authenticator(&plaintext);
        let offers_ctap = FirstMessage::decode(&plaintext).is_ok_and(|first| first.get_info().is_some());
        prop_assert_eq!(client.is_ok(), offers_ctap);
    }

    #[test]
    fn any_plaintext_from_an_authenticator_has_one_outcome(frame in proptest::collection::vec(any::<u8>(), 0..60)) {
        let (client, mut raw) = client_and_raw_authenticator(&first_message());
        let mut client = client.unwrap();
        client.request(REQUEST).unwrap();
        let outcome = client.receive(&raw.seal(&frame).unwrap());
        prop_assert_eq!(outcome.is_err(), client.request(REQUEST) == Err(SessionError::Ended));
    }

    #[test]
    fn any_request_and_response_arrive(request in proptest::collection::vec(any::<u8>(), 1..300), response in proptest::collection::vec(any::<u8>(), 1..300)) {
        let (mut session, mut client) = sessions();
        let sealed = client.request(&request).unwrap();
        prop_assert_eq!(session.receive(&sealed), Ok(Event::Ctap(request)));
        let sealed = session.reply(&response).unwrap();
        prop_assert_eq!(client.receive(&sealed), Ok(ClientEvent::Response(response)));
    }

    #[test]
    fn any_advert_is_nobodys(bytes in proptest::collection::vec(any::<u8>(), 0..30)) {
        prop_assert!(Advert::open(shown(10).eid_key(), &bytes).is_err());
    }
}
