//! The client against an authenticator that has the keys and sends anything: one outcome each, and an end is final.
#![no_main]

use latchkey_fuzz::{hybrid::client_and_raw_authenticator, pieces};
use latchkey_hybrid::{SessionError, client::ClientEvent};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut frames = pieces(data);
    // An empty first piece stands for a good first message, so that the session behind it is reached.
    let first = match frames.next() {
        None | Some([]) => &[0xa1, 0x01, 0x41, 0xa0][..],
        Some(first) => first,
    };
    let (client, mut raw) = client_and_raw_authenticator(first);
    let Ok(mut client) = client else { return };
    let mut over = false;
    for frame in frames {
        let asked = client.request(&[4]).is_ok();
        let sealed = raw.seal(frame).unwrap();
        let outcome = client.receive(&sealed);
        assert!(!over || outcome == Err(SessionError::Ended));
        if let Ok(ClientEvent::Response(response)) = &outcome {
            assert!(!response.is_empty() && frame[1..] == response[..]);
        }
        assert!(!over || !asked);
        over |= outcome.is_err();
    }
});
