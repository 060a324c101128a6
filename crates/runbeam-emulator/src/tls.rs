//! HTTPS for one emulator: a certificate authority of its own, and a certificate for the address that it listens on.

use std::{
    io,
    io::Write,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::Path,
    sync::Arc,
};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, SanType,
};
use tempfile::NamedTempFile;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

/// Names of a certificate authority and of what it certifies.
const NAME: &str = "Runbeam emulator";

/// Makes an authority, whose certificate is written to `file` (PEM), and gives what serves with it.
///
/// The key of the authority is forgotten at once: nobody can certify anything else with it.
pub(crate) fn acceptor(address: IpAddr, file: &Path) -> io::Result<TlsAcceptor> {
    let (authority, server) = certificates(address).map_err(io::Error::other)?;
    write(file, &authority)?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(vec![server.0], server.1)
        .map_err(io::Error::other)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

type Served = (CertificateDer<'static>, PrivateKeyDer<'static>);

/// The certificate of an authority as PEM, and one of a server that it has certified.
fn certificates(address: IpAddr) -> Result<(String, Served), rcgen::Error> {
    let mut authority = CertificateParams::default();
    authority.distinguished_name = named(&format!("{NAME} (for development only)"));
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority_key = KeyPair::generate()?;
    let certificate = authority.self_signed(&authority_key)?;
    let issuer = Issuer::new(authority, authority_key);

    let mut server = CertificateParams::new(vec!["localhost".to_owned()])?;
    server.distinguished_name = named(NAME);
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    server.use_authority_key_identifier_extension = true;
    let mut addresses = vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    if !addresses.contains(&address) && !address.is_unspecified() {
        addresses.push(address);
    }
    server
        .subject_alt_names
        .extend(addresses.into_iter().map(SanType::IpAddress));
    let key = KeyPair::generate()?;
    let served = server.signed_by(&key, &issuer)?;
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    Ok((certificate.pem(), (served.der().clone(), private)))
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// Writes the whole file or nothing of it. Everybody may read it: it holds no secret.
fn write(file: &Path, text: &str) -> io::Result<()> {
    let directory = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut whole = NamedTempFile::new_in(directory)?;
    whole.write_all(text.as_bytes())?;
    whole.as_file().sync_all()?;
    #[cfg(unix)]
    whole
        .as_file()
        .set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    whole.persist(file).map_err(|error| error.error)?;
    Ok(())
}
