//! ARF: the fields of a feedback part, lines as the head of an e-mail has them.

use crate::bounds::COMPLAINT_MAIL_FIELDS_MAX;
use crate::complaint::fault::{Cause, Faults};

/// The path of the part in faults.
const PART: &str = "feedback-report";

/// Fields in their order, names in lower case.
#[derive(Debug, Default)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads the part; folded lines are one (RFC 5322 section 2.2.3). Several groups of fields behind empty lines are one.
    pub(super) fn read(part: &[u8], faults: &mut Faults) -> Self {
        let mut fields = Self::default();
        let (count_max, length_max) = COMPLAINT_MAIL_FIELDS_MAX;
        let text = match std::str::from_utf8(part) {
            Ok(text) => text,
            Err(fault) => {
                faults.add(PART, Cause::NotUtf8 { at: fault.valid_up_to() });
                return fields;
            }
        };
        for (line, number) in text.lines().zip(1..) {
            if line.trim().is_empty() {
                continue;
            }
            let folded = line.starts_with([' ', '\t']);
            let last = fields.0.last_mut().filter(|_| folded);
            let length = if let Some((_, value)) = last {
                value.push(' ');
                value.push_str(line.trim());
                value.len()
            } else if let Some((name, value)) =
                line.split_once(':').filter(|(name, _)| is_name(name))
            {
                fields.0.push((name.trim_end().to_ascii_lowercase(), value.trim().to_owned()));
                value.len()
            } else {
                faults.add(PART, Cause::NotAField { line: number });
                0
            };
            if length > length_max {
                faults.add(PART, Cause::TooLong { most: length_max });
                return fields;
            }
            if fields.0.len() > count_max {
                faults.add(PART, Cause::TooMany { most: count_max });
                return fields;
            }
        }
        fields
    }

    /// The values of a field.
    pub(super) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let of = self.0.iter().filter(move |(other, _)| other.eq_ignore_ascii_case(name));
        of.map(|(_, value)| value.as_str())
    }

    /// The first value of a field that is not empty.
    pub(super) fn first(&self, name: &str) -> Option<&str> {
        let found = self
            .0
            .iter()
            .find(|(other, value)| other.eq_ignore_ascii_case(name) && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    }

    /// All of them.
    pub(super) fn into_all(self) -> impl Iterator<Item = (String, String)> {
        self.0.into_iter()
    }
}

/// A name of a field: printable ASCII without a colon (RFC 5322 section 3.6.8), not too long.
fn is_name(name: &str) -> bool {
    let name = name.trim_end();
    (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic())
}
