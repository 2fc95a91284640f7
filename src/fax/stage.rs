//! The stages of a call or job and what a node knows at each: parsed once at the wall, plain data from there on.

use super::ident::Ident;
use super::number::{Claimed, Did, Number};
use crate::fax::id::{DecisionId, Pseudonym};
use crate::time::{Span, Timestamp};

/// The stages, in the order they can happen in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum StageKind {
    /// Inbound, before the call is answered.
    CallOffered = 1,
    /// Inbound, T.30 phase B.
    Handshake = 2,
    /// Inbound, after a page.
    Page = 3,
    /// Inbound, after the call.
    Received = 4,
    /// Outbound, a job was submitted.
    JobSubmitted = 5,
    /// Outbound, before a dial.
    Dialing = 6,
    /// Outbound, after a dial.
    DialResult = 7,
}

impl StageKind {
    /// Every stage, in order.
    pub const ALL: [Self; 7] = [
        Self::CallOffered,
        Self::Handshake,
        Self::Page,
        Self::Received,
        Self::JobSubmitted,
        Self::Dialing,
        Self::DialResult,
    ];

    /// The stage with that code.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| *stage as u8 == code)
    }

    /// The name people and files use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CallOffered => "call-offered",
            Self::Handshake => "handshake",
            Self::Page => "page",
            Self::Received => "received",
            Self::JobSubmitted => "job-submitted",
            Self::Dialing => "dialing",
            Self::DialResult => "dial-result",
        }
    }

    /// Whether pages of the fax are where the node is.
    pub const fn has_pages(self) -> bool {
        match self {
            Self::Page | Self::Received | Self::JobSubmitted | Self::Dialing => true,
            Self::CallOffered | Self::Handshake | Self::DialResult => false,
        }
    }

    /// Which way the fax goes.
    pub const fn direction(self) -> Direction {
        match self {
            Self::CallOffered | Self::Handshake | Self::Page | Self::Received => Direction::Inbound,
            Self::JobSubmitted | Self::Dialing | Self::DialResult => Direction::Outbound,
        }
    }
}

/// Which way a fax goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// For a member.
    Inbound,
    /// From a member.
    Outbound,
}

/// A set of stages: the ones a node reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StageSet(pub u8);

impl StageSet {
    /// The set with one more stage.
    #[must_use]
    pub const fn with(self, stage: StageKind) -> Self {
        Self(self.0 | 1 << stage as u8)
    }

    /// True when the stage is in the set.
    pub const fn has(self, stage: StageKind) -> bool {
        self.0 & (1 << stage as u8) != 0
    }
}

/// What the network showed of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Nothing, or withheld on request.
    Withheld,
    /// Something that is no number.
    Unreadable,
    /// A number, unverified.
    Number(Claimed<Number>),
}

impl Caller {
    /// The claimed number, where there is one.
    pub const fn number(&self) -> Option<Number> {
        match self {
            Self::Number(claimed) => Some(*claimed.claim()),
            Self::Withheld | Self::Unreadable => None,
        }
    }
}

/// Who sends and who receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parties {
    /// A fax for a member: claims, and the dialled number.
    Inbound {
        /// What the network showed of the caller.
        caller: Caller,
        /// The dialled number.
        did: Did,
        /// The trunk the call came on.
        trunk: Option<Pseudonym>,
    },
    /// A fax from a member: an authenticated account.
    Outbound {
        /// The account.
        member: Pseudonym,
        /// The number to dial.
        recipient: Number,
        /// The number shown to the recipient.
        shown: Option<Number>,
        /// The trunk the call will use.
        trunk: Option<Pseudonym>,
    },
}

impl Parties {
    /// Which way the fax goes.
    pub const fn direction(&self) -> Direction {
        match self {
            Self::Inbound { .. } => Direction::Inbound,
            Self::Outbound { .. } => Direction::Outbound,
        }
    }
}

/// Plan tiers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Plan {
    /// Not known to us: the declared defaults hold.
    #[default]
    Unknown = 0,
    /// Free of charge.
    Free = 1,
    /// Small paying account.
    Plus = 2,
    /// Professional account.
    Pro = 3,
    /// Corporate account.
    Corporate = 4,
}

impl Plan {
    /// Every plan, in the order of their codes.
    pub const ALL: [Self; 5] = [Self::Unknown, Self::Free, Self::Plus, Self::Pro, Self::Corporate];

    /// The plan with that code.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|plan| *plan as u8 == code)
    }

    /// The name in policy and tool.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Free => "free",
            Self::Plus => "plus",
            Self::Pro => "pro",
            Self::Corporate => "corporate",
        }
    }
}

/// What is known of a member. 32 bytes, since there are ten million.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// Plan tier.
    pub plan: Plan,
    /// Day the account was opened, counted from 1970-01-01; 0 when not known.
    pub created_day: u16,
    /// Time zone, as [`crate::fax::numbering::ZoneId`] numbers them plus one; 0 when not known.
    pub zone: u16,
    /// Jurisdiction as four letters, `US`, `USTX`, padded with zeros; all zeros when not known.
    pub jurisdiction: [u8; 4],
    /// Hot key of the organisation or payer group; 0 when there is none.
    pub organisation: u64,
    /// Weight in fair sharing, in thousandths; 0 means an ordinary member's 1000.
    pub share_weight_milli: u32,
    /// Hot key of the brand, shortened; 0 when there is none.
    pub brand: u32,
}

/// What a request says of a member, over what the directory holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemberClaim {
    /// The account, where the request names it.
    pub member: Option<Pseudonym>,
    /// The facts it carries; zero fields say nothing.
    pub facts: Member,
    /// True when the shown caller number is among the owned numbers that the request lists.
    pub owns_shown: bool,
    /// Hot key of the key of the provider's interface that the job was submitted with; 0 when there is none.
    pub api_key: u64,
}

/// STIR/SHAKEN result (ATIS-1000074).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Attestation {
    /// Not known.
    #[default]
    Unknown = 0,
    /// Full.
    A = 1,
    /// Partial.
    B = 2,
    /// Gateway.
    C = 3,
    /// The signature did not verify.
    Failed = 4,
    /// No signature.
    Absent = 5,
}

/// How a text of the far end looks; the text itself is not kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum TextLook {
    /// Absent.
    #[default]
    Absent = 0,
    /// Printable and of sane length.
    Clean = 1,
    /// Control bytes or shell metacharacters: someone tries the next program, not the reader.
    Hostile = 2,
}

/// Page codings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum PageCoding {
    /// Not known.
    #[default]
    Unknown = 0,
    /// T.4 one-dimensional.
    Mh = 1,
    /// T.4 two-dimensional.
    Mr = 2,
    /// T.6.
    Mmr = 3,
    /// T.85.
    Jbig = 4,
    /// T.81.
    Jpeg = 5,
}

/// T.30 phase B, as the DCS and the TSI frame say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// TSI, as the sender wrote it.
    pub tsi: Claimed<Ident>,
    /// Sub-address.
    pub sub_address: TextLook,
    /// bit/s; 0 when not known.
    pub rate_bps: u32,
    /// Dots per inch across; 0 when not known.
    pub horizontal_dpi: u32,
    /// Dots per inch down; 0 when not known.
    pub vertical_dpi: u32,
    /// Picture elements across; 0 when not known.
    pub width_px: u32,
    /// Page coding.
    pub coding: PageCoding,
    /// Error correction mode.
    pub ecm: bool,
    /// Colour asked for.
    pub color: bool,
    /// Unlimited page length announced.
    pub unlimited_length: bool,
    /// Repeated trainings.
    pub retrains: u32,
}

/// One received page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageFacts {
    /// Position from 1.
    pub number: u32,
    /// Rows.
    pub rows: u32,
    /// Damaged rows.
    pub bad_rows: u32,
    /// Coded bytes.
    pub bytes: u32,
    /// Time on the line.
    pub duration: Span,
    /// A further page was announced.
    pub more_follow: bool,
    /// Repeated trainings.
    pub retrains: u32,
}

/// How an inbound call ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum ReceiveOutcome {
    /// Not known.
    #[default]
    Unknown = 0,
    /// All pages arrived.
    Complete = 1,
    /// Some did.
    Partial = 2,
    /// None did.
    NoPages = 3,
    /// Refused or ended on a verdict of ours.
    Refused = 4,
}

/// After an inbound call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedFacts {
    /// How it ended.
    pub outcome: ReceiveOutcome,
    /// Pages.
    pub pages: u32,
    /// Coded bytes of all pages.
    pub bytes: u64,
    /// Length of the call.
    pub duration: Span,
    /// The session, from nodes that learn it only now.
    pub session: Option<Session>,
    /// Coded bytes a page, at most 1,000, from nodes without a page stage.
    pub page_bytes: Vec<u32>,
    /// Rows of the longest page.
    pub rows_max: u32,
    /// Damaged rows.
    pub bad_rows: u32,
}

/// A submitted job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobFacts {
    /// Pages; 0 before conversion.
    pub pages: u32,
    /// Coded bytes; 0 before conversion.
    pub bytes: u64,
    /// Recipients of the batch, at least 1.
    pub recipients: u32,
    /// TSI asked for.
    pub tsi: Option<Claimed<Ident>>,
    /// Look of the header line asked for.
    pub header: TextLook,
    /// Keyed digest of the document's digest; 0 when absent.
    pub document: u64,
    /// Earliest time asked for.
    pub not_before: Option<Timestamp>,
}

/// How a dial ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum DialOutcome {
    /// Not known.
    #[default]
    Unknown = 0,
    /// All pages confirmed.
    Sent = 1,
    /// Some pages confirmed.
    Partial = 2,
    /// Busy.
    Busy = 3,
    /// No answer.
    NoAnswer = 4,
    /// A person or an answering machine.
    Voice = 5,
    /// Not assigned.
    Unallocated = 6,
    /// Refused by the far end.
    Refused = 7,
    /// Any other failure.
    Failed = 8,
}

/// What a stage brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Before the call is answered.
    CallOffered {
        /// Look of the calling name.
        caller_name: TextLook,
        /// STIR/SHAKEN result.
        attestation: Attestation,
        /// The call was forwarded.
        diverted: bool,
        /// The caller asked to withhold its number.
        restricted: bool,
    },
    /// T.30 phase B.
    Handshake(Session),
    /// A page.
    Page(PageFacts),
    /// After the call.
    Received(ReceivedFacts),
    /// A job.
    JobSubmitted(JobFacts),
    /// Before a dial.
    Dialing {
        /// Attempt from 1.
        attempt: u32,
        /// Pages after conversion; 0 when not known.
        pages: u32,
        /// Coded bytes after conversion; 0 when not known.
        bytes: u64,
    },
    /// After a dial.
    DialResult {
        /// Attempt from 1.
        attempt: u32,
        /// How it ended.
        outcome: DialOutcome,
        /// Pages confirmed.
        pages: u32,
        /// Time on the line.
        duration: Span,
        /// No further attempt follows.
        last: bool,
    },
}

impl Stage {
    /// Which stage it is.
    pub const fn kind(&self) -> StageKind {
        match self {
            Self::CallOffered { .. } => StageKind::CallOffered,
            Self::Handshake(_) => StageKind::Handshake,
            Self::Page(_) => StageKind::Page,
            Self::Received(_) => StageKind::Received,
            Self::JobSubmitted(_) => StageKind::JobSubmitted,
            Self::Dialing { .. } => StageKind::Dialing,
            Self::DialResult { .. } => StageKind::DialResult,
        }
    }
}

/// One stage of one fax, as it came through the wall.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageEvent {
    /// The decision all stages of the fax share.
    pub decision: DecisionId,
    /// Keyed hash of the request id: the same twice is one request.
    pub request: u64,
    /// The routing node.
    pub node: Pseudonym,
    /// When it happened: the clock of the decision.
    pub time: Timestamp,
    /// Who sends and who receives, where the request says.
    pub parties: Option<Parties>,
    /// What the request says of the member.
    pub member: Option<MemberClaim>,
    /// What the stage brings.
    pub stage: Stage,
    /// The stages the node reports.
    pub capabilities: StageSet,
    /// Faxes the node handled without a verdict since its last call.
    pub unscored: u32,
}
