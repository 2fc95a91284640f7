//! Numbers and idents for others: a keyed token instead of each, after RFC 6590 section 3.
//!
//! The token is the leading 128 bits of HMAC-SHA-256 under a key of 32 bytes, one key a partner. The same value gives the
//! same token under one key, so that a partner can tell that two reports speak of one number; under another key it gives
//! another, so that two partners cannot lay their reports side by side; and without the key nobody can try all numbers
//! (RFC 6590 section 4). Idents that are numbers are numbers: both are brought to E.164 first.

use std::fmt::Write;

use hmac::digest::Key;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroize;

use crate::fax::ident::{IDENT_BYTES_MAX, Ident};
use crate::fax::number::Number;

/// Bytes of a key.
pub const REDACTION_KEY_BYTES: usize = 32;
/// How every token begins; none is a number, an address or a name of a host that is in use.
pub const TOKEN_PREFIX: &str = "redacted-";

/// Reads a number as it was written. What it gives nothing for is taken as an ident.
pub type Canonical<'a> = &'a (dyn Fn(&str) -> Option<Number> + 'a);

/// Numbers in E.164 form alone; whoever has a numbering plan gives a reader of national forms instead.
#[must_use]
pub fn e164_only(text: &str) -> Option<Number> {
    Number::parse(strip_tel(text)).ok()
}

/// The way one partner sees numbers. Neither prints nor is copied; wiped when it goes.
pub struct Redaction<'a> {
    prepared: Box<Hmac<Sha256>>,
    canonical: Canonical<'a>,
}

impl<'a> Redaction<'a> {
    /// Under a partner's key, with numbers read by `canonical` ([`e164_only`] where there is no plan).
    #[must_use]
    pub fn new(key: &[u8; REDACTION_KEY_BYTES], canonical: Canonical<'a>) -> Self {
        let mut block = Key::<Hmac<Sha256>>::default();
        for (place, byte) in block.iter_mut().zip(key) {
            *place = *byte;
        }
        let prepared = Box::new(Hmac::<Sha256>::new(&block));
        block.as_mut_slice().zeroize();
        Self { prepared, canonical }
    }

    /// The token of a number or an ident as it was written: 41 characters, `redacted-` and 32 hexadecimal digits.
    #[must_use]
    pub fn token(&self, written: &str) -> String {
        let mut mac = Hmac::clone(&self.prepared);
        match (self.canonical)(written) {
            Some(number) => {
                mac.update(b"number\0");
                mac.update(number.e164().as_bytes());
            }
            None => {
                mac.update(b"ident\0");
                let words =
                    written.trim_end_matches('\0').split(' ').filter(|word| !word.is_empty());
                let plain = words.collect::<Vec<_>>().join(" ");
                if plain.len() > IDENT_BYTES_MAX {
                    // No machine sends so much; what is longer is told apart by all of it.
                    mac.update(plain.to_ascii_uppercase().as_bytes());
                } else {
                    mac.update(Ident::read(plain.as_bytes()).canonical());
                }
            }
        }
        let digest = mac.finalize().into_bytes();
        let mut token = String::with_capacity(TOKEN_PREFIX.len() + 32);
        token.push_str(TOKEN_PREFIX);
        for byte in digest.iter().take(16) {
            let _ = write!(token, "{byte:02x}");
        }
        token
    }
}

/// A number out of a `tel:` URI (RFC 3966), without its parameters; any other text as it is.
pub(super) fn strip_tel(text: &str) -> &str {
    let text = text.trim();
    match text.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => {
            text.get(4..).and_then(|rest| rest.split(';').next()).unwrap_or_default()
        }
        _ => text,
    }
}
