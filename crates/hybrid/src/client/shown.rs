use latchkey_crypto::hybrid::{
    ClientIdentityKey, EidKey, MatchedAdvert, OperationHint, QrContent, QrSecret, derive_eid_key, derive_psk,
    derive_tunnel_id,
    noise::{EphemeralKey, KnInitiator},
};
use rand_core::CryptoRng;

use super::Connecting;

/// A code is on the screen. Next: an advert that only its reader can have sent.
#[derive(Debug)]
pub struct QrShown {
    identity: ClientIdentityKey,
    content: QrContent,
    eid_key: EidKey,
}

impl QrShown {
    /// Makes a code, with identity and secret of its own. `now` is in Unix seconds.
    pub fn generate(rng: &mut (impl CryptoRng + ?Sized), hint: OperationHint, now: u64) -> Self {
        let identity = ClientIdentityKey::generate(rng);
        let content = QrContent::new(identity.public(), QrSecret::generate(rng), hint, Some(now));
        let eid_key = derive_eid_key(content.qr_secret());
        Self { identity, content, eid_key }
    }

    /// The text of the code. Who reads it can answer it, so it goes to the screen and nowhere else.
    pub fn qr_text(&self) -> String {
        self.content.format()
    }

    /// What to scan for.
    pub fn eid_key(&self) -> &EidKey {
        &self.eid_key
    }

    /// An advert matched: its sender has read the code and is near. The first one decides.
    pub fn matched(self, advert: MatchedAdvert, rng: &mut (impl CryptoRng + ?Sized)) -> Connecting {
        let (secret, plaintext) = (self.content.qr_secret(), advert.plaintext());
        let psk = derive_psk(secret, plaintext);
        let (initiator, hello) = KnInitiator::start(self.identity, &psk, EphemeralKey::generate(rng));
        Connecting::new(
            plaintext.domain(),
            plaintext.routing_id(),
            derive_tunnel_id(secret),
            initiator,
            hello,
        )
    }
}
