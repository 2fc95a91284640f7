//! The door opens to certificates of ours alone, and knows whose they are.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SanType};
use tempfile::TempDir;

use super::*;

/// Files of one authority, a server and nothing else.
struct Files {
    folder: TempDir,
}

fn authority() -> Issuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    Issuer::new(params, KeyPair::generate().unwrap())
}

impl Files {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let own = params.self_signed(&key).unwrap();
        let issuer = Issuer::new(params, key);
        let server_key = KeyPair::generate().unwrap();
        let server = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let server = server.signed_by(&server_key, &issuer).unwrap();
        let files = Self { folder };
        files.write("ca.pem", &own.pem());
        files.write("server.pem", &server.pem());
        files.write("server.key", &server_key.serialize_pem());
        files
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn tls(&self) -> Tls {
        Tls {
            certificate: self.path("server.pem"),
            private_key: self.path("server.key"),
            client_authorities: self.path("ca.pem"),
            screening: vec!["node-1.fax.example".into()],
            ..Tls::default()
        }
    }
}

#[test]
fn names_are_those_of_the_subject_and_nothing_else() {
    let mut params = CertificateParams::new(vec!["node-1.fax.example".to_owned()]).unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, "desk.fax.example");
    params.subject_alt_names.push(SanType::URI("spiffe://fax.example/node/1".try_into().unwrap()));
    params.subject_alt_names.push(SanType::IpAddress([127, 0, 0, 1].into()));
    let key = KeyPair::generate().unwrap();
    let made = params.signed_by(&key, &authority()).unwrap();
    assert_eq!(names_of(made.der()), ["node-1.fax.example", "spiffe://fax.example/node/1"]);
    let none = CertificateParams::default().signed_by(&key, &authority()).unwrap();
    assert!(names_of(none.der()).is_empty());
    for garbage in [&b""[..], b"\x30\x82\xff\xff", &[0x30; 4_096]] {
        assert!(names_of(&CertificateDer::from(garbage)).is_empty());
    }
}

#[test]
fn every_wrong_file_is_told_apart_and_a_bad_reload_changes_nothing() {
    let files = Files::new();
    let door = Door::new(&files.tls()).unwrap();
    assert!(door.is_encrypted() && door.acceptor().is_some());
    let peer = SocketAddr::from(([127, 0, 0, 1], 1));
    assert!(!door.caller(&[], peer).may(Audience::Screening));
    type Harm = fn(&mut Tls, &Files);
    let harms: [(Harm, &str); 5] = [
        (|tls, _| tls.certificate.push_str(".gone"), "could not be read as certificate"),
        (
            |tls, files| tls.private_key = files.path("server.pem"),
            "could not be read as private key",
        ),
        (|tls, files| tls.certificate = files.path("server.key"), "holds no certificate"),
        (|tls, files| tls.client_authorities = files.path("server.key"), "holds no authority"),
        (
            |tls, files| {
                files.write("other.key", &KeyPair::generate().unwrap().serialize_pem());
                tls.private_key = files.path("other.key");
            },
            "do they belong together",
        ),
    ];
    for (harm, words) in harms {
        let mut tls = files.tls();
        harm(&mut tls, &files);
        let fault = Door::new(&tls).unwrap_err().to_string();
        assert!(fault.contains(words), "{fault}");
    }
    let before = door.config.load_full().unwrap();
    files.write("server.pem", "nothing");
    assert!(door.reload().is_err());
    assert!(Arc::ptr_eq(&before, &door.config.load_full().unwrap()));
}
