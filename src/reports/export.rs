//! One report of a case with its fax, for what leaves the house.

use super::cases::read;
use super::draft::Draft;
use super::find::latest;
use super::intake;
use super::{CaseKey, ReportFault};
use crate::casework::{CaseRow, LinkRow, ReportRow};
use crate::fax::id::ReportId;
use crate::ledger::StageRow;
use crate::memory::Memory;
use crate::store::TableId;

/// Most links of a case that are looked at for a report that is there still.
const LINKS_MAX: usize = 100;

/// A report, the case it belongs to, and its fax.
#[derive(Clone, Debug)]
pub struct CaseReport {
    /// The case.
    pub case: CaseRow,
    /// The report.
    pub id: ReportId,
    /// What is kept of it.
    pub report: ReportRow,
    /// The last stage of its fax, where the ledger knows it.
    pub fax: Option<StageRow>,
}

/// One report of a case: the one that is named, or else the first of those that are linked with it.
///
/// # Errors
/// [`ReportFault::NoCase`]; [`ReportFault::NoReport`] where the case has none, or not that one; [`ReportFault::Read`].
pub fn case_report(
    memory: &Memory,
    case: CaseKey,
    report: Option<ReportId>,
) -> Result<CaseReport, ReportFault> {
    let draft = Draft::over(memory.store());
    let about = read(&draft, case)?;
    let among = match report {
        Some(report) => vec![report],
        None => linked(&draft, case)?,
    };
    for id in among {
        let Some(report) = intake::read(&draft, id)? else { continue };
        // A report that came with a case that was merged names the case it came with.
        let of_case = match report.case {
            Some(own) => own == case || read(&draft, own)?.merged_into == Some(case),
            None => false,
        };
        if of_case {
            let fax = report.decision.map(|decision| latest(memory, decision)).transpose()?;
            return Ok(CaseReport { case: about, id, report, fax: fax.flatten() });
        }
    }
    Err(ReportFault::NoReport)
}

fn linked(draft: &Draft<'_>, case: CaseKey) -> Result<Vec<ReportId>, ReportFault> {
    let links = draft.records::<LinkRow>(TableId::CaseReports, &case, LINKS_MAX)?;
    // The key is the case, a class, and the report.
    let report = |key: &[u8]| key.get(case.len() + 1..)?.try_into().ok().map(ReportId);
    Ok(links.iter().filter_map(|(key, _)| report(key)).collect())
}
