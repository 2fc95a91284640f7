//! The report on transparency: what was reported, decided, done and undone in a time, as DSA art. 24 counts it. Counted from the
//! ledger alone, so that whoever has the ledger gets the same numbers.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::ReportFault;
use crate::casework::{DeskEvent, EventKind, Finding, Ground, ReportCategory};
use crate::ledger::EvidenceRow;
use crate::measures::{MeasureKind, SubjectKind};
use crate::memory::Memory;
use crate::store::EntryKind;
use crate::store::record::Field;
use crate::time::Timestamp;

/// Counts below this are told as fewer than it, so that nobody is found by them.
pub const FEW: u64 = 10;

/// What happened in a time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transparency {
    /// Reports by category.
    pub reports: BTreeMap<&'static str, u64>,
    /// Reports that no person filed.
    pub automated_reports: u64,
    /// Reports that were taken back.
    pub retracted: u64,
    /// Cases by what was found.
    pub findings: BTreeMap<&'static str, u64>,
    /// Cases that a rule alone decided.
    pub automated_decisions: u64,
    /// Middle of the seconds from a case's first report to its decision.
    pub median_seconds: u64,
    /// Measures by what was done and to what.
    pub measures: BTreeMap<(&'static str, &'static str), u64>,
    /// Measures by ground.
    pub grounds: BTreeMap<&'static str, u64>,
    /// Measures that were lifted before their end.
    pub lifted: u64,
    /// Measures that ended by themselves.
    pub ended: u64,
    /// Appeals that were filed.
    pub appeals: u64,
    /// Appeals that were right.
    pub overturned: u64,
    /// Appeals that were not.
    pub upheld: u64,
    /// Reporters who were warned.
    pub reporters_warned: u64,
    /// Reporters whose reports counted for nobody else for some time.
    pub reporters_suspended: u64,
}

/// Counts what happened from one time, included, to another, not included. Reads the ledger: off the path.
///
/// # Errors
/// [`ReportFault::Read`].
pub fn transparency(
    memory: &Memory,
    from: Timestamp,
    to: Timestamp,
) -> Result<Transparency, ReportFault> {
    let mut counted = Transparency::default();
    let mut seconds = Vec::new();
    memory.store().scan(0, &mut |entry| {
        if entry.time < from || entry.time >= to {
            return ControlFlow::Continue(());
        }
        let mut body = match entry.kind {
            EntryKind::Desk => &entry.body[..],
            EntryKind::Report => behind_evidence(&entry.body),
            EntryKind::Stage
            | EntryKind::HeldDecision
            | EntryKind::ListEdit
            | EntryKind::DirectoryEdit
            | EntryKind::Policy
            | EntryKind::Key
            | EntryKind::Other => &[],
        };
        while let Some(event) = DeskEvent::take(&mut body) {
            counted.add(&event);
            if event.what == EventKind::Decided {
                seconds.push(u64::from(event.took_seconds));
            }
        }
        ControlFlow::Continue(())
    })?;
    seconds.sort_unstable();
    counted.median_seconds = seconds.get(seconds.len() / 2).copied().unwrap_or(0);
    Ok(counted)
}

/// The events behind the evidence of a report; none behind that of an older one.
fn behind_evidence(body: &[u8]) -> &[u8] {
    let length = EvidenceRow::decode(body).map_or(body.len(), |row| row.encode().len());
    body.get(length..).unwrap_or(&[])
}

impl Transparency {
    fn add(&mut self, event: &DeskEvent) {
        match event.what {
            EventKind::Reported => {
                let category = ReportCategory::from_code(event.category);
                *self.reports.entry(category.map_or("other", named)).or_default() += 1;
                self.automated_reports += u64::from(event.automated);
            }
            EventKind::Retracted => self.retracted += 1,
            EventKind::Decided => self.decided(event),
            EventKind::Lifted => self.lifted += 1,
            EventKind::Ended => self.ended += 1,
            EventKind::Appealed => self.appeals += 1,
            EventKind::AppealUpheld => self.upheld += 1,
            EventKind::Overturned => self.overturned += 1,
            EventKind::ReporterWarned => self.reporters_warned += 1,
            EventKind::ReporterSuspended => self.reporters_suspended += 1,
            EventKind::Changed => {}
        }
    }

    fn decided(&mut self, event: &DeskEvent) {
        if let Some(finding) = Finding::from_code(event.finding) {
            *self.findings.entry(finding.name()).or_default() += 1;
        }
        self.automated_decisions += u64::from(event.automated);
        let subject = SubjectKind::from_code(event.subject).map_or("other", SubjectKind::name);
        if let Some(kind) = MeasureKind::from_code(event.measure) {
            *self.measures.entry((kind.name(), subject)).or_default() += 1;
        }
        if let Some(ground) = Ground::from_code(event.ground) {
            *self.grounds.entry(ground.name()).or_default() += 1;
        }
    }
}

/// The name of a category in the counts.
const fn named(category: ReportCategory) -> &'static str {
    match category {
        ReportCategory::JunkFax => "junk fax",
        ReportCategory::OtherAbuse => "other abuse",
        ReportCategory::NotJunk => "not junk",
        ReportCategory::RemoveMe => "remove me",
    }
}
