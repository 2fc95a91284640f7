//! Finding the fax a report is about, in the ledger alone, and checking that it reached its reporter.

use super::{Filing, ReportCategory, ReportFault, ReportedFax, Reporter};
use crate::fax::id::{DecisionId, Pseudonym};
use crate::fax::stage::{Caller, Direction, StageKind};
use crate::features::Feature;
use crate::ledger::StageRow;
use crate::memory::Memory;
use crate::store::{ActionSet, EntryKind, FaxQuery, FaxRow, FaxSubject};
use crate::time::{DAY_SECONDS, Span, Timestamp};
use crate::verdict::Action;

/// How far "about" reaches, either way.
const ABOUT: Span = Span::seconds(DAY_SECONDS);
/// How far back a fax without a time is looked for.
const BACK: Span = Span::seconds(28 * DAY_SECONDS);
/// Most faxes of one number that are looked at.
const ROWS_MAX: usize = 1_000;

/// The fax and its latest row. `None` for an outsider's report of a fax the ledger does not know.
pub(super) fn find(
    memory: &Memory,
    filing: &Filing,
) -> Result<Option<(DecisionId, StageRow)>, ReportFault> {
    let decision = match filing.fax {
        ReportedFax::Decision(decision) => Some(decision),
        ReportedFax::Described { called, caller, about } => {
            let number = memory.profile(called).pseudonym;
            described(memory, number, &caller, about, filing.time)?
        }
    };
    let row = match decision {
        Some(decision) => latest(memory, decision)?.map(|row| (decision, row)),
        None => None,
    };
    // What an outsider describes and did not get from us may have come from elsewhere: the desk will see.
    let described = matches!(filing.fax, ReportedFax::Described { .. });
    let desk = described && matches!(filing.reporter, Reporter::Outsider(_));
    match row {
        Some(found) if received(filing, &found.1) => Ok(Some(found)),
        _ if desk => Ok(None),
        Some(_) => Err(ReportFault::NotReceived),
        None => Err(ReportFault::NoFax),
    }
}

/// Whether the fax reached its reporter: an inbound one the member it was for, an outbound one somebody
/// outside. What was refused before a page came was not received, but can have been wanted.
fn received(filing: &Filing, row: &StageRow) -> bool {
    let inbound = row.verdict.stage.direction() == Direction::Inbound;
    let refused = matches!(row.verdict.action, Action::RefuseCall | Action::Defer);
    let empty = row.verdict.stage == StageKind::Received && !row.features.is(Feature::Pages);
    match filing.reporter {
        Reporter::Member(member) => {
            let came = filing.category == ReportCategory::NotJunk || !(refused || empty);
            inbound && row.member_key == member.hot() && came
        }
        Reporter::Outsider(_) => !inbound,
    }
}

fn described(
    memory: &Memory,
    number: Pseudonym,
    caller: &Caller,
    about: Option<Timestamp>,
    now: Timestamp,
) -> Result<Option<DecisionId>, ReportFault> {
    let (from, to) = match about {
        Some(about) => (about.minus(ABOUT), about.plus(ABOUT)),
        None => (now.minus(BACK), now.plus(Span::seconds(1))),
    };
    let query = FaxQuery {
        subject: FaxSubject::Did(number),
        from,
        to,
        actions: ActionSet::ANY,
        before: None,
        limit: ROWS_MAX,
    };
    let rows = memory.store().faxes(&query).map_err(ReportFault::Read)?;
    let caller = caller.number().map(|number| memory.profile(number).pseudonym);
    let fits = |row: &&FaxRow| caller.is_none() || row.index.caller == caller;
    let distance = |row: &&FaxRow| match about {
        Some(about) => row.key.time.since(about).max(about.since(row.key.time)),
        None => now.since(row.key.time),
    };
    Ok(rows.iter().filter(fits).min_by_key(distance).and_then(|row| row.decision))
}

/// The last stage of a decision.
pub(super) fn latest(
    memory: &Memory,
    decision: DecisionId,
) -> Result<Option<StageRow>, ReportFault> {
    let entries = memory.store().decision(decision).map_err(ReportFault::Read)?;
    let stages = entries.iter().rev().filter(|entry| entry.kind == EntryKind::Stage);
    Ok(stages.filter_map(|entry| StageRow::decode(&entry.body, decision, &memory.names())).next())
}
