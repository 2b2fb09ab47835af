use std::sync::Arc;

use rustls::RootCertStore;
use rustls::client::ClientConfig;
use rustls::pki_types::CertificateDer;

/// Why no tunnel client could be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// No root certificate was found, so no tunnel service could be trusted. On Debian they come with the package
    /// `ca-certificates`; `SSL_CERT_FILE` and `SSL_CERT_DIR` replace them.
    #[error("no root certificates found ({unreadable} files or folders could not be read)")]
    NoRoots {
        /// How many places could not be read.
        unreadable: usize,
    },
    /// The root certificate given is not one.
    #[error("the root certificate cannot be used")]
    BadRoot(#[source] rustls::Error),
    /// TLS could not be set up.
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
}

/// The system's roots, or those of `SSL_CERT_FILE` and `SSL_CERT_DIR`.
pub(super) fn system() -> Result<RootCertStore, TrustError> {
    let found = rustls_native_certs::load_native_certs();
    from_certificates(found.certs, found.errors.len())
}

fn from_certificates(
    certificates: Vec<CertificateDer<'static>>,
    unreadable: usize,
) -> Result<RootCertStore, TrustError> {
    let mut roots = RootCertStore::empty();
    // Some systems carry a certificate that cannot be parsed; the others still count.
    let (added, _ignored) = roots.add_parsable_certificates(certificates);
    if added == 0 { Err(TrustError::NoRoots { unreadable }) } else { Ok(roots) }
}

/// One root and no other.
pub(super) fn only(root: CertificateDer<'_>) -> Result<RootCertStore, TrustError> {
    let mut roots = RootCertStore::empty();
    roots.add(root.into_owned()).map_err(TrustError::BadRoot)?;
    Ok(roots)
}

/// TLS 1.2 and 1.3 over ring, without client certificates.
pub(super) fn tls(roots: RootCertStore) -> Result<Arc<ClientConfig>, TrustError> {
    let mut tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(TrustError::Tls)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    // A WebSocket needs HTTP/1.1, so a server that also speaks HTTP/2 must not choose it.
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(tls))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_roots_is_an_error_of_its_own() {
        assert!(matches!(from_certificates(vec![], 2), Err(TrustError::NoRoots { unreadable: 2 })));
        let garbage = CertificateDer::from(vec![1, 2, 3]);
        assert!(matches!(from_certificates(vec![garbage.clone()], 0), Err(TrustError::NoRoots { .. })));
        assert!(matches!(only(garbage), Err(TrustError::BadRoot(_))));
    }
}
