//! A report as its table keeps it.

use super::{Receipt, ReportCategory, ReportFault, Standing};
use crate::fax::id::{DecisionId, ReportId};
use crate::memory::Memory;
use crate::store::codec::{
    put_bytes, put_option, take, take_bytes, take_i64, take_option, take_u8,
};
use crate::store::{TableId, TableWrite};
use crate::time::Timestamp;

const VERSION: u8 = 1;

/// What is kept of a report.
pub(super) struct ReportRecord {
    /// How it stands.
    pub standing: Standing,
    /// What was reported.
    pub category: ReportCategory,
    /// When.
    pub received: Timestamp,
    /// The fax, when found.
    pub decision: Option<DecisionId>,
    /// The reporter's words.
    pub comment: Box<str>,
}

/// The report that a request stands for.
pub(super) fn report_id(request: u64) -> ReportId {
    let digest = blake3::derive_key("faxguard 2026 report", &request.to_be_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    ReportId(id)
}

/// Reads a report.
pub(super) fn read(memory: &Memory, report: ReportId) -> Result<Option<ReportRecord>, ReportFault> {
    let row = memory.store().table_get(TableId::Reports, &report.0).map_err(ReportFault::Read)?;
    Ok(row.and_then(|row| ReportRecord::decode(&row.value)))
}

impl ReportRecord {
    /// Puts its row.
    pub(super) fn write(&self, report: ReportId, expires: Option<Timestamp>) -> TableWrite {
        let mut value = vec![VERSION, self.standing as u8, self.category as u8];
        value.extend_from_slice(&self.received.as_micros().to_le_bytes());
        put_option(&mut value, self.decision.map(|decision| decision.0));
        put_bytes(&mut value, self.comment.as_bytes());
        let (table, key) = (TableId::Reports, report.0.to_vec());
        TableWrite::Put { table, key, value, expires, subject_key: None }
    }

    fn decode(mut bytes: &[u8]) -> Option<Self> {
        let from = &mut bytes;
        if take_u8(from)? != VERSION {
            return None;
        }
        let standing = match take_u8(from)? {
            1 => Standing::Counted,
            2 => Standing::Duplicate,
            3 => Standing::Unverified,
            _ => return None,
        };
        let category = match take_u8(from)? {
            1 => ReportCategory::JunkFax,
            2 => ReportCategory::OtherAbuse,
            3 => ReportCategory::NotJunk,
            4 => ReportCategory::RemoveMe,
            _ => return None,
        };
        Some(Self {
            standing,
            category,
            received: Timestamp::from_micros(take_i64(from)?),
            decision: take_option(from, |from| take(from).map(DecisionId))?,
            comment: std::str::from_utf8(take_bytes(from)?).ok()?.into(),
        })
    }

    /// The receipt.
    pub(super) const fn receipt(&self, report: ReportId) -> Receipt {
        Receipt {
            report,
            standing: self.standing,
            category: self.category,
            received: self.received,
            decision: self.decision,
            consequence: consequence(self.standing, self.category),
        }
    }
}

const fn consequence(standing: Standing, category: ReportCategory) -> &'static str {
    match (standing, category) {
        (Standing::Unverified, _) => {
            "the fax is not in the ledger, so the abuse desk will look at it"
        }
        (Standing::Duplicate, _) => {
            "this reporter has reported this fax or sender today, so it adds nothing for others"
        }
        (Standing::Counted, ReportCategory::JunkFax | ReportCategory::OtherAbuse) => {
            "it counts against the sender from now on, and the sender is blocked for this reporter"
        }
        (Standing::Counted, ReportCategory::NotJunk) => {
            "it counts for the sender from now on, and the sender is welcome to this reporter"
        }
        (Standing::Counted, ReportCategory::RemoveMe) => {
            "faxes between the two are stopped from now on"
        }
    }
}
