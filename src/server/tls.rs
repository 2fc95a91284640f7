//! The door: encryption by the files the settings name, and who stands before it by its certificate. The files are read
//! again while the server runs, so that a new certificate needs no restart.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use thiserror::Error;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use tokio_rustls::rustls::{self, RootCertStore, ServerConfig, crypto};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::api::caller::{Audience, Audiences, Caller, Callers};
use crate::policy::settings::Tls;

/// Most names of one certificate that are looked at.
const NAMES_MAX: usize = 64;

/// Why the door cannot be built.
#[derive(Debug, Error)]
pub enum DoorFault {
    /// A file cannot be read, or holds no PEM of that kind.
    #[error("`{}` could not be read as {what} (expected PEM)", path.display())]
    File {
        /// The path.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
        /// What is wrong.
        source: pem::Error,
    },
    /// A file holds none.
    #[error("`{}` holds no {what}", path.display())]
    Empty {
        /// The path.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
    /// An authority is no certificate.
    #[error("`{}` holds a certificate that cannot be an authority", path.display())]
    Authority {
        /// The path.
        path: PathBuf,
        /// What is wrong.
        source: rustls::Error,
    },
    /// Clients cannot be verified against the authorities.
    #[error("client certificates cannot be verified against the authorities")]
    Verifier(#[source] VerifierBuilderError),
    /// Certificate and key do not belong together, or are of a kind that is not served.
    #[error("certificate and key cannot be served (do they belong together?)")]
    Identity(#[source] rustls::Error),
    /// The protocol versions are not supported: the build is damaged.
    #[error("encryption cannot be set up (rebuild the program)")]
    Provider(#[source] rustls::Error),
}

/// Who is let in, and how.
pub struct Door {
    tls: Option<Tls>,
    config: ArcSwapOption<ServerConfig>,
    /// Of the port of the report form, which asks for no certificate.
    form: ArcSwapOption<ServerConfig>,
    callers: Callers,
}

impl Door {
    /// A door without encryption: everybody may everything. For a port that this machine alone can reach.
    #[must_use]
    pub fn open() -> Self {
        let (config, form) = (ArcSwapOption::empty(), ArcSwapOption::empty());
        Self { tls: None, config, form, callers: Callers::everybody() }
    }

    /// The door that the settings describe.
    ///
    /// # Errors
    /// [`DoorFault`].
    pub fn new(tls: &Tls) -> Result<Self, DoorFault> {
        if !tls.is_on() {
            return Ok(Self::open());
        }
        let form = ArcSwapOption::from(Some(Arc::new(form_config(tls)?)));
        let config = ArcSwapOption::from(Some(Arc::new(config(tls)?)));
        Ok(Self { tls: Some(tls.clone()), config, form, callers: callers(tls) })
    }

    /// Reads the files again. New connections are under what they hold now.
    ///
    /// # Errors
    /// [`DoorFault`]: what was in force stays.
    pub fn reload(&self) -> Result<(), DoorFault> {
        if let Some(tls) = &self.tls {
            let (calls, form) = (config(tls)?, form_config(tls)?);
            self.config.store(Some(Arc::new(calls)));
            self.form.store(Some(Arc::new(form)));
        }
        Ok(())
    }

    /// Whether the port is encrypted.
    #[must_use]
    pub const fn is_encrypted(&self) -> bool {
        self.tls.is_some()
    }

    pub(super) fn acceptor(&self) -> Option<TlsAcceptor> {
        self.config.load_full().map(TlsAcceptor::from)
    }

    pub(super) fn form_acceptor(&self) -> Option<TlsAcceptor> {
        self.form.load_full().map(TlsAcceptor::from)
    }

    /// The caller with that chain of certificates, its own first.
    pub(super) fn caller(&self, chain: &[CertificateDer<'_>], peer: SocketAddr) -> Caller {
        let names = chain.first().map(|own| names_of(own)).unwrap_or_default();
        self.callers.caller(&names, Some(peer))
    }
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Door").field("encrypted", &self.is_encrypted()).finish_non_exhaustive()
    }
}

fn callers(tls: &Tls) -> Callers {
    let named = |name: &str| Audience::ALL.into_iter().find(|audience| audience.name() == name);
    let anonymous = tls.anonymous.iter().filter_map(|name| named(name));
    let mut callers =
        Callers::default().anonymous(anonymous.fold(Audiences::default(), Audiences::with));
    for (audience, names) in [
        (Audience::Screening, &tls.screening),
        (Audience::Report, &tls.report),
        (Audience::Operator, &tls.operator),
        (Audience::Desk, &tls.desk),
        (Audience::Mailer, &tls.mailer),
    ] {
        names.iter().for_each(|name| callers.allow(name, audience));
    }
    callers
}

/// The certificate of the server and its key.
type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn identity(tls: &Tls) -> Result<Identity, DoorFault> {
    let chain = certificates(Path::new(&tls.certificate), "certificate")?;
    let path = Path::new(&tls.private_key);
    let key = PrivateKeyDer::from_pem_file(path).map_err(|source| DoorFault::File {
        path: path.to_owned(),
        what: "private key",
        source,
    })?;
    Ok((chain, key))
}

/// The same certificate for browsers: nobody is asked for one of theirs, and HTTP/1.1 is spoken.
fn form_config(tls: &Tls) -> Result<ServerConfig, DoorFault> {
    let (chain, key) = identity(tls)?;
    let provider = Arc::new(crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(DoorFault::Provider)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(DoorFault::Identity)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn config(tls: &Tls) -> Result<ServerConfig, DoorFault> {
    let (chain, key) = identity(tls)?;
    let provider = Arc::new(crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(DoorFault::Provider)?;
    let builder = if tls.client_authorities.is_empty() {
        builder.with_no_client_auth()
    } else {
        let path = Path::new(&tls.client_authorities);
        let roots = Arc::new(authorities(path)?);
        let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
        // Whoever has no certificate is let in only where that is worth anything.
        let verifier =
            if tls.anonymous.is_empty() { verifier } else { verifier.allow_unauthenticated() };
        builder.with_client_cert_verifier(verifier.build().map_err(DoorFault::Verifier)?)
    };
    let mut config = builder.with_single_cert(chain, key).map_err(DoorFault::Identity)?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}

fn authorities(path: &Path) -> Result<RootCertStore, DoorFault> {
    let mut roots = RootCertStore::empty();
    for authority in certificates(path, "authority")? {
        let fault = |source| DoorFault::Authority { path: path.to_owned(), source };
        roots.add(authority).map_err(fault)?;
    }
    Ok(roots)
}

fn certificates(
    path: &Path,
    what: &'static str,
) -> Result<Vec<CertificateDer<'static>>, DoorFault> {
    let fault = |source| DoorFault::File { path: path.to_owned(), what, source };
    let read = CertificateDer::pem_file_iter(path).map_err(fault)?;
    let found: Vec<_> = read.collect::<Result<_, _>>().map_err(fault)?;
    if found.is_empty() {
        return Err(DoorFault::Empty { path: path.to_owned(), what });
    }
    Ok(found)
}

/// DNS names and URIs among the subject's alternative names (RFC 5280 section 4.2.1.6). A common name is none: it is
/// free text (RFC 9525 section 2).
fn names_of(certificate: &CertificateDer<'_>) -> Vec<String> {
    let Ok((_, read)) = X509Certificate::from_der(certificate) else { return Vec::new() };
    let Ok(Some(names)) = read.subject_alternative_name() else { return Vec::new() };
    let name = |name: &GeneralName<'_>| {
        let (GeneralName::DNSName(text) | GeneralName::URI(text)) = name else { return None };
        Some((*text).to_owned())
    };
    names.value.general_names.iter().take(NAMES_MAX).filter_map(name).collect()
}

#[cfg(test)]
mod tests;
