//! Cases, measures and appeals: what the desk asks for and decides, and how they stand.

use super::fault::{Faults, InvalidField, InvalidRequest};
use super::paging::Question;
use super::read;
use super::read::time_to_wire;
use super::report::who;
use super::wall::Wall;
use crate::api::status::Failure;
use crate::bounds;
use crate::casework::{AppealState, CaseKey, CaseRow, Fact, Finding, Ground, MeasureRow};
use crate::fax::id::{Pseudonym, ReportId, SubjectKind as NameKind};
use crate::measures::{MeasureId, MeasureKind, Subject, SubjectKind};
use crate::reports::{
    Appeal, Appealing, CaseOrder, Deciding, Ruling, Transparency, case_id, sealed,
};
use crate::time::Timestamp;
use crate::wire::desk::v1 as wire;
use crate::wire::report::v1 as report_wire;

/// Most cases of one page, and how many where none are named.
const PAGE: (usize, i32) = (50, 200);

/// A question about open cases.
#[derive(Clone, Debug)]
pub struct Listing {
    /// In which order.
    pub order: CaseOrder,
    /// After this place.
    pub after: Option<Vec<u8>>,
    /// At most so many.
    pub limit: usize,
    question: Question,
}

/// Reads which cases are asked for.
///
/// # Errors
/// [`Failure::Invalid`], [`Failure::InvalidPageToken`].
pub fn listing(request: &wire::ListCasesRequest) -> Result<Listing, Failure> {
    let wire::ListCasesRequest { order, page_size, page_token } = request;
    let mut faults = Faults::default();
    let order = faults.keep(
        "order",
        match wire::CaseOrder::try_from(*order) {
            Ok(wire::CaseOrder::Due) => Ok(CaseOrder::Due),
            Ok(wire::CaseOrder::Harm | wire::CaseOrder::Unspecified) => Ok(CaseOrder::Harm),
            Err(_) => Err(InvalidField::UnknownValue { value: *order }),
        },
    );
    let (default, most) = PAGE;
    let limit = faults.keep(
        "page_size",
        match usize::try_from(*page_size) {
            Ok(0) => Ok(default),
            Ok(size) if *page_size <= most => Ok(size),
            _ => Err(InvalidField::OutOfRange {
                value: u64::from(page_size.unsigned_abs()),
                least: 0,
                most: u64::from(most.unsigned_abs()),
            }),
        },
    );
    let (order, limit) = faults.finish((|| Some((order?, limit?)))())?;
    let question = Question::of("cases", &[&[order as u8]]);
    let after = match order {
        CaseOrder::Harm => question.key::<29>(page_token)?.map(Vec::from),
        CaseOrder::Due => question.key::<25>(page_token)?.map(Vec::from),
    };
    Ok(Listing { order, after, limit, question })
}

/// A page of cases.
#[must_use]
pub fn page(
    listing: &Listing,
    (cases, next): &(Vec<(CaseKey, CaseRow)>, Option<Vec<u8>>),
) -> wire::ListCasesResponse {
    wire::ListCasesResponse {
        cases: cases.iter().map(|(key, case)| case_to_wire(*key, case)).collect(),
        next_page_token: next.as_ref().map(|key| listing.question.token(key)).unwrap_or_default(),
    }
}

fn case_key(faults: &mut Faults, path: &'static str, text: &str) -> Option<CaseKey> {
    let read = match case_id(text) {
        Some(key) => Ok(key),
        None if text.is_empty() => Err(InvalidField::Absent),
        None => Err(InvalidField::NotAnId),
    };
    faults.keep(path, read)
}

fn measure_id(faults: &mut Faults, text: &str) -> Option<MeasureId> {
    let read = match MeasureId::parse(text) {
        Some(id) => Ok(id),
        None if text.is_empty() => Err(InvalidField::Absent),
        None => Err(InvalidField::NotAnId),
    };
    faults.keep("measure_id", read)
}

/// Reads which case is asked for.
///
/// # Errors
/// [`InvalidRequest`].
pub fn case_asked(text: &str) -> Result<CaseKey, InvalidRequest> {
    let mut faults = Faults::default();
    let key = case_key(&mut faults, "case_id", text);
    faults.finish(key)
}

/// Reads which measure is asked for.
///
/// # Errors
/// [`InvalidRequest`].
pub fn measure_asked(text: &str) -> Result<MeasureId, InvalidRequest> {
    let mut faults = Faults::default();
    let id = measure_id(&mut faults, text);
    faults.finish(id)
}

/// Reads who takes which case; none is the next one.
///
/// # Errors
/// [`InvalidRequest`].
pub fn lease(
    request: &wire::LeaseCaseRequest,
) -> Result<(Option<CaseKey>, String), InvalidRequest> {
    let wire::LeaseCaseRequest { case_id, author } = request;
    let mut faults = Faults::default();
    let key = match case_id.as_str() {
        "" => Some(None),
        text => case_key(&mut faults, "case_id", text).map(Some),
    };
    let author = faults.keep("author", read::id(author));
    faults.finish((|| Some((key?, author?.to_owned())))())
}

/// Reads who does something about one case.
///
/// # Errors
/// [`InvalidRequest`].
pub fn by(case_id: &str, author: &str) -> Result<(CaseKey, String), InvalidRequest> {
    let mut faults = Faults::default();
    let key = case_key(&mut faults, "case_id", case_id);
    let author = faults.keep("author", read::id(author));
    faults.finish((|| Some((key?, author?.to_owned())))())
}

/// Reads who does something about one measure.
///
/// # Errors
/// [`InvalidRequest`].
pub fn by_measure(id: &str, author: &str) -> Result<(MeasureId, String), InvalidRequest> {
    let mut faults = Faults::default();
    let id = measure_id(&mut faults, id);
    let author = faults.keep("author", read::id(author));
    faults.finish((|| Some((id?, author?.to_owned())))())
}

/// Reads which cases are merged.
///
/// # Errors
/// [`InvalidRequest`].
pub fn merging(
    request: &wire::MergeCasesRequest,
) -> Result<(CaseKey, CaseKey, String), InvalidRequest> {
    let wire::MergeCasesRequest { case_id, into_case_id, author } = request;
    let mut faults = Faults::default();
    let from = case_key(&mut faults, "case_id", case_id);
    let into = case_key(&mut faults, "into_case_id", into_case_id);
    let author = faults.keep("author", read::id(author));
    faults.finish((|| Some((from?, into?, author?.to_owned())))())
}

/// A code of the contract as the one of the desk: they are the same numbers. 0 is none.
fn code<T>(value: i32, of: impl Fn(u8) -> Option<T>) -> Result<Option<T>, InvalidField> {
    match u8::try_from(value) {
        Ok(0) => Ok(None),
        Ok(code) => of(code).map(Some).ok_or(InvalidField::UnknownValue { value }),
        Err(_) => Err(InvalidField::UnknownValue { value }),
    }
}

/// Reads a decision.
///
/// # Errors
/// [`InvalidRequest`].
pub fn deciding(
    request: &wire::DecideCaseRequest,
    now: Timestamp,
) -> Result<Deciding, InvalidRequest> {
    let wire::DecideCaseRequest {
        case_id,
        etag,
        author,
        finding,
        measure,
        ground,
        end_time,
        note,
        widen_to,
    } = request;
    let mut faults = Faults::default();
    let case = case_key(&mut faults, "case_id", case_id);
    let version = faults.keep(
        "etag",
        match etag.as_str() {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| InvalidField::NotAnId),
        },
    );
    let author = faults.keep("author", read::id(author));
    let found =
        code(*finding, Finding::from_code).and_then(|found| found.ok_or(InvalidField::Absent));
    let finding = faults.keep("finding", found);
    let measure = faults.keep("measure", code(*measure, MeasureKind::from_code));
    let ground = faults.keep("ground", code(*ground, Ground::from_code));
    let until = faults.keep(
        "end_time",
        read::time(end_time.as_ref()).and_then(|until| {
            if until.is_some_and(|until| until <= now) {
                Err(InvalidField::Time)
            } else {
                Ok(until)
            }
        }),
    );
    let note = faults.keep("note", read::required(note));
    let widened = code(*widen_to, SubjectKind::from_code).and_then(|kind| match kind {
        None | Some(SubjectKind::Block10 | SubjectKind::Block100) => Ok(kind),
        Some(_) => Err(InvalidField::UnknownValue { value: *widen_to }),
    });
    let widened = faults.keep("widen_to", widened);
    faults.finish((|| {
        Some(Deciding {
            case: case?,
            version: version?,
            author: author?.into(),
            finding: finding?,
            measure: measure?,
            ground: ground?,
            widened: widened?,
            until: until?,
            note: note?.into(),
            time: now,
        })
    })())
}

/// Reads a ruling on an appeal.
///
/// # Errors
/// [`InvalidRequest`].
pub fn ruling(
    request: &wire::DecideAppealRequest,
    now: Timestamp,
) -> Result<Ruling, InvalidRequest> {
    let wire::DecideAppealRequest { measure_id: id, author, overturn, reason } = request;
    let mut faults = Faults::default();
    let measure = measure_id(&mut faults, id);
    let author = faults.keep("author", read::id(author));
    let reason = faults.keep("reason", read::required(reason));
    faults.finish((|| {
        Some(Ruling {
            measure: measure?,
            author: author?.into(),
            overturn: *overturn,
            reason: reason?.into(),
            time: now,
        })
    })())
}

/// Reads the time that is counted.
///
/// # Errors
/// [`InvalidRequest`].
pub fn span(
    request: &wire::GetTransparencyRequest,
) -> Result<(Timestamp, Timestamp), InvalidRequest> {
    let wire::GetTransparencyRequest { start_time, end_time } = request;
    let mut faults = Faults::default();
    let time = |sent| read::time(sent).and_then(|time| time.ok_or(InvalidField::Absent));
    let from = faults.keep("start_time", time(start_time.as_ref()));
    let to = faults.keep("end_time", time(end_time.as_ref()));
    faults.finish((|| Some((from?, to?)))())
}

fn facts(facts: &[(Fact, u32)]) -> Vec<wire::Fact> {
    let fact =
        |(kind, number): &(Fact, u32)| wire::Fact { kind: i32::from(*kind as u8), number: *number };
    facts.iter().map(fact).collect()
}

fn subject(
    of: Subject,
    who: Pseudonym,
    campaign: Option<crate::fax::id::CampaignId>,
) -> wire::Subject {
    wire::Subject {
        kind: i32::from(of.kind as u8),
        name: who.to_string(),
        campaign_id: campaign.map(|id| id.to_string()).unwrap_or_default(),
    }
}

/// A case for the wire.
#[must_use]
pub fn case_to_wire(key: CaseKey, case: &CaseRow) -> wire::Case {
    let decided = case.decision.as_ref();
    let lease = case.lease.as_ref();
    let measure = decided.and_then(|decided| decided.measure);
    wire::Case {
        case_id: ReportId(key).to_string(),
        etag: case.version.to_string(),
        subject: Some(subject(case.subject, case.who, case.campaign)),
        state: i32::from(case.state as u8),
        opened_time: Some(time_to_wire(case.opened)),
        updated_time: Some(time_to_wire(case.updated)),
        due_time: Some(time_to_wire(case.due)),
        harm: case.harm,
        junk_count: case.counts.junk,
        abuse_count: case.counts.abuse,
        not_junk_count: case.counts.not_junk,
        duplicate_count: case.counts.duplicates,
        automated_count: case.counts.automated,
        against_milli: case.weight.against_milli,
        for_milli: case.weight.for_milli,
        group_count: case.weight.groups,
        behaviour_milli: case.behaviour_milli,
        facts: facts(&case.facts),
        leased_by: lease.map(|(who, _)| who.to_string()).unwrap_or_default(),
        lease_end_time: lease.map(|(_, until)| time_to_wire(*until)),
        finding: decided.map_or(0, |decided| i32::from(decided.finding as u8)),
        automated: decided.is_some_and(|decided| decided.automated),
        decided_by: decided.map(|decided| decided.author.to_string()).unwrap_or_default(),
        seconded_by: decided
            .and_then(|decided| decided.second.as_deref().map(str::to_owned))
            .unwrap_or_default(),
        measure: measure.map_or(0, |(kind, _)| i32::from(kind as u8)),
        measure_id: decided
            .and_then(|decided| decided.imposed.map(|id| id.to_string()))
            .unwrap_or_default(),
        merged_into: case.merged_into.map(|into| ReportId(into).to_string()).unwrap_or_default(),
        history: case
            .history
            .iter()
            .map(|event| wire::CaseEvent {
                time: Some(time_to_wire(event.at)),
                author: event.author.to_string(),
                state: i32::from(event.state as u8),
            })
            .collect(),
        note: decided.map(|decided| decided.note.to_string()).unwrap_or_default(),
    }
}

/// A measure for the wire, with the words of its appeal.
#[must_use]
pub fn measure_to_wire(id: MeasureId, measure: &MeasureRow, words: String) -> wire::Measure {
    wire::Measure {
        measure_id: id.to_string(),
        subject: Some(subject(measure.subject, measure.who, measure.campaign)),
        case_id: ReportId(measure.case).to_string(),
        kind: i32::from(measure.kind as u8),
        state: i32::from(measure.state as u8),
        imposed_time: Some(time_to_wire(measure.imposed)),
        end_time: measure.until.map(time_to_wire),
        automated: measure.automated,
        decided_by: measure.author.to_string(),
        seconded_by: measure.second.as_deref().map(str::to_owned).unwrap_or_default(),
        ground: i32::from(measure.ground as u8),
        facts: facts(&measure.facts),
        appeal_end_time: Some(time_to_wire(measure.appeal_until)),
        appeal: measure.appeals.last().map(|appeal| {
            let decided = appeal.decided.as_ref();
            wire::DeskAppeal {
                filed_time: Some(time_to_wire(appeal.filed)),
                due_time: Some(time_to_wire(appeal.due)),
                text: words,
                pending: appeal.state == AppealState::Pending,
                decided_by: decided.map(|(who, _)| who.to_string()).unwrap_or_default(),
                decided_time: decided.map(|(_, (at, _))| time_to_wire(*at)),
                reason: decided.map(|(_, (_, why))| why.to_string()).unwrap_or_default(),
            }
        }),
    }
}

/// Where pages of measures go on.
///
/// # Errors
/// [`Failure::InvalidPageToken`].
pub fn measures_after(token: &str, appealed: bool) -> Result<Option<MeasureId>, Failure> {
    Ok(measures_question(appealed).key::<16>(token)?.map(MeasureId))
}

/// The token of the page after a measure.
#[must_use]
pub fn measures_token(next: Option<MeasureId>, appealed: bool) -> String {
    next.map(|id| measures_question(appealed).token(&id.0)).unwrap_or_default()
}

fn measures_question(appealed: bool) -> Question {
    Question::of("measures", &[&[u8::from(appealed)]])
}

/// Reads an appeal.
///
/// # Errors
/// [`InvalidRequest`].
pub fn appealing(
    request: &report_wire::FileAppealRequest,
    wall: &Wall<'_>,
) -> Result<Appealing, InvalidRequest> {
    let report_wire::FileAppealRequest {
        measure_id: id,
        appellant,
        text,
        number,
        language,
        event_time,
    } = request;
    let mut faults = Faults::default();
    let measure = measure_id(&mut faults, id);
    let appellant = who(&mut faults, appellant.as_ref(), wall);
    let words = match text.len() {
        0 => Err(InvalidField::Absent),
        bytes if bytes > bounds::COMMENT_BYTES_MAX => {
            Err(InvalidField::TooLong { bytes, most: bounds::COMMENT_BYTES_MAX })
        }
        _ => Ok(text.as_bytes()),
    };
    let words = faults.keep("text", words);
    let number = faults.keep("number", wall.optional_number(number));
    let language = faults.keep("language", read::name(language, bounds::ID_BYTES_MAX));
    let time = wall.time(&mut faults, event_time.as_ref());
    faults.finish((|| {
        let ((who, name), measure, number) = (appellant?, measure?, number?);
        let request = wall.keys.pair(who.pseudonym(), Pseudonym(measure.0)).hot();
        let block = |kind, value: u64| wall.keys.pseudonym(kind, &value.to_be_bytes()).hot();
        Some(Appealing {
            measure,
            appellant: who,
            request,
            contact: wall.keys.seal(sealed::CONTACT, request, name.as_bytes()),
            text: wall.keys.seal(sealed::APPEAL, request, words?),
            number: number.map(|number| wall.keys.number(number)),
            blocks: number.map_or([0; 2], |number| {
                [
                    block(NameKind::Block10, number.block_of_10()),
                    block(NameKind::Block100, number.block_of_100()),
                ]
            }),
            language: language?.into(),
            time: time?,
        })
    })())
}

/// An appeal for the wire.
#[must_use]
pub fn appeal_to_wire(appeal: &Appeal) -> report_wire::Appeal {
    let decided = appeal.decided.as_ref();
    report_wire::Appeal {
        measure_id: appeal.measure.to_string(),
        state: i32::from(appeal.state as u8),
        filed_time: Some(time_to_wire(appeal.filed)),
        due_time: Some(time_to_wire(appeal.due)),
        decided_time: decided.map(|(at, _)| time_to_wire(*at)),
        reason: decided.map(|(_, why)| why.to_string()).unwrap_or_default(),
    }
}

/// The counts for the wire: of what happened seldom only that is told.
#[must_use]
pub fn transparency_to_wire(counted: &Transparency) -> wire::GetTransparencyResponse {
    let mut counts = Vec::new();
    let mut put = |name: String, number: u64| {
        let few = number > 0 && number < crate::reports::FEW;
        counts.push(wire::Count { name, number: if few { 0 } else { number }, few });
    };
    for (category, number) in &counted.reports {
        put(format!("reports: {category}"), *number);
    }
    for (finding, number) in &counted.findings {
        put(format!("cases: {finding}"), *number);
    }
    for ((kind, subject), number) in &counted.measures {
        put(format!("measures: {kind}, {subject}"), *number);
    }
    for (ground, number) in &counted.grounds {
        put(format!("measures on: {ground}"), *number);
    }
    for (name, number) in [
        ("reports: automated", counted.automated_reports),
        ("reports: taken back", counted.retracted),
        ("cases: decided by rule", counted.automated_decisions),
        ("measures: lifted", counted.lifted),
        ("measures: ended", counted.ended),
        ("appeals: filed", counted.appeals),
        ("appeals: right", counted.overturned),
        ("appeals: not right", counted.upheld),
        ("reporters: warned", counted.reporters_warned),
        ("reporters: suspended", counted.reporters_suspended),
    ] {
        put(name.to_owned(), number);
    }
    let median_decision_seconds = counted.median_seconds;
    wire::GetTransparencyResponse { counts, median_decision_seconds }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::casework::{CaseState, MeasureState};

    /// `SUBJECT_KIND_MEMBER` is the fifth of both.
    fn same<T: Copy>(
        all: &[T],
        code: impl Fn(T) -> u8,
        name: impl Fn(i32) -> Option<&'static str>,
    ) {
        for one in all {
            assert!(name(i32::from(code(*one))).is_some());
        }
        let beyond = all.iter().map(|one| code(*one)).max().unwrap_or(0) + 1;
        assert!(name(i32::from(beyond)).is_none());
    }

    #[test]
    fn the_contract_and_the_desk_have_the_same_codes() {
        same(
            SubjectKind::ALL,
            |one| one as u8,
            |value| wire::SubjectKind::try_from(value).ok().map(|kind| kind.as_str_name()),
        );
        same(
            CaseState::ALL,
            |one| one as u8,
            |value| wire::CaseState::try_from(value).ok().map(|state| state.as_str_name()),
        );
        same(
            Finding::ALL,
            |one| one as u8,
            |value| wire::Finding::try_from(value).ok().map(|found| found.as_str_name()),
        );
        same(
            MeasureKind::ALL,
            |one| one as u8,
            |value| wire::MeasureKind::try_from(value).ok().map(|kind| kind.as_str_name()),
        );
        same(
            Ground::ALL,
            |one| one as u8,
            |value| wire::Ground::try_from(value).ok().map(|ground| ground.as_str_name()),
        );
        same(
            Fact::ALL,
            |one| one as u8,
            |value| wire::FactKind::try_from(value).ok().map(|fact| fact.as_str_name()),
        );
        same(
            MeasureState::ALL,
            |one| one as u8,
            |value| wire::MeasureState::try_from(value).ok().map(|state| state.as_str_name()),
        );
        same(
            AppealState::ALL,
            |one| one as u8,
            |value| report_wire::AppealState::try_from(value).ok().map(|state| state.as_str_name()),
        );
        assert_eq!(wire::CaseState::Proposed as i32, CaseState::Proposed as i32);
        assert_eq!(wire::MeasureKind::Close as i32, MeasureKind::Close as i32);
    }

    #[test]
    fn every_fault_of_a_decision_is_found() {
        let now = Timestamp::from_seconds(100);
        let faults = deciding(&wire::DecideCaseRequest::default(), now).unwrap_err();
        let paths: Vec<&str> = faults.faults().iter().map(super::super::FieldFault::path).collect();
        assert_eq!(paths, ["case_id", "author", "finding", "note"]);
        assert!(case_asked("xyz").is_err() && measure_asked("").is_err());
        assert!(listing(&wire::ListCasesRequest { page_size: 201, ..Default::default() }).is_err());
    }
}
