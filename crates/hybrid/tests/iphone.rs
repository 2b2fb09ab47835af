//! Our client against the recorded half of a real iPhone: the getAssertion of `tests/vectors/hybrid.json`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test, so it may panic")]

use std::convert::Infallible;

use latchkey_crypto::hybrid::{Advert, OperationHint};
use latchkey_hybrid::client::{ClientEvent, QrShown};
use rand_core::{TryCryptoRng, TryRng};
use serde_json::Value;

/// The secrets of the recording, in the order in which our client draws them.
struct Recorded(Vec<u8>);

impl TryRng for Recorded {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        panic!("only bytes are drawn")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        panic!("only bytes are drawn")
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Infallible> {
        to.copy_from_slice(&self.0.drain(..to.len()).collect::<Vec<_>>());
        Ok(())
    }
}

impl TryCryptoRng for Recorded {}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

#[test]
fn our_client_signs_in_with_an_iphone() {
    let all: Value = serde_json::from_str(include_str!("../../../tests/vectors/hybrid.json")).unwrap();
    let entry = &all["transcript_ios"];
    let secrets = ["client_identity_private", "qr_secret", "client_ephemeral_private"];
    let mut rng = Recorded(secrets.iter().flat_map(|name| bytes(&entry[name])).collect());

    let shown = QrShown::generate(&mut rng, OperationHint::GetAssertion, 1_780_082_784);
    let advert = Advert::open(shown.eid_key(), &bytes(&entry["advert"])).unwrap();
    let connecting = shown.matched(advert, &mut rng);
    assert!(connecting.connect_url().eq_ignore_ascii_case(entry["tunnel_url"].as_str().unwrap()));
    assert_eq!(connecting.hello().to_vec(), bytes(&entry["message1"]));

    let frame = |n: usize, name: &str| bytes(&entry["frames"][n][name]);
    let first = frame(0, "ciphertext");
    let mut client = connecting.receive(&bytes(&entry["message2"])).unwrap().receive(&first).unwrap();
    let phone = &all["post_handshake"]["current"][2];
    assert_eq!(client.get_info(), bytes(&phone["getinfo_cbor"]));

    // The recorded plaintexts begin with the type byte.
    assert_eq!(client.request(&frame(1, "plaintext")[1..]).unwrap(), frame(1, "ciphertext"));
    let response = client.receive(&frame(2, "ciphertext")).unwrap();
    assert_eq!(response, ClientEvent::Response(frame(2, "plaintext")[1..].to_vec()));
    assert_eq!(client.closed_by_peer(), Ok(()));
}
