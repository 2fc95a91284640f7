//! The figures of a played day: what became of the faxes of each story.

use crate::lab::traffic::{STORIES, Truth};
use crate::wire::screening::v1::Action;

/// What became of a fax.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Delivered or sent, perhaps within bounds.
    Passed,
    /// Delivered, marked.
    Tagged,
    /// Inbound, kept back.
    Quarantined,
    /// Refused, answered busy, or stopped after a page.
    Refused,
    /// Outbound, kept back.
    Held,
}

impl Outcome {
    /// What an action leads to.
    pub(super) const fn of(action: Action) -> Self {
        match action {
            Action::Unspecified | Action::Deliver | Action::Allow | Action::Bound => Self::Passed,
            Action::DeliverTagged => Self::Tagged,
            Action::Quarantine => Self::Quarantined,
            Action::Defer | Action::RefuseCall | Action::RefuseJob | Action::StopAfterPage => {
                Self::Refused
            }
            Action::Hold => Self::Held,
        }
    }

    /// The word for it.
    const fn name(self) -> &'static str {
        match self {
            Self::Passed => "delivered",
            Self::Tagged => "tagged",
            Self::Quarantined => "quarantined",
            Self::Refused => "refused",
            Self::Held => "held",
        }
    }
}

/// One fax.
pub(super) struct FaxRecord {
    /// Its story.
    pub(super) story: String,
    /// Its position among the faxes of the story, from 1.
    pub(super) position: usize,
    /// Whether it is junk.
    pub(super) junk: bool,
    /// The decision, once there is one.
    pub(super) decision: String,
    /// What became of it so far.
    pub(super) outcome: Outcome,
    /// The strongest reasons of the latest verdict.
    pub(super) reasons: String,
    /// Pages that arrived.
    pub(super) pages: u32,
    /// Most dials that were allowed; 0: no limit.
    pub(super) max_dials: u32,
}

impl FaxRecord {
    /// A fax of which nothing has been heard yet, after those before it.
    pub(super) fn new(truth: Option<Truth<'_>>, before: &[Self]) -> Self {
        let story = truth.map_or("unnamed", |truth| truth.story);
        Self {
            story: story.into(),
            position: before.iter().filter(|record| record.story == story).count() + 1,
            junk: truth.is_some_and(|truth| truth.junk),
            decision: String::new(),
            outcome: Outcome::Passed,
            reasons: String::new(),
            pages: 0,
            max_dials: 0,
        }
    }
}

/// The faxes of one story.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoryCounts {
    /// Its name.
    pub story: String,
    /// Number of the technique, where it shows one.
    pub technique: Option<u8>,
    /// Wanted faxes in it.
    pub wanted: usize,
    /// Junk faxes in it.
    pub junk: usize,
    /// Faxes that were delivered or sent.
    pub delivered: usize,
    /// Faxes that were delivered marked.
    pub tagged: usize,
    /// Inbound faxes that were kept back.
    pub quarantined: usize,
    /// Faxes that were refused, deferred or stopped.
    pub refused: usize,
    /// Outbound faxes that were kept back.
    pub held: usize,
    /// Junk faxes that went through before the first that did not; `None` when all did.
    pub caught_after: Option<usize>,
}

/// A wanted fax that was marked, kept back or refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FalsePositive {
    /// Its story.
    pub story: String,
    /// What became of it.
    pub outcome: &'static str,
    /// The strongest reasons, as the verdict gave them.
    pub reasons: String,
}

/// What became of the reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReportCounts {
    /// Counted against (or for) the sender.
    pub counted: usize,
    /// Already reported by the same reporter.
    pub duplicate: usize,
    /// Kept for the desk, since nobody knows the fax.
    pub unverified: usize,
    /// Refused, since the reporter never got the fax.
    pub refused: usize,
}

/// All figures. They describe generated traffic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// A line a story, in the order of the catalog.
    pub stories: Vec<StoryCounts>,
    /// Wanted faxes that did not simply arrive.
    pub false_positives: Vec<FalsePositive>,
    /// Reports.
    pub reports: ReportCounts,
    /// Held faxes that their members released.
    pub releases: usize,
    /// Stages that were screened.
    pub screened: usize,
    /// Stages that never came to be, since the fax was stopped before.
    pub skipped: usize,
    /// Stages without a verdict.
    pub faults: usize,
}

impl Summary {
    /// Counts the records.
    pub(super) fn of(records: &[FaxRecord]) -> Self {
        let mut summary = Self::default();
        for record in records {
            let at = summary.stories.iter().position(|counts| counts.story == record.story);
            let at = at.unwrap_or_else(|| {
                summary.stories.push(StoryCounts {
                    story: record.story.clone(),
                    technique: technique(&record.story),
                    ..StoryCounts::default()
                });
                summary.stories.len() - 1
            });
            summary.stories[at].count(record);
            if !record.junk && record.outcome != Outcome::Passed {
                summary.false_positives.push(FalsePositive {
                    story: record.story.clone(),
                    outcome: record.outcome.name(),
                    reasons: record.reasons.clone(),
                });
            }
        }
        let place = |counts: &StoryCounts| STORIES.iter().position(|s| s.name == counts.story);
        summary.stories.sort_by_key(|counts| place(counts).unwrap_or(usize::MAX));
        summary
    }

    /// The sum of all stories.
    pub fn total(&self) -> StoryCounts {
        let mut total = StoryCounts { story: "all".into(), ..StoryCounts::default() };
        for one in &self.stories {
            total.wanted += one.wanted;
            total.junk += one.junk;
            total.delivered += one.delivered;
            total.tagged += one.tagged;
            total.quarantined += one.quarantined;
            total.refused += one.refused;
            total.held += one.held;
        }
        total
    }
}

impl StoryCounts {
    fn count(&mut self, record: &FaxRecord) {
        let caught = record.outcome != Outcome::Passed;
        if record.junk {
            if caught && self.caught_after.is_none() {
                self.caught_after = Some(self.junk);
            }
            self.junk += 1;
        } else {
            self.wanted += 1;
        }
        let column = match record.outcome {
            Outcome::Passed => &mut self.delivered,
            Outcome::Tagged => &mut self.tagged,
            Outcome::Quarantined => &mut self.quarantined,
            Outcome::Refused => &mut self.refused,
            Outcome::Held => &mut self.held,
        };
        *column += 1;
    }
}

fn technique(story: &str) -> Option<u8> {
    STORIES.iter().find(|one| one.name == story).and_then(|one| one.technique)
}
