//! An engine that is spoken to encrypted, and asks who speaks.

use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use super::*;

/// An authority, and what it vouches for.
struct Authority(Issuer<'static, KeyPair>, String);

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self(Issuer::new(params, key), pem)
    }

    /// Writes a certificate of that name and its key below a folder; the paths of both.
    fn vouch(&self, folder: &Path, name: &str) -> [String; 2] {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let write = |what: &str, text: String| {
            let path = folder.join(format!("{name}-{what}.pem"));
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        [write("certificate", certificate.pem()), write("key", key.serialize_pem())]
    }
}

/// A server with an encrypted port beside its plain one, by which the test looks into it, and that port's address.
fn start(folder: &Path, authority: &Authority, more: &[&str]) -> (Engine, String) {
    let ca = folder.join("authority.pem");
    std::fs::write(&ca, &authority.1).unwrap();
    let [certificate, key] = authority.vouch(folder, "127.0.0.1");
    let port = free_port();
    let said = [
        ["--tls-port", &port.to_string()],
        ["--tls-cert-file", &certificate],
        ["--tls-key-file", &key],
        ["--tls-ca-cert-file", ca.to_str().unwrap()],
        ["--tls-auth-clients", "yes"],
    ];
    let engine = Engine::start(&[said.concat(), more.to_vec()].concat());
    (engine, format!("rediss://127.0.0.1:{port}"))
}

/// Whether the server was built with encryption; says so where it was not.
fn has_encryption() -> bool {
    // It names the first word that it does not know, which is not this port where it was built with encryption.
    let asked = ["--tls-port", "0", "--port", "0", "--no-such-word", "x"];
    let said = |asked: &[&str]| Command::new("redis-server").args(asked).output().unwrap();
    let there = has_engine() && {
        let said = said(&asked);
        [said.stdout, said.stderr].concat().windows(12).any(|word| word == b"no-such-word")
    };
    if !there {
        eprintln!("SKIPPED: this redis-server has no encryption");
    }
    there
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_meet_at_an_encrypted_engine_that_knows_them() {
    if !has_encryption() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new("engine authority");
    let (engine, address) = start(folder.path(), &authority, &[]);
    let [certificate, key_file] = authority.vouch(folder.path(), "faxguard.example");
    let settings = settings::Exchange {
        authority_file: folder.path().join("authority.pem").to_str().unwrap().to_owned(),
        certificate_file: certificate,
        key_file,
        ..settings_of(&[address], 2)
    };
    let limits = faxes(1, 10);
    let (one, two) = (Instance::start(&settings, &limits), Instance::start(&settings, &limits));
    one.wait_alone(0).await;
    two.wait_alone(0).await;
    for _ in 0..4 {
        assert!(one.fax(key(3), &limits));
    }
    while two.left(key(3), &limits) > 7 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(engine.say(&["DBSIZE"]) != "0");

    // Without a certificate, and under another authority, nobody meets and nobody is put off.
    let other = Authority::new("another authority");
    let path = folder.path().join("other.pem");
    std::fs::write(&path, &other.1).unwrap();
    let nobody = settings::Exchange {
        certificate_file: String::new(),
        key_file: String::new(),
        ..settings.clone()
    };
    let mistrusts = settings::Exchange {
        authority_file: path.to_str().unwrap().to_owned(),
        ..settings.clone()
    };
    for wrong in [nobody, mistrusts] {
        let alone = Instance::start(&wrong, &limits);
        let failed =
            || alone.metrics.exchange_failures.get_or_create(&[("reason", "engine")]).get();
        let late = || alone.metrics.exchange_failures.get_or_create(&[("reason", "late")]).get();
        while failed() + late() < 16 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(alone.alone(), 16);
        assert!(alone.fax(key(9), &limits));
    }
    // What is no certificate is found before anything starts.
    let levels: Arc<dyn Levels> = Arc::new(Members::of_bytes(4 << 20, limits));
    for (authority_file, part) in
        [("/nowhere/ca.pem", "could not be read"), (file!(), "no certificate")]
    {
        let wrong =
            settings::Exchange { authority_file: authority_file.into(), ..settings.clone() };
        let beside = (Arc::new(WallClock) as Arc<dyn Clock>, Arc::new(Metrics::new()));
        let fault = Exchange::new(&wrong, [7; 16], Arc::clone(&levels), beside).err().unwrap();
        assert!(fault.to_string().contains(part), "{fault}");
    }
}
