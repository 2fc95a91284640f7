//! Finding the fax a report is about, in the ledger alone, and checking that it reached its reporter.

use super::{Filing, ReportFault, ReportedFax, Reporter};
use crate::fax::id::{DecisionId, Pseudonym};
use crate::fax::stage::{Caller, Direction};
use crate::ledger::StageRow;
use crate::memory::Memory;
use crate::store::{ActionSet, EntryKind, FaxQuery, FaxRow, FaxSubject};
use crate::time::{DAY_SECONDS, Span, Timestamp};

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
    match (row, filing.reporter) {
        (Some(found), Reporter::Member(member)) => {
            let inbound = found.1.verdict.stage.direction() == Direction::Inbound;
            let own = inbound && found.1.member_key == member.hot();
            if own { Ok(Some(found)) } else { Err(ReportFault::NotReceived) }
        }
        (Some(found), Reporter::Outsider(_)) => Ok(Some(found)),
        (None, Reporter::Member(_)) => Err(ReportFault::NoFax),
        (None, Reporter::Outsider(_)) if matches!(filing.fax, ReportedFax::Decision(_)) => {
            Err(ReportFault::NoFax)
        }
        (None, Reporter::Outsider(_)) => Ok(None),
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

fn latest(memory: &Memory, decision: DecisionId) -> Result<Option<StageRow>, ReportFault> {
    let entries = memory.store().decision(decision).map_err(ReportFault::Read)?;
    let stages = entries.iter().rev().filter(|entry| entry.kind == EntryKind::Stage);
    Ok(stages.filter_map(|entry| StageRow::decode(&entry.body, decision, &memory.names())).next())
}
