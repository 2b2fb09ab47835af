//! Our handshake against another implementation of Noise, `snow`, in both roles of both patterns.

use proptest::prelude::*;
use snow::{Builder, HandshakeState};

use super::*;
use crate::hybrid::{
    AuthenticatorIdentityKey, ClientIdentityKey, Psk, point,
    vectors::{array, vectors},
};

fn key(bytes: &[u8; 32]) -> Option<Scalar> {
    point::Scalar::from_bytes(bytes)
}

fn builder<'a>(name: &str, prologue: &'a [u8], psk: &'a [u8; 32]) -> Builder<'a> {
    Builder::new(name.parse().unwrap()).prologue(prologue).unwrap().psk(0, psk).unwrap()
}

const KN: &str = "Noise_KNpsk0_P256_AESGCM_SHA256";
const NK: &str = "Noise_NKpsk0_P256_AESGCM_SHA256";

/// What both ends must agree on, and messages through both directions with the nonces of snow.
fn assert_established(mut ours: Established, theirs: HandshakeState) -> Result<(), TestCaseError> {
    prop_assert!(theirs.is_handshake_finished());
    prop_assert_eq!(ours.handshake_hash.as_bytes().as_slice(), theirs.get_handshake_hash());
    let mut theirs = theirs.into_transport_mode().unwrap();
    let mut buffer = [0; 200];
    for n in 0u8..3 {
        // snow knows no padding: the plaintext is padded by hand.
        let sealed = ours.transport.seal(&[n; 40]).unwrap();
        let length = theirs.read_message(&sealed, &mut buffer).unwrap();
        prop_assert_eq!(&buffer[..length], &[&[n; 40][..], &[0; 23], &[23]].concat()[..]);

        let padded = [&[n; 7][..], &[0; 24], &[24]].concat();
        let length = theirs.write_message(&padded, &mut buffer).unwrap();
        prop_assert_eq!(ours.transport.open(&buffer[..length]).unwrap(), [n; 7]);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn kn_initiator_against_snow(psk: [u8; 32], identity: [u8; 32], ephemeral: [u8; 32]) {
        let (Some(identity), Some(ephemeral)) = (key(&identity), key(&ephemeral)) else { return Ok(()) };
        let public = identity.point().uncompressed();
        let mut theirs =
            builder(KN, &[1], &psk).remote_public_key(&public).unwrap().build_responder().unwrap();

        let (ours, hello) = KnInitiator::start(
            ClientIdentityKey(identity), &Psk::from_bytes(psk), EphemeralKey(ephemeral));
        let mut response = [0; HANDSHAKE_MESSAGE_LEN];
        prop_assert_eq!(theirs.read_message(&hello, &mut []).unwrap(), 0);
        prop_assert_eq!(theirs.write_message(&[], &mut response).unwrap(), HANDSHAKE_MESSAGE_LEN);
        assert_established(ours.receive(&response).unwrap(), theirs)?;
    }

    #[test]
    fn kn_responder_against_snow(psk: [u8; 32], identity: [u8; 32], ephemeral: [u8; 32]) {
        let (Some(scalar), Some(ephemeral)) = (key(&identity), key(&ephemeral)) else { return Ok(()) };
        let mut theirs =
            builder(KN, &[1], &psk).local_private_key(&identity).unwrap().build_initiator().unwrap();

        let mut hello = [0; HANDSHAKE_MESSAGE_LEN];
        prop_assert_eq!(theirs.write_message(&[], &mut hello).unwrap(), HANDSHAKE_MESSAGE_LEN);
        let ours = KnResponder::new(&ClientIdentityKey(scalar).public(), &Psk::from_bytes(psk));
        let (established, response) = ours.receive(&hello, EphemeralKey(ephemeral)).unwrap();
        prop_assert_eq!(theirs.read_message(&response, &mut []).unwrap(), 0);
        assert_established(established, theirs)?;
    }

    #[test]
    fn nk_initiator_against_snow(psk: [u8; 32], identity: [u8; 32], ephemeral: [u8; 32]) {
        let (Some(scalar), Some(ephemeral)) = (key(&identity), key(&ephemeral)) else { return Ok(()) };
        let mut theirs =
            builder(NK, &[0], &psk).local_private_key(&identity).unwrap().build_responder().unwrap();

        let identity = AuthenticatorIdentityKey(scalar).public();
        let (ours, hello) = NkInitiator::start(&identity, &Psk::from_bytes(psk), EphemeralKey(ephemeral));
        let mut response = [0; HANDSHAKE_MESSAGE_LEN];
        prop_assert_eq!(theirs.read_message(&hello, &mut []).unwrap(), 0);
        prop_assert_eq!(theirs.write_message(&[], &mut response).unwrap(), HANDSHAKE_MESSAGE_LEN);
        assert_established(ours.receive(&response).unwrap(), theirs)?;
    }

    #[test]
    fn nk_responder_against_snow(psk: [u8; 32], identity: [u8; 32], ephemeral: [u8; 32]) {
        let (Some(scalar), Some(ephemeral)) = (key(&identity), key(&ephemeral)) else { return Ok(()) };
        let public = scalar.point().uncompressed();
        let mut theirs =
            builder(NK, &[0], &psk).remote_public_key(&public).unwrap().build_initiator().unwrap();

        let mut hello = [0; HANDSHAKE_MESSAGE_LEN];
        prop_assert_eq!(theirs.write_message(&[], &mut hello).unwrap(), HANDSHAKE_MESSAGE_LEN);
        let ours = NkResponder::new(AuthenticatorIdentityKey(scalar), &Psk::from_bytes(psk));
        let (established, response) = ours.receive(&hello, EphemeralKey(ephemeral)).unwrap();
        prop_assert_eq!(theirs.read_message(&response, &mut []).unwrap(), 0);
        assert_established(established, theirs)?;
    }

    #[test]
    fn any_bytes_never_panic(message in proptest::collection::vec(any::<u8>(), 0..100)) {
        let identity = || key(&[7; 32]).unwrap();
        let psk = Psk::from_bytes([1; 32]);
        let ephemeral = || EphemeralKey(key(&[9; 32]).unwrap());
        prop_assert!(KnResponder::new(&ClientIdentityKey(identity()).public(), &psk)
            .receive(&message, ephemeral()).is_err());
        prop_assert!(NkResponder::new(AuthenticatorIdentityKey(identity()), &psk)
            .receive(&message, ephemeral()).is_err());
        prop_assert!(KnInitiator::start(ClientIdentityKey(identity()), &psk, ephemeral()).0
            .receive(&message).is_err());
    }
}

fn fixed(name: &str) -> Scalar {
    key(&array(&vectors()["noise"]["keys"][name]["private"])).unwrap()
}

#[test]
fn kn_messages_of_the_vectors() {
    let all = vectors();
    let entry = &all["noise"]["KNpsk0"];
    let psk = Psk::from_bytes(array(&entry["psk"]));
    let identity = ClientIdentityKey(fixed("client_identity"));
    let public = identity.public();
    let (client, hello) = KnInitiator::start(identity, &psk, EphemeralKey(fixed("client_ephemeral")));
    assert_eq!(hello, array(&entry["message1"]));
    let (authenticator, response) =
        KnResponder::new(&public, &psk).receive(&hello, EphemeralKey(fixed("auth_ephemeral"))).unwrap();
    assert_eq!(response, array(&entry["message2"]));
    let client = client.receive(&response).unwrap();
    assert_eq!(client.handshake_hash, authenticator.handshake_hash);
    assert_eq!(client.handshake_hash.as_bytes(), &array(&entry["handshake_hash"]));
}

#[test]
fn nk_messages_of_the_vectors() {
    let all = vectors();
    let entry = &all["noise"]["NKpsk0"];
    let psk = Psk::from_bytes(array(&entry["psk"]));
    let identity = AuthenticatorIdentityKey(fixed("auth_identity"));
    let ephemeral = EphemeralKey(fixed("client_ephemeral"));
    let (client, hello) = NkInitiator::start(&identity.public(), &psk, ephemeral);
    assert_eq!(hello, array(&entry["message1"]));
    let (authenticator, response) =
        NkResponder::new(identity, &psk).receive(&hello, EphemeralKey(fixed("auth_ephemeral"))).unwrap();
    assert_eq!(response, array(&entry["message2"]));
    let client = client.receive(&response).unwrap();
    assert_eq!(client.handshake_hash, authenticator.handshake_hash);
    assert_eq!(client.handshake_hash.as_bytes(), &array(&entry["handshake_hash"]));
}

/// A wrong PSK (not near) or a wrong identity (another code) fails at the first message already.
#[test]
fn refuses_wrong_keys_and_every_damaged_message() {
    let psk = || Psk::from_bytes([1; 32]);
    let identity = || ClientIdentityKey(key(&[7; 32]).unwrap());
    let e = |n: u8| EphemeralKey(key(&[n; 32]).unwrap());
    let start = || KnInitiator::start(identity(), &psk(), e(8));
    let (_, hello) = start();
    let respond = |client: &ClientIdentityKey, psk: &Psk, message: &[u8]| {
        KnResponder::new(&client.public(), psk).receive(message, e(9))
    };

    let other_psk = Psk::from_bytes([2; 32]);
    assert_eq!(respond(&identity(), &other_psk, &hello).unwrap_err(), NoiseError::Decrypt);
    let other_identity = ClientIdentityKey(key(&[6; 32]).unwrap());
    assert_eq!(respond(&other_identity, &psk(), &hello).unwrap_err(), NoiseError::Decrypt);

    let (_, response) = respond(&identity(), &psk(), &hello).unwrap();
    for byte in 0..HANDSHAKE_MESSAGE_LEN {
        let mut damaged = hello;
        damaged[byte] ^= 1 << (byte % 8);
        assert!(respond(&identity(), &psk(), &damaged).is_err(), "message 1, byte {byte}");
        let mut damaged = response;
        damaged[byte] ^= 1 << (byte % 8);
        assert!(start().0.receive(&damaged).is_err(), "message 2, byte {byte}");

        let length = NoiseError::Length { got: byte };
        assert_eq!(respond(&identity(), &psk(), &hello[..byte]).unwrap_err(), length);
        assert_eq!(start().0.receive(&response[..byte]).unwrap_err(), length);
    }
    let longer = [&hello[..], &[0]].concat();
    assert_eq!(respond(&identity(), &psk(), &longer).unwrap_err(), NoiseError::Length { got: 82 });
    // Its own message does not come back as the answer.
    assert_eq!(start().0.receive(&hello).unwrap_err(), NoiseError::Decrypt);
}

#[test]
fn debug_shows_nothing() {
    let psk = Psk::from_bytes([1; 32]);
    let identity = ClientIdentityKey(key(&[7; 32]).unwrap());
    let responder = KnResponder::new(&identity.public(), &psk);
    assert_eq!(format!("{responder:?}"), "KnResponder(redacted)");
    let ephemeral = EphemeralKey(key(&[8; 32]).unwrap());
    assert_eq!(format!("{ephemeral:?}"), "EphemeralKey(redacted)");
    let (initiator, hello) = KnInitiator::start(identity, &psk, ephemeral);
    assert_eq!(format!("{initiator:?}"), "KnInitiator(redacted)");
    let (established, _) = responder.receive(&hello, EphemeralKey(key(&[9; 32]).unwrap())).unwrap();
    assert_eq!(
        format!("{established:?}"),
        "Established { transport: Transport(redacted), handshake_hash: HandshakeHash(..) }"
    );
}
