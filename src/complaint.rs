//! Complaints: what somebody complains of, as words, and the formats of others that it comes and goes in.
//!
//! Bytes in, values out: no I/O, no clock, no task. What comes in is read whole or refused with all its faults at once
//! ([`Faults`]), and nothing of it is repeated in a fault. What goes out has tokens in the place of numbers and idents
//! ([`redaction`]), holds no evidence and no free text, and is read by our own reader before it leaves. The formats, their
//! fields and bounds are in `docs/complaints.md`.

pub mod arf;
pub mod bulk;
pub mod columns;
mod evidence;
pub mod export;
mod fault;
mod form;
mod json;
mod moment;
pub mod redaction;
mod written;
pub mod xarf;

pub use crate::fax::stage::Direction;
pub use evidence::{Evidence, HashKind};
pub use fault::{Cause, FAULTS_MAX, Fault, Faults};
pub use form::{Consumer, Form1088a, Identifiers, OptOut, PageShows};
pub use written::{Kept, Written};

use crate::time::Timestamp;
use redaction::Redaction;

/// Words that stand for the variants of an enum in every format.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$inner:meta])* $variant:ident = $code:literal $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum $name {
            $($(#[$inner])* $variant = $code,)+
        }

        impl $name {
            /// Every one, by its code.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];
            /// Their names, in the same order.
            pub const NAMES: &'static [&'static str] = &[$($word,)+];

            /// The one with that code.
            #[must_use]
            pub const fn from_code(code: u8) -> Option<Self> {
                match code {
                    $($code => Some(Self::$variant),)+
                    _ => None,
                }
            }

            /// The one with that name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }

            /// Its name in every format.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }
    };
}

words! {
    /// What is complained of.
    Category {
        /// An unsolicited commercial fax.
        JunkFax = 1 "junk_fax",
        /// Fraud, harassment, flooding, a hijacked account, or what else is no advertisement.
        OtherAbuse = 2 "other_abuse",
        /// A fax that was wanted.
        NotJunk = 3 "not_junk",
        /// No more faxes from this sender.
        RemoveMe = 4 "remove_me",
    }
}

words! {
    /// Of which kind other abuse is.
    Abuse {
        /// Deceit for money or for access.
        Fraud = 1 "fraud",
        /// Threats, insults, calls at night.
        Harassment = 2 "harassment",
        /// So many calls or pages that the line is taken.
        Flooding = 3 "flooding",
        /// Somebody faxes with the account or the machine of another.
        HijackedAccount = 4 "hijacked_account",
    }
}

words! {
    /// The resolution of the pages (ITU-T T.30 table 2), dots across and lines down.
    Resolution {
        /// 8 dots/mm, 3.85 lines/mm.
        Standard = 1 "standard",
        /// 8 dots/mm, 7.7 lines/mm.
        Fine = 2 "fine",
        /// 8 dots/mm, 15.4 lines/mm.
        Superfine = 3 "superfine",
        /// 16 dots/mm, 15.4 lines/mm, or 400 dots per inch.
        Ultrafine = 4 "ultrafine",
    }
}

words! {
    /// What a line is for.
    LineUse {
        /// A home.
        Residential = 1 "residential",
        /// A business.
        Business = 2 "business",
    }
}

words! {
    /// The format in which a complaint came.
    Format {
        /// XARF version 4.
        Xarf4 = 1 "xarf-4",
        /// XARF version 3, converted.
        Xarf3 = 2 "xarf-3",
        /// ARF, RFC 5965.
        Arf = 3 "arf",
        /// A row of comma-separated values.
        Csv = 4 "csv",
        /// A line of JSON.
        Jsonl = 5 "jsonl",
    }
}

/// An organisation or person, as it says of itself: nobody has checked it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Party {
    /// Name of the organisation, at most 800 bytes (XARF: 200 characters).
    pub organisation: Option<Written>,
    /// E-mail address, at most 320 bytes.
    pub contact: Option<Written>,
    /// Domain, at most 255 bytes.
    pub domain: Option<Written>,
}

impl Party {
    /// Whether it says nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.organisation.is_none() && self.contact.is_none() && self.domain.is_none()
    }
}

/// What somebody complains of. Every text is bounded, hostile and personal, and every fact is a claim.
#[derive(Clone, Debug, PartialEq)]
pub struct Complaint {
    /// The format it came in.
    pub format: Format,
    /// What it is in the words of its format: `messaging/spam` of XARF, `not-spam` of ARF, the category of a row. Always one
    /// of the words that the format defines, `other` for an unknown word of ARF.
    pub declared: &'static str,
    /// The sender's own name of the report, at most 255 bytes.
    pub report_id: Option<Written>,
    /// Who handed it in: the `sender` of XARF.
    pub reporter: Party,
    /// On whose behalf, where that is somebody else: the `reporter` of XARF.
    pub on_behalf_of: Party,
    /// What is complained of; `None` where the report does not concern a fax.
    pub category: Option<Category>,
    /// Of which kind other abuse is, where known.
    pub abuse: Option<Abuse>,
    /// When it happened; not later than a day after the present.
    pub incident_at: Option<Timestamp>,
    /// When it was written down; the same bound.
    pub reported_at: Option<Timestamp>,
    /// Which way the fax went, seen from the reporter's provider.
    pub direction: Option<Direction>,
    /// The number that was called, as written, at most 64 bytes.
    pub called: Option<Written>,
    /// The caller's number, as written, at most 64 bytes.
    pub caller: Option<Written>,
    /// Ident of the sending machine, at most 64 bytes.
    pub tsi: Option<Written>,
    /// Ident of the called machine, at most 64 bytes.
    pub csi: Option<Written>,
    /// Pages, 0 to 10,000.
    pub pages: Option<u32>,
    /// Their resolution.
    pub resolution: Option<Resolution>,
    /// When the call began; the bound of `incident_at`.
    pub call_at: Option<Timestamp>,
    /// The reporter's name of a campaign, at most 64 bytes.
    pub campaign: Option<Written>,
    /// Free text, at most 4,000 bytes (XARF: 1,000 characters).
    pub description: Option<Written>,
    /// At most 50 items.
    pub evidence: Vec<Evidence>,
    /// The answers of FCC form 1088A.
    pub form: Form1088a,
    /// Everything else that it said.
    pub extra: Kept,
}

impl Complaint {
    /// One that says nothing yet.
    #[must_use]
    pub fn empty(format: Format, declared: &'static str) -> Self {
        Self {
            format,
            declared,
            report_id: None,
            reporter: Party::default(),
            on_behalf_of: Party::default(),
            category: None,
            abuse: None,
            incident_at: None,
            reported_at: None,
            direction: None,
            called: None,
            caller: None,
            tsi: None,
            csi: None,
            pages: None,
            resolution: None,
            call_at: None,
            campaign: None,
            description: None,
            evidence: Vec::new(),
            form: Form1088a::default(),
            extra: Kept::default(),
        }
    }

    /// Whether it concerns a fax at all.
    #[must_use]
    pub const fn concerns_a_fax(&self) -> bool {
        self.category.is_some()
    }
}

/// How a complaint goes out to a partner.
pub struct Outgoing<'a> {
    /// The provider that sends it, who alone is named in it: whoever complained stays unnamed.
    pub from: &'a Party,
    /// Sixteen random bytes: the report's id is the UUID of version 4 that they make.
    pub report: [u8; 16],
    /// The present.
    pub now: Timestamp,
    /// The partner's view of numbers.
    pub redaction: &'a Redaction<'a>,
}

/// Why a complaint is not sent on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsendable {
    /// It is no complaint of abuse: a wanted fax, an opt-out, or nothing of faxes.
    #[error("only junk faxes and other abuse are reported to others")]
    NoAbuse,
    /// It names neither a caller number nor a TSI.
    #[error("it names no sender (a caller number or a TSI)")]
    NoSource,
    /// What was made is not what the format asks for: the sending party's own name, contact or domain, as a rule.
    #[error("what was made is not sound: {0}")]
    Unsound(#[from] Faults),
}

/// The UUID of version 4 (RFC 9562 section 5.4) that sixteen random bytes make.
fn uuid(mut bytes: [u8; 16], version: u8) -> String {
    bytes[6] = (bytes[6] & 0x0f) | (version << 4);
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let value = u128::from_be_bytes(bytes);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        value >> 96,
        (value >> 80) & 0xffff,
        (value >> 64) & 0xffff,
        (value >> 48) & 0xffff,
        value & 0xffff_ffff_ffff
    )
}

#[cfg(test)]
mod tests;
