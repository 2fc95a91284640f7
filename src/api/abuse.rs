//! What the services of the abuse desk ask of the engine: cases, measures, appeals and the outbox. All of it waits for the
//! store.

use zeroize::Zeroizing;

use super::status::Failure;
use crate::casework::{CaseKey, CaseRow, MeasureRow};
use crate::fax::id::ReportId;
use crate::measures::MeasureId;
use crate::reports::{
    Appeal, Appealing, CaseOrder, CasePage, CaseReport, Deciding, MeasurePage, Notice, NoticeId,
    Receipt, Reporter, Ruling, Transparency,
};
use crate::time::Timestamp;

/// Cases and what becomes of them. What is changed is durable and in force when it is answered.
pub trait AbuseDesk {
    /// Takes a report back.
    ///
    /// # Errors
    /// [`Failure::NotFound`], [`Failure::StoreUnavailable`].
    fn retract_report(&self, report: ReportId, reporter: Reporter) -> Result<Receipt, Failure>;

    /// Puts away the copy of a fax that a reporter gives.
    ///
    /// # Errors
    /// [`Failure::NotFound`], [`Failure::StoreUnavailable`].
    fn attach_copy(
        &self,
        report: ReportId,
        reporter: Reporter,
        tiff: Zeroizing<Vec<u8>>,
    ) -> Result<(), Failure>;

    /// Takes an appeal.
    ///
    /// # Errors
    /// [`Failure::NotFound`], [`Failure::AlreadyDecided`], [`Failure::StoreUnavailable`].
    fn file_appeal(&self, appealing: &Appealing) -> Result<Appeal, Failure>;

    /// Reads an appeal.
    ///
    /// # Errors
    /// [`Failure::NotFound`], [`Failure::StoreUnavailable`].
    fn appeal(&self, measure: MeasureId) -> Result<Appeal, Failure>;

    /// Open cases in an order.
    ///
    /// # Errors
    /// [`Failure::StoreUnavailable`].
    fn cases(
        &self,
        order: CaseOrder,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<CasePage, Failure>;

    /// One case.
    ///
    /// # Errors
    /// [`Failure::NotFound`], [`Failure::StoreUnavailable`].
    fn case(&self, case: CaseKey) -> Result<CaseRow, Failure>;

    /// One report of a case, the first of its links where none is named, with the last stage of its fax.
    ///
    /// # Errors
    /// [`Failure::NotFound`], [`Failure::StoreUnavailable`].
    fn case_report(&self, case: CaseKey, report: Option<ReportId>) -> Result<CaseReport, Failure>;

    /// Takes a case, or the next one; `None` where none waits.
    ///
    /// # Errors
    /// [`Failure::NotFound`], [`Failure::CaseTaken`], [`Failure::AlreadyDecided`].
    fn lease_case(
        &self,
        case: Option<CaseKey>,
        author: &str,
    ) -> Result<Option<(CaseKey, CaseRow)>, Failure>;

    /// Decides a case.
    ///
    /// # Errors
    /// Those of [`AbuseDesk::lease_case`], [`Failure::StaleEtag`], [`Failure::MeasureUnfit`].
    fn decide_case(&self, deciding: &Deciding) -> Result<CaseRow, Failure>;

    /// Agrees with a proposal, or not.
    ///
    /// # Errors
    /// [`Failure::NotFound`], [`Failure::SamePerson`], [`Failure::AlreadyDecided`].
    fn second_case(&self, case: CaseKey, author: &str, agrees: bool) -> Result<CaseRow, Failure>;

    /// Merges a case into another.
    ///
    /// # Errors
    /// Those of [`AbuseDesk::lease_case`].
    fn merge_cases(&self, from: CaseKey, into: CaseKey, author: &str) -> Result<CaseRow, Failure>;

    /// Opens a case again.
    ///
    /// # Errors
    /// [`Failure::NotFound`], [`Failure::AlreadyDecided`].
    fn reopen_case(&self, case: CaseKey, author: &str) -> Result<CaseRow, Failure>;

    /// Measures by id, or those whose appeals wait.
    ///
    /// # Errors
    /// [`Failure::StoreUnavailable`].
    fn measures(&self, appealed: bool, after: Option<MeasureId>) -> Result<MeasurePage, Failure>;

    /// One measure.
    ///
    /// # Errors
    /// [`Failure::NotFound`].
    fn measure(&self, measure: MeasureId) -> Result<MeasureRow, Failure>;

    /// Lifts a measure.
    ///
    /// # Errors
    /// [`Failure::NotFound`].
    fn lift_measure(&self, measure: MeasureId, author: &str) -> Result<MeasureRow, Failure>;

    /// Decides an appeal.
    ///
    /// # Errors
    /// [`Failure::NotFound`], [`Failure::SamePerson`], [`Failure::AlreadyDecided`].
    fn rule_on_appeal(&self, ruling: &Ruling) -> Result<MeasureRow, Failure>;

    /// The words of an appeal.
    fn appeal_text(&self, measure: &MeasureRow) -> String;

    /// Counts a time.
    ///
    /// # Errors
    /// [`Failure::StoreUnavailable`].
    fn transparency(&self, from: Timestamp, to: Timestamp) -> Result<Transparency, Failure>;

    /// Notices that wait, after one of them.
    ///
    /// # Errors
    /// [`Failure::StoreUnavailable`].
    fn notices(&self, after: Option<NoticeId>, limit: usize) -> Result<Vec<Notice>, Failure>;

    /// Takes notices out of the outbox, and says how many were in it.
    ///
    /// # Errors
    /// [`Failure::StoreUnavailable`].
    fn acknowledge_notices(&self, notices: &[NoticeId]) -> Result<usize, Failure>;
}
