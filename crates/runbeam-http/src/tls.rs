//! The TLS configuration: rustls on ring, the roots of the platform, and roots of one's own.

use std::sync::{Arc, OnceLock};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

use crate::BuildError;

/// The configuration that trusts the roots of the platform, and `extra_roots` beside them.
///
/// Loading the roots takes some 30 ms, so all clients without extra roots share one configuration.
pub(crate) fn client_config(
    extra_roots: &[CertificateDer<'static>],
) -> Result<Arc<ClientConfig>, BuildError> {
    static PLATFORM_ONLY: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if !extra_roots.is_empty() {
        return load(extra_roots);
    }
    if let Some(config) = PLATFORM_ONLY.get() {
        return Ok(config.clone());
    }
    let config = load(extra_roots)?;
    Ok(PLATFORM_ONLY.get_or_init(|| config).clone())
}

fn load(extra_roots: &[CertificateDer<'static>]) -> Result<Arc<ClientConfig>, BuildError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| BuildError::new("no TLS version is available").with_source(error))?;
    let config = match Verifier::new_with_extra_roots(extra_roots.iter().cloned(), provider) {
        // The verifier of the platform is what replaces rustls' own: nothing is weakened here.
        Ok(verifier) => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth(),
        // Slim containers have no roots at all.
        Err(error) => {
            tracing::warn!(%error, "the platform has no root certificates; using the built-in ones of Mozilla");
            let mut roots =
                RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
            for root in extra_roots {
                roots.add(root.clone()).map_err(|error| {
                    BuildError::new("a root certificate is of no use").with_source(error)
                })?;
            }
            builder.with_root_certificates(roots).with_no_client_auth()
        }
    };
    Ok(Arc::new(config))
}

/// Reads the certificates of a PEM text (RFC 7468).
pub(crate) fn certificates_from_pem(
    pem: &[u8],
) -> Result<Vec<CertificateDer<'static>>, BuildError> {
    let certificates = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| BuildError::new("a root certificate is not PEM").with_source(error))?;
    if certificates.is_empty() {
        return Err(BuildError::new("the PEM text holds no certificate"));
    }
    for certificate in &certificates {
        RootCertStore::empty()
            .add(certificate.clone())
            .map_err(|error| {
                BuildError::new("a root certificate is of no use").with_source(error)
            })?;
    }
    Ok(certificates)
}
