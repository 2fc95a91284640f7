//! Typed identities: what is stored of a number, an ident or a member is a keyed pseudonym, never the thing itself.

use std::fmt;

/// One decision: the same through all stages of a call or job. Derived from the node and its fax id,
/// so that a node needs no memory between stages. 128 bits, printed as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DecisionId(pub [u8; 16]);

/// One filed report, printed as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReportId(pub [u8; 16]);

/// One campaign, printed as 16 hexadecimal digits. The second it was first seen leads, so that the older of two has the
/// smaller id; a number of its own follows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CampaignId(pub u64);

impl fmt::Display for CampaignId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for CampaignId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CampaignId({self})")
    }
}

impl CampaignId {
    /// Reads 16 hexadecimal digits of either case; anything else is `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        digits.then(|| u64::from_str_radix(text, 16).ok()).flatten().map(Self)
    }
}

/// HMAC-SHA-256 of one subject under the key of its kind and epoch, truncated to 128 bits
/// (RFC 2104 section 5 allows truncation to half the output). It has no neighbours and no order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pseudonym(pub [u8; 16]);

impl Pseudonym {
    /// The leading 64 bits: the key of the hot tables, where 128 bits would cost memory for nothing.
    pub fn hot(self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }

    /// The index form of a subject of which only the hot key is at hand: that key, and zeros.
    pub fn of_hot(key: u64) -> Self {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&key.to_be_bytes());
        Self(bytes)
    }
}

/// What a pseudonym stands for. Each kind has a key of its own, so that kinds cannot be joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum SubjectKind {
    /// A telephone number, whoever's it is: the same number as caller and as recipient is one subject.
    Number = 1,
    /// The block of ten numbers that share all but the last digit.
    Block10 = 2,
    /// The block of a hundred numbers that share all but the last two digits.
    Block100 = 3,
    /// A T.30 station identity (TSI, CSI).
    Ident = 4,
    /// A member's account.
    Member = 5,
    /// An organisation or payer group.
    Organisation = 6,
    /// A trunk that calls arrive on.
    Trunk = 7,
    /// A routing node.
    Node = 8,
    /// The size and shape of a document on one trunk.
    Shape = 9,
    /// A pair of member and correspondent.
    Pair = 10,
    /// A reporter who is not a member.
    Reporter = 11,
    /// A key of the provider's own interface, by whatever name the provider has for it.
    ApiKey = 12,
}

impl SubjectKind {
    /// Every kind, in the order of their codes.
    pub const ALL: [Self; 12] = [
        Self::Number,
        Self::Block10,
        Self::Block100,
        Self::Ident,
        Self::Member,
        Self::Organisation,
        Self::Trunk,
        Self::Node,
        Self::Shape,
        Self::Pair,
        Self::Reporter,
        Self::ApiKey,
    ];
}

macro_rules! hexadecimal {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(std::str::from_utf8(&self.digits()).unwrap_or_default())
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }
        impl $name {
            /// Its 32 hexadecimal digits, in ASCII.
            pub fn digits(&self) -> [u8; 32] {
                let mut digits = [0; 32];
                for (pair, byte) in digits.chunks_exact_mut(2).zip(self.0) {
                    pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
                }
                digits
            }

            /// Reads 32 hexadecimal digits of either case; anything else is `None`.
            pub fn parse(text: &str) -> Option<Self> {
                parse_hexadecimal(text).map(Self)
            }
        }
    )*};
}
hexadecimal!(DecisionId, ReportId, Pseudonym);

/// The digit for a value below 16.
const fn digit(value: u8) -> u8 {
    if value < 10 { b'0' + value } else { b'a' + value - 10 }
}

fn parse_hexadecimal(text: &str) -> Option<[u8; 16]> {
    let digits = text.as_bytes();
    if digits.len() != 32 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut bytes = [0; 16];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_as_printed() {
        let id = DecisionId(*b"0123456789abcdef");
        assert_eq!(DecisionId::parse(&id.to_string()), Some(id));
        for bad in ["", "3031", "+0313233343536373839616263646566", &"0".repeat(33)] {
            assert_eq!(DecisionId::parse(bad), None, "{bad}");
            assert_eq!(CampaignId::parse(bad), None, "{bad}");
        }
        let campaign = CampaignId(0x6b49_d200_0000_002a);
        assert_eq!(CampaignId::parse(&campaign.to_string()), Some(campaign));
    }
}
