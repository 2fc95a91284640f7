//! Cases, measures, appeals and the outbox, with their faults in the wall's words.

use zeroize::Zeroizing;

use super::{Live, unavailable};
use crate::api::abuse::AbuseDesk;
use crate::api::status::Failure;
use crate::casework::{CaseKey, CaseRow, MeasureRow};
use crate::content::sealed::SealedFax;
use crate::fax::id::ReportId;
use crate::measures::MeasureId;
use crate::reports::{
    self, Appeal, Appealing, CaseOrder, CasePage, CaseReport, Deciding, MeasurePage, Notice,
    NoticeId, Receipt, ReportFault, Reporter, Ruling, Transparency, sealed,
};
use crate::time::Timestamp;

/// Most measures of one page.
const MEASURES_PAGE: usize = 200;

impl AbuseDesk for Live {
    fn retract_report(&self, report: ReportId, reporter: Reporter) -> Result<Receipt, Failure> {
        kept(reports::retract(&self.memory, report, reporter, self.now()))
    }

    fn attach_copy(
        &self,
        report: ReportId,
        reporter: Reporter,
        mut tiff: Zeroizing<Vec<u8>>,
    ) -> Result<(), Failure> {
        let decision = kept(reports::fax_of(&self.memory, report, reporter))?;
        let fax = SealedFax::new(decision, std::mem::take(&mut *tiff));
        kept(reports::attach_copy(&self.memory, (report, reporter), fax, self.now()))
    }

    fn file_appeal(&self, appealing: &Appealing) -> Result<Appeal, Failure> {
        kept(reports::file_appeal(&self.memory, appealing))
    }

    fn appeal(&self, measure: MeasureId) -> Result<Appeal, Failure> {
        kept(reports::appeal(&self.memory, measure))
    }

    fn cases(
        &self,
        order: CaseOrder,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<CasePage, Failure> {
        kept(reports::cases(&self.memory, order, after, limit))
    }

    fn case(&self, case: CaseKey) -> Result<CaseRow, Failure> {
        kept(reports::case(&self.memory, case))
    }

    fn case_report(&self, case: CaseKey, report: Option<ReportId>) -> Result<CaseReport, Failure> {
        kept(reports::case_report(&self.memory, case, report))
    }

    fn lease_case(
        &self,
        case: Option<CaseKey>,
        author: &str,
    ) -> Result<Option<(CaseKey, CaseRow)>, Failure> {
        kept(match case {
            Some(case) => {
                reports::lease(&self.memory, case, author, self.now()).map(|row| Some((case, row)))
            }
            None => reports::next(&self.memory, author, self.now()),
        })
    }

    fn decide_case(&self, deciding: &Deciding) -> Result<CaseRow, Failure> {
        kept(reports::decide(&self.memory, deciding))
    }

    fn second_case(&self, case: CaseKey, author: &str, agrees: bool) -> Result<CaseRow, Failure> {
        kept(reports::second(&self.memory, case, (author, agrees), self.now()))
    }

    fn merge_cases(&self, from: CaseKey, into: CaseKey, author: &str) -> Result<CaseRow, Failure> {
        kept(reports::merge(&self.memory, (from, into), author, self.now()))
    }

    fn reopen_case(&self, case: CaseKey, author: &str) -> Result<CaseRow, Failure> {
        kept(reports::reopen(&self.memory, case, author, self.now()))
    }

    fn measures(&self, appealed: bool, after: Option<MeasureId>) -> Result<MeasurePage, Failure> {
        kept(if appealed {
            reports::appeals(&self.memory, after)
        } else {
            reports::measures(&self.memory, None, after, MEASURES_PAGE)
        })
    }

    fn measure(&self, measure: MeasureId) -> Result<MeasureRow, Failure> {
        kept(reports::measure(&self.memory, measure))
    }

    fn lift_measure(&self, measure: MeasureId, author: &str) -> Result<MeasureRow, Failure> {
        kept(reports::lift(&self.memory, measure, author, self.now()))
    }

    fn rule_on_appeal(&self, ruling: &Ruling) -> Result<MeasureRow, Failure> {
        kept(reports::rule_on_appeal(&self.memory, ruling))?;
        self.measure(ruling.measure)
    }

    fn appeal_text(&self, measure: &MeasureRow) -> String {
        let Some(appeal) = measure.appeals.last() else { return String::new() };
        let opened = self.memory.keys().open_text(sealed::APPEAL, appeal.request, &appeal.text);
        opened.map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default()
    }

    fn transparency(&self, from: Timestamp, to: Timestamp) -> Result<Transparency, Failure> {
        kept(reports::transparency(&self.memory, from, to))
    }

    fn notices(&self, after: Option<NoticeId>, limit: usize) -> Result<Vec<Notice>, Failure> {
        kept(reports::pending(&self.memory, after, limit))
    }

    fn acknowledge_notices(&self, notices: &[NoticeId]) -> Result<usize, Failure> {
        kept(reports::acknowledge(&self.memory, notices, self.now()))
    }
}

impl Live {
    /// What is done about decided cases off the path: reporters are told, measures end. To be called every second or so;
    /// says whether there is more to do at once.
    ///
    /// # Errors
    /// [`ReportFault`]; what was not done is at the next call.
    pub fn work_cases(&self) -> Result<bool, ReportFault> {
        reports::expire(&self.memory, self.now())?;
        Ok(reports::work(&self.memory, self.now())?.more)
    }

    /// Open cases that should have been decided by now.
    ///
    /// # Errors
    /// [`ReportFault`].
    pub fn overdue_cases(&self) -> Result<usize, ReportFault> {
        reports::overdue(&self.memory, self.now())
    }
}

fn kept<T>(outcome: Result<T, ReportFault>) -> Result<T, Failure> {
    outcome.map_err(|fault| of_report(&fault))
}

pub(super) fn of_report(fault: &ReportFault) -> Failure {
    match fault {
        ReportFault::NoReport => Failure::NotFound { what: "report" },
        ReportFault::NoFax => Failure::NotFound { what: "fax" },
        ReportFault::NotReceived => Failure::FaxNotReceived,
        ReportFault::NoCase => Failure::NotFound { what: "case" },
        ReportFault::NoMeasure => Failure::NotFound { what: "measure" },
        ReportFault::Stale => Failure::StaleEtag,
        ReportFault::Taken => Failure::CaseTaken,
        ReportFault::SamePerson => Failure::SamePerson,
        ReportFault::State(_) | ReportFault::NotAppealable => Failure::AlreadyDecided,
        ReportFault::Unfit(_) => Failure::MeasureUnfit,
        ReportFault::AppealPending => Failure::AppealPending,
        ReportFault::Read(_)
        | ReportFault::Refused(_)
        | ReportFault::Journal(_)
        | ReportFault::Commit(_) => unavailable(fault),
    }
}
