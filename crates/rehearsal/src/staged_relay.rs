//! A tunnel relay for one rehearsal, with a certificate made for it.

use std::net::SocketAddr;

use base64::{Engine, engine::general_purpose::STANDARD};
use latchkey_tunnel::{
    TrustError, TunnelClient,
    relay::{AddressRate, Limits, Relay, RelayError, TlsConfig},
};
use rcgen::{CertifiedKey, PublicKeyData, generate_simple_self_signed};
use sha2::{Digest, Sha256};
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

/// A rehearsal has all its connections from one address.
const PER_ADDRESS: u32 = 10_000;

/// Why there is no relay.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StagedRelayError {
    /// Its certificate could not be made.
    #[error("certificate of the staged relay")]
    Certificate(#[from] rcgen::Error),
    /// The relay did not start.
    #[error(transparent)]
    Relay(#[from] RelayError),
}

/// A relay that serves until it is dropped.
#[derive(Debug)]
pub struct StagedRelay {
    address: SocketAddr,
    certificate: rcgen::Certificate,
    spki_sha256: String,
    serving: JoinHandle<()>,
}

impl StagedRelay {
    /// Starts a relay at `address` (port 0 takes a free one) that is these domains to whoever trusts its
    /// certificate.
    pub async fn start(address: SocketAddr, domains: &[String]) -> Result<Self, StagedRelayError> {
        let CertifiedKey { cert: certificate, signing_key } = generate_simple_self_signed(domains)?;
        let spki_sha256 = STANDARD.encode(Sha256::digest(signing_key.subject_public_key_info()));
        let tls = TlsConfig {
            cert_pem: certificate.pem().into_bytes(),
            key_pem: Zeroizing::new(signing_key.serialize_pem().into_bytes()),
        };
        let limits = Limits {
            per_address: AddressRate { burst: PER_ADDRESS, ..AddressRate::default() },
            ..Limits::default()
        };
        let relay = Relay::bind(address, Some(tls), limits).await?;
        let address = relay.local_addr();
        let serving = tokio::spawn(relay.run(std::future::pending::<()>()));
        Ok(Self { address, certificate, spki_sha256, serving })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A tunnel client for which every domain is this relay, and which trusts nobody else.
    pub fn client(&self) -> Result<TunnelClient, TrustError> {
        TunnelClient::for_relay_at(self.address, self.certificate.der().clone())
    }

    /// Its certificate, to be trusted as a root, in PEM.
    pub fn certificate_pem(&self) -> String {
        self.certificate.pem()
    }

    /// SHA-256 of its public key (SubjectPublicKeyInfo), in base64, as Chromium is told whom to trust.
    pub fn spki_sha256(&self) -> &str {
        &self.spki_sha256
    }
}

impl Drop for StagedRelay {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use latchkey_crypto::hybrid::TunnelDomainId;

    use super::*;

    #[tokio::test]
    async fn serves_its_domains_to_its_own_client_until_dropped() {
        let domain = TunnelDomainId::DEFAULT;
        let relay =
            StagedRelay::start((Ipv4Addr::LOCALHOST, 0).into(), &[domain.domain_name()]).await.unwrap();
        let client = relay.client().unwrap();
        client.probe(domain).await.unwrap();
        client.probe(TunnelDomainId::new(256).unwrap()).await.unwrap_err();
        drop(relay);
        tokio::task::yield_now().await;
        client.probe(domain).await.unwrap_err();
    }
}
