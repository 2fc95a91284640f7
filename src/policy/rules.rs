//! The policy in force: what the file says, checked, in the shape a decision reads. Everything a decision needs
//! is an array access or a field.

use crate::fax::stage::{Direction, Plan};
use crate::time::Span;
use crate::verdict::{Bounds, QuotaHolder, Refusal, Resource, Score, WATCHED};

use super::descriptor::DescriptorRule;
use super::quota::{Quota, quota_row};
use super::settings::{QuotaTable, Retention};

/// Most signals of a catalog; the width of a [`SignalSet`].
pub const SIGNALS_MAX: usize = 256;

/// What the policy must know of a signal. The catalog lives in the room above and hands these down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignalSpec {
    /// Unique name, `group.signal`, such as `volume.caller_fanout_1h`.
    pub name: &'static str,
    /// The group whose cap holds.
    pub group: &'static str,
    /// One line for the example file.
    pub description: &'static str,
    /// Weight when the file says nothing.
    pub default_weight: Score,
}

/// A set of signals by their position in the catalog.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SignalSet([u64; SIGNALS_MAX / 64]);

impl SignalSet {
    /// Adds a signal; positions from [`SIGNALS_MAX`] on are ignored.
    pub fn insert(&mut self, index: usize) {
        if let Some(word) = self.0.get_mut(index / 64) {
            *word |= 1 << (index % 64);
        }
    }

    /// Whether the signal is in the set.
    pub fn contains(&self, index: usize) -> bool {
        self.0.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    /// Whether all of `other` are in this set.
    pub fn contains_all(&self, other: &Self) -> bool {
        self.0.iter().zip(other.0).all(|(mine, theirs)| mine & theirs == theirs)
    }

    /// Whether any of `other` is in this set.
    pub fn intersects(&self, other: &Self) -> bool {
        self.0.iter().zip(other.0).any(|(mine, theirs)| mine & theirs != 0)
    }
}

/// A group of signals and what it may add.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub name: &'static str,
    /// Lowest sum; not above zero.
    pub min: Score,
    /// Highest sum; not below zero.
    pub max: Score,
}

/// Signals that mean something together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Composite {
    pub(super) name: &'static str,
    pub(super) all: SignalSet,
    pub(super) none: SignalSet,
    pub(super) weight: Score,
}

impl Composite {
    /// Its name, for the line of the score.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// What it adds when it holds.
    pub const fn weight(&self) -> Score {
        self.weight
    }

    /// Whether it holds for the signals that hit.
    pub fn holds(&self, hit: &SignalSet) -> bool {
        hit.contains_all(&self.all) && !hit.intersects(&self.none)
    }
}

/// The linear map from summed evidence to calibrated evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calibration {
    /// Thousandths by which evidence is stretched; 1 to 10000.
    pub slope_milli: i32,
    /// What is added to every score.
    pub offset: Score,
}

impl Calibration {
    /// What calibration adds to a sum of evidence: `evidence * slope / 1000 - evidence + offset`, rounded towards
    /// zero, saturating.
    pub fn adjustment(self, evidence: Score) -> Score {
        let stretched = i64::from(evidence.0) * i64::from(self.slope_milli) / 1_000;
        let added = stretched - i64::from(evidence.0) + i64::from(self.offset.0);
        Score(i32::try_from(added).unwrap_or(if added < 0 { i32::MIN } else { i32::MAX }))
    }
}

/// What is done with a fax for a member. `tag <= quarantine <= defer <= refuse`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InboundRules {
    /// From this score on: deliver tagged.
    pub tag: Score,
    /// From this score on: quarantine.
    pub quarantine: Score,
    /// From this score on: answer busy.
    pub defer: Score,
    /// From this score on: refuse the call.
    pub refuse: Score,
    /// How long a fax is quarantined.
    pub quarantine_time: Span,
    /// How long a node may reuse a verdict when the service is out of reach.
    pub reuse: Span,
    /// Scores at which the fingerprint is wanted: from the first on, below the second.
    pub doubt: (Score, Score),
    /// Bounds of a call whose score is in doubt.
    pub doubt_bounds: Bounds,
}

/// What is done with a fax from a member. `bound <= hold <= refuse`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboundRules {
    /// From this score on: go on within `bounds`.
    pub bound: Score,
    /// From this score on: hold for review.
    pub hold: Score,
    /// From this score on: refuse the job.
    pub refuse: Score,
    /// How long a fax is held.
    pub hold_time: Span,
    /// Bounds of a bounded job.
    pub bounds: Bounds,
    /// Whether a bounded job keeps to the permitted hours of the recipient's day.
    pub quiet_hours: bool,
}

/// How much is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FingerprintRules {
    /// Of a thousand faxes with pages, for how many the fingerprints are asked for at most.
    pub share_milli: u32,
    /// Of a thousand faxes of strangers of which there is no doubt, on how many the lot falls.
    pub sample_milli: u32,
    /// Whether the service may read pages for a node.
    pub service_reads: bool,
}

/// Wrongly held faxes after which the filter opens: `member` within `member_window`, `global` within `global_window`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetRules {
    /// Of one member.
    pub member: u32,
    /// Over which time.
    pub member_window: Span,
    /// Of all.
    pub global: u32,
    /// Over which time.
    pub global_window: Span,
}

/// How the past is weighed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReputationRules {
    /// Time in which an observation counts half; at least a day.
    pub half_life: Span,
    /// Normal deviates of the confidence bound, in thousandths.
    pub confidence_milli: u32,
}

/// How contended resources are shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShareRules {
    /// Lines, dials a second, and milliseconds of conversion a second, where nodes report none; 0 is not known.
    pub capacity: [u32; WATCHED],
    /// From which load on a resource is contended, and below which it is no longer, in thousandths of the capacity.
    pub marks_milli: (u32, u32),
    /// The longest wait that is answered.
    pub wait_max: Span,
    /// From how many fair shares on what does not pass is refused; 0 for never.
    pub refuse_times: u32,
    /// What is expected of a member of whom nothing is known, in millionths of the capacity.
    pub expected_ppm: u32,
    /// Weights of the plans, in thousandths of an ordinary member's.
    pub weights_milli: [u32; Plan::ALL.len()],
    /// What a member with a weight of its own has in any case, in millionths of the capacity.
    pub contract_floor_ppm: u32,
}

/// How reports are weighed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportRules {
    /// A member's report of a fax we know of, in thousandths of an observation.
    pub weight_milli: u32,
    /// An outsider's, until verified.
    pub outsider_weight_milli: u32,
    /// After which what became of a reporter's reports counts half.
    pub trust_half_life: Span,
    /// Trust from which on a reporter is no fresh one, in thousandths.
    pub trusted_milli: u32,
    /// Most that reports of reporters who hang together weigh in a case, in thousandths.
    pub group_cap_milli: u32,
    /// Most that all fresh reporters together weigh in a case, in thousandths.
    pub fresh_cap_milli: u32,
    /// For how long an account counts as young.
    pub young: Span,
    /// Unfounded reports of one reporter from which on it is warned and then suspended.
    pub misuse_count: u32,
    /// Share of unfounded ones for that, in percent.
    pub misuse_percent: u32,
    /// For how long a suspended reporter's reports count for nobody else.
    pub misuse: Span,
}

/// A step of a ladder of measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LadderStep {
    /// Its place in [`MEASURES`], from 1.
    pub measure: u8,
    /// For how long; `None` until it is lifted.
    pub time: Option<Span>,
}

/// The names of measures, in the order of their codes.
pub const MEASURES: [&str; 6] = ["warn", "limit", "hold", "suspend", "block", "close"];

/// How the abuse desk works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeskRules {
    /// Weight of reports from which on a rule alone takes the first step, in thousandths; `None` is never.
    pub automatic_weight_milli: Option<u32>,
    /// Independent groups of reporters it takes besides.
    pub automatic_groups: u32,
    /// Evidence in what the sender did that it takes besides, in thousandths of log-odds.
    pub automatic_behaviour_milli: u32,
    /// In which a grave case is to be decided.
    pub grave: Span,
    /// In which any other case is to be decided.
    pub case: Span,
    /// In which an appeal is to be decided.
    pub appeal: Span,
    /// For which a measure can be appealed.
    pub appealable: Span,
    /// For which a case is whose who took it.
    pub lease: Span,
    /// After which a measure no longer counts for the next one.
    pub strike: Span,
    /// What is done about a member; never empty.
    pub member_ladder: Vec<LadderStep>,
    /// What is done about a sender without an account; never empty.
    pub sender_ladder: Vec<LadderStep>,
    /// What a limited member has left of the limits of its plan, in percent.
    pub limit_percent: u32,
    /// From this step of the member's ladder on, counted from 1, a second person must agree.
    pub second_person_from: usize,
}

/// What a refused sender is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedressRules {
    pub(super) contact: String,
    pub(super) refuse: Refusal,
    pub(super) defer: Refusal,
}

impl RedressRules {
    /// Whom to ask: printable, 1 to 256 bytes, no quotation mark.
    pub fn contact(&self) -> &str {
        &self.contact
    }

    /// How a call is refused: SIP 603+, Q.850 cause 21 (call rejected).
    pub const fn refuse(&self) -> Refusal {
        self.refuse
    }

    /// How a call is deferred: SIP 486, Q.850 cause 17 (user busy).
    pub const fn defer(&self) -> Refusal {
        self.defer
    }
}

/// A checked policy. It comes from [`crate::policy::check()`] alone and never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    pub(super) weights: Box<[Score]>,
    pub(super) group_of: Box<[u8]>,
    pub(super) groups: Box<[Group]>,
    pub(super) composites: Box<[Composite]>,
    pub(super) priors: (Score, Score),
    pub(super) calibration: Calibration,
    pub(super) inbound: InboundRules,
    pub(super) outbound: OutboundRules,
    pub(super) fingerprints: FingerprintRules,
    pub(super) budget: BudgetRules,
    pub(super) share: ShareRules,
    pub(super) monthly_pages: [u32; Plan::ALL.len()],
    pub(super) reputation: ReputationRules,
    pub(super) reports: ReportRules,
    pub(super) desk: DeskRules,
    pub(super) redress: RedressRules,
    pub(super) quotas: QuotaTable,
    pub(super) descriptors: Box<[DescriptorRule]>,
    pub(super) retention: Retention,
}

impl Policy {
    /// Weight of the signal at that position of the catalog; zero where it is off or there is none.
    pub fn weight(&self, signal: usize) -> Score {
        self.weights.get(signal).copied().unwrap_or_default()
    }

    /// Weights by position in the catalog.
    pub fn weights(&self) -> &[Score] {
        &self.weights
    }

    /// Position in [`Policy::groups`] of the group of the signal at that position of the catalog.
    pub fn group_of(&self, signal: usize) -> usize {
        self.group_of.get(signal).copied().map_or(0, usize::from)
    }

    /// Groups with their caps, in the order in which the catalog first names them.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Composites, by name.
    pub fn composites(&self) -> &[Composite] {
        &self.composites
    }

    /// The score before any evidence.
    pub const fn prior(&self, direction: Direction) -> Score {
        match direction {
            Direction::Inbound => self.priors.0,
            Direction::Outbound => self.priors.1,
        }
    }

    /// Calibration of the summed evidence.
    pub const fn calibration(&self) -> Calibration {
        self.calibration
    }

    /// Thresholds and bounds for faxes to members.
    pub const fn inbound(&self) -> &InboundRules {
        &self.inbound
    }

    /// Thresholds and bounds for faxes from members.
    pub const fn outbound(&self) -> &OutboundRules {
        &self.outbound
    }

    /// How many fingerprints are asked for.
    pub const fn fingerprints(&self) -> FingerprintRules {
        self.fingerprints
    }

    /// The false-positive budget.
    pub const fn budget(&self) -> BudgetRules {
        self.budget
    }

    /// How contended resources are shared.
    pub const fn share(&self) -> &ShareRules {
        &self.share
    }

    /// How the past is weighed.
    pub const fn reputation(&self) -> ReputationRules {
        self.reputation
    }

    /// How the abuse desk works.
    pub const fn desk(&self) -> &DeskRules {
        &self.desk
    }

    /// How reports are weighed.
    pub const fn reports(&self) -> ReportRules {
        self.reports
    }

    /// What a refused sender is told.
    pub const fn redress(&self) -> &RedressRules {
        &self.redress
    }

    /// What descriptors of Envoy's rate limit service stand for.
    pub const fn descriptors(&self) -> &[DescriptorRule] {
        &self.descriptors
    }

    /// Pages that a member of a plan may send in a month; `None` means no such limit.
    #[must_use]
    pub fn monthly_pages(&self, plan: Plan) -> Option<u64> {
        let pages = self.monthly_pages[plan as usize];
        (pages > 0).then_some(pages.into())
    }

    /// The quota of a plan for a resource; `None` means no limit.
    pub const fn quota(&self, plan: Plan, resource: Resource) -> Option<Quota> {
        self.quota_of(QuotaHolder::Member, plan, resource)
    }

    /// The quota of a holder; the plan counts for members alone. `None` means no limit.
    pub const fn quota_of(
        &self,
        holder: QuotaHolder,
        plan: Plan,
        resource: Resource,
    ) -> Option<Quota> {
        self.quotas[quota_row(holder, plan)][resource as usize]
    }

    /// Days each class of data is kept.
    pub const fn retention(&self) -> &Retention {
        &self.retention
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_composite_holds_when_all_hit_and_none_of_the_others() {
        let set = |indices: &[usize]| {
            let mut set = SignalSet::default();
            indices.iter().for_each(|index| set.insert(*index));
            set
        };
        let composite =
            Composite { name: "c", all: set(&[0, 255]), none: set(&[64]), weight: Score(1) };
        let cases: [(&[usize], bool); 5] = [
            (&[0, 255], true),
            (&[0, 7, 255], true),
            (&[0], false),
            (&[0, 64, 255], false),
            (&[], false),
        ];
        for (hit, expected) in cases {
            assert_eq!(composite.holds(&set(hit)), expected, "{hit:?}");
        }
        assert!(!set(&[SIGNALS_MAX]).contains(SIGNALS_MAX));
        assert!(set(&[63]).contains(63) && !set(&[63]).contains(64));
    }

    #[test]
    fn calibration_adds_exactly_what_it_says() {
        let double = Calibration { slope_milli: 2_000, offset: Score(5) };
        assert_eq!(double.adjustment(Score(100)), Score(105));
        let none = Calibration { slope_milli: 1_000, offset: Score(0) };
        assert_eq!(none.adjustment(Score(i32::MIN)), Score(0));
        let most = Calibration { slope_milli: 10_000, offset: Score(0) };
        assert_eq!(most.adjustment(Score(i32::MAX)), Score(i32::MAX));
        assert_eq!(most.adjustment(Score(i32::MIN)), Score(i32::MIN));
    }
}
