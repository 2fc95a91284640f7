//! List entries: who wants faxes from whom, with author, reason and end.

use super::fault::{Faults, InvalidField, InvalidRequest};
use super::paging::{self, Question};
use super::read;
use super::read::time_to_wire;
use super::wall::Wall;
use crate::api::status::Failure;
use crate::fax::id::SubjectKind;
use crate::lists::{EntryId, ListEntry, ListFilter, ListKind, ListPage};
use crate::wire::operator::v1 as wire;

/// Reads a new entry.
///
/// # Errors
/// [`InvalidRequest`] with every field at fault.
pub fn entry(
    request: &wire::CreateListEntryRequest,
    wall: &Wall<'_>,
) -> Result<ListEntry, InvalidRequest> {
    let wire::CreateListEntryRequest { request_id, entry } = request;
    let mut faults = Faults::default();
    faults.keep("request_id", read::id(request_id));
    let Some(sent) = entry else {
        faults.add("entry", InvalidField::Absent);
        return faults.finish(None);
    };
    faults.enter("entry.");
    let built = fields(&mut faults, sent, wall);
    faults.finish(built)
}

/// Reads an entry of a replay file.
///
/// # Errors
/// [`InvalidRequest`] with every field at fault.
pub fn replayed(sent: &wire::ListEntry, wall: &Wall<'_>) -> Result<ListEntry, InvalidRequest> {
    let mut faults = Faults::default();
    let built = fields(&mut faults, sent, wall);
    faults.finish(built)
}

fn fields(faults: &mut Faults, sent: &wire::ListEntry, wall: &Wall<'_>) -> Option<ListEntry> {
    let wire::ListEntry {
        entry_id: _,
        list,
        member_id,
        number,
        author,
        reason,
        create_time: _,
        expire_time,
    } = sent;
    let kind = faults.keep("list", kind_of(*list));
    let member = match (kind, member_id.as_str()) {
        (Some(ListKind::DoNotOriginate), "") => Some(None),
        (Some(ListKind::DoNotOriginate), _) => {
            faults.add("member_id", InvalidField::Disagrees { other: "entry.list" });
            None
        }
        (_, name) => faults.keep("member_id", read::id(name)).map(Some),
    };
    let number = faults.keep("number", wall.required_number(number));
    let author = faults.keep("author", read::id(author));
    let reason = faults.keep("reason", read::required(reason));
    let expires = faults.keep("expire_time", read::time(expire_time.as_ref())).flatten();
    if expires.is_some_and(|expires| expires <= wall.now) {
        faults.add("expire_time", InvalidField::Past);
    }
    Some(ListEntry {
        kind: kind?,
        member: member?.map(|name| wall.name(SubjectKind::Member, name)),
        number: wall.keys.number(number?),
        created: wall.now,
        expires,
        author: author?.into(),
        reason: reason?.into(),
    })
}

fn kind_of(value: i32) -> Result<ListKind, InvalidField> {
    match wire::ListKind::try_from(value) {
        Ok(wire::ListKind::Allow) => Ok(ListKind::Allow),
        Ok(wire::ListKind::Block) => Ok(ListKind::Block),
        Ok(wire::ListKind::OptOut) => Ok(ListKind::OptOut),
        Ok(wire::ListKind::DoNotOriginate) => Ok(ListKind::DoNotOriginate),
        Ok(wire::ListKind::Unspecified) | Err(_) => Err(InvalidField::UnknownValue { value }),
    }
}

/// Reads which entry is to be deleted, and by whom.
///
/// # Errors
/// [`InvalidRequest`].
pub fn deletion(
    request: &wire::DeleteListEntryRequest,
) -> Result<(EntryId, String), InvalidRequest> {
    let wire::DeleteListEntryRequest { entry_id, author } = request;
    let mut faults = Faults::default();
    let id = faults.keep("entry_id", EntryId::parse(entry_id).ok_or(InvalidField::NotAnId));
    let author = faults.keep("author", read::id(author));
    let built = id.zip(author.map(str::to_owned));
    faults.finish(built)
}

/// Which entries are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The filter.
    pub filter: ListFilter,
    /// After this entry.
    pub after: Option<EntryId>,
    /// At most so many.
    pub limit: usize,
    question: Question,
}

/// Reads which entries are asked for.
///
/// # Errors
/// [`Failure::Invalid`], [`Failure::InvalidPageToken`].
pub fn listing(
    request: &wire::ListListEntriesRequest,
    wall: &Wall<'_>,
) -> Result<Listing, Failure> {
    let wire::ListListEntriesRequest { list, member_id, page_size, page_token } = request;
    let mut faults = Faults::default();
    let kind = match list {
        0 => Some(None),
        value => faults.keep("list", kind_of(*value)).map(Some),
    };
    let member = faults.keep("member_id", read::optional_id(member_id));
    let limit = faults.keep("page_size", paging::size(*page_size));
    let built = (|| {
        let member = member?.map(|name| wall.name(SubjectKind::Member, name));
        Some((ListFilter { member, number: None, kind: kind? }, limit?))
    })();
    let (filter, limit) = faults.finish(built)?;
    let question = Question::of("list entries", &[&list.to_be_bytes(), member_id.as_bytes()]);
    let after = question.key(page_token)?.map(EntryId);
    Ok(Listing { filter, after, limit, question })
}

/// An entry for the wire: numbers are kept as pseudonyms and cannot be shown.
#[must_use]
pub fn to_wire(id: EntryId, entry: &ListEntry) -> wire::ListEntry {
    let ListEntry { kind, member: _, number: _, created, expires, author, reason } = entry;
    wire::ListEntry {
        entry_id: id.to_string(),
        list: i32::from(*kind as u8),
        member_id: String::new(),
        number: String::new(),
        author: author.to_string(),
        reason: reason.to_string(),
        create_time: Some(time_to_wire(*created)),
        expire_time: expires.map(time_to_wire),
    }
}

/// A page for the wire.
#[must_use]
pub fn page(listing: &Listing, page: &ListPage) -> wire::ListListEntriesResponse {
    let ListPage { entries, next } = page;
    wire::ListListEntriesResponse {
        entries: entries.iter().map(|(id, entry)| to_wire(*id, entry)).collect(),
        next_page_token: next.map(|next| listing.question.token(&next.0)).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::wall::tests::with_wall;
    use super::*;

    fn block() -> wire::ListEntry {
        wire::ListEntry {
            list: 2,
            member_id: "m-1".into(),
            number: "+18005550123".into(),
            author: "desk".into(),
            reason: "asked by phone".into(),
            ..Default::default()
        }
    }

    #[test]
    fn an_entry_is_read_and_shown_without_its_number() {
        with_wall(|wall| {
            let read = replayed(&block(), wall).unwrap();
            assert_eq!((read.kind, read.created), (ListKind::Block, wall.now));
            let shown = to_wire(EntryId([1; 16]), &read);
            assert_eq!(shown.list(), wire::ListKind::Block);
            assert!(shown.number.is_empty() && shown.member_id.is_empty());
            let general = wire::ListEntry { list: 4, member_id: String::new(), ..block() };
            assert_eq!(replayed(&general, wall).unwrap().member, None);
        });
    }

    #[test]
    fn every_fault_of_an_entry_is_found() {
        let paths = |sent: wire::ListEntry| {
            let request =
                wire::CreateListEntryRequest { request_id: "r".into(), entry: Some(sent) };
            let faults = with_wall(|wall| entry(&request, wall)).unwrap_err();
            faults.faults().iter().map(|fault| fault.path().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(
            paths(wire::ListEntry::default()),
            ["entry.list", "entry.member_id", "entry.number", "entry.author", "entry.reason"]
        );
        assert_eq!(paths(wire::ListEntry { list: 4, ..block() }), ["entry.member_id"]);
        let past = pbjson_types::Timestamp { seconds: 1, nanos: 0 };
        assert_eq!(
            paths(wire::ListEntry { expire_time: Some(past), ..block() }),
            ["entry.expire_time"]
        );
    }

    #[test]
    fn pages_go_on_where_they_ended() {
        with_wall(|wall| {
            let ask = wire::ListListEntriesRequest { list: 2, ..Default::default() };
            let first = listing(&ask, wall).unwrap();
            assert_eq!((first.limit, first.after), (100, None));
            let told = page(&first, &ListPage { entries: vec![], next: Some(EntryId([9; 16])) });
            let next = wire::ListListEntriesRequest { page_token: told.next_page_token, ..ask };
            assert_eq!(listing(&next, wall).unwrap().after, Some(EntryId([9; 16])));
            let other = wire::ListListEntriesRequest { list: 1, ..next };
            assert_eq!(listing(&other, wall), Err(Failure::InvalidPageToken));
        });
    }
}
