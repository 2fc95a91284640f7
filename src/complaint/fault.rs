//! What is wrong with a report, all of it at once: where, and why. Never what stood there.

use std::fmt;

use thiserror::Error;

/// Most faults that are told of one report; further ones are counted.
pub const FAULTS_MAX: usize = 100;

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where: a JSON path as `$.evidence[0].payload`, a column, or a field of an e-mail report. Made of names that the format
    /// defines and of places, never of what was sent.
    pub path: String,
    /// Why.
    pub cause: Cause,
}

/// Why a report is refused. Nothing of the report is among it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Cause {
    /// A required field is absent.
    #[error("is missing (it is required)")]
    Missing,
    /// A recommended field is absent, and the strict reading asks for it.
    #[error("is missing (it is recommended, and required in a strict reading)")]
    Recommended,
    /// The value is of another kind.
    #[error("is not {wanted}")]
    Kind {
        /// What it should be, with its article.
        wanted: &'static str,
    },
    /// The text has not the shape of the field.
    #[error("is not {wanted}")]
    Shape {
        /// What it should be, with its article.
        wanted: &'static str,
    },
    /// None of the words that the field may have.
    #[error("is not one of: {}", allowed.join(", "))]
    NotOneOf {
        /// The words.
        allowed: &'static [&'static str],
    },
    /// Below or above what the field may be.
    #[error("is out of its range ({least} to {most})")]
    OutOfRange {
        /// Lowest value.
        least: i64,
        /// Highest value.
        most: i64,
    },
    /// A text longer than its field.
    #[error("is longer than {most} characters")]
    TooLong {
        /// Most characters, or bytes where the format counts them.
        most: usize,
    },
    /// Fewer entries than the field needs.
    #[error("has fewer than {least} entries")]
    TooFew {
        /// Fewest entries.
        least: usize,
    },
    /// More entries than the field may have.
    #[error("has more than {most} entries")]
    TooMany {
        /// Most entries.
        most: usize,
    },
    /// An entry stands twice in a list, or a field twice in one object or report.
    #[error("stands twice")]
    Repeated,
    /// A field that this object does not have.
    #[error("has a field that is not defined, at place {at} (allowed: {})", allowed.join(", "))]
    Undefined {
        /// Which of the fields in order of their names, from 1.
        at: usize,
        /// The fields that are defined.
        allowed: &'static [&'static str],
    },
    /// Category and type are each known, and do not go together.
    #[error("is no type of its category (see the list of pairs)")]
    Pair,
    /// Larger than is taken.
    #[error("is larger than {most} bytes")]
    TooLarge {
        /// Most bytes.
        most: usize,
    },
    /// Not UTF-8.
    #[error("is not UTF-8 at byte {at}")]
    NotUtf8 {
        /// Where it ends to be.
        at: usize,
    },
    /// Not JSON.
    #[error("is not JSON at line {line}, column {column}")]
    NotJson {
        /// Line, from 1.
        line: usize,
        /// Column, from 1; 0 at the beginning of a line.
        column: usize,
    },
    /// Nested deeper than is followed.
    #[error("is nested deeper than {most}")]
    TooDeep {
        /// Most levels.
        most: usize,
    },
    /// Neither `xarf_version` nor `Version`.
    #[error("is no XARF report (it has neither `xarf_version` nor `Version`)")]
    NotXarf,
    /// Not base64 of RFC 4648 section 4.
    #[error("is not base64 (standard alphabet, with padding, without white space)")]
    NotBase64,
    /// The evidence is not what its hash says.
    #[error("does not match the evidence")]
    HashMismatch,
    /// Later than the present.
    #[error("lies in the future (check the clock)")]
    Future,
    /// A type of the older format that has no counterpart.
    #[error("has no counterpart in version 4")]
    NoCounterpart,
    /// Not an e-mail.
    #[error("cannot be read as an e-mail")]
    NotMail,
    /// An e-mail without the part.
    #[error(
        "is no feedback report (RFC 5965: multipart/report with a part message/feedback-report)"
    )]
    NotFeedback,
    /// A transfer encoding that does not hold what it says.
    #[error("is not in the transfer encoding that it names")]
    Encoding,
    /// A line that is no field.
    #[error("has a line that is no field, line {line}")]
    NotAField {
        /// Line of the part, from 1.
        line: usize,
    },
    /// Neither a number nor an ident nor a campaign: there is nothing to act on.
    #[error("names no fax (give one of caller, called, tsi, campaign)")]
    NamesNothing,
    /// A row that has not as many fields as there are columns.
    #[error("has {has} fields, the header {columns}")]
    Columns {
        /// Fields of the row.
        has: usize,
        /// Columns of the header.
        columns: usize,
    },
}

/// Faults of one report, in the order in which they stand in it, at most [`FAULTS_MAX`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Error)]
pub struct Faults {
    list: Vec<Fault>,
    more: u32,
}

impl Faults {
    /// One fault alone.
    #[must_use]
    pub fn one(path: impl fmt::Display, cause: Cause) -> Self {
        let mut faults = Self::default();
        faults.add(path, cause);
        faults
    }

    /// Adds one, or counts it where there are too many.
    pub fn add(&mut self, path: impl fmt::Display, cause: Cause) {
        if self.list.len() < FAULTS_MAX {
            self.list.push(Fault { path: path.to_string(), cause });
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    /// The faults that are told.
    #[must_use]
    pub fn list(&self) -> &[Fault] {
        &self.list
    }

    /// How many more there are.
    #[must_use]
    pub const fn more(&self) -> u32 {
        self.more
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// What was made, where nothing is wrong with it.
    ///
    /// # Errors
    /// These faults, where there are some.
    pub fn or<T>(self, made: T) -> Result<T, Self> {
        if self.is_empty() { Ok(made) } else { Err(self) }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, fault) in self.list.iter().enumerate() {
            let gap = if at == 0 { "" } else { "; " };
            write!(f, "{gap}{} {}", fault.path, fault.cause)?;
        }
        if self.more > 0 {
            write!(f, "; and {} more", self.more)?;
        }
        Ok(())
    }
}

/// A JSON path, made where a fault is written down and not before.
#[derive(Clone, Copy, Debug)]
pub(super) enum Path<'a> {
    /// The whole report.
    Root,
    /// A field of an object.
    Field(&'a Self, &'static str),
    /// An entry of a list.
    At(&'a Self, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => f.write_str("$"),
            Self::Field(of, name) => write!(f, "{of}.{name}"),
            Self::At(of, at) => write!(f, "{of}[{at}]"),
        }
    }
}
