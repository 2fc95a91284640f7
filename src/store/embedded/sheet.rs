//! The rows of a ledger day: sheets of some forty entries each. A row an entry, with three indexes of random keys,
//! takes the committer six times as long (docs/decisions/12-ledger-sheets.md).
//!
//! A sheet belongs to one run of 65,536 seqs and is numbered within it in the order of arrival, which is nearly that of
//! the seqs; a reader puts them in order. Its body is entries behind their lengths, and a checksum, which SQLite has not.

use rusqlite::{Connection, OptionalExtension, params};

use crate::store::codec::take_bytes;
use crate::store::entry::Entry;

/// Seqs of a run, as bits.
const RUN_BITS: u32 = 16;
/// Sheets of a run, as bits: each sheet holds a new seq.
const PART_BITS: u32 = 20;
/// Bytes after which a sheet is full. A reader of one entry reads them all, and a row of this size costs the writer a
/// fortieth of an entry's.
const SHEET_BYTES: usize = 16 * 1024;
/// Bytes of BLAKE3 at the end of a body: rot, not forgery, is what they find.
const SUM_BYTES: usize = 8;

pub(super) const SCHEMA: &str = "
    CREATE TABLE sheet (
        id INTEGER PRIMARY KEY, low INTEGER NOT NULL, high INTEGER NOT NULL, batch INTEGER,
        body BLOB NOT NULL);
    CREATE INDEX sheet_batch ON sheet (batch) WHERE batch IS NOT NULL;";

const INSERT: &str = "INSERT INTO sheet (id, low, high, batch, body) VALUES (?1, ?2, ?3, ?4, ?5)";

/// The run of a seq.
pub(super) const fn run_of(seq: u64) -> u64 {
    seq >> RUN_BITS
}

/// The place of a seq in its run.
pub(super) fn place_of(seq: u64) -> u16 {
    u16::try_from(seq & 0xffff).unwrap_or(u16::MAX)
}

/// The seq at a place of a run.
pub(super) fn seq_at(run: u64, place: u16) -> u64 {
    (run << RUN_BITS) | u64::from(place)
}

/// Names a sheet within its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SheetId(i64);

impl SheetId {
    pub(super) fn new(run: u64, part: u32) -> Self {
        Self(((run << PART_BITS) | u64::from(part)).cast_signed())
    }

    pub(super) const fn run(self) -> u64 {
        self.0.cast_unsigned() >> PART_BITS
    }
}

/// Fills a body with the first of these entries, sorted by seq and of one run; gives those it took.
pub(super) fn pack<'a, 'b>(entries: &'a [&'b Entry], body: &mut Vec<u8>) -> &'a [&'b Entry] {
    body.clear();
    let mut count = 0;
    while count < entries.len() && body.len() < SHEET_BYTES {
        put_entry(body, entries[count]);
        count += 1;
    }
    let sum = blake3::hash(body);
    body.extend_from_slice(&sum.as_bytes()[..SUM_BYTES]);
    &entries[..count]
}

fn put_entry(body: &mut Vec<u8>, entry: &Entry) {
    let at = body.len();
    body.extend_from_slice(&[0; 4]);
    entry.put(body);
    // The store refuses entries near 4 GiB long before.
    let length = u32::try_from(body.len() - at - 4).unwrap_or(0);
    body[at..at + 4].copy_from_slice(&length.to_le_bytes());
}

/// The entries of a body; `None` where it is damaged.
pub(super) fn unpack(body: &[u8]) -> Option<Vec<Entry>> {
    let (mut from, sum) = body.split_at_checked(body.len().checked_sub(SUM_BYTES)?)?;
    if blake3::hash(from).as_bytes()[..SUM_BYTES] != *sum {
        return None;
    }
    let mut entries = Vec::new();
    while !from.is_empty() {
        entries.push(Entry::decode(take_bytes(&mut from)?)?);
    }
    Some(entries)
}

/// Writes a sheet under an id; with the batch where its table writes must be found again.
pub(super) fn insert(
    connection: &Connection,
    id: SheetId,
    entries: &[&Entry],
    body: &[u8],
    batch: u64,
) -> rusqlite::Result<()> {
    let writes = entries.iter().any(|entry| !entry.writes.is_empty());
    let seq = |entry: Option<&&Entry>| entry.map_or(0, |entry| entry.seq.cast_signed());
    connection.prepare_cached(INSERT)?.execute(params![
        id.0,
        seq(entries.first()),
        seq(entries.last()),
        writes.then_some(batch.cast_signed()),
        body,
    ])?;
    Ok(())
}

/// How many sheets of a run a file has numbered.
pub(super) fn parts(connection: &Connection, run: u64) -> rusqlite::Result<u32> {
    let sql = "SELECT max(id) FROM sheet WHERE id BETWEEN ?1 AND ?2";
    let (first, last) = span(run);
    let highest = connection
        .prepare_cached(sql)?
        .query_row([first, last], |row| row.get::<_, Option<i64>>(0))?;
    Ok(highest.map_or(0, |id| u32::try_from(id - first).unwrap_or(u32::MAX).saturating_add(1)))
}

fn span(run: u64) -> (i64, i64) {
    let first = (run << PART_BITS).cast_signed();
    (first, first | ((1 << PART_BITS) - 1))
}

/// The last run of a file, and the highest seq in it.
pub(super) fn last(connection: &Connection) -> rusqlite::Result<Option<(u64, u64)>> {
    let id = connection
        .query_row("SELECT max(id) FROM sheet", [], |row| row.get::<_, Option<i64>>(0))?;
    let Some(run) = id.map(|id| SheetId(id).run()) else { return Ok(None) };
    let (first, last) = span(run);
    let sql = "SELECT max(high) FROM sheet WHERE id BETWEEN ?1 AND ?2";
    let seq = connection.query_row(sql, [first, last], |row| row.get::<_, i64>(0))?;
    Ok(Some((run, seq.cast_unsigned())))
}

/// The first run after one, or the first of all.
pub(super) fn next_run(
    connection: &Connection,
    after: Option<u64>,
) -> rusqlite::Result<Option<u64>> {
    let from = after.map_or(-1, |run| span(run).1);
    let sql = "SELECT min(id) FROM sheet WHERE id > ?1";
    let id =
        connection.prepare_cached(sql)?.query_row([from], |row| row.get::<_, Option<i64>>(0))?;
    Ok(id.map(|id| SheetId(id).run()))
}

/// Where the seqs of a sheet begin and end.
pub(super) struct Extent {
    pub(super) id: SheetId,
    pub(super) low: u64,
    pub(super) high: u64,
}

/// The sheets of a run, by their lowest seqs.
pub(super) fn extents(connection: &Connection, run: u64) -> rusqlite::Result<Vec<Extent>> {
    let sql = "SELECT id, low, high FROM sheet WHERE id BETWEEN ?1 AND ?2 ORDER BY low";
    let (first, last) = span(run);
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([first, last], |row| {
        let seq = |at| row.get::<_, i64>(at).map(i64::cast_unsigned);
        Ok(Extent { id: SheetId(row.get(0)?), low: seq(1)?, high: seq(2)? })
    })?;
    rows.collect()
}

/// The sheets whose table writes are of batches above one, each with its batch, in the order in which they came.
pub(super) fn unapplied(
    connection: &Connection,
    applied: u64,
) -> rusqlite::Result<Vec<(SheetId, u64)>> {
    let sql = "SELECT id, batch FROM sheet WHERE batch > ?1 ORDER BY id";
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([applied.cast_signed()], |row| {
        Ok((SheetId(row.get(0)?), row.get::<_, i64>(1)?.cast_unsigned()))
    })?;
    rows.collect()
}

/// The highest batch of a file.
pub(super) fn last_batch(connection: &Connection) -> rusqlite::Result<u64> {
    let sql = "SELECT max(batch) FROM sheet WHERE batch IS NOT NULL";
    let batch = connection.query_row(sql, [], |row| row.get::<_, Option<i64>>(0))?;
    Ok(batch.unwrap_or(0).cast_unsigned())
}

/// The entries of a sheet, in the order of their seqs; inside, `None` where it is damaged. A sheet that is not there
/// has none.
pub(super) fn read(connection: &Connection, id: SheetId) -> rusqlite::Result<Option<Vec<Entry>>> {
    let sql = "SELECT body FROM sheet WHERE id = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let body = statement.query_row([id.0], |row| Ok(unpack(row.get_ref(0)?.as_blob()?)));
    Ok(body.optional()?.unwrap_or_else(|| Some(Vec::new())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::entry::EntryKind;
    use crate::time::Timestamp;
    use proptest::prelude::*;

    fn entry(seq: u64, size: usize) -> Entry {
        let (time, kind, body) =
            (Timestamp::from_micros(5), EntryKind::Stage, vec![3; size].into());
        Entry { seq, time, kind, decision: None, fax: None, body, writes: Vec::new() }
    }

    proptest! {
        #[test]
        fn sheets_read_back_and_show_every_damage(
            sizes in proptest::collection::vec(0..5_000_usize, 1..40), at: usize, bit in 0..8_u32,
        ) {
            let all: Vec<Entry> = (1..).zip(&sizes).map(|(seq, size)| entry(seq, *size)).collect();
            let borrowed: Vec<&Entry> = all.iter().collect();
            let (mut rest, mut back, mut body) = (&borrowed[..], Vec::new(), Vec::new());
            while !rest.is_empty() {
                rest = &rest[pack(rest, &mut body).len()..];
                prop_assert!(body.len() <= SHEET_BYTES + 5_100);
                back.extend(unpack(&body).unwrap());
            }
            prop_assert!(back == all);
            let mut damaged = body.clone();
            let at = at % damaged.len();
            damaged[at] ^= 1 << bit;
            prop_assert_eq!(unpack(&damaged), None);
            prop_assert_eq!(unpack(&body[..at]), None);
        }
    }

    #[test]
    fn the_highest_seq_has_a_sheet_of_its_own_run() {
        let seq = crate::store::SEQ_MAX;
        let id = SheetId::new(run_of(seq), (1 << PART_BITS) - 1);
        assert!(id > SheetId::new(0, 0));
        assert_eq!(id.run(), run_of(seq));
        assert_eq!(seq_at(run_of(seq), place_of(seq)), seq);
    }
}
