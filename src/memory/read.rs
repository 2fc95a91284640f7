//! Looking back: past decisions, and the calls that were blocked. Reads the store: off the verdict path.

use super::Memory;
use crate::fax::id::{DecisionId, Pseudonym};
use crate::ledger::StageRow;
use crate::store::{ActionSet, Entry, EntryKind, FaxKey, FaxQuery, FaxRow, FaxSubject, StoreError};
use crate::time::{DAY_SECONDS, Span, Timestamp};
use crate::verdict::Action;

/// Days a blocked call can be asked for (47 CFR 64.1200(k)).
pub const BLOCKED_DAYS: u64 = 28;

/// One stage of a past decision.
#[derive(Clone, Debug, PartialEq)]
pub struct PastStage {
    /// When.
    pub time: Timestamp,
    /// Its place in the ledger.
    pub seq: u64,
    /// What was seen and answered.
    pub row: StageRow,
}

impl Memory {
    /// Every stage of a decision, in order; none where the ledger does not know it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn explain(&self, decision: DecisionId) -> Result<Vec<PastStage>, StoreError> {
        let names = self.names();
        let entries = self.store().decision(decision)?;
        let stages = entries.into_iter().filter(|entry| entry.kind == EntryKind::Stage);
        Ok(stages
            .filter_map(|entry| {
                let row = StageRow::decode(&entry.body, decision, &names)?;
                Some(PastStage { time: entry.time, seq: entry.seq, row })
            })
            .collect())
    }

    /// Inbound calls of a member that were refused, deferred, stopped or kept back within the last 28 days,
    /// latest first, before `before`; each call once, where it was blocked last.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn blocked_calls(
        &self,
        member_key: u64,
        now: Timestamp,
        before: Option<FaxKey>,
        limit: usize,
    ) -> Result<Vec<FaxRow>, StoreError> {
        let blocking =
            [Action::Quarantine, Action::Defer, Action::RefuseCall, Action::StopAfterPage];
        let mut query = FaxQuery {
            subject: FaxSubject::Member(Pseudonym::of_hot(member_key)),
            from: now.minus(Span::seconds(BLOCKED_DAYS * DAY_SECONDS)),
            to: now.plus(Span::seconds(1)),
            actions: ActionSet::of(&blocking.map(|action| action as u8)),
            before,
            limit,
        };
        let mut calls = Vec::new();
        loop {
            let rows = self.store().faxes(&query)?;
            let Some(last) = rows.last() else { return Ok(calls) };
            query.before = Some(last.key);
            for row in rows {
                if calls.len() == limit {
                    return Ok(calls);
                }
                if self.blocked_last(&row)? {
                    calls.push(row);
                }
            }
        }
    }

    /// True when the row is where its call was blocked last, and the call stayed blocked.
    fn blocked_last(&self, row: &FaxRow) -> Result<bool, StoreError> {
        let Some(decision) = row.decision else { return Ok(true) };
        let entries = self.store().decision(decision)?;
        let actions = |entry: &Entry| entry.fax.and_then(|fax| Action::from_code(fax.action));
        let later = entries.iter().filter(|entry| entry.seq > row.key.seq);
        let mut later = later.filter_map(actions);
        let stayed = if row.index.action == Action::Quarantine as u8 {
            // What was kept back at first and let through in the end was not blocked.
            later.next().is_none()
        } else {
            !later.any(Action::withholds)
        };
        Ok(stayed)
    }
}
