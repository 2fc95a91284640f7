//! Notices in words: what the outbox holds, in the language of who gets it.

use super::fault::{Faults, InvalidField, InvalidRequest};
use super::read;
use super::read::time_to_wire;
use super::wall::Wall;
use crate::casework::{
    Fact, Ground, MeasureRow, MeasureState, NoticeKind, NoticeRow, Outcome, Reason, ReportCategory,
    Standing,
};
use crate::fax::id::{Pseudonym, ReportId, SubjectKind as NameKind};
use crate::measures::{MeasureKind, SubjectKind};
use crate::reports::{Notice, NoticeId};
use crate::texts::{self, Decider, NoticeText, NoticeWords, Texts};
use crate::time::{DAY_SECONDS, Timestamp};
use crate::wire::notice::v1 as wire;

/// Most ids of one request.
const IDS_MAX: usize = 1_000;

/// A notice for the wire, in words. `contact` is where to ask.
#[must_use]
pub fn to_wire(notice: &Notice, texts: &Texts, contact: &str) -> wire::Notice {
    let row = &notice.row;
    let NoticeWords { language, subject, text } = in_words(notice, texts, contact);
    let identity = match &notice.contact {
        Some(contact) if !row.member => {
            wire::recipient::Identity::Contact(contact.as_str().to_owned())
        }
        _ => wire::recipient::Identity::MemberName(name_of(row.to)),
    };
    wire::Notice {
        notice_id: notice.id.to_string(),
        kind: i32::from(row.kind as u8),
        recipient: Some(wire::Recipient { identity: Some(identity) }),
        language,
        subject,
        text,
        created_time: Some(time_to_wire(row.created)),
        about_id: ReportId(row.about).to_string(),
    }
}

/// The same as JSON, as a webhook carries it.
#[must_use]
pub fn json(notice: &Notice, texts: &Texts, contact: &str) -> Vec<u8> {
    // A message of texts and numbers is always written.
    serde_json::to_vec(&to_wire(notice, texts, contact)).unwrap_or_default()
}

/// The name that notices know a member by: of whom a measure is about only the hot key is at hand.
fn name_of(member: Pseudonym) -> String {
    Pseudonym::of_hot(member.hot()).to_string()
}

/// What a notice says, in the language of who gets it.
#[must_use]
pub fn in_words(notice: &Notice, texts: &Texts, contact: &str) -> NoticeWords {
    let row = &notice.row;
    let about = ReportId(row.about).to_string();
    let decider = if row.automated { Decider::Machine } else { Decider::Person };
    let facts: Vec<texts::Fact> =
        notice.measure.iter().flat_map(|row| row.facts.iter().filter_map(fact)).collect();
    let text = match (row.kind, &notice.measure) {
        (NoticeKind::Receipt, _) => {
            NoticeText::Receipt { report: &about, follows: follows(row), contact }
        }
        (NoticeKind::Statement, Some(measure)) => statement(&about, measure, &facts, contact),
        (NoticeKind::AppealReceipt, measure) => NoticeText::AppealReceipt {
            id: &about,
            due: due(measure.as_ref()).unwrap_or(row.created),
            contact,
        },
        (NoticeKind::AppealDecision, _) => NoticeText::AppealDecision {
            id: &about,
            outcome: match row.overturned {
                true => texts::AppealOutcome::Overturned,
                false => texts::AppealOutcome::Upheld,
            },
            reason: &row.words,
            contact,
        },
        (NoticeKind::MeasureEnded, Some(measure)) => NoticeText::MeasureEnded {
            id: &about,
            measure: kind(measure),
            ending: ending(measure.state),
            contact,
        },
        (NoticeKind::ReporterWarning, _) => {
            let ((unfounded, of), until) = misuse(row);
            let days = until.since(row.created).as_seconds() / DAY_SECONDS;
            let days = u32::try_from(days).unwrap_or(u32::MAX);
            NoticeText::ReporterWarning { unfounded, of, days, contact }
        }
        (NoticeKind::ReporterSuspended, _) => {
            let ((unfounded, of), until) = misuse(row);
            NoticeText::ReporterSuspended { unfounded, of, until, contact }
        }
        // A measure whose term has ended has no row any more: what is left to say is that of an outcome.
        (NoticeKind::Outcome | NoticeKind::Statement | NoticeKind::MeasureEnded, _) => {
            let (outcome, reason) = outcome(row);
            NoticeText::Outcome { report: &about, outcome, reason, decider, contact }
        }
    };
    texts.notice(&text, &row.language)
}

/// What follows at once from a report.
fn follows(row: &NoticeRow) -> texts::Follows {
    match row.filed {
        Some((Standing::Counted, _)) if row.unlisted => texts::Follows::NotBlocked,
        Some((Standing::Duplicate, _)) => texts::Follows::NothingMore,
        Some((Standing::Suspended, _)) => texts::Follows::Own,
        Some((Standing::Merged, _)) => texts::Follows::Merged,
        Some((Standing::Counted, ReportCategory::JunkFax | ReportCategory::OtherAbuse)) => {
            texts::Follows::Blocked
        }
        Some((Standing::Counted, ReportCategory::NotJunk)) => texts::Follows::Welcome,
        Some((Standing::Counted, ReportCategory::RemoveMe)) => texts::Follows::Stopped,
        Some((Standing::Unverified, _)) | None => texts::Follows::LookedAt,
    }
}

fn statement<'a>(
    id: &'a str,
    measure: &MeasureRow,
    facts: &'a [texts::Fact],
    contact: &'a str,
) -> NoticeText<'a> {
    let decided = if measure.automated { Decider::Machine } else { Decider::Person };
    NoticeText::Statement {
        id,
        measure: kind(measure),
        scope: match measure.subject.kind {
            SubjectKind::Member => texts::Scope::Account,
            SubjectKind::Number | SubjectKind::Ident => texts::Scope::Number,
            SubjectKind::Block10 | SubjectKind::Block100 => texts::Scope::Numbers,
            SubjectKind::Campaign => texts::Scope::Campaign,
            SubjectKind::Trunk | SubjectKind::Unknown => texts::Scope::Trunk,
        },
        lasts: match (measure.kind, measure.until) {
            (MeasureKind::Warn, _) => texts::Lasts::Once,
            (_, Some(until)) => texts::Lasts::Until(until),
            (_, None) => texts::Lasts::Open,
        },
        facts,
        ground: match measure.ground {
            Ground::JunkFaxLaw => texts::Ground::UsJunkFax,
            Ground::TermsOfUse | Ground::FairUse => texts::Ground::Contract,
            Ground::CriminalLaw | Ground::Order => texts::Ground::OtherLaw,
        },
        // Reports are weighed by a machine in any case.
        automated: (Decider::Machine, decided),
        appeal_until: measure.appeal_until,
        contact,
    }
}

fn fact((fact, number): &(Fact, u32)) -> Option<texts::Fact> {
    let number = u64::from(*number);
    if number == 0 {
        return None;
    }
    match fact {
        Fact::Reports => Some(texts::Fact::Reports(number)),
        Fact::Recipients => Some(texts::Fact::FanOut(number)),
        Fact::Traps => Some(texts::Fact::Traps(number)),
        Fact::CampaignRecipients => Some(texts::Fact::Campaign(number)),
        Fact::Strikes => Some(texts::Fact::Strikes(number)),
        // How independent reporters are, and what signals weigh, would tell a sender what to change.
        Fact::Groups | Fact::Behaviour => None,
    }
}

const fn kind(measure: &MeasureRow) -> texts::Measure {
    match (measure.kind, measure.subject.kind) {
        (MeasureKind::Warn, _) => texts::Measure::Warn,
        (MeasureKind::Limit, _) => texts::Measure::Limit,
        (MeasureKind::Hold, _) => texts::Measure::HoldOutbound,
        (MeasureKind::Suspend, _) => texts::Measure::SuspendOutbound,
        (MeasureKind::Close, _) => texts::Measure::Close,
        (MeasureKind::Block, SubjectKind::Campaign) => texts::Measure::BlockCampaign,
        (MeasureKind::Block, SubjectKind::Block10 | SubjectKind::Block100) => {
            texts::Measure::BlockNumbers
        }
        (MeasureKind::Block, _) => texts::Measure::BlockSender,
    }
}

const fn ending(state: MeasureState) -> texts::Ending {
    match state {
        MeasureState::InForce | MeasureState::Ended => texts::Ending::Expired,
        MeasureState::Lifted => texts::Ending::Lifted,
        MeasureState::Overturned => texts::Ending::Overturned,
    }
}

fn due(measure: Option<&MeasureRow>) -> Option<Timestamp> {
    measure?.appeals.last().map(|appeal| appeal.due)
}

fn misuse(row: &NoticeRow) -> ((u32, u32), Timestamp) {
    row.misuse.unwrap_or(((0, 0), row.created))
}

fn outcome(row: &NoticeRow) -> (texts::Outcome, texts::Reason) {
    let (outcome, reason) = row.outcome.unwrap_or((Outcome::NotUpheld, Reason::NoFinding));
    let told = match outcome {
        Outcome::Upheld => texts::Outcome::Upheld,
        Outcome::NotUpheld | Outcome::Retracted => texts::Outcome::NotUpheld,
        Outcome::Overturned => texts::Outcome::Overturned,
        Outcome::Done => texts::Outcome::Done,
    };
    let why = match reason {
        Reason::DeskFound | Reason::RuleFound | Reason::UnderMeasure => match row.filed {
            Some((_, ReportCategory::OtherAbuse)) => texts::Reason::Abuse,
            Some((_, ReportCategory::NotJunk)) if outcome == Outcome::Upheld => {
                texts::Reason::WantedConfirmed
            }
            _ => texts::Reason::Junk,
        },
        Reason::NothingFound | Reason::NoFinding | Reason::TakenBack => texts::Reason::NoEvidence,
        Reason::ForItself => texts::Reason::ForItself,
        Reason::AppealRight => texts::Reason::NewFacts,
    };
    (told, why)
}

/// Reads which notices are acknowledged.
///
/// # Errors
/// [`InvalidRequest`].
pub fn acknowledged(
    request: &wire::AcknowledgeNoticesRequest,
) -> Result<Vec<NoticeId>, InvalidRequest> {
    let wire::AcknowledgeNoticesRequest { notice_ids } = request;
    let mut faults = Faults::default();
    let count = u32::try_from(notice_ids.len()).unwrap_or(u32::MAX);
    let most = u32::try_from(IDS_MAX).unwrap_or(u32::MAX);
    faults.keep("notice_ids", read::count(count, 1, most));
    let ids = notice_ids
        .iter()
        .take(IDS_MAX)
        .map(|text| faults.keep("notice_ids", NoticeId::parse(text).ok_or(InvalidField::NotAnId)));
    let ids: Option<Vec<NoticeId>> = ids.collect();
    faults.finish(ids)
}

/// The names that notices know members by.
///
/// # Errors
/// [`InvalidRequest`].
pub fn named(
    request: &wire::NameMembersRequest,
    wall: &Wall<'_>,
) -> Result<wire::NameMembersResponse, InvalidRequest> {
    let wire::NameMembersRequest { member_ids } = request;
    let mut faults = Faults::default();
    let count = u32::try_from(member_ids.len()).unwrap_or(u32::MAX);
    let most = u32::try_from(IDS_MAX).unwrap_or(u32::MAX);
    faults.keep("member_ids", read::count(count, 1, most));
    let names = member_ids.iter().take(IDS_MAX).map(|id| {
        let id = faults.keep("member_ids", read::id(id))?;
        Some(name_of(wall.name(NameKind::Member, id)))
    });
    let member_names: Option<Vec<String>> = names.collect();
    faults.finish(member_names.map(|member_names| wire::NameMembersResponse { member_names }))
}
