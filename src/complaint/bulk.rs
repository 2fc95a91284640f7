//! Reports of carriers in bulk: comma-separated values and lines of JSON, a complaint a row.
//!
//! A row that is damaged is answered with its faults and its number, and the next one is read. A quote that is never
//! closed swallows what follows in every reader of tables: here such a row ends where its first line ends.

mod feed;

pub use feed::{Feed, Table};

use csv_core::{ReadRecordResult, Reader};
use serde_json::{Map, Value};

use super::columns::{self, COLUMNS, Column};
use super::export::SafeCsv;
use super::fault::{Cause, Faults};
use super::{Complaint, Format, json};
use crate::bounds::{
    COMPLAINT_COLUMNS_MAX, COMPLAINT_ROW_BYTES_MAX, COMPLAINT_ROWS_BYTES_MAX, COMPLAINT_ROWS_MAX,
};
use crate::time::Timestamp;

/// Longest header of a column that is not ours and is kept, in bytes.
const HEADER_BYTES_MAX: usize = 64;

/// A row of a file, read or refused.
#[derive(Debug)]
pub struct Row {
    /// Number of the row from 1, the header not counted.
    pub number: usize,
    /// Line of the file on which it begins, from 1.
    pub line: u64,
    /// The complaint, or all that is wrong with the row.
    pub read: Result<Complaint, Faults>,
}

/// Begins to read a table. Its first row names the columns ([`COLUMNS`]), in any order; columns of other names are kept
/// with the complaint.
///
/// # Errors
/// Faults of the file as a whole: too large, not a table, a column twice, no column `category`.
pub fn csv(bytes: &[u8], now: Timestamp) -> Result<CsvRows<'_>, Faults> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    sized(bytes)?;
    let mut cells = Cells::default();
    let header = cells.read(bytes).map_err(|cause| Faults::one("header", cause))?;
    let mut faults = Faults::default();
    let columns = match header.end {
        0 => Vec::new(),
        _ => cells.texts().map_err(|cause| Faults::one("header", cause))?,
    };
    let columns: Vec<Header> = columns.into_iter().map(Header::of).collect();
    for (at, column) in columns.iter().enumerate() {
        let path = format_args!("header[{at}]");
        match column {
            Header::Ours(one) if columns.iter().take(at).any(|other| other.is(one.name)) => {
                faults.add(one.name, Cause::Repeated);
            }
            Header::Other(name) if name.len() > HEADER_BYTES_MAX => {
                faults.add(path, Cause::TooLong { most: HEADER_BYTES_MAX });
            }
            Header::Ours(_) | Header::Other(_) => {}
        }
    }
    if !columns.iter().any(|column| column.is("category")) {
        faults.add("category", Cause::Missing);
    }
    let rows = CsvRows {
        bytes,
        at: header.end,
        line: 1 + lines(bytes, 0, header.end),
        number: 0,
        columns,
        cells,
        now,
    };
    faults.or(rows)
}

fn sized(bytes: &[u8]) -> Result<(), Faults> {
    if bytes.len() > COMPLAINT_ROWS_BYTES_MAX {
        return Err(Faults::one("file", Cause::TooLarge { most: COMPLAINT_ROWS_BYTES_MAX }));
    }
    Ok(())
}

/// What a header says of its column.
#[derive(Debug)]
enum Header {
    Ours(&'static Column),
    Other(String),
}

impl Header {
    fn of(name: &str) -> Self {
        let name = name.trim();
        columns::named(&name.to_ascii_lowercase())
            .map_or_else(|| Self::Other(name.to_owned()), Self::Ours)
    }

    fn is(&self, name: &str) -> bool {
        matches!(self, Self::Ours(column) if column.name == name)
    }
}

/// Rows of a table, one after the other.
#[derive(Debug)]
pub struct CsvRows<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
    number: usize,
    columns: Vec<Header>,
    cells: Cells,
    now: Timestamp,
}

impl CsvRows<'_> {
    /// How many bytes of the file are read, of how many.
    #[must_use]
    pub const fn progress(&self) -> (usize, usize) {
        (self.at, self.bytes.len())
    }

    /// Ends the reading, with a last row that says so.
    fn give_up(&mut self, cause: Cause) -> Row {
        self.at = self.bytes.len();
        Row { number: self.number, line: self.line, read: Err(Faults::one("row", cause)) }
    }

    fn complaint(&self, texts: &[&str]) -> Result<Complaint, Faults> {
        let mut complaint = Complaint::empty(Format::Csv, "");
        let mut faults = Faults::default();
        for (header, cell) in self.columns.iter().zip(texts) {
            let cell = unquoted(cell);
            match header {
                Header::Ours(column) => {
                    if let Err(cause) = column.set(&mut complaint, cell, self.now) {
                        faults.add(column.name, cause);
                    }
                }
                Header::Other(name) if !cell.is_empty() => {
                    complaint.extra.0.insert(name.clone(), Value::from(cell));
                }
                Header::Other(_) => {}
            }
        }
        complete(complaint, faults)
    }
}

/// A cell without the apostrophe that [`super::export::harmless`] puts before what a spreadsheet would run.
fn unquoted(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if super::export::is_active(rest) => rest,
        _ => cell,
    }
}

/// What every row must say, whatever its format.
fn complete(complaint: Complaint, mut faults: Faults) -> Result<Complaint, Faults> {
    let told = |name: &str| faults.list().iter().any(|fault| fault.path == name);
    let no_category = complaint.category.is_none() && !told("category");
    let no_time = complaint.incident_at.is_none() && !told("incident_at");
    let names = [&complaint.called, &complaint.caller, &complaint.tsi, &complaint.campaign];
    let names_nothing = names.into_iter().all(Option::is_none)
        && !["called", "caller", "tsi", "campaign"].into_iter().any(told);
    if no_category {
        faults.add("category", Cause::Missing);
    }
    if no_time {
        faults.add("incident_at", Cause::Missing);
    }
    if names_nothing {
        faults.add("row", Cause::NamesNothing);
    }
    faults.or(complaint)
}

impl Iterator for CsvRows<'_> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        // The reader passes over empty lines, and then tells of no record where nothing follows.
        let rest = self.bytes.get(self.at..)?;
        let blank = rest.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
        self.line += lines(rest, 0, blank);
        self.at += blank;
        let rest = rest.get(blank..).filter(|rest| !rest.is_empty())?;
        self.number += 1;
        if self.number > COMPLAINT_ROWS_MAX {
            return Some(self.give_up(Cause::TooMany { most: COMPLAINT_ROWS_MAX }));
        }
        let first_line = end_of_line(rest);
        let window = rest.get(..rest.len().min(COMPLAINT_ROW_BYTES_MAX + 1)).unwrap_or(rest);
        let (used, read) = match self.cells.read(window) {
            Ok(record) if record.whole || window.len() == rest.len() => {
                let has = self.cells.count;
                let columns = self.columns.len();
                if has == columns {
                    let texts = self.cells.texts().map_err(|cause| Faults::one("row", cause));
                    (record.end, texts.and_then(|texts| self.complaint(&texts)))
                } else {
                    (record.end, Err(Faults::one("row", Cause::Columns { has, columns })))
                }
            }
            Ok(_) => (window.len(), Err(too_long())),
            Err(cause) => (window.len(), Err(Faults::one("row", cause))),
        };
        let line = self.line;
        // A row that went wrong over several lines may have swallowed others: it ends with its first line. No byte is read
        // more than twice for that: the next line that could open a quote has closed the one before.
        let taken = if read.is_err() { first_line } else { used.max(1) };
        self.line += lines(rest, 0, taken);
        self.at += taken;
        Some(Row { number: self.number, line, read })
    }
}

fn too_long() -> Faults {
    Faults::one("row", Cause::TooLarge { most: COMPLAINT_ROW_BYTES_MAX })
}

/// Behind the first line end, or the length.
fn end_of_line(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')).map_or(bytes.len(), |at| at + 1)
}

fn lines(bytes: &[u8], from: usize, to: usize) -> u64 {
    let part = bytes.get(from..to).unwrap_or_default();
    part.iter().filter(|byte| **byte == b'\n').count() as u64
}

/// The cells of one row.
#[derive(Debug)]
struct Cells {
    reader: Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
    count: usize,
}

impl Default for Cells {
    fn default() -> Self {
        Self {
            reader: Reader::new(),
            text: vec![0; COMPLAINT_ROW_BYTES_MAX],
            ends: vec![0; COMPLAINT_COLUMNS_MAX],
            count: 0,
        }
    }
}

/// Where a record ended, and whether by a line end.
struct Record {
    end: usize,
    whole: bool,
}

impl Cells {
    /// Reads the first record of the bytes.
    fn read(&mut self, bytes: &[u8]) -> Result<Record, Cause> {
        self.reader.reset();
        // At its very beginning it would take a byte order mark away, which is the file's alone.
        let _ = self.reader.read_record(b"\n", &mut self.text, &mut self.ends);
        let (mut at, mut text, mut count) = (0, 0, 0);
        self.count = 0;
        loop {
            let input = bytes.get(at..).unwrap_or_default();
            let output = self.text.get_mut(text..).unwrap_or_default();
            let ends = self.ends.get_mut(count..).unwrap_or_default();
            let (result, took, wrote, ended) = self.reader.read_record(input, output, ends);
            at += took;
            text += wrote;
            count += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => {
                    return Err(Cause::TooLarge { most: COMPLAINT_ROW_BYTES_MAX });
                }
                ReadRecordResult::OutputEndsFull => {
                    return Err(Cause::TooMany { most: COMPLAINT_COLUMNS_MAX });
                }
                ReadRecordResult::Record => {
                    self.count = count;
                    // A record that ends with the input, and not before, may go on behind it.
                    return Ok(Record { end: at, whole: !input.is_empty() });
                }
                ReadRecordResult::End => return Ok(Record { end: at, whole: !input.is_empty() }),
            }
        }
    }

    /// The cells as texts.
    fn texts(&self) -> Result<Vec<&str>, Cause> {
        let mut from = 0;
        let ends = self.ends.iter().take(self.count);
        ends.map(|end| {
            let cell = self.text.get(from..*end).unwrap_or_default();
            from = *end;
            std::str::from_utf8(cell).map_err(|fault| Cause::NotUtf8 { at: fault.valid_up_to() })
        })
        .collect()
    }
}

/// Begins to read lines of JSON, an object a line with the names of [`COLUMNS`] as keys; other keys are kept. Empty lines
/// count for nothing.
///
/// # Errors
/// The file is too large.
pub fn jsonl(bytes: &[u8], now: Timestamp) -> Result<JsonRows<'_>, Faults> {
    sized(bytes)?;
    Ok(JsonRows { bytes, at: 0, line: 0, number: 0, now })
}

/// Rows of lines of JSON, one after the other.
#[derive(Debug)]
pub struct JsonRows<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
    number: usize,
    now: Timestamp,
}

impl JsonRows<'_> {
    /// How many bytes of the file are read, of how many.
    #[must_use]
    pub const fn progress(&self) -> (usize, usize) {
        (self.at, self.bytes.len())
    }
}

impl Iterator for JsonRows<'_> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        loop {
            let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
            let end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
            let (line, _) = rest.split_at(end);
            self.at += line.len();
            self.line += 1;
            let line = line.trim_ascii();
            if line.is_empty() {
                continue;
            }
            self.number += 1;
            let read = if self.number > COMPLAINT_ROWS_MAX {
                self.at = self.bytes.len();
                Err(Faults::one("row", Cause::TooMany { most: COMPLAINT_ROWS_MAX }))
            } else if line.len() > COMPLAINT_ROW_BYTES_MAX {
                Err(too_long())
            } else {
                json_row(line, self.now)
            };
            return Some(Row { number: self.number, line: self.line, read });
        }
    }
}

fn json_row(line: &[u8], now: Timestamp) -> Result<Complaint, Faults> {
    let value = json::read(line).map_err(|fault| Faults::one(fault.path, fault.cause))?;
    let Value::Object(fields) = value else {
        return Err(Faults::one("row", Cause::Kind { wanted: "an object" }));
    };
    let mut complaint = Complaint::empty(Format::Jsonl, "");
    let mut faults = Faults::default();
    if fields.len() > COMPLAINT_COLUMNS_MAX {
        faults.add("row", Cause::TooMany { most: COMPLAINT_COLUMNS_MAX });
    }
    for (at, (name, value)) in fields.into_iter().enumerate() {
        match columns::named(&name) {
            Some(column) => {
                if let Err(cause) = column.set_json(&mut complaint, &value, now) {
                    faults.add(column.name, cause);
                }
            }
            None if name.len() > HEADER_BYTES_MAX => {
                faults.add(format_args!("row[{at}]"), Cause::TooLong { most: HEADER_BYTES_MAX });
            }
            None => {
                complaint.extra.0.insert(name, value);
            }
        }
    }
    complete(complaint, faults)
}

/// Writes complaints as a table that [`csv()`] reads again; what is not in [`COLUMNS`] (evidence, kept fields) is not in it.
/// It holds numbers: it is for the provider's own use.
#[must_use]
pub fn to_csv<'a>(complaints: impl IntoIterator<Item = &'a Complaint>) -> String {
    let mut table = SafeCsv::default();
    table.row(COLUMNS.iter().map(|column| column.name));
    for complaint in complaints {
        let cells: Vec<String> =
            COLUMNS.iter().map(|column| column.get(complaint).unwrap_or_default()).collect();
        table.row(cells.iter().map(String::as_str));
    }
    table.finish()
}

/// Writes a complaint as a line of JSON that [`jsonl`] reads again, with the same limits as [`to_csv`].
#[must_use]
pub fn to_jsonl(complaint: &Complaint) -> String {
    let named = |column: &Column| Some((column.name.to_owned(), column.get_json(complaint)?));
    let object: Map<String, Value> = COLUMNS.iter().filter_map(named).collect();
    format!("{}\n", Value::Object(object))
}

/// All that a complaint says but its evidence and its format, in one order: the same complaint as a row of a table and as a
/// line of JSON has the same text. It holds numbers: it is hashed, and kept nowhere.
#[must_use]
pub fn canonical(complaint: &Complaint) -> String {
    let mut kept: Vec<(&String, &Value)> = complaint.extra.fields().iter().collect();
    kept.sort_unstable_by_key(|(name, _)| *name);
    let mut text = to_jsonl(complaint);
    for (name, value) in kept {
        text.push_str(&Value::from(name.as_str()).to_string());
        text.push_str(&value.to_string());
    }
    text
}
