//! Recovery: what stood before a crash stands again: the latest snapshot, then the ledger after it, entry by entry.

use std::io::{self, Read};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::limits::{Concerned, PARTIES};
use super::open::OpenDecision;
use super::{BY_LOT, Memory, OpenMemory, campaigns, casework, evidence, limits, pace};
use crate::activity::{Said, Source};
use crate::directory::Edit;
use crate::fax::id::Pseudonym;
use crate::fax::stage::Direction;
use crate::features::Feature;
use crate::ledger::{EvidenceRow, HeldState, StageRow, decode_opening};
use crate::limiter::Costs;
use crate::limiter::members::GivenBack;
use crate::store::{Entry, EntryKind, SnapshotFault, StoreError, TableId};
use crate::time::Timestamp;

/// Name of the snapshot of the hot tables.
const SNAPSHOT: &str = "hot";
/// Latest entries that are read again for the open decisions' sake, whatever the snapshot holds.
const OPEN_ENTRIES: u64 = 50_000;
/// Entries before the snapshot that are read again: what was under way while it was written had its seq already
/// and its correspondence not yet. More than there can be stages under way at once.
const UNDER_WAY: u64 = 4_096;
/// Rows of a table read at a time.
const PAGE_ROWS: usize = 10_000;

/// What was brought back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Seq of the snapshot; 0 where there was none.
    pub snapshot: u64,
    /// Entries of the ledger that were read.
    pub entries: u64,
    /// Entries that could not be read; they are left out, and counted.
    pub unreadable: u64,
    /// Numbers and members that came from the tables, since no snapshot held them.
    pub directory_rows: u64,
    /// List entries.
    pub list_entries: u64,
    /// Campaigns and known forms.
    pub campaigns: u64,
}

/// Brings everything back.
pub(super) fn recover(memory: &Memory, now: Timestamp) -> Result<Recovered, OpenMemory> {
    let mut recovered = Recovered::default();
    let directory_restored = match restore(memory, now, &mut recovered) {
        Ok(restored) => restored,
        Err(fault) => {
            tracing::error!(reason = "snapshot_unusable", %fault, "the ledger is replayed from its beginning");
            recovered.snapshot = 0;
            false
        }
    };
    if !directory_restored {
        recovered.directory_rows = load_directory(memory).map_err(OpenMemory::Store)?;
    }
    let loaded = memory.lists.load(memory.store(), now).map_err(OpenMemory::Store)?;
    recovered.list_entries = u64::try_from(loaded.entries).unwrap_or(u64::MAX);
    recovered.campaigns = campaigns::load(memory, now).map_err(OpenMemory::Store)?;
    casework::load(memory, now).map_err(OpenMemory::Store)?;
    limits::edit::load(memory, now).map_err(OpenMemory::Store)?;
    replay(memory, &mut recovered).map_err(OpenMemory::Store)?;
    memory.activity.recount();
    count_false_positives(memory, now).map_err(OpenMemory::Store)?;
    Ok(recovered)
}

/// Reads the snapshot; true when the directory was in it.
fn restore(memory: &Memory, now: Timestamp, recovered: &mut Recovered) -> Result<bool, StoreError> {
    let Some(mut snapshot) = memory.store().snapshot_read(SNAPSHOT)? else { return Ok(false) };
    recovered.snapshot = snapshot.position();
    let (mut directory_restored, mut levels_restored) = (false, false);
    while let Some(mut section) = snapshot.next_section()? {
        let name = section.name().to_owned();
        let done = match name.as_str() {
            "subjects" => memory.activity.restore_subjects(&mut section).is_ok(),
            "blocks" => memory.activity.restore_blocks(&mut section).is_ok(),
            "wrong-holds" => memory.limiting.holds().restore(&mut section).is_ok(),
            "levels" => {
                levels_restored = memory.limiting.restore_levels(&mut section);
                levels_restored
            }
            "relations" => memory.relations.decode(&mut section, now).is_ok(),
            "directory" => {
                directory_restored = memory.directory.decode(&mut section).is_ok();
                directory_restored
            }
            _ => io::copy(&mut section as &mut dyn Read, &mut io::sink()).is_ok(),
        };
        if !done {
            // What does not decode is empty now and is rebuilt from as much of the ledger as there is.
            tracing::error!(reason = "section_unusable", section = %name, "rebuilt from the ledger");
            recovered.snapshot = 0;
        }
    }
    if !levels_restored {
        // A snapshot of before there was such a section: what it kept of members is made again from the ledger.
        recovered.snapshot = 0;
    }
    Ok(directory_restored)
}

fn load_directory(memory: &Memory) -> Result<u64, StoreError> {
    let mut rows = 0;
    for table in [TableId::DirectoryMembers, TableId::DirectoryNumbers, TableId::Meta] {
        let mut after: Option<Vec<u8>> = None;
        loop {
            let page = memory.store().table_scan(table, after.as_deref(), PAGE_ROWS)?;
            let edits: Vec<Edit> =
                page.iter().filter_map(|row| read_row(table, &row.key, &row.value)).collect();
            rows += u64::try_from(edits.len()).unwrap_or(0);
            let _unchanged = memory.directory.apply(&edits);
            match page.into_iter().next_back() {
                Some(last) => after = Some(last.key),
                None => break,
            }
        }
    }
    Ok(rows)
}

fn read_row(table: TableId, key: &[u8], value: &[u8]) -> Option<Edit> {
    use crate::directory::edit::{decode_facts, decode_holder, decode_range};
    if table == TableId::DirectoryMembers {
        let key = Pseudonym(key.try_into().ok()?);
        return Some(Edit::Member { key, facts: Some(decode_facts(value)?) });
    }
    if table == TableId::DirectoryNumbers {
        let number = Pseudonym(key.try_into().ok()?);
        return Some(Edit::Assign { number, member: decode_holder(value) });
    }
    decode_range(key)
}

fn replay(memory: &Memory, recovered: &mut Recovered) -> Result<(), StoreError> {
    let last = memory.store().last_seq();
    let known = recovered.snapshot.saturating_sub(UNDER_WAY);
    let from = known.min(last.saturating_sub(OPEN_ENTRIES));
    memory.store().scan(from, &mut |entry| {
        recovered.entries += 1;
        // An edit is in the directory before it has its seq: the snapshot has it, or the tables had. There may be
        // 190 in an entry.
        let is_known = entry.kind == EntryKind::DirectoryEdit && entry.seq <= known;
        if !is_known && replay_entry(memory, &entry).is_none() {
            recovered.unreadable += 1;
        }
        ControlFlow::Continue(())
    })
}

/// Applies one entry; `None` when it cannot be read.
fn replay_entry(memory: &Memory, entry: &Entry) -> Option<()> {
    match entry.kind {
        EntryKind::Stage => {
            let decision = entry.decision?;
            let row = StageRow::decode(&entry.body, decision, &memory.names())?;
            // A charge of which nothing is known any more was of the month that it is.
            let charged = memory.open.lock(decision).account;
            let charged =
                if charged.charged == Costs::default() { entry.time } else { charged.reserved.at };
            let given = apply_row(memory, &row, entry.seq, (entry.time, charged));
            memory.suspect_of_campaign(&row, entry.time);
            let mut open = memory.open.lock(decision);
            recount(memory, &open, &row);
            open.restore(row, given);
        }
        EntryKind::Report => {
            let evidence = EvidenceRow::decode(&entry.body)?;
            evidence::replay(memory, &evidence, entry.seq, entry.time);
            memory.suspect_reported(&evidence, entry.time);
        }
        EntryKind::HeldDecision => {
            let evidence = EvidenceRow::decode(&entry.body)?;
            evidence::replay(memory, &evidence, entry.seq, entry.time);
            let state = HeldState::from_code(*entry.body.last()?)?;
            memory.open.decided(entry.decision?, state);
        }
        EntryKind::DirectoryEdit => {
            let edits = crate::directory::edit::decode(&entry.body)?;
            let _known = memory.directory.apply(&edits);
            memory.counters.edits_since.fetch_add(1, Ordering::Relaxed);
            for edit in edits {
                if let Edit::Recycled { number } = edit {
                    memory.activity.replay_forget(number.hot(), entry.seq);
                    memory.relations.recycled(number.hot(), entry.time);
                }
            }
        }
        EntryKind::Other => {
            if let Some(opening) = decode_opening(&entry.body) {
                memory.replay_look(&opening);
            }
        }
        EntryKind::ListEdit | EntryKind::Policy | EntryKind::Key | EntryKind::Desk => {}
    }
    Some(())
}

/// Counts again which faxes were asked for fingerprints, and of which content was touched.
fn recount(memory: &Memory, open: &OpenDecision, row: &StageRow) {
    let newly = |feature| row.features.is(feature) && !open.kept.is(feature);
    if open.begins_pages(row.verdict.stage) {
        memory.wishes.fax();
    }
    match row.features.get(Feature::FingerprintAsked) {
        _ if !newly(Feature::FingerprintAsked) => {}
        BY_LOT => memory.wishes.asked_by_lot(),
        _ => memory.wishes.asked(),
    }
    if newly(Feature::InkMapLooked) && open.looks.is_empty() {
        memory.wishes.touch();
    }
}

/// Applies a row, and says what has been given back to whom it is charged.
fn apply_row(
    memory: &Memory,
    row: &StageRow,
    seq: u64,
    (time, charged): (Timestamp, Timestamp),
) -> Option<GivenBack> {
    let generation = memory.generations.current();
    let policy = generation.policy();
    let pace = pace(policy);
    let mut observation = row.observation;
    memory.activity.lock(&observation).observe(
        &mut observation,
        pace,
        Source::Replay(seq),
        &Said::default(),
    );
    let charges = row.charging || row.settled.is_some();
    let given = charges.then(|| charge_again(memory, row, seq, (time, charged))).flatten();
    row.relate(&memory.relations, time);
    given
}

/// Charges and settles what a row says, to everybody of whom the snapshot is from before, and says what has been given back to them
/// by all rows up to this one.
fn charge_again(
    memory: &Memory,
    row: &StageRow,
    seq: u64,
    (time, charged): (Timestamp, Timestamp),
) -> Option<GivenBack> {
    let generation = memory.generations.current();
    let book = memory.limiting.book(&generation, time);
    let concerned = Concerned::of(row);
    let sends = concerned.direction == Direction::Outbound;
    let own = memory.limiting.own();
    let own = sends.then(|| own.of(concerned.member, concerned.facts.plan, &book, time)).flatten();
    let parties = book.parties(&concerned, own.as_ref());
    let mut locked = memory.limiting.members().lock(parties, time);
    let settled = row.settled.map(|actual| (row.charged, row.owed.unwrap_or(actual)));
    for which in 0..PARTIES {
        if locked.replays_month(which, seq) {
            locked.visit(which, time, |visit| {
                if row.charging {
                    visit.charge_month(row.charged);
                }
                if let Some(actual) = row.settled {
                    visit.settle_month((row.charged, actual), charged);
                }
            });
        }
        if !locked.replays(which, seq) {
            if let Some(costs) = settled {
                locked.gave_back(which, costs);
            }
            continue;
        }
        locked.visit(which, time, |visit| {
            if row.charging {
                visit.charge_levels(row.charged);
            }
            if let Some((estimate, owed)) = settled {
                visit.settle(estimate, owed);
            }
        });
    }
    locked.given()
}

fn count_false_positives(memory: &Memory, now: Timestamp) -> Result<(), StoreError> {
    let window = memory.generations.current().policy().budget().global_window;
    let from = now.minus(window).as_micros().max(0).to_be_bytes();
    let rows = memory.store().table_scan(TableId::FalsePositives, Some(&from), PAGE_ROWS)?;
    let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    memory.counters.false_positives.store(count, Ordering::Relaxed);
    Ok(())
}

impl Memory {
    /// Counts the false positives of the present window anew. Reads the store: off the path.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn refresh_budget(&self, now: Timestamp) -> Result<(), StoreError> {
        count_false_positives(self, now)
    }
}

/// Writes the snapshot, taking time for it until `haste` says otherwise, or none.
pub(super) fn checkpoint(
    memory: &Memory,
    haste: Option<Arc<AtomicBool>>,
) -> Result<(), StoreError> {
    let store = memory.store();
    let last = || store.last_seq();
    store.snapshot_write(SNAPSHOT, store.last_seq(), &mut |out| {
        if let Some(haste) = &haste {
            out.take_time(Arc::clone(haste));
        }
        out.section("subjects", &mut |to| memory.activity.snapshot_subjects(&last, to))?;
        out.section("blocks", &mut |to| memory.activity.snapshot_blocks(&last, to))?;
        out.section("wrong-holds", &mut |to| memory.limiting.holds().snapshot(&last, to))?;
        out.section("levels", &mut |to| memory.limiting.snapshot_levels(&last, to))?;
        out.section("relations", &mut |to| memory.relations.encode(to))?;
        out.section("directory", &mut |to| memory.directory.encode(to))?;
        Ok::<(), SnapshotFault>(())
    })
}
