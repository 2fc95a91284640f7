//! The answer: hits, score, action, reason. Scores are fixed point, since nodes must agree to the last digit.

mod limits;

use std::fmt;

use smallvec::SmallVec;

use crate::fax::id::DecisionId;
use crate::fax::stage::StageKind;
use crate::time::{Span, Timestamp};

pub use limits::{
    Going, Holder, Holding, QUOTA_RULES, QuotaHolder, QuotaOutcome, QuotaStatus, Resource,
    SHARE_RULES, ShareStatus, WATCHED, Watched, weight_percent,
};

/// Evidence for junk in thousandths of log-odds (natural logarithm). Sums saturate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Score(pub i32);

impl Score {
    /// Probability of junk, 0 to 1: the logistic function.
    pub fn probability(self) -> f64 {
        1.0 / (1.0 + (-f64::from(self.0) / 1_000.0).exp())
    }

    /// The sum, saturating.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// What to do with a fax. The order within a direction is the order of severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Action {
    /// Inbound: deliver.
    Deliver = 1,
    /// Inbound: deliver marked as suspected junk.
    DeliverTagged = 2,
    /// Inbound: keep back until released or the deadline, then deliver tagged.
    Quarantine = 3,
    /// Inbound: answer busy.
    Defer = 4,
    /// Inbound: refuse the call.
    RefuseCall = 5,
    /// Outbound: go on.
    Allow = 6,
    /// Outbound: go on within bounds.
    Bound = 7,
    /// Outbound: keep back for review until the deadline, then refuse with notice.
    Hold = 8,
    /// Outbound: refuse with notice.
    RefuseJob = 9,
    /// Inbound: stop after the page being received.
    StopAfterPage = 10,
}

impl Action {
    /// Every action, in the order of their codes.
    pub const ALL: [Self; 10] = [
        Self::Deliver,
        Self::DeliverTagged,
        Self::Quarantine,
        Self::Defer,
        Self::RefuseCall,
        Self::Allow,
        Self::Bound,
        Self::Hold,
        Self::RefuseJob,
        Self::StopAfterPage,
    ];

    /// The action with that code.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|action| *action as u8 == code)
    }

    /// The name people and files use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deliver => "deliver",
            Self::DeliverTagged => "deliver-tagged",
            Self::Quarantine => "quarantine",
            Self::Defer => "defer",
            Self::RefuseCall => "refuse-call",
            Self::Allow => "allow",
            Self::Bound => "bound",
            Self::Hold => "hold",
            Self::RefuseJob => "refuse-job",
            Self::StopAfterPage => "stop-after-page",
        }
    }

    /// True when a wanted fax would not reach its reader at once.
    pub const fn withholds(self) -> bool {
        match self {
            Self::Deliver | Self::DeliverTagged | Self::Allow | Self::Bound => false,
            Self::Quarantine
            | Self::Defer
            | Self::RefuseCall
            | Self::Hold
            | Self::RefuseJob
            | Self::StopAfterPage => true,
        }
    }
}

/// What a line of the score is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum HitKind {
    /// The score before any evidence.
    Prior = 1,
    /// A signal of the catalog.
    Signal = 2,
    /// What a group's cap takes back.
    Cap = 3,
    /// What a combination of signals adds or takes.
    Composite = 4,
    /// Calibration of the summed evidence.
    Calibration = 5,
}

/// The name of a line of the score, with its digest beside it: a ledger row keeps the digest alone, and asks for a
/// dozen of them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Name {
    text: &'static str,
    digest: u32,
}

impl Name {
    /// The name of that text.
    pub const fn of(text: &'static str) -> Self {
        Self { text, digest: name_digest(text) }
    }

    /// The text.
    pub const fn text(self) -> &'static str {
        self.text
    }

    /// Its [`name_digest`].
    pub const fn digest(self) -> u32 {
        self.digest
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.text, f)
    }
}

/// The digest by which the ledger knows a name: FNV-1a of 32 bits (draft-eastlake-fnv, section 2), which can be worked
/// out when the program is built. That no two names share one is held where catalogs and policies meet.
pub const fn name_digest(text: &str) -> u32 {
    let bytes = text.as_bytes();
    let (mut digest, mut at) = (0x811c_9dc5_u32, 0);
    while at < bytes.len() {
        digest = (digest ^ bytes[at] as u32).wrapping_mul(0x0100_0193);
        at += 1;
    }
    digest
}

/// One line of the score; all lines add up to it exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// What kind of line.
    pub kind: HitKind,
    /// Signal, group or composite, such as `volume.caller_fanout_1h`.
    pub name: Name,
    /// Thousandths of log-odds.
    pub contribution: Score,
    /// The number that counted, in the unit of the signal; zero where there is none.
    pub value: i64,
}

/// Limits under which a fax may go on; `None` means no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Most pages.
    pub pages: Option<u32>,
    /// Longest time on the line.
    pub duration: Option<Span>,
    /// Largest page in bytes.
    pub page_bytes: Option<u32>,
    /// Most dials of the job.
    pub dials: Option<u32>,
    /// Most tries of the job once connected.
    pub tries: Option<u32>,
    /// Not before this time.
    pub not_before: Option<Timestamp>,
    /// Minutes of the recipient's day: first, and the one after the last.
    pub hours: Option<(u16, u16)>,
    /// Most calls of the member at once.
    pub concurrent: Option<u32>,
}

/// How to refuse or defer a call or job. The redress text is the policy's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// SIP status code.
    pub sip_code: u16,
    /// SIP reason phrase.
    pub sip_phrase: &'static str,
    /// Q.850 cause.
    pub q850_cause: u8,
}

/// Something that was not as it should be while a verdict was made. A set of bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Degradations(pub u8);

impl Degradations {
    /// The member is not in the directory.
    pub const MEMBER_UNKNOWN: Self = Self(1);
    /// The false-positive budget is spent.
    pub const BUDGET_SPENT: Self = Self(2);
    /// The ledger does not keep up.
    pub const LEDGER_BEHIND: Self = Self(4);
    /// A hot table is full.
    pub const MEMORY_FULL: Self = Self(8);
    /// An earlier stage is not remembered.
    pub const EARLIER_STAGE_UNKNOWN: Self = Self(16);
    /// The scorer failed.
    pub const SCORER_FAILED: Self = Self(32);
    /// Fingerprints came and were not compared.
    pub const FINGERPRINTS_NOT_COMPARED: Self = Self(64);

    /// Both sets.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// True when all bits of `other` are set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// Why content may be touched: the policy's three named purposes. Its fourth, "similar", gets a
/// variant only when someone writes the case down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ContentPurpose {
    /// (a) To deliver the service.
    Deliver = 1,
    /// (b) To meet the technical requirements of connecting networks.
    Connect = 2,
    /// (c) To prevent or minimise disruption of the service.
    PreventDisruption = 3,
}

impl ContentPurpose {
    /// The name people and metrics use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deliver => "deliver",
            Self::Connect => "connect",
            Self::PreventDisruption => "prevent-disruption",
        }
    }
}

/// What would have made the verdict another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counterfactual {
    /// The action there would have been.
    pub action: Action,
    /// How far the score is from it; negative: that much less evidence.
    pub distance: Score,
    /// The signal whose absence alone would have done it, where there is one.
    pub without: Option<&'static str>,
}

/// One either side at most, which lie in the verdict: memory of their own takes as long to get as they to be worked out.
pub type Counterfactuals = SmallVec<[Counterfactual; 2]>;

/// What to do with a fax and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The decision that all stages share.
    pub decision: DecisionId,
    /// The stage this verdict is about.
    pub stage: StageKind,
    /// What to do.
    pub action: Action,
    /// The exact sum of all hits.
    pub score: Score,
    /// Every line of the score.
    pub hits: Vec<Hit>,
    /// The rule that decided, such as `threshold.quarantine`.
    pub rule: &'static str,
    /// The policy generation in force.
    pub generation: u64,
    /// What would have changed it, nearest first.
    pub counterfactuals: Counterfactuals,
    /// How long a node may reuse it when the service cannot be reached.
    pub reuse: Span,
    /// Whether the fingerprint is wanted, and for which purpose.
    pub fingerprint: Option<ContentPurpose>,
    /// Whether the ink map is wanted with it.
    pub ink_map: bool,
    /// Limits to go on under.
    pub bounds: Bounds,
    /// How to refuse.
    pub refusal: Option<Refusal>,
    /// Until when a held fax is held.
    pub deadline: Option<Timestamp>,
    /// The quotas that were asked.
    pub quotas: Vec<QuotaStatus>,
    /// How the share of a contended resource stands; `None` while nothing is contended that the job needs.
    pub share: Option<ShareStatus>,
    /// What was not as it should be.
    pub degradations: Degradations,
    /// True when this repeats an answer given before.
    pub repeated: bool,
    /// True when the score needs no further evidence.
    pub settled: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probability_is_the_logistic_function() {
        assert!((Score(0).probability() - 0.5).abs() < 1e-12);
        assert!((Score(4_595).probability() - 0.99).abs() < 1e-4);
        assert!(Score(i32::MIN).probability() >= 0.0);
        assert_eq!(Score(i32::MAX).plus(Score(1)), Score(i32::MAX));
    }

    #[test]
    fn codes_read_back() {
        for action in Action::ALL {
            assert_eq!(Action::from_code(action as u8), Some(action));
        }
        assert_eq!(Action::from_code(0), None);
    }
}
