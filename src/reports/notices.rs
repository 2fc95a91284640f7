//! The outbox: notices are written with what they tell of, and stay until the provider's mailer has taken them.

use std::fmt;

use zeroize::Zeroizing;

use super::draft::Draft;
use super::{ReportFault, sealed};
use crate::casework::{
    AppealRow, AppealState, DeskEvent, EventKind, MeasureRow, NoticeKind, NoticeRow, Outcome,
    Reason, ReportRow,
};
use crate::fax::id::{Pseudonym, ReportId};
use crate::measures::{MeasureId, MeasureKind, Subject, SubjectKind};
use crate::memory::Memory;
use crate::store::record::Field;
use crate::store::table::RetentionClass;
use crate::store::{EntryKind, TableId};
use crate::time::Timestamp;

/// Most notices of one page.
const PAGE_MAX: usize = 1_000;
/// Notices that wait, and those that were taken.
const WAITING: u8 = 0;
const TAKEN: u8 = 1;

/// One notice, printed as 32 hexadecimal digits: when it was written leads, so that the older has the smaller id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NoticeId(pub [u8; 16]);

impl NoticeId {
    /// Reads 32 hexadecimal digits of either case; anything else is `None`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Pseudonym::parse(text).map(|read| Self(read.0))
    }

    /// The first id of so many microseconds before.
    #[must_use]
    pub fn earlier(self, micros: u64) -> Self {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        let at = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
        let mut id = [0; 16];
        id[..8].copy_from_slice(&at.saturating_sub(micros).to_be_bytes());
        Self(id)
    }

    /// The same notice of the same thing to the same recipient at the same time is one.
    fn of(row: &NoticeRow) -> Self {
        let seed = [&row.about[..], &row.to.0, &[row.kind as u8]].concat();
        let digest = blake3::derive_key("faxguard 2026 notice", &seed);
        let mut id = [0; 16];
        id[..8].copy_from_slice(&row.created.as_micros().max(0).to_be_bytes());
        id[8..].copy_from_slice(&digest[..8]);
        Self(id)
    }

    fn key(self, state: u8) -> Vec<u8> {
        [&[state][..], &self.0].concat()
    }
}

impl fmt::Display for NoticeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Pseudonym(self.0).fmt(f)
    }
}

impl fmt::Debug for NoticeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoticeId({self})")
    }
}

/// A notice that waits. Its `Debug` leaves the contact out.
#[derive(Clone, PartialEq, Eq)]
pub struct Notice {
    /// Which.
    pub id: NoticeId,
    /// What it tells.
    pub row: NoticeRow,
    /// The account id or contact address, where it was given; a member under a measure is known by its pseudonym alone.
    pub contact: Option<Zeroizing<String>>,
    /// The measure it tells of, where it does.
    pub measure: Option<MeasureRow>,
}

impl fmt::Debug for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notice")
            .field("id", &self.id)
            .field("kind", &self.row.kind)
            .finish_non_exhaustive()
    }
}

/// Notices that wait, oldest first, after `after`.
///
/// # Errors
/// [`ReportFault::Read`].
pub fn pending(
    memory: &Memory,
    after: Option<NoticeId>,
    limit: usize,
) -> Result<Vec<Notice>, ReportFault> {
    let draft = Draft::over(memory.store());
    let after = after.map(|id| id.key(WAITING));
    let limit = limit.clamp(1, PAGE_MAX);
    let rows = draft.scan(TableId::Notices, &[WAITING], after.as_deref(), limit)?;
    let mut notices = Vec::with_capacity(rows.len());
    for (key, value) in rows {
        let Some(id) = key.get(1..).and_then(|id| id.try_into().ok()).map(NoticeId) else {
            continue;
        };
        let Some(row) = NoticeRow::decode(&value) else { continue };
        let of_measure = matches!(
            row.kind,
            NoticeKind::Statement
                | NoticeKind::AppealReceipt
                | NoticeKind::AppealDecision
                | NoticeKind::MeasureEnded
        );
        let measure = if of_measure { draft.get(TableId::Measures, &row.about)? } else { None };
        let opened = memory.keys().open_text(sealed::CONTACT, row.request, &row.contact);
        let contact = opened.and_then(|text| String::from_utf8(text.to_vec()).ok());
        notices.push(Notice { id, row, contact: contact.map(Zeroizing::new), measure });
    }
    Ok(notices)
}

/// Takes notices out of the outbox, durably; says how many were in it.
///
/// # Errors
/// [`ReportFault`]; what was not taken out is handed out again.
pub fn acknowledge(
    memory: &Memory,
    ids: &[NoticeId],
    now: Timestamp,
) -> Result<usize, ReportFault> {
    let _desk = memory.desk().lock();
    let mut draft = Draft::over(memory.store());
    let expires = memory.expiry(RetentionClass::Notice, now);
    let mut taken = 0;
    for id in ids {
        let Some(row) = draft.get::<NoticeRow>(TableId::Notices, &id.key(WAITING))? else {
            continue;
        };
        draft.delete(TableId::Notices, &id.key(WAITING));
        draft.put(TableId::Notices, &id.key(TAKEN), &row, expires);
        taken += 1;
    }
    if taken > 0 {
        let event = DeskEvent { automated: true, ..DeskEvent::of(EventKind::Changed) };
        super::intake::commit(memory, (EntryKind::Desk, event.encode()), (None, now), &mut draft)?
            .wait()?;
    }
    Ok(taken)
}

fn put(memory: &Memory, draft: &mut Draft<'_>, row: &NoticeRow) {
    // To who has no account any more goes what is about a measure or its appeal, and nothing else.
    let of_measure = matches!(
        row.kind,
        NoticeKind::Statement | NoticeKind::AppealReceipt | NoticeKind::AppealDecision
    );
    if row.member && !of_measure && is_closed(memory, row) {
        return;
    }
    let expires = memory.expiry(RetentionClass::Report, row.created);
    draft.put(TableId::Notices, &NoticeId::of(row).key(WAITING), row, expires);
}

fn is_closed(memory: &Memory, row: &NoticeRow) -> bool {
    let member = Subject { kind: SubjectKind::Member, key: row.to.hot() };
    let measure = memory.measures().strongest(member, row.created);
    measure.is_some_and(|measure| measure.kind == MeasureKind::Close)
}

/// A notice to who filed a report, with nothing in it yet.
fn to_reporter(kind: NoticeKind, report: ReportId, row: &ReportRow, now: Timestamp) -> NoticeRow {
    NoticeRow {
        kind,
        to: row.reporter,
        request: row.request,
        contact: row.contact.clone(),
        member: row.member,
        language: row.language.clone(),
        created: now,
        about: report.0,
        filed: Some((row.standing, row.category)),
        unlisted: row.unlisted,
        outcome: None,
        automated: false,
        overturned: false,
        words: "".into(),
        misuse: None,
    }
}

/// A notice about an appeal to who filed it.
fn to_appellant(kind: NoticeKind, id: MeasureId, row: &AppealRow, now: Timestamp) -> NoticeRow {
    NoticeRow {
        kind,
        to: row.appellant,
        request: row.request,
        contact: row.contact.clone(),
        member: row.member,
        language: row.language.clone(),
        created: now,
        about: id.0,
        filed: None,
        unlisted: false,
        outcome: None,
        automated: false,
        overturned: false,
        words: "".into(),
        misuse: None,
    }
}

/// A notice about a measure to the member that is under it; none to who has no account.
fn to_subject(
    kind: NoticeKind,
    id: MeasureId,
    measure: &MeasureRow,
    now: Timestamp,
) -> Option<NoticeRow> {
    (measure.subject.kind == SubjectKind::Member).then(|| NoticeRow {
        kind,
        to: measure.who,
        request: 0,
        contact: Box::default(),
        member: true,
        language: "".into(),
        created: now,
        about: id.0,
        filed: None,
        unlisted: false,
        outcome: None,
        automated: measure.automated,
        overturned: false,
        words: "".into(),
        misuse: None,
    })
}

/// A report was received.
pub(super) fn receipt(memory: &Memory, draft: &mut Draft<'_>, report: ReportId, row: &ReportRow) {
    put(memory, draft, &to_reporter(NoticeKind::Receipt, report, row, row.received));
}

/// A report was decided.
pub(super) fn outcome(
    memory: &Memory,
    draft: &mut Draft<'_>,
    (report, row): (ReportId, &ReportRow),
    now: Timestamp,
) {
    let outcome: Option<(Outcome, Reason)> =
        row.outcome.map(|(outcome, (reason, _))| (outcome, reason));
    let automated = outcome.is_some_and(|(_, reason)| reason == Reason::RuleFound);
    let notice = to_reporter(NoticeKind::Outcome, report, row, now);
    put(memory, draft, &NoticeRow { outcome, automated, ..notice });
}

/// A measure was taken.
pub(super) fn statement(
    memory: &Memory,
    draft: &mut Draft<'_>,
    id: MeasureId,
    measure: &MeasureRow,
    now: Timestamp,
) {
    let notice = to_subject(NoticeKind::Statement, id, measure, now);
    notice.iter().for_each(|notice| put(memory, draft, notice));
}

/// A measure has ended.
pub(super) fn ended(
    memory: &Memory,
    draft: &mut Draft<'_>,
    id: MeasureId,
    measure: &MeasureRow,
    now: Timestamp,
) {
    // After an account is closed only what is about an appeal goes out.
    if measure.kind != MeasureKind::Close {
        let notice = to_subject(NoticeKind::MeasureEnded, id, measure, now);
        notice.iter().for_each(|notice| put(memory, draft, notice));
    }
}

/// An appeal was received.
pub(super) fn appeal_receipt(
    memory: &Memory,
    draft: &mut Draft<'_>,
    id: MeasureId,
    row: &AppealRow,
    now: Timestamp,
) {
    put(memory, draft, &to_appellant(NoticeKind::AppealReceipt, id, row, now));
}

/// An appeal was decided.
pub(super) fn appeal_decision(
    memory: &Memory,
    draft: &mut Draft<'_>,
    id: MeasureId,
    row: &AppealRow,
    now: Timestamp,
) {
    let notice = to_appellant(NoticeKind::AppealDecision, id, row, now);
    let words = row.decided.as_ref().map_or_else(|| "".into(), |(_, (_, words))| words.clone());
    let overturned = row.state == AppealState::Overturned;
    put(memory, draft, &NoticeRow { overturned, words, ..notice });
}

/// A reporter misuses reports: a warning, or from now on they count for nobody else.
pub(super) fn misuse(
    memory: &Memory,
    draft: &mut Draft<'_>,
    (report, row): (ReportId, &ReportRow),
    (suspended, counts, until): (bool, (u32, u32), Timestamp),
    now: Timestamp,
) {
    let kind = if suspended { NoticeKind::ReporterSuspended } else { NoticeKind::ReporterWarning };
    let notice = to_reporter(kind, report, row, now);
    put(memory, draft, &NoticeRow { misuse: Some((counts, until)), ..notice });
}
