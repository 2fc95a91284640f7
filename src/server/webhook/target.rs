//! Where notices are pushed to: a place of HTTP, encrypted unless it is on this machine, and the secret it knows them by.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Method, Request, Uri};
use thiserror::Error;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore, crypto};

use super::signature::{Secret, SecretFault};
use crate::api::outbox::OutboxNotice;
use crate::policy::settings::Notices;
use crate::time::Timestamp;

const AGENT: &str = concat!("faxguard/", env!("CARGO_PKG_VERSION"));

/// Why there is no target.
#[derive(Debug, Error)]
pub enum TargetFault {
    /// Not a place that notices can go to.
    #[error("is no place for notices (write https://HOST/PATH, or http:// for this machine alone)")]
    Place,
    /// No secret.
    #[error("{0}")]
    Secret(#[from] SecretFault),
    /// Authorities that cannot be read.
    #[error("`{}` could not be read as authorities (expected PEM)", path.display())]
    Authorities {
        /// The path.
        path: PathBuf,
        /// What is wrong.
        source: pem::Error,
    },
    /// An authority is no certificate.
    #[error("an authority is no certificate of one")]
    Authority(#[source] rustls::Error),
    /// Nobody vouches for anybody.
    #[error("there are no authorities (name a file of them in `notices.authority_file`)")]
    NoAuthority,
    /// The protocol versions are not supported: the build is damaged.
    #[error("encryption cannot be set up (rebuild the program)")]
    Provider(#[source] rustls::Error),
}

impl TargetFault {
    /// The setting that is at fault.
    #[must_use]
    pub const fn setting(&self) -> &'static str {
        match self {
            Self::Place | Self::Provider(_) => "notices.webhook",
            Self::Secret(_) => "notices.secret_file",
            Self::Authorities { .. } | Self::Authority(_) | Self::NoAuthority => {
                "notices.authority_file"
            }
        }
    }
}

/// Where notices go.
pub struct Target {
    host: String,
    port: u16,
    /// Path and query.
    path: String,
    /// The value of `Host`.
    authority: String,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    secret: Secret,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A path may hold a key.
        f.debug_struct("Target").field("host", &self.host).finish_non_exhaustive()
    }
}

impl Target {
    /// What the settings say; `None` where there is no webhook.
    ///
    /// # Errors
    /// Every fault: of the place, of the secret, of the authorities.
    pub fn read(settings: &Notices) -> Result<Option<Self>, Vec<TargetFault>> {
        let Notices { webhook, secret_file, authority_file } = settings;
        if webhook.is_empty() {
            return Ok(None);
        }
        let mut faults = Vec::new();
        let place = place(webhook).or_else(|| {
            faults.push(TargetFault::Place);
            None
        });
        let secret = Secret::read(Path::new(secret_file));
        let secret = secret.map_err(|fault| faults.push(fault.into())).ok();
        let wants_tls = place.as_ref().is_some_and(|place| place.encrypted);
        let connector = wants_tls.then(|| connector(authority_file)).transpose();
        let connector = connector.map_err(|fault| faults.push(fault)).ok();
        match (place, secret, connector) {
            (Some(place), Some(secret), Some(connector)) => {
                let Place { host, port, path, authority, name, .. } = place;
                let tls = connector.map(|connector| (connector, name));
                Ok(Some(Self { host, port, path, authority, tls, secret }))
            }
            _ => Err(faults),
        }
    }

    /// The host to connect to.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// Its port.
    pub(super) const fn port(&self) -> u16 {
        self.port
    }

    /// What encrypts, and the name that the receiver must show.
    pub(super) fn connector(&self) -> Option<(TlsConnector, ServerName<'static>)> {
        self.tls.clone()
    }

    /// The request that pushes a notice, signed now. The body is the same however often it is sent.
    pub(super) fn request(
        &self,
        notice: &OutboxNotice,
        now: Timestamp,
    ) -> Option<Request<Full<Bytes>>> {
        let id = format!("{:032x}", u128::from_be_bytes(notice.id));
        let body = body(notice);
        let seconds = now.as_seconds();
        let signature = self.secret.sign(&id, seconds, &body);
        Request::builder()
            .method(Method::POST)
            .uri(&self.path)
            .header(HOST, &self.authority)
            .header(USER_AGENT, AGENT)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", signature)
            .body(Full::from(body))
            .ok()
    }
}

/// The payload as Standard Webhooks asks for it: type, time, data.
fn body(notice: &OutboxNotice) -> Vec<u8> {
    let created = jiff::Timestamp::from_microsecond(notice.created.as_micros()).unwrap_or_default();
    let mut body =
        format!(r#"{{"type":"faxguard.notice","timestamp":"{created}","data":"#).into_bytes();
    body.extend_from_slice(&notice.body);
    body.push(b'}');
    body
}

/// A place, taken apart.
struct Place {
    encrypted: bool,
    host: String,
    port: u16,
    path: String,
    authority: String,
    name: ServerName<'static>,
}

fn place(text: &str) -> Option<Place> {
    let uri: Uri = text.parse().ok()?;
    let encrypted = match uri.scheme_str()? {
        "https" => true,
        "http" => false,
        _ => return None,
    };
    let authority = uri.authority()?.as_str().to_owned();
    let host = uri.host()?.trim_start_matches('[').trim_end_matches(']').to_owned();
    let address: Option<std::net::IpAddr> = host.parse().ok();
    let here = host == "localhost" || address.is_some_and(|address| address.is_loopback());
    // A name and password before the host would end up in the log of whoever stands between.
    if host.is_empty() || authority.contains('@') || !(encrypted || here) {
        return None;
    }
    let port = uri.port_u16().unwrap_or(if encrypted { 443 } else { 80 });
    let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let name = ServerName::try_from(host.clone()).ok()?;
    Some(Place { encrypted, host, port, path, authority, name })
}

fn connector(authority_file: &str) -> Result<TlsConnector, TargetFault> {
    let mut roots = RootCertStore::empty();
    if authority_file.is_empty() {
        let found = rustls_native_certs::load_native_certs();
        // Systems have some that nobody can read, beside those that are meant.
        let (added, _) = roots.add_parsable_certificates(found.certs);
        if added == 0 {
            return Err(TargetFault::NoAuthority);
        }
    } else {
        let path = Path::new(authority_file);
        let fault = |source| TargetFault::Authorities { path: path.to_owned(), source };
        for certificate in CertificateDer::pem_file_iter(path).map_err(fault)? {
            roots.add(certificate.map_err(fault)?).map_err(TargetFault::Authority)?;
        }
        if roots.is_empty() {
            let none = pem::Error::Io(io::ErrorKind::InvalidData.into());
            return Err(fault(none));
        }
    }
    let provider = Arc::new(crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(TargetFault::Provider)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_encrypted_or_here() {
        for (text, expected) in [
            ("https://mail.fax.example/hooks/fax?k=1", Some(("mail.fax.example", 443, true))),
            ("https://mail.fax.example:8443", Some(("mail.fax.example", 8_443, true))),
            ("http://127.0.0.1:9000/x", Some(("127.0.0.1", 9_000, false))),
            ("http://[::1]/x", Some(("::1", 80, false))),
            ("http://localhost/x", Some(("localhost", 80, false))),
            ("http://mail.fax.example/x", None),
            ("http://10.0.0.1/x", None),
            ("https://user:pass@mail.fax.example/", None),
            ("ftp://127.0.0.1/", None),
            ("mail.fax.example", None),
            ("https://", None),
            ("https://a b/", None),
        ] {
            let read = place(text);
            let read =
                read.as_ref().map(|place| (place.host.as_str(), place.port, place.encrypted));
            assert_eq!(read, expected, "{text}");
        }
    }

    #[test]
    fn every_fault_of_a_webhook_is_told() {
        assert!(Target::read(&Notices::default()).unwrap().is_none());
        let settings = Notices {
            webhook: "https://mail.fax.example/".into(),
            secret_file: "/nowhere/secret".into(),
            authority_file: "/nowhere/authorities".into(),
        };
        let faults = Target::read(&settings).unwrap_err();
        let at: Vec<_> = faults.iter().map(TargetFault::setting).collect();
        assert_eq!(at, ["notices.secret_file", "notices.authority_file"]);
        let settings = Notices { webhook: "http://10.0.0.1/".into(), ..settings };
        let faults = Target::read(&settings).unwrap_err();
        let at: Vec<_> = faults.iter().map(TargetFault::setting).collect();
        assert_eq!(at, ["notices.webhook", "notices.secret_file"]);
    }
}
