//! Held faxes: listed, released, rejected, or decided by their deadline. Nothing is ever dropped silently.
//!
//! These calls read and wait for the store: off the verdict path, on a thread that may wait.

use std::sync::atomic::Ordering;

use thiserror::Error;

use crate::fax::id::DecisionId;
use crate::fax::stage::Plan;
use crate::ledger::{EvidenceRow, HeldFax, HeldState, Penalty};
use crate::memory::Memory;
use crate::memory::evidence::{self, NotAdded, Pending};
use crate::store::table::RetentionClass;
use crate::store::{CommitFault, Entry, EntryKind, Refused, StoreError, TableId, TableWrite};
use crate::time::Timestamp;
use crate::verdict::Action;

/// Most held faxes of one page.
pub const PAGE_MAX: usize = 1_000;
/// Most held faxes whose deadline is executed in one step.
const DUE_MAX: usize = 1_000;
/// Approval that a release proves, in 1/65536.
const RELEASE_GOOD: u32 = 2 * 65_536;
/// Complaint that a rejection proves, in 1/65536.
const REJECT_BAD: u32 = 65_536;

/// Why a held fax was not decided.
#[derive(Debug, Error)]
pub enum HeldFault {
    /// Nothing is held under that decision.
    #[error("no fax is held under that decision")]
    NotFound,
    /// It was decided before.
    #[error("the held fax was decided already")]
    Decided(HeldState),
    /// The store could not be read.
    #[error("held faxes cannot be read")]
    Read(#[source] StoreError),
    /// The store does not take the change; nothing was changed.
    #[error("the decision cannot be recorded")]
    Refused(#[source] Refused),
    /// The change did not become durable.
    #[error("the decision did not become durable")]
    Commit(#[source] CommitFault),
}

/// Which held faxes are asked for.
#[derive(Clone, Debug, Default)]
pub struct HeldFilter {
    /// In this state; waiting where none is named.
    pub state: Option<HeldState>,
    /// Of the member with this hot key.
    pub member_key: Option<u64>,
    /// After this key, from the page before.
    pub after: Option<Vec<u8>>,
    /// At most this many, up to [`PAGE_MAX`].
    pub limit: usize,
}

/// One page: the faxes, and the key after which the next page begins.
pub type HeldPage = (Vec<HeldFax>, Option<Vec<u8>>);

/// Lists held faxes, earliest deadline first.
///
/// # Errors
/// [`StoreError`].
pub fn list(memory: &Memory, filter: &HeldFilter) -> Result<HeldPage, StoreError> {
    let state = filter.state.unwrap_or(HeldState::Waiting);
    let limit = filter.limit.clamp(1, PAGE_MAX);
    let mut after = filter.after.clone().unwrap_or_else(|| vec![state as u8]);
    let mut faxes = Vec::new();
    loop {
        let rows = memory.store().table_scan(TableId::HeldFaxes, Some(&after), PAGE_MAX)?;
        if rows.is_empty() {
            return Ok((faxes, None));
        }
        for row in rows {
            if row.key.first() != Some(&(state as u8)) {
                return Ok((faxes, None));
            }
            after.clone_from(&row.key);
            let held = HeldFax::decode(&row.value);
            let wanted =
                |held: &HeldFax| filter.member_key.is_none_or(|member| member == held.member_key);
            faxes.extend(held.filter(wanted));
            if faxes.len() == limit {
                return Ok((faxes, Some(after)));
            }
        }
    }
}

/// Releases a held fax. It counts as a false positive, clears the sender, and is correspondence.
///
/// # Errors
/// [`HeldFault`]; nothing is changed then.
pub fn release(
    memory: &Memory,
    decision: DecisionId,
    author: &str,
    now: Timestamp,
) -> Result<HeldFax, HeldFault> {
    settle(memory, decision, HeldState::Released, author, now)
}

/// Rejects a held fax: the verdict was right.
///
/// # Errors
/// [`HeldFault`]; nothing is changed then.
pub fn reject(
    memory: &Memory,
    decision: DecisionId,
    author: &str,
    now: Timestamp,
) -> Result<HeldFax, HeldFault> {
    settle(memory, decision, HeldState::Rejected, author, now)
}

/// Executes the deadlines that have passed: an inbound fax is delivered tagged, an outbound one refused with
/// notice. Says how many.
///
/// # Errors
/// [`HeldFault`]; what was not decided is tried again at the next call.
pub fn expire(memory: &Memory, now: Timestamp) -> Result<usize, HeldFault> {
    let _desk = memory.desk().lock();
    let waiting = [HeldState::Waiting as u8];
    let rows = memory.store().table_range(TableId::HeldFaxes, &waiting, None, DUE_MAX);
    let rows = rows.map_err(HeldFault::Read)?;
    let waiting = rows.iter().filter_map(|row| HeldFax::decode(&row.value));
    let mut begun = Vec::new();
    let mut refused = None;
    for held in waiting.take_while(|held| held.deadline <= now) {
        let outbound = held.action == Action::Hold;
        let state =
            if outbound { HeldState::RefusedWithNotice } else { HeldState::DeliveredTagged };
        match begin(memory, (&held, Plan::default()), state, "", now) {
            Ok(one) => begun.push(one),
            Err(fault) => {
                refused = Some(fault);
                break;
            }
        }
    }
    // They share group commits: all are begun before the first is waited for.
    let due = begun.len();
    for one in begun {
        refused = finish(memory, one).err().or(refused);
    }
    refused.map_or(Ok(due), Err)
}

fn settle(
    memory: &Memory,
    decision: DecisionId,
    state: HeldState,
    author: &str,
    now: Timestamp,
) -> Result<HeldFax, HeldFault> {
    // What was queued a moment ago must be seen: a release may follow its quarantine at once.
    let ticket = memory.store().flush().map_err(HeldFault::Refused)?;
    ticket.wait().map_err(HeldFault::Commit)?;
    let _desk = memory.desk().lock();
    let (held, plan) = find(memory, decision)?;
    if held.state != HeldState::Waiting {
        return Err(HeldFault::Decided(held.state));
    }
    finish(memory, begin(memory, (&held, plan), state, author, now)?)
}

/// The held fax of a decision, in whatever state, and the plan that its member was of. Its deadline, and so its key, is in the ledger.
fn find(memory: &Memory, decision: DecisionId) -> Result<(HeldFax, Plan), HeldFault> {
    let entries = memory.store().decision(decision).map_err(HeldFault::Read)?;
    let deadlines = entries.iter().rev().filter_map(|entry| {
        if entry.kind != EntryKind::Stage {
            return None;
        }
        let row = crate::ledger::StageRow::decode(&entry.body, decision, &memory.names())?;
        Some((row.verdict.deadline?, row.facts.plan))
    });
    for (deadline, plan) in deadlines {
        for state in HeldState::ALL {
            let key = HeldFax::key_of(state, deadline, decision);
            let row =
                memory.store().table_get(TableId::HeldFaxes, &key).map_err(HeldFault::Read)?;
            if let Some(held) = row.and_then(|row| HeldFax::decode(&row.value)) {
                return Ok((held, plan));
            }
        }
    }
    Err(HeldFault::NotFound)
}

/// A decision on its way to the disk.
struct Begun {
    decided: HeldFax,
    pending: Pending,
    released: bool,
}

fn begin(
    memory: &Memory,
    (held, plan): (&HeldFax, Plan),
    state: HeldState,
    author: &str,
    now: Timestamp,
) -> Result<Begun, HeldFault> {
    let decided = HeldFax { state, decided: Some(now), author: author.to_owned(), ..held.clone() };
    let evidence = evidence((&decided, plan), now);
    let expires = memory.expiry(RetentionClass::Held, now);
    let mut writes = vec![held.delete(), decided.write(expires)];
    if evidence.released {
        writes.push(false_positive(memory, &decided, now));
    }
    let mut body = evidence.encode();
    body.push(state as u8);
    let entry = |seq| Entry {
        seq,
        time: now,
        kind: EntryKind::HeldDecision,
        decision: Some(held.decision),
        fax: None,
        body: body.into(),
        writes,
    };
    let pending = evidence::begin(memory, evidence, now, entry).map_err(fault)?;
    Ok(Begun { decided, pending, released: evidence.released })
}

fn finish(memory: &Memory, begun: Begun) -> Result<HeldFax, HeldFault> {
    let Begun { decided, pending, released } = begun;
    evidence::finish(memory, pending).map_err(fault)?;
    let now = decided.decided.unwrap_or(decided.held);
    memory.hear(decided.decision, &evidence((&decided, Plan::default()), now), now);
    memory.open_decisions().decided(decided.decision, decided.state);
    if released {
        memory.counters().false_positives.fetch_add(1, Ordering::Relaxed);
    }
    Ok(decided)
}

const fn fault(not_added: NotAdded) -> HeldFault {
    match not_added {
        NotAdded::Refused(refused) => HeldFault::Refused(refused),
        NotAdded::Commit(fault) => HeldFault::Commit(fault),
    }
}

/// What the decision proves of the sender. A deadline proves nothing.
fn evidence((decided, plan): (&HeldFax, Plan), now: Timestamp) -> EvidenceRow {
    let mut observation = decided.observation;
    observation.second = u32::try_from(now.as_seconds()).unwrap_or(0);
    observation.happened = crate::activity::Happened::default();
    let released = decided.state == HeldState::Released;
    let rejected = decided.state == HeldState::Rejected;
    observation.good = if released { RELEASE_GOOD } else { 0 };
    observation.bad = if rejected { REJECT_BAD } else { 0 };
    let inbound = decided.action == Action::Quarantine;
    EvidenceRow {
        complained: false,
        observation,
        member_key: decided.member_key,
        number_key: observation.caller,
        approved: released && inbound && observation.caller != 0,
        released,
        penalty: match inbound {
            true => Penalty::default(),
            false => Penalty::of_verdict(observation.bad, plan),
        },
    }
}

fn false_positive(memory: &Memory, held: &HeldFax, now: Timestamp) -> TableWrite {
    let key = [&now.as_micros().max(0).to_be_bytes()[..], &held.decision.0].concat();
    TableWrite::Put {
        table: TableId::FalsePositives,
        key,
        value: held.member_key.to_le_bytes().to_vec(),
        expires: memory.expiry(RetentionClass::FalsePositive, now),
        subject_key: None,
    }
}
