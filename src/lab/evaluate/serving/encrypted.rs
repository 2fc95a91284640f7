//! A server behind mutual TLS and the certificates for both sides, made for one measurement.

use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SanType};
use tonic::transport::{Certificate, ClientTlsConfig, Identity};

use super::Fault;
use super::load::Target;
use super::process::Process;

/// The names of both sides.
const SERVER: &str = "localhost";
const NODE: &str = "node.faxguard.invalid";

/// Starts it in a folder.
pub(super) async fn start(folder: &Path) -> Result<(Process, Target), Fault> {
    std::fs::create_dir_all(folder)?;
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate()?;
    let authority_pem = authority.self_signed(&key)?.pem();
    let issuer = Issuer::new(authority, key);
    let (certificate, private_key) = signed(SERVER, &issuer)?;
    let file = |name: &str, text: &str| -> Result<String, Fault> {
        let path = folder.join(name);
        std::fs::write(&path, text)?;
        Ok(path.display().to_string())
    };
    let settings = format!(
        "[tls]\ncertificate = {:?}\nprivate_key = {:?}\nclient_authorities = {:?}\nscreening = [{NODE:?}]\n",
        file("server.pem", &certificate)?,
        file("server.key", &private_key)?,
        file("authority.pem", &authority_pem)?,
    );
    let settings = file("faxguard.toml", &settings)?;
    let server = Process::server(folder, Some(Path::new(&settings)))?;
    let address = server.address().await?;
    let (certificate, private_key) = signed(NODE, &issuer)?;
    let tls = ClientTlsConfig::new()
        .domain_name(SERVER)
        .ca_certificate(Certificate::from_pem(authority_pem))
        .identity(Identity::from_pem(certificate, private_key));
    Ok((server, Target { address, tls: Some(tls) }))
}

/// A certificate for a name, and its key.
fn signed(name: &str, issuer: &Issuer<'_, KeyPair>) -> Result<(String, String), Fault> {
    let mut params = CertificateParams::default();
    params.subject_alt_names.push(SanType::DnsName(name.try_into()?));
    let key = KeyPair::generate()?;
    Ok((params.signed_by(&key, issuer)?.pem(), key.serialize_pem()))
}
