//! A desk without a case: what the engine of these tests answers of reports that went on.

use faxguard::api::abuse::AbuseDesk;
use faxguard::api::status::Failure;
use faxguard::casework::{CaseKey, CaseRow, MeasureRow};
use faxguard::fax::id::ReportId;
use faxguard::measures::MeasureId;
use faxguard::reports::{
    Appeal, Appealing, CaseOrder, CasePage, CaseReport, Deciding, MeasurePage, Notice, NoticeId,
    Receipt, Reporter, Ruling, Transparency,
};
use faxguard::time::Timestamp;

use super::engine::CannedEngine;

const NO_CASE: Failure = Failure::NotFound { what: "case" };
const NO_MEASURE: Failure = Failure::NotFound { what: "measure" };

impl AbuseDesk for CannedEngine {
    fn retract_report(&self, _: ReportId, _: Reporter) -> Result<Receipt, Failure> {
        Err(Failure::NotFound { what: "report" })
    }

    fn attach_copy(
        &self,
        _: ReportId,
        _: Reporter,
        _: zeroize::Zeroizing<Vec<u8>>,
    ) -> Result<(), Failure> {
        Err(Failure::NotFound { what: "report" })
    }

    fn file_appeal(&self, _: &Appealing) -> Result<Appeal, Failure> {
        Err(NO_MEASURE)
    }

    fn appeal(&self, _: MeasureId) -> Result<Appeal, Failure> {
        Err(NO_MEASURE)
    }

    fn cases(&self, _: CaseOrder, _: Option<&[u8]>, _: usize) -> Result<CasePage, Failure> {
        Ok((Vec::new(), None))
    }

    fn case(&self, _: CaseKey) -> Result<CaseRow, Failure> {
        Err(NO_CASE)
    }

    fn case_report(&self, _: CaseKey, _: Option<ReportId>) -> Result<CaseReport, Failure> {
        Err(NO_CASE)
    }

    fn lease_case(
        &self,
        _: Option<CaseKey>,
        _: &str,
    ) -> Result<Option<(CaseKey, CaseRow)>, Failure> {
        Err(Failure::CaseTaken)
    }

    fn decide_case(&self, _: &Deciding) -> Result<CaseRow, Failure> {
        Err(Failure::StaleEtag)
    }

    fn second_case(&self, _: CaseKey, _: &str, _: bool) -> Result<CaseRow, Failure> {
        Err(Failure::SamePerson)
    }

    fn merge_cases(&self, _: CaseKey, _: CaseKey, _: &str) -> Result<CaseRow, Failure> {
        Err(NO_CASE)
    }

    fn reopen_case(&self, _: CaseKey, _: &str) -> Result<CaseRow, Failure> {
        Err(Failure::AlreadyDecided)
    }

    fn measures(&self, _: bool, _: Option<MeasureId>) -> Result<MeasurePage, Failure> {
        Ok((Vec::new(), None))
    }

    fn measure(&self, _: MeasureId) -> Result<MeasureRow, Failure> {
        Err(NO_MEASURE)
    }

    fn lift_measure(&self, _: MeasureId, _: &str) -> Result<MeasureRow, Failure> {
        Err(NO_MEASURE)
    }

    fn rule_on_appeal(&self, _: &Ruling) -> Result<MeasureRow, Failure> {
        Err(Failure::SamePerson)
    }

    fn appeal_text(&self, _: &MeasureRow) -> String {
        String::new()
    }

    fn transparency(&self, _: Timestamp, _: Timestamp) -> Result<Transparency, Failure> {
        Ok(Transparency::default())
    }

    fn notices(&self, _: Option<NoticeId>, _: usize) -> Result<Vec<Notice>, Failure> {
        Ok(Vec::new())
    }

    fn acknowledge_notices(&self, _: &[NoticeId]) -> Result<usize, Failure> {
        Ok(0)
    }
}
