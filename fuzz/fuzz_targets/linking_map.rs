//! Linking information: what reads writes back the same, and only the signed one is believed.
#![no_main]

use latchkey_crypto::{
    cbor,
    hybrid::{
        ClientIdentityKey, ContactId, Link, LinkId, LinkSecret, LinkingOffer,
        noise::{HandshakeHash, KnInitiator, KnResponder},
    },
};
use latchkey_fuzz::{
    hybrid::{authenticator_identity, client_identity, ephemeral, psk},
    overlaid,
};
use libfuzzer_sys::fuzz_target;

/// The hash of a handshake between fixed keys.
fn handshake_hash(client: &ClientIdentityKey) -> HandshakeHash {
    let (_, hello) = KnInitiator::start(client_identity(), &psk(), ephemeral(1));
    let responder = KnResponder::new(&client.public(), &psk());
    responder.receive(&hello, ephemeral(2)).unwrap().0.handshake_hash
}

fuzz_target!(|data: &[u8]| {
    let (client, authenticator) = (client_identity(), authenticator_identity());
    let hash = handshake_hash(&client);
    let link = Link {
        contact_id: ContactId::new(vec![1; 16]),
        link_id: LinkId::new([2; 8]),
        link_secret: LinkSecret::from_bytes([3; 32]),
        authenticator: authenticator.public(),
        name: "name".to_owned(),
    };
    let offer = LinkingOffer::create(link, &authenticator, &client.public(), &hash).unwrap();
    for bytes in [data.to_vec(), overlaid(&cbor::encode(&offer.to_map()), data)] {
        let Ok(map) = cbor::decode(&bytes) else { continue };
        let Ok(read) = LinkingOffer::parse(&map) else { continue };
        let again = LinkingOffer::parse(&read.to_map()).expect("our own map reads");
        assert_eq!(again.to_map(), read.to_map());
        // The signature covers the identity and the handshake, not the rest.
        if let Ok(link) = read.verify(&client, &hash) {
            assert_eq!(link.authenticator, authenticator.public());
        }
    }
});
