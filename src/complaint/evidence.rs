//! Evidence: what somebody added to a report, decoded, within its bounds, and held to its hash.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256, Sha512};

use super::Written;
use super::fault::Cause;
use crate::bounds::{COMPLAINT_EVIDENCE_BYTES_MAX, COMPLAINT_EVIDENCE_TOTAL_BYTES_MAX};

/// One item. Its bytes are hostile and may be the fax itself: they go through the content gate or are dropped. `Debug`
/// tells their number alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The media type that the sender states; at most 255 bytes.
    pub content_type: Written,
    /// What the sender says of it.
    pub description: Option<Written>,
    /// The bytes, at most 5 MiB, at most 15 MiB over all items of a report.
    pub bytes: Vec<u8>,
    /// The algorithm by which the sender hashed it; the hash was right, or the report was refused.
    pub verified: Option<HashKind>,
}

impl fmt::Debug for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Evidence({} bytes, hash {:?})", self.bytes.len(), self.verified)
    }
}

/// A hash that evidence may have been given with. MD5 and SHA-1 tell damage, and no longer intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashKind {
    /// RFC 1321.
    Md5,
    /// FIPS 180-4.
    Sha1,
    /// FIPS 180-4.
    Sha256,
    /// FIPS 180-4.
    Sha512,
}

impl HashKind {
    /// Whether that is the hash of the bytes, in hexadecimal digits of either case.
    fn matches(self, bytes: &[u8], hex: &str) -> bool {
        match self {
            Self::Md5 => is(&md5::Md5::digest(bytes), hex),
            Self::Sha1 => is(&sha1::Sha1::digest(bytes), hex),
            Self::Sha256 => is(&Sha256::digest(bytes), hex),
            Self::Sha512 => is(&Sha512::digest(bytes), hex),
        }
    }

    /// The algorithm and the digits of a text like `sha256:0f…`.
    fn split(text: &str) -> Option<(Self, &str)> {
        let (name, hex) = text.split_once(':')?;
        let kind = match name {
            "md5" => Self::Md5,
            "sha1" => Self::Sha1,
            "sha256" => Self::Sha256,
            "sha512" => Self::Sha512,
            _ => return None,
        };
        (!hex.is_empty() && hex.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some((kind, hex))
    }
}

/// Whether a text names a hash and its digits, however many.
pub(super) fn is_hash(text: &str) -> bool {
    HashKind::split(text).is_some()
}

/// Which algorithm, where the hash is the one of the bytes.
pub(super) fn verify(bytes: &[u8], hash: &str) -> Result<HashKind, Cause> {
    let Some((kind, hex)) = HashKind::split(hash) else {
        return Err(Cause::Shape { wanted: "a hash as `sha256:…`" });
    };
    if kind.matches(bytes, hex) { Ok(kind) } else { Err(Cause::HashMismatch) }
}

fn is(digest: &[u8], hex: &str) -> bool {
    let digit = |value: u8| char::from_digit(u32::from(value), 16);
    let digits = digest.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).flatten();
    hex.len() == digest.len() * 2 && digits.eq(hex.chars().map(|digit| digit.to_ascii_lowercase()))
}

/// What evidence a report may still hold.
#[derive(Debug)]
pub(super) struct Room(usize);

impl Default for Room {
    fn default() -> Self {
        Self(COMPLAINT_EVIDENCE_TOTAL_BYTES_MAX)
    }
}

impl Room {
    /// Takes so many bytes for one item.
    pub(super) fn take(&mut self, bytes: usize) -> Result<(), Cause> {
        if bytes > COMPLAINT_EVIDENCE_BYTES_MAX {
            return Err(Cause::TooLarge { most: COMPLAINT_EVIDENCE_BYTES_MAX });
        }
        self.0 = self
            .0
            .checked_sub(bytes)
            .ok_or(Cause::TooLarge { most: COMPLAINT_EVIDENCE_TOTAL_BYTES_MAX })?;
        Ok(())
    }

    /// Decodes one item. What is too large is refused by its length, before it is decoded.
    pub(super) fn decode(&mut self, base64: &str) -> Result<Vec<u8>, Cause> {
        let padding = base64.bytes().rev().take(2).filter(|byte| *byte == b'=').count();
        self.take((base64.len() / 4 * 3).saturating_sub(padding))?;
        STANDARD.decode(base64).map_err(|_| Cause::NotBase64)
    }
}
