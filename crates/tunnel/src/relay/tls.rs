use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::ServerConfig;
use tokio_rustls::TlsAcceptor;
use zeroize::Zeroizing;

use super::RelayError;

/// The certificate chain and private key of a relay, both PEM. It has no `Debug`, for the key is secret.
pub struct TlsConfig {
    /// The relay's own certificate first, then the intermediate ones.
    pub cert_pem: Vec<u8>,
    /// PKCS#8, SEC 1 or PKCS#1.
    pub key_pem: Zeroizing<Vec<u8>>,
}

/// Makes TLS 1.2 and 1.3 ready for this certificate.
pub(super) fn acceptor(config: &TlsConfig) -> Result<TlsAcceptor, RelayError> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&config.cert_pem)
        .collect::<Result<_, _>>()
        .map_err(|_| RelayError::BadCertificate)?;
    if chain.is_empty() {
        return Err(RelayError::BadCertificate);
    }
    let key = PrivateKeyDer::from_pem_slice(&config.key_pem).map_err(|_| RelayError::BadKey)?;
    let mut tls = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(RelayError::Tls)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(RelayError::Tls)?;
    // A WebSocket needs HTTP/1.1, so a client that also speaks HTTP/2 must not choose it.
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(tls)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pem() -> (Vec<u8>, Vec<u8>) {
        let made = rcgen::generate_simple_self_signed(vec!["cable.example.com".to_owned()]).unwrap();
        (made.cert.pem().into_bytes(), made.signing_key.serialize_pem().into_bytes())
    }

    fn refusal(cert_pem: Vec<u8>, key_pem: Vec<u8>) -> Option<RelayError> {
        acceptor(&TlsConfig { cert_pem, key_pem: Zeroizing::new(key_pem) }).err()
    }

    #[test]
    fn says_which_file_is_wrong() {
        let (cert, key) = pem();
        let (_, other_key) = pem();
        assert!(refusal(cert.clone(), key.clone()).is_none());
        assert!(matches!(refusal(key.clone(), key.clone()), Some(RelayError::BadCertificate)));
        assert!(matches!(refusal(cert.clone(), cert.clone()), Some(RelayError::BadKey)));
        assert!(matches!(
            refusal(cert, other_key),
            Some(RelayError::Tls(rustls::Error::InconsistentKeys(_)))
        ));
    }
}
