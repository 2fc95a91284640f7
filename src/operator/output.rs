//! Where the tool writes: one injected pair of writers, and one decision whether people or programs read them.

use std::fmt::Display;
use std::io::{self, Write};

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use serde::Serialize;
use serde_json::ser::Formatter;

use super::failure::Failure;
use super::text::{Shown, is_hostile};

/// Who reads standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// People: aligned text, escaped and masked.
    People,
    /// Programs: one JSON value a line, nothing masked.
    Programs,
}

/// What standard error is connected to; a progress bar is drawn on a terminal only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    /// A terminal.
    Terminal,
    /// A file, a pipe or a test.
    Other,
}

/// Side of a column that its cells lean on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lean {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// The tool's standard output and standard error.
pub struct Output<'a> {
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
    screen: Screen,
    form: Form,
    shown: Shown,
}

impl<'a> Output<'a> {
    /// Writes results to `out` and remarks to `err`, for people and masked until told otherwise.
    pub fn new(out: &'a mut dyn Write, err: &'a mut dyn Write, screen: Screen) -> Self {
        Self { out, err, screen, form: Form::People, shown: Shown::Masked }
    }

    /// Sets who reads and whether numbers are written out for people.
    pub(super) fn choose(&mut self, form: Form, shown: Shown) {
        self.form = form;
        self.shown = shown;
    }

    /// Who reads.
    #[must_use]
    pub fn form(&self) -> Form {
        self.form
    }

    /// Whether numbers and idents are written out for people.
    #[must_use]
    pub fn shown(&self) -> Shown {
        self.shown
    }

    /// What standard error is connected to.
    #[must_use]
    pub fn screen(&self) -> Screen {
        self.screen
    }

    /// Writes a line of the result. The caller has escaped what came from elsewhere.
    ///
    /// # Errors
    /// [`Failure::Write`] when nobody takes it.
    pub fn line(&mut self, text: impl Display) -> Result<(), Failure> {
        writeln!(self.out, "{text}").map_err(Failure::Write)
    }

    /// Writes text of the result that ends its own lines.
    ///
    /// # Errors
    /// [`Failure::Write`] when nobody takes it.
    pub fn text(&mut self, text: &str) -> Result<(), Failure> {
        self.out.write_all(text.as_bytes()).map_err(Failure::Write)
    }

    /// Writes `value` as one line of JSON, with hostile characters escaped beyond what JSON asks for.
    ///
    /// # Errors
    /// [`Failure::Write`] when nobody takes it or the value has no JSON form.
    pub fn json(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        let mut bytes = json_bytes(value).map_err(|fault| Failure::Write(fault.into()))?;
        bytes.push(b'\n');
        self.out.write_all(&bytes).map_err(Failure::Write)
    }

    /// Writes a remark to standard error.
    ///
    /// # Errors
    /// [`Failure::Write`] when nobody takes it.
    pub fn remark(&mut self, text: impl Display) -> Result<(), Failure> {
        writeln!(self.err, "{text}").map_err(Failure::Write)
    }

    /// Sees to it that everything written has left the process.
    ///
    /// # Errors
    /// [`Failure::Write`] when nobody takes it.
    pub fn flush(&mut self) -> Result<(), Failure> {
        self.out.flush().and_then(|()| self.err.flush()).map_err(Failure::Write)
    }
}

/// The JSON of `value`, safe on a terminal.
fn json_bytes(value: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, SafeJson);
    value.serialize(&mut serializer)?;
    Ok(bytes)
}

/// Compact JSON whose strings hold no hostile character as it is.
struct SafeJson;

impl Formatter for SafeJson {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut start = 0;
        for (at, character) in fragment.char_indices().filter(|(_, c)| is_hostile(*c)) {
            writer.write_all(fragment.get(start..at).unwrap_or_default().as_bytes())?;
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            start = at + character.len_utf8();
        }
        writer.write_all(fragment.get(start..).unwrap_or_default().as_bytes())
    }
}

/// An aligned table without borders, its lines ended; nothing where there are no rows.
#[must_use]
pub fn table(header: &[(&str, Lean)], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(header.iter().map(|(name, _)| *name));
    for row in rows {
        table.add_row(row);
    }
    if table.is_empty() {
        return String::new();
    }
    for (column, (_, lean)) in table.column_iter_mut().zip(header) {
        column.set_padding((0, 2));
        column.set_cell_alignment(match lean {
            Lean::Left => CellAlignment::Left,
            Lean::Right => CellAlignment::Right,
        });
    }
    let mut text = String::new();
    for line in table.trim_fmt().lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_safe_and_reads_back() {
        for text in ["plain", "a\u{202e}b\u{7f}\u{9b}\"\\\n", "\u{e0041}"] {
            let bytes = json_bytes(&text).unwrap();
            let written = std::str::from_utf8(&bytes).unwrap();
            assert!(!written.chars().any(is_hostile), "{written:?}");
            assert_eq!(serde_json::from_slice::<String>(&bytes).unwrap(), text);
        }
    }

    #[test]
    fn tables_are_aligned_and_have_no_trailing_space() {
        let rows = [vec!["prior".to_owned(), "-2.000".into()], vec!["x".into(), "+11.000".into()]];
        let text = table(&[("name", Lean::Left), ("sum", Lean::Right)], rows);
        assert_eq!(text, "name       sum\nprior   -2.000\nx      +11.000\n");
        assert_eq!(table(&[("name", Lean::Left)], []), "");
    }
}
