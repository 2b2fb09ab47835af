//! The authenticator against a client that has the keys and sends anything: one outcome each, and an end is final.
#![no_main]

use latchkey_fuzz::{hybrid::session_and_raw_client, pieces};
use latchkey_hybrid::{SessionError, authenticator::Event};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (mut session, mut raw) = session_and_raw_client();
    let mut over = false;
    for frame in pieces(data) {
        let outcome = session.receive(&raw.seal(frame).unwrap());
        assert!(!over || outcome == Err(SessionError::Ended));
        over |= matches!(outcome, Err(_) | Ok(Event::Shutdown));
        // Every other request is left open, so that a second one meets it.
        if frame.len() % 2 == 0 {
            let open = session.has_open_request();
            let reply = session.reply(&[0]);
            assert!(reply.is_err() || (open && raw.open(&reply.unwrap()).unwrap() == [1, 0]));
        }
    }
});
