//! Edits of the directory and how they are stored: a batch as the body of one ledger entry, and numbers and
//! members as rows of their tables.

use crate::bounds::LEDGER_ENTRY_BYTES_MAX;
use crate::fax::hours::ZoneId;
use crate::fax::id::Pseudonym;
use crate::fax::number::Number;
use crate::fax::stage::{Member, Plan};
use crate::store::codec::{take, take_u8, take_u16, take_u32, take_u64};
use crate::store::{TableId, TableWrite};

/// Most edits of one batch, so that a batch fits a ledger entry.
pub const BATCH_EDITS_MAX: usize = 192;
/// Bytes of a member's facts, written out, with the longest name of a zone.
pub const FACTS_BYTES: usize = 24 + 40;
/// Bytes of the longest edit.
const EDIT_BYTES_MAX: usize = 2 + 16 + FACTS_BYTES;
const VERSION: u8 = 1;

const _: () = assert!(3 + BATCH_EDITS_MAX * EDIT_BYTES_MAX <= LEDGER_ENTRY_BYTES_MAX);

/// One edit. Each is absolute, so that doing it again changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// These numbers are the provider's own.
    Range {
        /// The first.
        first: Number,
        /// The last, included.
        last: Number,
    },
    /// These numbers are no longer the provider's own.
    RangeGone {
        /// The first.
        first: Number,
        /// The last, included.
        last: Number,
    },
    /// A number has that holder, or none.
    Assign {
        /// Pseudonym of the number.
        number: Pseudonym,
        /// Pseudonym of the member who holds it.
        member: Option<Pseudonym>,
    },
    /// A member is that, or is gone.
    Member {
        /// Pseudonym of the member.
        key: Pseudonym,
        /// What is known of it.
        facts: Option<Member>,
    },
    /// A number changed hands, as the network says, whoever holds it.
    Recycled {
        /// Pseudonym of the number.
        number: Pseudonym,
    },
}

/// Writes a batch; `None` where it has more than [`BATCH_EDITS_MAX`] edits.
#[must_use]
pub fn encode(edits: &[Edit]) -> Option<Vec<u8>> {
    if edits.len() > BATCH_EDITS_MAX {
        return None;
    }
    let mut to = Vec::with_capacity(3 + edits.len() * EDIT_BYTES_MAX);
    to.push(VERSION);
    to.extend_from_slice(&u16::try_from(edits.len()).ok()?.to_le_bytes());
    edits.iter().for_each(|edit| encode_one(edit, &mut to));
    Some(to)
}

/// Reads a batch; `None` where it is none of ours, to the last byte.
#[must_use]
pub fn decode(mut from: &[u8]) -> Option<Vec<Edit>> {
    let [VERSION, low, high] = take(&mut from)? else {
        return None;
    };
    let count = usize::from(u16::from_le_bytes([low, high]));
    if count > BATCH_EDITS_MAX {
        return None;
    }
    let edits = (0..count).map(|_| decode_one(&mut from)).collect::<Option<Vec<_>>>()?;
    from.is_empty().then_some(edits)
}

/// A row of the table of numbers; its key is the number's pseudonym.
#[must_use]
pub const fn encode_holder(member: Pseudonym) -> [u8; 16] {
    member.0
}

/// The holder in a row of the table of numbers.
#[must_use]
pub fn decode_holder(value: &[u8]) -> Option<Pseudonym> {
    value.try_into().ok().map(Pseudonym)
}

/// A row of the table of members; its key is the member's pseudonym.
#[must_use]
pub fn encode_facts(facts: &Member) -> Vec<u8> {
    let mut to = Vec::with_capacity(FACTS_BYTES);
    to.push(facts.plan as u8);
    to.extend_from_slice(&facts.created_day.to_le_bytes());
    let zone = ZoneId::from_code(facts.zone).map_or("", ZoneId::name);
    to.push(u8::try_from(zone.len()).unwrap_or(0));
    to.extend_from_slice(zone.as_bytes());
    to.extend_from_slice(&facts.jurisdiction);
    to.extend_from_slice(&facts.organisation.to_le_bytes());
    to.extend_from_slice(&facts.share_weight_milli.to_le_bytes());
    to.extend_from_slice(&facts.brand.to_le_bytes());
    to
}

/// The facts in a row of the table of members.
#[must_use]
pub fn decode_facts(mut value: &[u8]) -> Option<Member> {
    let facts = take_facts(&mut value)?;
    value.is_empty().then_some(facts)
}

/// Key of a row of the meta table that names a range of the provider's own.
const RANGE_KEY: &[u8] = b"range";

/// The range that a row of the meta table names by its key; `None` for a row of another kind.
#[must_use]
pub fn decode_range(key: &[u8]) -> Option<Edit> {
    let mut from = key.strip_prefix(RANGE_KEY)?;
    let first = Number::from_value(take_u64(&mut from)?)?;
    let last = Number::from_value(take_u64(&mut from)?)?;
    from.is_empty().then_some(Edit::Range { first, last })
}

fn range_key(first: Number, last: Number) -> Vec<u8> {
    let (first, last) = (first.value().to_le_bytes(), last.value().to_le_bytes());
    [RANGE_KEY, &first, &last].concat()
}

impl Edit {
    /// What the edit changes in the tables of the store; `None` where it changes nothing that is kept.
    #[must_use]
    pub fn write(&self) -> Option<TableWrite> {
        let put = |table, key: Vec<u8>, value: Vec<u8>| {
            Some(TableWrite::Put { table, key, value, expires: None, subject_key: None })
        };
        let delete = |table, key: Vec<u8>| Some(TableWrite::Delete { table, key });
        match self {
            Self::Range { first, last } => put(TableId::Meta, range_key(*first, *last), Vec::new()),
            Self::RangeGone { first, last } => delete(TableId::Meta, range_key(*first, *last)),
            Self::Assign { number, member: Some(member) } => {
                put(TableId::DirectoryNumbers, number.0.to_vec(), encode_holder(*member).to_vec())
            }
            Self::Assign { number, member: None } => {
                delete(TableId::DirectoryNumbers, number.0.to_vec())
            }
            Self::Member { key, facts: Some(facts) } => {
                put(TableId::DirectoryMembers, key.0.to_vec(), encode_facts(facts))
            }
            Self::Member { key, facts: None } => delete(TableId::DirectoryMembers, key.0.to_vec()),
            Self::Recycled { .. } => None,
        }
    }
}

fn encode_one(edit: &Edit, to: &mut Vec<u8>) {
    let mut numbers = |code: u8, first: &Number, last: &Number| {
        to.push(code);
        to.extend_from_slice(&first.value().to_le_bytes());
        to.extend_from_slice(&last.value().to_le_bytes());
    };
    match edit {
        Edit::Range { first, last } => numbers(1, first, last),
        Edit::RangeGone { first, last } => numbers(2, first, last),
        Edit::Assign { number, member } => {
            to.push(if member.is_some() { 3 } else { 4 });
            to.extend_from_slice(&number.0);
            member.iter().for_each(|member| to.extend_from_slice(&member.0));
        }
        Edit::Member { key, facts } => {
            to.push(if facts.is_some() { 5 } else { 6 });
            to.extend_from_slice(&key.0);
            facts.iter().for_each(|facts| to.extend_from_slice(&encode_facts(facts)));
        }
        Edit::Recycled { number } => {
            to.push(7);
            to.extend_from_slice(&number.0);
        }
    }
}

fn decode_one(from: &mut &[u8]) -> Option<Edit> {
    Some(match take_u8(from)? {
        1 => Edit::Range { first: take_number(from)?, last: take_number(from)? },
        2 => Edit::RangeGone { first: take_number(from)?, last: take_number(from)? },
        3 => Edit::Assign { number: subject(from)?, member: Some(subject(from)?) },
        4 => Edit::Assign { number: subject(from)?, member: None },
        5 => Edit::Member { key: subject(from)?, facts: Some(take_facts(from)?) },
        6 => Edit::Member { key: subject(from)?, facts: None },
        7 => Edit::Recycled { number: subject(from)? },
        _ => return None,
    })
}

fn take_number(from: &mut &[u8]) -> Option<Number> {
    Number::from_value(take_u64(from)?)
}

fn subject(from: &mut &[u8]) -> Option<Pseudonym> {
    take(from).map(Pseudonym)
}

/// A zone stands by its name: its code is its place in a list that changes when the tz database is renewed.
/// A name that is no longer known is no zone.
fn take_zone(from: &mut &[u8]) -> Option<u16> {
    let length = usize::from(take_u8(from)?);
    let (name, rest) = from.split_at_checked(length)?;
    *from = rest;
    let name = std::str::from_utf8(name).ok()?;
    Some(ZoneId::from_name(name).map_or(0, ZoneId::code))
}

fn take_facts(from: &mut &[u8]) -> Option<Member> {
    Some(Member {
        plan: Plan::from_code(take_u8(from)?)?,
        created_day: take_u16(from)?,
        zone: take_zone(from)?,
        jurisdiction: take(from)?,
        organisation: take_u64(from)?,
        share_weight_milli: take_u32(from)?,
        brand: take_u32(from)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn edits() -> Vec<Edit> {
        let number = |value| Number::from_value(value).unwrap();
        let pseudonym = |byte| Pseudonym([byte; 16]);
        let facts = Member {
            plan: Plan::Corporate,
            created_day: 20_000,
            zone: 31,
            jurisdiction: *b"USTX",
            organisation: 5,
            share_weight_milli: 1_500,
            brand: 9,
        };
        vec![
            Edit::Range { first: number(18_005_550_000), last: number(18_005_559_999) },
            Edit::RangeGone { first: number(100), last: number(101) },
            Edit::Assign { number: pseudonym(1), member: Some(pseudonym(2)) },
            Edit::Assign { number: pseudonym(1), member: None },
            Edit::Member { key: pseudonym(2), facts: Some(facts) },
            Edit::Member { key: pseudonym(2), facts: None },
            Edit::Recycled { number: pseudonym(3) },
        ]
    }

    #[test]
    fn a_batch_reads_back_and_has_a_bound() {
        assert_eq!(decode(&encode(&edits()).unwrap()), Some(edits()));
        assert_eq!(encode(&vec![edits()[2]; BATCH_EDITS_MAX + 1]), None);
        let largest = encode(&vec![edits()[4]; BATCH_EDITS_MAX]).unwrap();
        assert!(largest.len() <= LEDGER_ENTRY_BYTES_MAX);
    }

    #[test]
    fn rows_read_back() {
        let holder = Pseudonym([7; 16]);
        assert_eq!(decode_holder(&encode_holder(holder)), Some(holder));
        assert_eq!(decode_holder(&[7; 17]), None);
        let facts = Member { plan: Plan::Pro, ..Member::default() };
        assert!(encode_facts(&facts).len() <= FACTS_BYTES);
        assert_eq!(decode_facts(&encode_facts(&facts)), Some(facts));
        assert_eq!(decode_facts(&[9; FACTS_BYTES]), None);
    }

    proptest! {
        #[test]
        fn damaged_batches_are_answered(at: prop::sample::Index, flip: u8, cut: bool) {
            let mut bytes = encode(&edits()).unwrap();
            let at = at.index(bytes.len());
            if cut { bytes.truncate(at) } else { bytes[at] ^= flip }
            if let Some(read) = decode(&bytes) {
                let again = encode(&read).and_then(|bytes| decode(&bytes));
                prop_assert_eq!(again, Some(read));
            }
        }

        #[test]
        fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes);
            let _ = decode_facts(&bytes);
        }
    }
}
