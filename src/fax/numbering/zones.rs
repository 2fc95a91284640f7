//! The time zones of a number: the longest known prefix of its digits tells.
//!
//! The table is libphonenumber's time-zone metadata, one line a prefix: the digits, a tab, and the
//! IANA names separated by spaces. Its first line says origin, version and licence.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use thiserror::Error;

use crate::fax::hours::ZoneId;

const TABLE: &str = include_str!("zones.tsv");
/// Longest prefix the table may have, in digits.
const PREFIX_DIGITS_MAX: usize = 9;
/// Most lines the table may have.
const LINES_MAX: usize = 20_000;

/// One of the few hundred different sets of zones that numbers have. Valid in the
/// [`NumberingPlan`](super::NumberingPlan) that gave it; not to be stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ZoneSetId(u16);

/// A line of the table that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("line {line} of the table of time zones: {fault}")]
pub struct ZoneTableError {
    /// Line number, from 1.
    pub line: usize,
    /// What is wrong with it.
    #[source]
    pub fault: ZoneTableFault,
}

/// What is wrong with a line of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ZoneTableFault {
    /// The first line does not begin with `#` and name origin and licence.
    #[error("no header (it begins with `#` and names origin and licence)")]
    Header,
    /// No tab between prefix and zones.
    #[error("no tab between prefix and zones")]
    NoTab,
    /// The prefix is not 1 to 9 digits, the first not zero.
    #[error("prefix is not 1 to 9 digits that begin with no zero")]
    Prefix,
    /// The prefix stands in an earlier line.
    #[error("prefix has been given before")]
    Duplicate,
    /// A zone the tz database does not have, or none at all.
    #[error("zone is not in the tz database")]
    Zone,
    /// More lines or different sets than a table can have.
    #[error("table is too long")]
    TooLong,
}

/// Prefixes and the sets of zones they stand for.
#[derive(Debug)]
pub(super) struct ZoneTable {
    by_prefix: HashMap<u32, ZoneSetId, foldhash::quality::RandomState>,
    /// The set at 0 is empty: nothing is known.
    sets: Vec<Box<[ZoneId]>>,
}

impl ZoneTable {
    /// The table compiled into the program.
    pub(super) fn built_in() -> Result<Self, ZoneTableError> {
        Self::read(TABLE)
    }

    fn read(text: &str) -> Result<Self, ZoneTableError> {
        let mut table = Self { by_prefix: HashMap::default(), sets: vec![Box::default()] };
        let mut known: HashMap<Box<[ZoneId]>, ZoneSetId> = HashMap::new();
        let mut lines = text.lines().zip(1..);
        if !lines.next().is_some_and(|(line, _)| is_header(line)) {
            return Err(ZoneTableError { line: 1, fault: ZoneTableFault::Header });
        }
        for (text, line) in lines {
            let read = if line > LINES_MAX { Err(ZoneTableFault::TooLong) } else { entry(text) };
            let (prefix, zones) = read.map_err(|fault| ZoneTableError { line, fault })?;
            let set = match known.entry(zones) {
                Entry::Occupied(set) => *set.get(),
                Entry::Vacant(free) => {
                    let place = u16::try_from(table.sets.len())
                        .map_err(|_| ZoneTableError { line, fault: ZoneTableFault::TooLong })?;
                    table.sets.push(free.key().clone());
                    *free.insert(ZoneSetId(place))
                }
            };
            if table.by_prefix.insert(prefix, set).is_some() {
                return Err(ZoneTableError { line, fault: ZoneTableFault::Duplicate });
            }
        }
        Ok(table)
    }

    /// The set of the longest prefix of these digits; the empty set where none is known.
    pub(super) fn of_prefix(&self, digits: u64) -> ZoneSetId {
        let mut prefix = digits;
        while prefix > 0 {
            let set = u32::try_from(prefix).ok().and_then(|prefix| self.by_prefix.get(&prefix));
            if let Some(set) = set {
                return *set;
            }
            prefix /= 10;
        }
        ZoneSetId::default()
    }

    /// The zones of a set.
    pub(super) fn members(&self, set: ZoneSetId) -> &[ZoneId] {
        self.sets.get(usize::from(set.0)).map_or(&[], |zones| zones)
    }
}

fn is_header(line: &str) -> bool {
    line.starts_with('#') && line.contains("origin:") && line.contains("licence:")
}

fn entry(line: &str) -> Result<(u32, Box<[ZoneId]>), ZoneTableFault> {
    let (prefix, names) = line.split_once('\t').ok_or(ZoneTableFault::NoTab)?;
    let digits = prefix.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || prefix.starts_with('0') || prefix.len() > PREFIX_DIGITS_MAX {
        return Err(ZoneTableFault::Prefix);
    }
    let prefix = prefix.parse().map_err(|_| ZoneTableFault::Prefix)?;
    let zones: Option<Box<[ZoneId]>> = names.split(' ').map(ZoneId::from_name).collect();
    Ok((prefix, zones.ok_or(ZoneTableFault::Zone)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEADER: &str = "# origin: a test; licence: none";

    #[test]
    fn malformed_lines_are_refused() {
        use ZoneTableFault::{Duplicate, Header, NoTab, Prefix, Zone};
        for (body, line, fault) in [
            ("46 Europe/Stockholm", 2, NoTab),
            ("46\tEurope/Stockholm\n\n47\tEurope/Oslo", 3, NoTab),
            ("046\tEurope/Stockholm", 2, Prefix),
            ("+46\tEurope/Stockholm", 2, Prefix),
            ("\tEurope/Stockholm", 2, Prefix),
            ("1234567890\tEurope/Stockholm", 2, Prefix),
            ("46\t", 2, Zone),
            ("46\tEurope/Stockholm  Europe/Oslo", 2, Zone),
            ("46\tEurope/Atlantis", 2, Zone),
            ("46\tEurope/Stockholm\n46\tEurope/Oslo", 3, Duplicate),
        ] {
            let read = ZoneTable::read(&format!("{HEADER}\n{body}"));
            assert_eq!(read.unwrap_err(), ZoneTableError { line, fault }, "{body}");
        }
        for text in ["", "46\tEurope/Stockholm", "# no word of where it comes from"] {
            let read = ZoneTable::read(text);
            assert_eq!(read.unwrap_err(), ZoneTableError { line: 1, fault: Header }, "{text}");
        }
    }

    #[test]
    fn the_longest_prefix_wins() {
        let body = "1\tUTC Asia/Tokyo\n12\tAsia/Tokyo\n1234\tUTC\n46\tAsia/Tokyo";
        let table = ZoneTable::read(&format!("{HEADER}\n{body}")).unwrap();
        let names = |digits| -> Vec<&str> {
            table.members(table.of_prefix(digits)).iter().map(|zone| zone.name()).collect()
        };
        assert_eq!(names(123_456_789_012_345), ["UTC"]);
        assert_eq!(names(1_239), ["Asia/Tokyo"]);
        assert_eq!(names(1_300), ["UTC", "Asia/Tokyo"]);
        assert!(names(999).is_empty());
        assert_eq!(table.of_prefix(46), table.of_prefix(12));
        assert_eq!(table.sets.len(), 4);
    }

    proptest! {
        #[test]
        fn any_table_is_answered(text in "(\\PC|[\t\n 0-9])*") {
            let _ = ZoneTable::read(&format!("{HEADER}\n{text}"));
        }
    }
}
