//! Encryption with rustls, when a certificate is configured.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

/// Why a certificate cannot be used: the operator's to mend.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate's file.
    #[error("the certificate {0}: {1}")]
    Certificate(PathBuf, rustls::pki_types::pem::Error),
    /// The key's file.
    #[error("the private key {0}: {1}")]
    Key(PathBuf, rustls::pki_types::pem::Error),
    /// Both together.
    #[error("the certificate and its key: {0}")]
    Pair(#[from] rustls::Error),
}

/// What encrypts connections with the certificate chain and the key of these PEM files.
pub fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, TlsError> {
    let bad_certificate = |error| TlsError::Certificate(certificate.into(), error);
    let chain = CertificateDer::pem_file_iter(certificate)
        .map_err(bad_certificate)?
        .collect::<Result<Vec<_>, _>>()
        .map_err(bad_certificate)?;
    let secret =
        PrivateKeyDer::from_pem_file(key).map_err(|error| TlsError::Key(key.into(), error))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, secret)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
