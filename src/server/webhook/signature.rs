//! Signatures in the way of Standard Webhooks: HMAC-SHA-256 over id, time and body, under a secret that the receiver knows.

use std::fmt;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use thiserror::Error;
use zeroize::Zeroizing;

/// What a secret begins with.
const PREFIX: &str = "whsec_";
/// Least and most bytes of a secret.
const SECRET_BYTES: (usize, usize) = (24, 64);
/// Most secrets in force at once: the next one and the last one while they are exchanged.
const SECRETS_MAX: usize = 4;
/// Largest file of secrets, in bytes.
const FILE_BYTES_MAX: u64 = 4_096;

/// Why there is no secret.
#[derive(Debug, Error)]
pub enum SecretFault {
    /// The file cannot be read.
    #[error("`{}` could not be read", path.display())]
    Read {
        /// The path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others of the machine can read it.
    #[error("`{}` can be read by others (set its mode to 600)", path.display())]
    Open {
        /// The path.
        path: PathBuf,
    },
    /// It holds no secret.
    #[error(
        "`{}` holds no secret (write {PREFIX} and the base64 of {} to {} random bytes, one a line, at most {SECRETS_MAX})",
        path.display(), SECRET_BYTES.0, SECRET_BYTES.1
    )]
    Malformed {
        /// The path.
        path: PathBuf,
    },
}

/// The secrets in force. A message is signed under each, so that a receiver can change from one to the next.
#[derive(Clone)]
pub struct Secret(Vec<Zeroizing<Vec<u8>>>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// Reads a file of mode 600 with one secret a line.
    ///
    /// # Errors
    /// [`SecretFault`].
    pub fn read(path: &Path) -> Result<Self, SecretFault> {
        let fault = |source| SecretFault::Read { path: path.to_owned(), source };
        let file = std::fs::File::open(path).map_err(fault)?;
        if file.metadata().map_err(fault)?.permissions().mode() & 0o077 != 0 {
            return Err(SecretFault::Open { path: path.to_owned() });
        }
        let mut text = Zeroizing::new(String::new());
        file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(fault)?;
        Self::parse(&text).ok_or_else(|| SecretFault::Malformed { path: path.to_owned() })
    }

    /// The secrets of a text, one a line; `None` where one of them is none, or there are too many or none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let secrets: Option<Vec<_>> = lines.map(secret).collect();
        let secrets = secrets?;
        (1..=SECRETS_MAX).contains(&secrets.len()).then_some(Self(secrets))
    }

    /// The value of `webhook-signature`: one signature under each secret, separated by spaces.
    #[must_use]
    pub fn sign(&self, id: &str, seconds: i64, body: &[u8]) -> String {
        let signed = |secret: &Zeroizing<Vec<u8>>| {
            let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
            mac.update(format!("{id}.{seconds}.").as_bytes());
            mac.update(body);
            Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
        };
        self.0.iter().filter_map(signed).collect::<Vec<_>>().join(" ")
    }
}

fn secret(line: &str) -> Option<Zeroizing<Vec<u8>>> {
    let bytes = Zeroizing::new(STANDARD.decode(line.strip_prefix(PREFIX)?).ok()?);
    (SECRET_BYTES.0..=SECRET_BYTES.1).contains(&bytes.len()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_signature_is_that_of_the_specification() {
        // The example of the specification's reference libraries.
        let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = br#"{"test": 2432232314}"#;
        let signed = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let two =
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n\nwhsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n";
        let both = Secret::parse(two).unwrap().sign("a", 1, b"");
        assert_eq!(both.split(' ').count(), 2);
    }

    #[test]
    fn a_secret_is_long_and_nobody_elses_to_read() {
        for bad in [
            "",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_AAAA",
            "whsec_!",
            &"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n".repeat(5),
        ] {
            assert!(Secret::parse(bad).is_none(), "{bad}");
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        assert!(matches!(Secret::read(&path), Err(SecretFault::Read { .. })));
        fs::write(&path, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").unwrap();
        for (mode, sound) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(Secret::read(&path).is_ok(), sound, "{mode:o}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "hush").unwrap();
        let told = Secret::read(&path).unwrap_err().to_string();
        assert!(told.contains("holds no secret") && !told.contains("hush"), "{told}");
    }
}
