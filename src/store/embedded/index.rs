//! By what an entry of a day is found: its decision, and the number and the member of its fax. Pseudonyms have no order,
//! so that an index kept row by row is written to all over. The marks of the run that is being written stay in memory;
//! when its last seq has passed they are sorted and stored as leaves, 256 a column. A start reads the run again.

use parking_lot::RwLock;
use rusqlite::{Connection, params};

use super::sheet::{self, SheetId, place_of, run_of};
use crate::fax::id::{DecisionId, Pseudonym};
use crate::store::codec::{take_i64, take_u8, take_u16, take_u32};
use crate::store::entry::Entry;
use crate::store::{FaxSubject, codec::take_u64};

/// Leaves of one column of a run, by the first byte of the key.
const TOP_BITS: u32 = 8;
const COLUMN_BITS: u32 = 2;
/// Leaves of one column and first byte: one when the run has passed, and one more whenever something came late; each of
/// those held a new seq.
const PART_BITS: u32 = 17;
const RUN_SHIFT: u32 = COLUMN_BITS + TOP_BITS + PART_BITS;
const MARK_BYTES: usize = 23;

pub(super) const SCHEMA: &str = "
    CREATE TABLE run (number INTEGER PRIMARY KEY);
    CREATE TABLE leaf (id INTEGER PRIMARY KEY, marks BLOB NOT NULL);";

/// What entries are found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Decision = 0,
    Did = 1,
    Member = 2,
}

const COLUMNS: [Column; 3] = [Column::Decision, Column::Did, Column::Member];

/// A key with the column it is looked for in. The first 64 bits find it; whoever reads the sheet compares the rest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sought {
    column: Column,
    key: u64,
}

impl From<DecisionId> for Sought {
    fn from(decision: DecisionId) -> Self {
        Self { column: Column::Decision, key: Pseudonym(decision.0).hot() }
    }
}

impl From<FaxSubject> for Sought {
    fn from(subject: FaxSubject) -> Self {
        match subject {
            FaxSubject::Did(did) => Self { column: Column::Did, key: did.hot() },
            FaxSubject::Member(member) => Self { column: Column::Member, key: member.hot() },
        }
    }
}

/// One entry in one column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    key: u64,
    /// Its sheet within the run.
    part: u32,
    /// Place of its seq in the run.
    pub(super) place: u16,
    /// Microseconds since 1970.
    pub(super) time: i64,
    /// Code of the action of its fax.
    pub(super) action: u8,
}

/// A mark and the run it was found in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit {
    pub(super) run: u64,
    pub(super) mark: Mark,
}

impl Hit {
    pub(super) fn seq(self) -> u64 {
        sheet::seq_at(self.run, self.mark.place)
    }

    pub(super) fn sheet(self) -> SheetId {
        SheetId::new(self.run, self.mark.part)
    }
}

/// Marks of one run.
#[derive(Debug)]
pub(super) struct Marks {
    pub(super) run: u64,
    /// Sheets numbered so far.
    pub(super) parts: u32,
    columns: [Vec<Mark>; COLUMNS.len()],
    places: Vec<u16>,
}

impl Marks {
    pub(super) fn new(run: u64, parts: u32) -> Self {
        Self { run, parts, columns: Default::default(), places: Vec::new() }
    }

    /// The number of the next sheet, whose entries are these.
    pub(super) fn number<'a>(&mut self, entries: impl IntoIterator<Item = &'a Entry>) -> SheetId {
        let part = self.parts;
        self.parts = self.parts.saturating_add(1);
        for entry in entries {
            self.add(entry, part);
        }
        SheetId::new(self.run, part)
    }

    fn add(&mut self, entry: &Entry, part: u32) {
        let (place, time) = (place_of(entry.seq), entry.time.as_micros());
        self.places.push(place);
        let action = entry.fax.map_or(0, |fax| fax.action);
        let keys = [
            entry.decision.map(|decision| Pseudonym(decision.0)),
            entry.fax.map(|fax| fax.did),
            entry.fax.and_then(|fax| fax.member),
        ];
        for (column, key) in self.columns.iter_mut().zip(keys) {
            if let Some(key) = key {
                column.push(Mark { key: key.hot(), part, place, time, action });
            }
        }
    }

    /// The marks of a run as its sheets give them, and how many of those are damaged and left out.
    pub(super) fn read(connection: &Connection, run: u64) -> rusqlite::Result<(Self, u32)> {
        let mut marks = Self::new(run, sheet::parts(connection, run)?);
        let mut damaged = 0;
        for part in 0..marks.parts {
            match sheet::read(connection, SheetId::new(run, part))? {
                Some(entries) => entries.iter().for_each(|entry| marks.add(entry, part)),
                None => damaged += 1,
            }
        }
        Ok((marks, damaged))
    }

    fn sought(&self, sought: Sought) -> impl Iterator<Item = Hit> {
        let of_it = self.columns[sought.column as usize].iter();
        let of_it = of_it.filter(move |mark| mark.key == sought.key);
        of_it.map(|mark| Hit { run: self.run, mark: *mark })
    }

    /// Stores them as leaves, in a transaction of the caller's.
    pub(super) fn settle(&self, connection: &Connection) -> rusqlite::Result<()> {
        let sql = "INSERT OR IGNORE INTO run VALUES (?1)";
        connection.prepare_cached(sql)?.execute([self.run.cast_signed()])?;
        for column in COLUMNS {
            let mut marks = self.columns[column as usize].clone();
            marks.sort_unstable_by_key(|mark| (mark.key, mark.part, mark.place));
            for leaf in marks.chunk_by(|one, next| top(one.key) == top(next.key)) {
                let Some(first) = leaf.first() else { continue };
                self.put_leaf(connection, column, top(first.key), leaf)?;
            }
        }
        Ok(())
    }

    fn put_leaf(
        &self,
        connection: &Connection,
        column: Column,
        top: u64,
        leaf: &[Mark],
    ) -> rusqlite::Result<()> {
        let (first, last) = leaves(self.run, column, top);
        let sql = "SELECT max(id) FROM leaf WHERE id BETWEEN ?1 AND ?2";
        let highest = connection
            .prepare_cached(sql)?
            .query_row([first, last], |row| row.get::<_, Option<i64>>(0))?;
        let mut bytes = Vec::with_capacity(leaf.len() * MARK_BYTES);
        leaf.iter().for_each(|mark| mark.put(&mut bytes));
        let sql = "INSERT INTO leaf VALUES (?1, ?2)";
        let id = highest.map_or(first, |id| id + 1);
        connection.prepare_cached(sql)?.execute(params![id, bytes]).map(|_| ())
    }
}

const fn top(key: u64) -> u64 {
    key >> (u64::BITS - TOP_BITS)
}

/// The first and the last leaf that a column and a first byte can have.
fn leaves(run: u64, column: Column, top: u64) -> (i64, i64) {
    let column = (run << COLUMN_BITS) | column as u64;
    let first = (((column << TOP_BITS) | top) << PART_BITS).cast_signed();
    (first, first | ((1 << PART_BITS) - 1))
}

impl Mark {
    fn put(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.key.to_le_bytes());
        to.extend_from_slice(&self.part.to_le_bytes());
        to.extend_from_slice(&self.place.to_le_bytes());
        to.extend_from_slice(&self.time.to_le_bytes());
        to.push(self.action);
    }

    fn take(mut bytes: &[u8]) -> Option<Self> {
        let from = &mut bytes;
        Some(Self {
            key: take_u64(from)?,
            part: take_u32(from)?,
            place: take_u16(from)?,
            time: take_i64(from)?,
            action: take_u8(from)?,
        })
    }
}

/// The run of a file that is being written.
#[derive(Debug)]
pub(super) struct Tail {
    floor: u64,
    marks: Marks,
    present: Vec<bool>,
}

impl Tail {
    pub(super) fn new(floor: u64, marks: Marks) -> Self {
        let mut tail = Self {
            floor,
            present: vec![false; usize::from(u16::MAX) + 1],
            marks: Marks::new(marks.run, marks.parts),
        };
        tail.extend(marks);
        tail
    }

    /// Whether it is of the file with that floor.
    pub(super) const fn is_of(&self, floor: u64) -> bool {
        self.floor == floor
    }

    pub(super) const fn marks(&self) -> &Marks {
        &self.marks
    }

    /// Adds what was committed of the same run.
    pub(super) fn extend(&mut self, more: Marks) {
        for place in &more.places {
            self.present[usize::from(*place)] = true;
        }
        self.marks.parts = more.parts;
        for (column, more) in self.marks.columns.iter_mut().zip(more.columns) {
            column.extend(more);
        }
    }

    /// Whether it holds a seq of its run.
    pub(super) fn holds(&self, seq: u64) -> bool {
        run_of(seq) == self.marks.run && self.present[usize::from(place_of(seq))]
    }
}

/// The tail of the file that is being written, shared with the readers; only the committer changes it, once the
/// transaction is through.
pub(super) type SharedTail = std::sync::Arc<RwLock<Option<Tail>>>;

/// Every mark of a key in the file with that floor. The tail is asked first: what leaves it is in the leaves by then, and
/// what is found twice the caller takes once.
pub(super) fn hits(
    connection: &Connection,
    tail: &SharedTail,
    floor: u64,
    sought: Sought,
) -> rusqlite::Result<Vec<Hit>> {
    let mut found = Vec::new();
    if let Some(tail) = tail.read().as_ref().filter(|tail| tail.is_of(floor)) {
        found.extend(tail.marks.sought(sought));
    }
    let sql = "
        SELECT run.number, leaf.marks FROM run CROSS JOIN leaf
        WHERE leaf.id BETWEEN (run.number << ?1) | ?2 AND (run.number << ?1) | ?3";
    let mut statement = connection.prepare_cached(sql)?;
    let (first, last) = leaves(0, sought.column, top(sought.key));
    let mut rows = statement.query(params![RUN_SHIFT, first, last])?;
    while let Some(row) = rows.next()? {
        let run = row.get::<_, i64>(0)?.cast_unsigned();
        let marks = row.get_ref(1)?.as_blob()?.chunks_exact(MARK_BYTES).filter_map(Mark::take);
        found.extend(marks.filter(|mark| mark.key == sought.key).map(|mark| Hit { run, mark }));
    }
    found.sort_unstable_by_key(|hit| (hit.seq(), hit.mark.part));
    found.dedup_by_key(|hit| hit.seq());
    Ok(found)
}

/// Whether a run has leaves.
pub(super) fn is_settled(connection: &Connection, run: u64) -> rusqlite::Result<bool> {
    let sql = "SELECT count(*) FROM run WHERE number = ?1";
    connection
        .query_row(sql, [run.cast_signed()], |row| row.get::<_, i64>(0))
        .map(|count| count > 0)
}

const _: () = assert!(MARK_BYTES == 8 + 4 + 2 + 8 + 1);
const _: () = assert!(
    (crate::store::SEQ_MAX >> 16) < (1 << (63 - RUN_SHIFT)),
    "every leaf has a positive id"
);
