//! Casework: what the abuse desk writes down. Its closed words, the records of its tables, what reporters have earned and
//! what their voices weigh. Pure: who reads and writes these rows is above.

mod rows;
mod trust;
mod voice;
mod words;

pub use rows::{
    AppealRow, CaseKey, CaseRow, DecidedRow, DeskEvent, HistoryRow, LabelRow, LinkRow, MeasureRow,
    MisuseRow, NoticeRow, OutcomeRow, ReportRow, Tally, Ties, VoiceRow, Weight, WorkKind, WorkRow,
};
pub use trust::Record;
pub(crate) use trust::weigh_groups;
pub(crate) use voice::{Class, VoiceCaps, parts_of};
pub use words::{
    AbuseKind, AppealState, CaseState, EventKind, Fact, Finding, Ground, MeasureState, NoticeKind,
    Outcome, Reason, ReportCategory, Standing,
};
