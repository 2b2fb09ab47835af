use latchkey_crypto::hybrid::{
    Advert, AdvertPlaintext, OperationHint, QrContent, RoutingId, TunnelDomainId, TunnelId, derive_eid_key,
    derive_psk, derive_tunnel_id, new_url, noise::KnResponder,
};
use rand_core::CryptoRng;

use super::Advertising;
use crate::ScannedError;

/// A code has been read. Next: open a tunnel by its [`tunnel_id`](Scanned::tunnel_id).
///
/// The tunnel comes before the advert, because the advert says where the tunnel is, and a client that has heard
/// one advert listens to no second.
#[derive(Debug)]
pub struct Scanned {
    code: QrContent,
    domain: TunnelDomainId,
    tunnel_id: TunnelId,
}

impl Scanned {
    /// Begins a ceremony over the tunnel service of our choice.
    ///
    /// Fails if the client could not name that service, or wants something other than passkeys.
    pub fn from_qr(code: QrContent, domain: TunnelDomainId) -> Result<Self, ScannedError> {
        if !code.hint().is_ctap() {
            return Err(ScannedError::NotPasskeys { hint: code.hint() });
        }
        if !code.knows_domain(domain) {
            return Err(ScannedError::UnknownDomain { id: domain.id(), known: code.assigned_domains() });
        }
        let tunnel_id = derive_tunnel_id(code.qr_secret());
        Ok(Self { code, domain, tunnel_id })
    }

    /// The tunnel service.
    pub fn domain(&self) -> TunnelDomainId {
        self.domain
    }

    /// The name under which to open the tunnel.
    pub fn tunnel_id(&self) -> &TunnelId {
        &self.tunnel_id
    }

    /// Where to open the tunnel. Holds the tunnel's name, so not for logs.
    pub fn tunnel_url(&self) -> String {
        new_url(self.domain, &self.tunnel_id)
    }

    /// What the client says it is going to ask for. For the screen only.
    pub fn hint(&self) -> OperationHint {
        self.code.hint()
    }

    /// When the code was made, in Unix seconds. For a warning only.
    pub fn made_at(&self) -> Option<u64> {
        self.code.made_at()
    }

    /// The tunnel is open; the service gave a routing ID. The secrets of the code end here.
    pub fn opened(self, routing_id: RoutingId, rng: &mut (impl CryptoRng + ?Sized)) -> Advertising {
        let secret = self.code.qr_secret();
        let plaintext = AdvertPlaintext::generate(routing_id, self.domain, rng);
        let advert = Advert::seal(&derive_eid_key(secret), &plaintext);
        let psk = derive_psk(secret, &plaintext);
        Advertising::new(advert, KnResponder::new(self.code.client_identity(), &psk))
    }
}
