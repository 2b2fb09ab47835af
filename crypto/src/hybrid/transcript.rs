//! A real iPhone's getAssertion, seen from the client: every byte from the QR code to the response.

use super::{
    Advert, ClientIdentityKey, FirstMessage, Message, QrContent, connect_url, derive_eid_key, derive_psk,
    derive_tunnel_id,
    noise::{EphemeralKey, KnInitiator},
    vectors::{array, bytes, text, vectors},
};

/// Hands out the given bytes and then no more.
struct Scripted(Vec<u8>);

impl rand_core::TryRng for Scripted {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        panic!("only bytes are drawn")
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        panic!("only bytes are drawn")
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Self::Error> {
        to.copy_from_slice(&self.0.drain(..to.len()).collect::<Vec<_>>());
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Scripted {}

#[test]
fn the_iphone_transcript() {
    let all = vectors();
    let entry = &all["transcript_ios"];

    let code = QrContent::parse(text(&entry["qr_uri"])).unwrap();
    assert_eq!(code.qr_secret().expose(), &array(&entry["qr_secret"]));
    let identity = ClientIdentityKey::generate(&mut Scripted(bytes(&entry["client_identity_private"])));
    assert_eq!(identity.public(), *code.client_identity());

    let advert = Advert::open(&derive_eid_key(code.qr_secret()), &bytes(&entry["advert"])).unwrap();
    let plaintext = advert.plaintext();
    assert_eq!(plaintext.as_bytes(), &array(&entry["eid_plaintext"]));
    let tunnel_id = derive_tunnel_id(code.qr_secret());
    let url = connect_url(plaintext.domain(), plaintext.routing_id(), &tunnel_id);
    assert!(url.eq_ignore_ascii_case(text(&entry["tunnel_url"])));
    let psk = derive_psk(code.qr_secret(), plaintext);
    assert_eq!(psk.expose(), &array(&entry["psk"]));

    let ephemeral = EphemeralKey::generate(&mut Scripted(bytes(&entry["client_ephemeral_private"])));
    let (waiting, hello) = KnInitiator::start(identity, &psk, ephemeral);
    assert_eq!(hello, array(&entry["message1"]));
    let mut client = waiting.receive(&bytes(&entry["message2"])).unwrap();
    assert_eq!(client.handshake_hash.as_bytes(), &array(&entry["handshake_hash"]));

    // The transport keys of the vectors are the client's: what they seal and open is the same.
    let [to_authenticator, to_client] =
        ["client_to_authenticator_key", "authenticator_to_client_key"].map(|name| array(&entry[name]));
    let mut expected = super::Transport::new(&to_authenticator, &to_client);

    for frame in entry["frames"].as_array().unwrap() {
        let (sealed, plain) = (bytes(&frame["ciphertext"]), bytes(&frame["plaintext"]));
        if text(&frame["direction"]) == "client->authenticator" {
            assert_eq!(client.transport.seal(&plain).unwrap(), sealed);
            assert_eq!(expected.seal(&plain).unwrap(), sealed);
        } else {
            assert_eq!(client.transport.open(&sealed).unwrap(), plain);
            assert_eq!(expected.open(&sealed).unwrap(), plain);
        }
        if text(&frame["kind"]) == "post-handshake" {
            assert!(FirstMessage::decode(&plain).unwrap().get_info().is_some());
        } else {
            assert_eq!(Message::decode(&plain).unwrap(), Message::Ctap(plain[1..].to_vec()));
        }
    }
}
