//! Who may call what: every role against every method, and certificates that are wrong in every way.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test fails the test, as the test itself would"
)]

use std::net::SocketAddr;
use std::sync::Arc;

use faxguard::api::DESCRIPTOR_SET;
use faxguard::api::grpc::{Edge, services};
use faxguard::api::guard::Guards;
use faxguard::metrics::Metrics;
use faxguard::policy::settings::Tls;
use faxguard::server::drain::Drain;
use faxguard::server::listen;
use faxguard::server::tls::Door;
use prost::Message as _;
use prost_types::FileDescriptorSet;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tonic::client::Grpc;
use tonic::codec::{BufferSettings, Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Identity};
use tonic::{Code, Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt as _;

use crate::grpc::engine::CannedEngine;

const NODE: &str = "node-1.fax.example";
const FORM: &str = "form.fax.example";
const DESK: &str = "spiffe://fax.example/desk";
const ABUSE: &str = "spiffe://fax.example/abuse";
const MAILER: &str = "mailer.fax.example";

/// An authority, by its certificate and what it signs with.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    fn sign(&self, params: CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        let signed = params.signed_by(&key, &self.issuer).unwrap();
        Identity::from_pem(signed.pem(), key.serialize_pem())
    }

    fn identity(&self, name: &str) -> Identity {
        self.sign(named(name))
    }
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    let name = match name.contains("://") {
        true => rcgen::SanType::URI(name.try_into().unwrap()),
        false => rcgen::SanType::DnsName(name.try_into().unwrap()),
    };
    params.subject_alt_names.push(name);
    params
}

/// A server on an encrypted port.
struct Running {
    address: SocketAddr,
    authority: Authority,
    drain: Drain,
    serving: tokio::task::JoinHandle<Result<(), listen::ServeFault>>,
    metrics: Arc<Metrics>,
    _folder: TempDir,
}

impl Running {
    async fn begin(anonymous: &[&str]) -> Self {
        let authority = Authority::new();
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let key = KeyPair::generate().unwrap();
        let own = named("localhost").signed_by(&key, &authority.issuer).unwrap();
        let tls = Tls {
            certificate: file("server.pem", &own.pem()),
            private_key: file("server.key", &key.serialize_pem()),
            client_authorities: file("ca.pem", &authority.pem),
            screening: vec![NODE.into()],
            report: vec![FORM.into()],
            operator: vec![DESK.into()],
            desk: vec![ABUSE.into()],
            mailer: vec![MAILER.into()],
            anonymous: anonymous.iter().map(|name| (*name).to_owned()).collect(),
        };
        let (drain, draining) = Drain::new();
        let metrics = Arc::new(Metrics::new());
        let ending = draining.clone();
        let edge = Edge::new(
            Arc::new(CannedEngine::new()),
            Guards::serving(),
            Arc::clone(&metrics),
            Box::new(move || Box::pin(ending.clone().begun())),
        );
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let door = Arc::new(Door::new(&tls).unwrap());
        let serving = tokio::spawn(listen::serve_behind(door, listener, services(edge), draining));
        Self { address, authority, drain, serving, metrics, _folder: folder }
    }

    /// Connects as somebody and makes a call, so that what TLS 1.3 finds out late is found out.
    async fn connect(&self, identity: Option<Identity>) -> Result<Channel, ()> {
        let mut tls = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(&self.authority.pem))
            .domain_name("localhost");
        if let Some(identity) = identity {
            tls = tls.identity(identity);
        }
        let endpoint = Channel::from_shared(format!("https://{}", self.address)).unwrap();
        let channel = endpoint.tls_config(tls).unwrap().connect().await.map_err(drop)?;
        let asked = HealthCheckRequest::default();
        HealthClient::new(channel.clone()).check(asked).await.map_err(drop)?;
        Ok(channel)
    }

    async fn end(self) {
        self.drain.begin();
        self.serving.await.unwrap().unwrap();
    }
}

/// Messages as the bytes they are.
#[derive(Default)]
struct Bytes;

impl Codec for Bytes {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        bytes::BufMut::put_slice(into, &item);
        Ok(())
    }

    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::default()
    }
}

impl Decoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let mut item = vec![0; bytes::Buf::remaining(from)];
        bytes::Buf::copy_to_slice(from, &mut item);
        Ok(Some(item))
    }
}

/// Every method of the contract: its package and its path.
fn methods() -> Vec<(String, PathAndQuery)> {
    let set = FileDescriptorSet::decode(DESCRIPTOR_SET).unwrap();
    let mut methods = Vec::new();
    for file in &set.file {
        for service in &file.service {
            for method in &service.method {
                let path = format!("/{}.{}/{}", file.package(), service.name(), method.name());
                methods.push((file.package().to_owned(), path.parse().unwrap()));
            }
        }
    }
    methods
}

async fn ask(channel: &Channel, path: PathAndQuery) -> Code {
    let mut client = Grpc::new(channel.clone());
    client.ready().await.unwrap();
    let answer = client.server_streaming(Request::new(Vec::new()), path, Bytes).await;
    match answer {
        Err(status) => status.code(),
        Ok(answer) => {
            // Whoever is answered once is let in; who watches would be answered for ever.
            let mut answers = answer.into_inner();
            answers.message().await.map_or_else(|status| status.code(), |_| Code::Ok)
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_may_call_its_own_methods_and_no_other() {
    let server = Running::begin(&[]).await;
    let methods = methods();
    assert!(methods.len() > 15, "{} methods", methods.len());
    for (name, packages) in [
        (NODE, &["faxguard.screening.v1", "envoy.service.ratelimit.v3"][..]),
        (FORM, &["faxguard.report.v1"]),
        (DESK, &["faxguard.operator.v1"]),
        (ABUSE, &["faxguard.desk.v1"]),
        (MAILER, &["faxguard.notice.v1"]),
        ("stranger.example", &[]),
    ] {
        let channel = server.connect(Some(server.authority.identity(name))).await.unwrap();
        for (of, path) in &methods {
            let code = ask(&channel, path.clone()).await;
            let denied = !packages.contains(&of.as_str());
            assert_eq!(code == Code::PermissionDenied, denied, "{name} {path}: {code:?}");
        }
    }
    let denied = server.metrics.denied_calls.get_or_create(&[("audience", "operator")]).get();
    assert!(denied > 30, "{denied}");
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_says_what_would_change_it_and_names_nobody() {
    let server = Running::begin(&[]).await;
    let channel = server.connect(Some(server.authority.identity(NODE))).await.unwrap();
    let mut client =
        faxguard::wire::operator::v1::decision_service_client::DecisionServiceClient::new(channel);
    let asked = faxguard::wire::operator::v1::GetStatusRequest::default();
    let status = client.get_status(asked).await.unwrap_err();
    let details = status.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, "CALLER_NOT_ALLOWED");
    assert!(status.message().contains("tls.operator") && !status.message().contains(NODE));
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_certificates_of_every_kind_are_not_let_in() {
    let server = Running::begin(&[]).await;
    let stranger = Authority::new();
    let mut expired = named(NODE);
    expired.not_before = date_time_ymd(2001, 1, 1);
    expired.not_after = date_time_ymd(2002, 1, 1);
    let mut early = named(NODE);
    early.not_before = date_time_ymd(2901, 1, 1);
    early.not_after = date_time_ymd(2902, 1, 1);
    let mut only_server = named(NODE);
    only_server.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate().unwrap();
    let alone = named(NODE).self_signed(&key).unwrap();
    let wrong = [
        ("no certificate", None),
        ("of another authority", Some(stranger.identity(NODE))),
        ("signed by itself", Some(Identity::from_pem(alone.pem(), key.serialize_pem()))),
        ("expired", Some(server.authority.sign(expired))),
        ("not valid yet", Some(server.authority.sign(early))),
        ("for servers alone", Some(server.authority.sign(only_server))),
    ];
    for (what, identity) in wrong {
        assert!(server.connect(identity).await.is_err(), "{what}");
    }
    // Words that are no TLS end the connection, and others go on.
    for words in
        [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], b"GET / HTTP/1.1\r\n\r\n", &[22, 3, 1, 255, 255]]
    {
        let mut plain = tokio::net::TcpStream::connect(server.address).await.unwrap();
        plain.write_all(words).await.unwrap();
        let _ = plain.shutdown().await;
        let mut told = Vec::new();
        let _ = plain.read_to_end(&mut told).await;
    }
    assert!(server.connect(Some(server.authority.identity(NODE))).await.is_ok());
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_without_a_certificate_may_what_they_are_given() {
    let server = Running::begin(&["report"]).await;
    let channel = server.connect(None).await.unwrap();
    for (package, path) in methods() {
        let denied = ask(&channel, path.clone()).await == Code::PermissionDenied;
        assert_eq!(denied, package != "faxguard.report.v1", "{path}");
    }
    server.end().await;
}
