//! Directory entries become edits. Each entry is checked by itself: one that is refused costs no other.

use super::fault::{Faults, InvalidField, InvalidRequest};
use super::member;
use super::read;
use super::wall::Wall;
use crate::bounds;
use crate::directory::Edit;
use crate::fax::id::SubjectKind;
use crate::wire::operator::v1 as wire;
use wire::directory_entry::Entry;

/// Reads one entry.
///
/// # Errors
/// [`InvalidRequest`] with every field at fault.
pub fn edit(sent: &wire::DirectoryEntry, wall: &Wall<'_>) -> Result<Edit, InvalidRequest> {
    let wire::DirectoryEntry { entry } = sent;
    let mut faults = Faults::default();
    let built = match entry {
        Some(Entry::Range(sent)) => range(&mut faults, sent, wall),
        Some(Entry::Assignment(sent)) => assignment(&mut faults, sent, wall),
        Some(Entry::Member(sent)) => {
            faults.enter("member.");
            if sent.member_id.is_empty() {
                faults.add("member_id", InvalidField::Absent);
            }
            let claim = member::facts(&mut faults, sent, None, wall);
            claim.member.map(|key| Edit::Member { key, facts: Some(claim.facts) })
        }
        Some(Entry::RecycledNumber(number)) => {
            let number = faults.keep("recycled_number", wall.required_number(number));
            number.map(|number| Edit::Recycled { number: wall.keys.number(number) })
        }
        None => {
            faults.add("entry", InvalidField::Absent);
            None
        }
    };
    faults.finish(built)
}

fn range(faults: &mut Faults, sent: &wire::NumberRange, wall: &Wall<'_>) -> Option<Edit> {
    let wire::NumberRange { first_number, last_number } = sent;
    faults.enter("range.");
    let first = faults.keep("first_number", wall.required_number(first_number));
    let last = faults.keep("last_number", wall.required_number(last_number));
    let (first, last) = first.zip(last)?;
    let most = bounds::NUMBER_RANGE_MAX;
    match last.value().checked_sub(first.value()) {
        Some(distance) if distance <= most => Some(Edit::Range { first, last }),
        Some(_) | None => {
            faults.add("last_number", InvalidField::Range { most });
            None
        }
    }
}

fn assignment(faults: &mut Faults, sent: &wire::NumberAssignment, wall: &Wall<'_>) -> Option<Edit> {
    let wire::NumberAssignment { number, member_id } = sent;
    faults.enter("assignment.");
    let number = faults.keep("number", wall.required_number(number));
    let member = faults.keep("member_id", read::optional_id(member_id));
    Some(Edit::Assign {
        number: wall.keys.number(number?),
        member: member?.map(|name| wall.name(SubjectKind::Member, name)),
    })
}

#[cfg(test)]
mod tests {
    use super::super::wall::tests::with_wall;
    use super::*;
    use crate::wire::screening::v1::MemberFacts;

    fn range_of(first: &str, last: &str) -> Entry {
        Entry::Range(wire::NumberRange { first_number: first.into(), last_number: last.into() })
    }

    #[test]
    fn entries_are_read_or_refused_with_their_field() {
        let assignment = |number: &str, member: &str| {
            let (number, member_id) = (number.into(), member.into());
            Entry::Assignment(wire::NumberAssignment { number, member_id })
        };
        let member = |member_id: &str| {
            Entry::Member(MemberFacts { member_id: member_id.into(), ..Default::default() })
        };
        for (entry, expected) in [
            (range_of("+18005550100", "+18005550199"), Ok(())),
            (range_of("+18005550100", "+18105550100"), Ok(())),
            (range_of("+18005550199", "+18005550100"), Err("range.last_number")),
            (range_of("+18005550100", "+19105550199"), Err("range.last_number")),
            (range_of("", "x"), Err("range.first_number")),
            (assignment("+18005550100", "m-1"), Ok(())),
            (assignment("+18005550100", ""), Ok(())),
            (assignment("", ""), Err("assignment.number")),
            (assignment("+18005550100", "\u{7}"), Err("assignment.member_id")),
            (member("m-1"), Ok(())),
            (member(""), Err("member.member_id")),
            (Entry::RecycledNumber("+18005550100".into()), Ok(())),
            (Entry::RecycledNumber("$(id)".into()), Err("recycled_number")),
        ] {
            let sent = wire::DirectoryEntry { entry: Some(entry) };
            let read = with_wall(|wall| edit(&sent, wall)).map(|_| ());
            let path = read.map_err(|faults| faults.faults()[0].path().to_owned());
            assert_eq!(path, expected.map_err(str::to_owned), "{sent:?}");
        }
        assert!(with_wall(|wall| edit(&wire::DirectoryEntry::default(), wall)).is_err());
    }
}
