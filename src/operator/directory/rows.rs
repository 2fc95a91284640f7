//! The rows of a directory file, CSV or JSONL, each as the entries it stands for.

use std::io::BufRead;
use std::path::Path;

use thiserror::Error;

use crate::fax::number::{InvalidNumber, Number};
use crate::operator::failure::Failure;
use crate::operator::input::{LineFault, Lines, json_fault};
use crate::operator::text::{Shown, parse_instant, sentence, to_wire};
use crate::wire::operator::v1::directory_entry::Entry;
use crate::wire::operator::v1::{DirectoryEntry, NumberAssignment, NumberRange};
use crate::wire::screening::v1::{MemberFacts, Plan};

/// Most entries that one row stands for: a range, who holds a number, what is known of a member.
pub(super) const ENTRIES_A_ROW_MAX: usize = 3;

/// The columns of a CSV file, in the order of its documentation.
const COLUMNS: [&str; 11] = [
    "number",
    "member_id",
    "plan",
    "created",
    "organisation_id",
    "time_zone",
    "jurisdiction",
    "brand",
    "share_weight_milli",
    "range_first",
    "range_last",
];

const PLANS: [(&str, Plan); 5] = [
    ("", Plan::Unspecified),
    ("free", Plan::Free),
    ("plus", Plan::Plus),
    ("pro", Plan::Pro),
    ("corporate", Plan::Corporate),
];

/// One row that can be used.
#[derive(Debug, PartialEq)]
pub(super) struct Row {
    /// What it stands for, 1 to [`ENTRIES_A_ROW_MAX`].
    pub(super) entries: Vec<DirectoryEntry>,
    /// Size of its line.
    pub(super) bytes: usize,
}

/// Why a row cannot be used. Nothing of the row is part of it.
#[derive(Debug, Error)]
pub(super) enum InvalidRow {
    #[error(transparent)]
    Line(LineFault),
    #[error("row is not UTF-8")]
    NotText,
    #[error("row has {found} fields and the header {expected}")]
    FieldCount { found: usize, expected: usize },
    #[error("row has a quote out of place")]
    Quote,
    #[error("{0}")]
    Json(String),
    #[error("row names no number, no member and no range")]
    Empty,
    #[error("row has one end of a range only")]
    HalfRange,
    #[error("range ends before it begins")]
    RangeBackwards,
    #[error("`{column}`: {fault}")]
    Number { column: &'static str, fault: InvalidNumber },
    #[error("`plan` is none of free, plus, pro and corporate")]
    Plan,
    #[error("`created` is not a time (as in `2026-11-24T21:41:24Z`)")]
    Created,
    #[error("`share_weight_milli` is not a whole number from 0 to 1000000")]
    ShareWeight,
    #[error("row knows something of a member and does not name it (`member_id`)")]
    NoMember,
}

/// Why a CSV file cannot be used at all.
#[derive(Debug, Error)]
pub(super) enum InvalidHeader {
    #[error("first line is not a header")]
    Absent,
    #[error("header has a column `{name}` that is unknown or there twice (known are {})", COLUMNS.join(","))]
    Column { name: String },
    #[error("header has neither `number` nor `member_id` nor `range_first`")]
    Nothing,
}

enum Format {
    Jsonl,
    /// For each field of a row, its place in [`COLUMNS`].
    Csv(Vec<usize>),
}

/// The rows of a file with their line numbers; lines without anything on them are passed over.
pub(super) struct Rows {
    lines: Lines<Box<dyn BufRead>>,
    format: Format,
}

impl Rows {
    /// Reads the header of a CSV file; a file whose name ends in `.jsonl` has none.
    pub(super) fn read(path: &Path, lines: Lines<Box<dyn BufRead>>) -> Result<Self, Failure> {
        let jsonl = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("jsonl"));
        let mut rows = Self { lines, format: Format::Jsonl };
        if !jsonl {
            let columns = rows.header();
            rows.format = Format::Csv(columns.map_err(|fault| Failure::Content {
                path: path.into(),
                source: Box::new(fault),
            })?);
        }
        Ok(rows)
    }

    fn header(&mut self) -> Result<Vec<usize>, InvalidHeader> {
        let (_, line) = self.lines.next().ok_or(InvalidHeader::Absent)?;
        let line = line.map_err(|_| InvalidHeader::Absent)?;
        let line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&line);
        let fields = fields(line).map_err(|_| InvalidHeader::Absent)?;
        let mut columns = Vec::with_capacity(COLUMNS.len());
        for field in &fields {
            let name = field.trim_ascii();
            match COLUMNS.iter().position(|column| *column == name) {
                Some(at) if !columns.contains(&at) => columns.push(at),
                _ => {
                    let name = name.chars().take(32).collect();
                    return Err(InvalidHeader::Column { name });
                }
            }
        }
        let something = ["number", "member_id", "range_first"];
        let named = columns.iter().filter_map(|at| COLUMNS.get(*at));
        match named.into_iter().any(|name| something.contains(name)) {
            true => Ok(columns),
            false => Err(InvalidHeader::Nothing),
        }
    }

    /// Bytes of the file read so far.
    pub(super) fn consumed(&self) -> u64 {
        self.lines.consumed()
    }
}

impl Iterator for Rows {
    type Item = (u64, Result<Row, InvalidRow>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (number, line) = self.lines.next()?;
            let line = match line {
                Ok(line) if line.trim_ascii().is_empty() => continue,
                Ok(line) => line,
                Err(fault) => return Some((number, Err(InvalidRow::Line(fault)))),
            };
            let entries = match &self.format {
                Format::Jsonl => json_entries(&line),
                Format::Csv(columns) => csv_entries(&line, columns),
            };
            let bytes = line.len();
            return Some((number, entries.map(|entries| Row { entries, bytes })));
        }
    }
}

/// The fields of one line of CSV (RFC 4180, without line breaks within quotes).
fn fields(line: &[u8]) -> Result<Vec<String>, InvalidRow> {
    let text = std::str::from_utf8(line).map_err(|_| InvalidRow::NotText)?;
    if !text.contains('"') {
        return Ok(text.split(',').map(str::to_owned).collect());
    }
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line);
    let mut records = reader.records();
    let record = records.next().and_then(Result::ok).ok_or(InvalidRow::Quote)?;
    // A quote that nothing closes takes in what the writer meant as further fields.
    match text.matches('"').count() % 2 {
        0 => Ok(record.iter().map(str::to_owned).collect()),
        _ => Err(InvalidRow::Quote),
    }
}

fn csv_entries(line: &[u8], columns: &[usize]) -> Result<Vec<DirectoryEntry>, InvalidRow> {
    let fields = fields(line)?;
    let (found, expected) = (fields.len(), columns.len());
    if found != expected {
        return Err(InvalidRow::FieldCount { found, expected });
    }
    let mut values: [&str; COLUMNS.len()] = [""; COLUMNS.len()];
    for (field, at) in fields.iter().zip(columns) {
        if let Some(value) = values.get_mut(*at) {
            *value = field.trim_ascii();
        }
    }
    let [number, member, facts @ .., first, last] = values;
    let mut entries = Vec::new();
    match (first.is_empty(), last.is_empty()) {
        (true, true) => {}
        (false, false) => {
            let (first_number, last_number) = (first.to_owned(), last.to_owned());
            entries.push(Entry::Range(NumberRange { first_number, last_number }));
        }
        (true, false) | (false, true) => return Err(InvalidRow::HalfRange),
    }
    if facts.iter().any(|fact| !fact.is_empty()) {
        entries.push(Entry::Member(member_facts(member, facts)?));
    }
    if !number.is_empty() {
        let (number, member_id) = (number.to_owned(), member.to_owned());
        entries.push(Entry::Assignment(NumberAssignment { number, member_id }));
    } else if !member.is_empty() && entries.is_empty() {
        entries.push(Entry::Member(member_facts(member, facts)?));
    }
    if entries.is_empty() {
        return Err(InvalidRow::Empty);
    }
    entries.iter().try_for_each(check)?;
    Ok(entries.into_iter().map(|entry| DirectoryEntry { entry: Some(entry) }).collect())
}

/// What a row says of a member, the columns from `plan` to `share_weight_milli`.
fn member_facts(member: &str, facts: [&str; 7]) -> Result<MemberFacts, InvalidRow> {
    let [plan, created, organisation, zone, jurisdiction, brand, weight] = facts;
    if member.is_empty() {
        return Err(InvalidRow::NoMember);
    }
    let plan = PLANS.iter().find(|(name, _)| name.eq_ignore_ascii_case(plan));
    let created_time = match created {
        "" => None,
        text => Some(to_wire(parse_instant(text).ok_or(InvalidRow::Created)?)),
    };
    let share_weight_milli = match weight {
        "" => 0,
        text => text
            .parse()
            .ok()
            .filter(|weight| *weight <= 1_000_000)
            .ok_or(InvalidRow::ShareWeight)?,
    };
    Ok(MemberFacts {
        member_id: member.into(),
        plan: plan.map(|(_, plan)| *plan).ok_or(InvalidRow::Plan)?.into(),
        created_time,
        organisation_id: organisation.into(),
        time_zone: zone.into(),
        jurisdiction: jurisdiction.into(),
        brand: brand.into(),
        share_weight_milli,
        owned_numbers: Vec::new(),
    })
}

fn json_entries(line: &[u8]) -> Result<Vec<DirectoryEntry>, InvalidRow> {
    let parsed: Result<DirectoryEntry, _> = serde_json::from_slice(line);
    let masked = |fault| sentence(&json_fault(&fault), Shown::Masked);
    let entry = parsed.map_err(|fault| InvalidRow::Json(masked(fault)))?;
    check(entry.entry.as_ref().ok_or(InvalidRow::Empty)?)?;
    Ok(vec![entry])
}

/// What can be said against an entry before the server sees it, so that a whole import is not begun in vain.
fn check(entry: &Entry) -> Result<(), InvalidRow> {
    let number = |column, text: &str| {
        Number::parse(text).map_err(|fault| InvalidRow::Number { column, fault })
    };
    match entry {
        Entry::Range(range) => {
            let first = number("range_first", &range.first_number)?;
            let last = number("range_last", &range.last_number)?;
            if first <= last { Ok(()) } else { Err(InvalidRow::RangeBackwards) }
        }
        Entry::Assignment(assignment) => number("number", &assignment.number).map(|_| ()),
        Entry::RecycledNumber(recycled) => number("number", recycled).map(|_| ()),
        Entry::Member(member) if member.member_id.is_empty() => Err(InvalidRow::NoMember),
        Entry::Member(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Numbered = (u64, Result<Row, InvalidRow>);

    fn rows(name: &str, text: &'static str) -> Result<Vec<Numbered>, String> {
        let reader: Box<dyn BufRead> = Box::new(text.as_bytes());
        let rows = Rows::read(Path::new(name), Lines::new(reader));
        rows.map(Iterator::collect).map_err(|fault| {
            std::error::Error::source(&fault).map(ToString::to_string).unwrap_or_default()
        })
    }

    #[test]
    fn a_row_is_as_many_entries_as_it_says() {
        let text = "number,member_id,plan,brand,range_first,range_last\n\
                    +18005550100,m1,pro,,,\n\
                    +18005550101,,,,,\n\
                    ,m2,,\"a, b\",,\n\
                    \n\
                    ,,,,+18005550100,+18005550199\n\
                    +18005550102,m3,free,,+18005550200,+18005550299\n";
        let read = rows("d.csv", text).unwrap();
        let counts: Vec<(u64, usize)> =
            read.iter().map(|(line, row)| (*line, row.as_ref().unwrap().entries.len())).collect();
        assert_eq!(counts, [(2, 2), (3, 1), (4, 1), (6, 1), (7, 3)]);
        let brand = read[2].1.as_ref().unwrap().entries[0].entry.clone();
        assert!(matches!(brand, Some(Entry::Member(facts)) if facts.brand == "a, b"));
    }

    #[test]
    fn faults_name_the_column_and_not_the_value() {
        for (row, expected) in [
            ("8005550100,m1,,,,,", "`number`: number does not begin with `+`"),
            (",m1,gold,,,,", "`plan` is none of"),
            (",m1,,yesterday,,,", "`created` is not a time"),
            (",m1,,,1000001,,", "`share_weight_milli` is not"),
            (",,pro,,,,", "does not name it"),
            (",,,,,+18005550100,", "one end of a range only"),
            (",,,,,+18005550101,+18005550100", "ends before it begins"),
            (",,,,,,", "names no number"),
            ("a,b", "2 fields and the header 7"),
            ("\"a,,,,,,", "quote out of place"),
        ] {
            let columns = [0, 1, 2, 3, 8, 9, 10];
            let fault = csv_entries(row.as_bytes(), &columns).unwrap_err().to_string();
            assert!(fault.contains(expected), "{row}: {fault}");
            assert!(!fault.contains("gold") && !fault.contains("yesterday"), "{fault}");
        }
    }

    #[test]
    fn headers_and_json_lines_are_checked() {
        for (text, expected) in [
            ("", "not a header"),
            ("number,colour\n", "`colour`"),
            ("number,number\n", "`number`"),
            ("plan\n", "neither"),
        ] {
            assert!(rows("d.csv", text).unwrap_err().contains(expected), "{text}");
        }
        let text = "{\"assignment\":{\"number\":\"+18005550100\",\"memberId\":\"m\"}}\n\
                    {\"assignment\":{\"number\":\"0800\"}}\n{}\n{\"range\":7}\n";
        let read = rows("d.JSONL", text).unwrap();
        let good: Vec<bool> = read.iter().map(|(_, row)| row.is_ok()).collect();
        assert_eq!(good, [true, false, false, false]);
    }

    proptest! {
        #[test]
        fn any_line_is_answered(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _ = csv_entries(&bytes, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
            let _ = json_entries(&bytes);
        }
    }
}
