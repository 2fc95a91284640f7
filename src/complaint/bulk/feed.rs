//! A file of rows that comes in parts, cut anywhere: the same rows as of the whole file, and no more of it kept than one
//! part and one row.

use std::mem;

use super::{Cells, CsvRows, Header, Row, csv, json_row, too_long};
use crate::bounds::{COMPLAINT_ROW_BYTES_MAX, COMPLAINT_ROWS_BYTES_MAX, COMPLAINT_ROWS_MAX};
use crate::complaint::fault::{Cause, Faults};
use crate::time::Timestamp;

/// Which file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// Comma-separated values, as [`super::csv`] reads them.
    Csv,
    /// Lines of JSON, as [`super::jsonl`] reads them.
    Jsonl,
}

/// A file that comes in parts.
#[derive(Debug)]
pub struct Feed {
    table: Table,
    now: Timestamp,
    /// What has come and is not done with, from `at` on.
    held: Vec<u8>,
    at: usize,
    /// Bytes that came before what is held.
    before: usize,
    line: u64,
    number: usize,
    /// Names of the columns, once they are read.
    columns: Option<Vec<Header>>,
    cells: Option<Cells>,
    /// Whether the rest of a line that was too long is passed over.
    passing: bool,
    /// Whether there are too many rows: nothing more is read.
    over: bool,
    ended: bool,
}

impl Feed {
    /// Before the first part.
    #[must_use]
    pub const fn new(table: Table, now: Timestamp) -> Self {
        Self {
            table,
            now,
            held: Vec::new(),
            at: 0,
            before: 0,
            line: 0,
            number: 0,
            columns: None,
            cells: None,
            passing: false,
            over: false,
            ended: false,
        }
    }

    /// Takes the next part.
    ///
    /// # Errors
    /// The file is larger than 256 MiB.
    pub fn push(&mut self, part: &[u8]) -> Result<(), Faults> {
        let all = self.before.saturating_add(self.held.len()).saturating_add(part.len());
        if all > COMPLAINT_ROWS_BYTES_MAX {
            return Err(Faults::one("file", Cause::TooLarge { most: COMPLAINT_ROWS_BYTES_MAX }));
        }
        self.held.drain(..self.at);
        self.before += mem::take(&mut self.at);
        self.held.extend_from_slice(part);
        Ok(())
    }

    /// Says that nothing follows.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// Bytes that are done with.
    #[must_use]
    pub const fn consumed(&self) -> usize {
        self.before + self.at
    }

    /// The next row; none before the next part, or at the end.
    ///
    /// # Errors
    /// Faults of the file as a whole, of its names of columns: there are no rows then.
    pub fn next_row(&mut self) -> Result<Option<Row>, Faults> {
        if self.over {
            self.at = self.held.len();
        }
        self.pass_line();
        if self.passing {
            return Ok(None);
        }
        match self.table {
            Table::Csv => self.csv_row(),
            Table::Jsonl => Ok(self.json_line()),
        }
    }

    /// What is held and not done with.
    fn rest(&self) -> &[u8] {
        self.held.get(self.at..).unwrap_or_default()
    }

    /// Goes over the rest of a line that was too long.
    fn pass_line(&mut self) {
        if !self.passing {
            return;
        }
        let csv = self.table == Table::Csv;
        let ends = |byte: &u8| *byte == b'\n' || (csv && *byte == b'\r');
        match self.rest().iter().position(ends) {
            Some(end) => {
                self.line += u64::from(csv && self.rest().get(end) == Some(&b'\n'));
                self.at += end + 1;
                self.passing = false;
            }
            None => {
                self.at = self.held.len();
                self.passing = !self.ended;
            }
        }
    }

    fn csv_row(&mut self) -> Result<Option<Row>, Faults> {
        if self.columns.is_none() && !self.begin()? {
            return Ok(None);
        }
        let rest = self.rest();
        let blank = rest.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
        self.line += super::lines(rest, 0, blank);
        self.at += blank;
        if !self.holds_a_row() || self.rest().is_empty() {
            return Ok(None);
        }
        let mut rows = CsvRows {
            bytes: self.held.get(self.at..).unwrap_or_default(),
            at: 0,
            line: self.line,
            number: self.number,
            columns: self.columns.take().unwrap_or_default(),
            cells: self.cells.take().unwrap_or_default(),
            now: self.now,
        };
        let row = rows.next();
        let CsvRows { bytes, at, line, number, columns, cells, .. } = rows;
        let torn = at == bytes.len() && !bytes.ends_with(b"\n") && !bytes.ends_with(b"\r");
        self.passing = torn && !self.ended;
        self.over = number > COMPLAINT_ROWS_MAX;
        (self.at, self.line, self.number) = (self.at + at, line, number);
        (self.columns, self.cells) = (Some(columns), Some(cells));
        Ok(row)
    }

    /// Reads the names of the columns; false where there is not enough of the file yet.
    fn begin(&mut self) -> Result<bool, Faults> {
        if !self.holds_a_row() {
            return Ok(false);
        }
        let rest = self.held.get(self.at..).unwrap_or_default();
        let rows = csv(rest, self.now)?;
        // A byte order mark counts among the bytes that are done with.
        let begun = rest.len() - rows.bytes.len() + rows.at;
        let CsvRows { line, columns, cells, .. } = rows;
        self.at += begun;
        self.line = line;
        (self.columns, self.cells) = (Some(columns), Some(cells));
        Ok(true)
    }

    /// Whether more is held than the longest row has, so that where one ends is known.
    fn holds_a_row(&self) -> bool {
        self.ended || self.rest().len() > COMPLAINT_ROW_BYTES_MAX + 1
    }

    fn json_line(&mut self) -> Option<Row> {
        loop {
            let rest = self.held.get(self.at..).filter(|rest| !rest.is_empty())?;
            let end = rest.iter().position(|byte| *byte == b'\n');
            let long = rest.len() > COMPLAINT_ROW_BYTES_MAX;
            let whole = match end {
                Some(end) => end + 1,
                None if self.ended || long => rest.len(),
                None => return None,
            };
            let line = rest.get(..whole).unwrap_or_default().trim_ascii();
            self.passing = end.is_none() && !self.ended;
            self.at += whole;
            self.line += 1;
            if line.is_empty() && !self.passing {
                continue;
            }
            self.number += 1;
            let read = if self.number > COMPLAINT_ROWS_MAX {
                self.over = true;
                Err(Faults::one("row", Cause::TooMany { most: COMPLAINT_ROWS_MAX }))
            } else if self.passing || line.len() > COMPLAINT_ROW_BYTES_MAX {
                Err(too_long())
            } else {
                json_row(line, self.now)
            };
            return Some(Row { number: self.number, line: self.line, read });
        }
    }
}
