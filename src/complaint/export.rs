//! What goes to people: tables that no spreadsheet runs as formulas, and FCC form 1088A filled in.

use std::borrow::Cow;
use std::fmt::Write;

use serde_json::{Map, Value};

use super::columns::{self, Column};
use super::{Complaint, moment};
use crate::time::Timestamp;

/// Writes tables as RFC 4180 has them, with every cell made harmless for spreadsheets. Every table that leaves is written
/// by it.
#[derive(Debug)]
pub struct SafeCsv {
    writer: csv::Writer<Vec<u8>>,
}

impl Default for SafeCsv {
    fn default() -> Self {
        Self { writer: csv::WriterBuilder::new().flexible(true).from_writer(Vec::new()) }
    }
}

impl SafeCsv {
    /// Writes one row.
    pub fn row<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) {
        // Into memory, and rows may differ in length: neither of the two faults of a writer is possible.
        let _ = self.writer.write_record(cells.into_iter().map(|cell| harmless(cell).into_owned()));
    }

    /// The table, in UTF-8, with line ends as `\n`.
    #[must_use]
    pub fn finish(self) -> String {
        let bytes = self.writer.into_inner().unwrap_or_default();
        String::from_utf8(bytes).unwrap_or_default()
    }
}

/// A cell that no spreadsheet takes for a formula: behind an apostrophe where it begins with one of `= + - @`, a tab, a
/// carriage return or an apostrophe, also after white space. Control characters but line ends and tabs go.
#[must_use]
pub fn harmless(cell: &str) -> Cow<'_, str> {
    let active = is_active(cell);
    let stray = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if !active && !cell.chars().any(stray) {
        return Cow::Borrowed(cell);
    }
    let clean = cell.chars().filter(|c| !stray(*c));
    Cow::Owned(active.then_some('\'').into_iter().chain(clean).collect())
}

/// Whether a cell begins with what a spreadsheet takes for a formula, or with the mark against it.
pub(super) fn is_active(cell: &str) -> bool {
    let blank = |c: char| c.is_whitespace() || c == '\u{feff}' || c.is_control();
    let first = cell.trim_start_matches(blank).chars().next();
    cell.starts_with(['\t', '\r'])
        || matches!(first, Some('=' | '+' | '-' | '@' | '\'' | '＝' | '＋' | '－' | '＠'))
}

/// An instant as tables that leave have it: RFC 3339, in UTC.
#[must_use]
pub fn instant(time: Timestamp) -> String {
    moment::to_rfc3339(time)
}

/// FCC form 1088A as text to be read and signed: a line a question, in the order of the form. Line ends and control
/// characters within an answer become spaces. What the complaint itself knows (number, time, pages) fills what the form
/// leaves open.
#[must_use]
pub fn form_1088a_text(complaint: &Complaint) -> String {
    let mut text = String::from("FCC Form 1088A: Unsolicited fax\n\n");
    for (column, answer) in answers(complaint) {
        let answer = answer.replace(char::is_control, " ");
        let _ = writeln!(text, "{}: {answer}", column.title);
    }
    text
}

/// The same as a table of two columns, safe for spreadsheets.
#[must_use]
pub fn form_1088a_csv(complaint: &Complaint) -> String {
    let mut table = SafeCsv::default();
    table.row(["question", "answer"]);
    for (column, answer) in answers(complaint) {
        table.row([column.title, answer.as_str()]);
    }
    table.finish()
}

/// The same as JSON: one object, the names of the form's columns without `form_`, answers as text.
#[must_use]
pub fn form_1088a_json(complaint: &Complaint) -> String {
    let named = answers(complaint).into_iter().map(|(column, answer)| {
        (column.name.trim_start_matches(columns::FORM).to_owned(), Value::String(answer))
    });
    Value::Object(named.collect::<Map<_, _>>()).to_string()
}

/// Every question with its answer, empty where there is none.
fn answers(complaint: &Complaint) -> Vec<(&'static Column, String)> {
    let from_fax = |name: &str| match name {
        "form_received_on" => {
            complaint.called.as_ref().map(|called| called.as_written().to_owned())
        }
        "form_received_at" => complaint.call_at.or(complaint.incident_at).map(moment::to_rfc3339),
        "form_numbers" => complaint.caller.as_ref().map(|caller| caller.as_written().to_owned()),
        _ => None,
    };
    let answer = |column: &'static Column| {
        let said = column.get(complaint).or_else(|| from_fax(column.name));
        (column, said.unwrap_or_default())
    };
    columns::form().map(answer).collect()
}
