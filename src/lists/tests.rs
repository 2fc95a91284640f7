//! The lists in memory and in the store.

use proptest::prelude::*;

use super::*;
use crate::store::memory::MemoryStore;

fn pseudonym(byte: u8) -> Pseudonym {
    Pseudonym([byte; 16])
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn entry(kind: ListKind, member: Option<u8>, number: u8, expires: Option<i64>) -> ListEntry {
    ListEntry {
        kind,
        member: member.map(pseudonym),
        number: pseudonym(number),
        created: at(100),
        expires: expires.map(at),
        author: "desk".into(),
        reason: "asked by letter".into(),
    }
}

fn lists(most: usize) -> Lists {
    Lists::new(most, [3; 32])
}

fn kinds(lists: &Lists, member: u8, number: u8, now: i64) -> Vec<ListKind> {
    let kinds = lists.kinds(pseudonym(member).hot(), pseudonym(number).hot(), at(now));
    ListKind::ALL.into_iter().filter(|kind| kinds.has(*kind)).collect()
}

#[test]
fn entries_hold_for_their_pair_and_their_time() {
    let lists = lists(10);
    for (kind, expires) in [(ListKind::Allow, Some(200)), (ListKind::OptOut, None)] {
        lists.put(&entry(kind, Some(1), 2, expires)).unwrap();
    }
    assert_eq!(kinds(&lists, 1, 2, 199), [ListKind::Allow, ListKind::OptOut]);
    assert_eq!(kinds(&lists, 1, 2, 200), [ListKind::OptOut]);
    assert_eq!(kinds(&lists, 2, 1, 150), []);
    let longer = entry(ListKind::Allow, Some(1), 2, Some(900));
    let id = lists.put(&longer).unwrap();
    assert_eq!((lists.len(), id), (2, lists.id(&entry(ListKind::Allow, Some(1), 2, None))));
    assert_eq!(lists.purge(at(901)), 1);
    assert!(!lists.remove(&longer) && lists.remove(&entry(ListKind::OptOut, Some(1), 2, None)));
    assert!(lists.is_empty() && lists.ends.is_empty());
}

#[test]
fn what_holds_for_all_is_asked_apart() {
    let lists = lists(10);
    lists.put(&entry(ListKind::DoNotOriginate, None, 7, Some(500))).unwrap();
    lists.put(&entry(ListKind::Block, None, 7, None)).unwrap();
    let number = pseudonym(7).hot();
    assert!(lists.do_not_originate(number, at(499)) && !lists.do_not_originate(number, at(500)));
    assert!(lists.general(number, at(1)).has(ListKind::Block));
    assert_eq!(kinds(&lists, 1, 7, 1), []);
}

#[test]
fn what_cannot_be_is_refused() {
    let lists = lists(1);
    let long = "x".repeat(TEXT_BYTES_MAX + 1);
    let mut too_long = entry(ListKind::Block, Some(1), 2, None);
    too_long.reason = long.as_str().into();
    let fault = ListFault::TooLong { what: "reason", bytes: TEXT_BYTES_MAX + 1 };
    for (entry, fault) in [
        (too_long, fault),
        (entry(ListKind::Block, Some(1), 2, Some(99)), ListFault::Expiry),
        (entry(ListKind::DoNotOriginate, Some(1), 2, None), ListFault::OfMember),
    ] {
        assert_eq!(lists.put(&entry), Err(fault));
        assert_eq!(ListEntry::decode(&entry.encode()), None);
    }
    lists.put(&entry(ListKind::Block, Some(1), 2, None)).unwrap();
    assert_eq!(
        lists.put(&entry(ListKind::Allow, Some(1), 2, None)),
        Err(ListFault::Full { most: 1 })
    );
    assert!(lists.put(&entry(ListKind::Block, Some(1), 2, Some(900))).is_ok());
    let shown = format!("{:?}", entry(ListKind::Block, Some(1), 2, None));
    assert!(!shown.contains("letter") && !shown.contains("desk"));
}

#[test]
fn the_store_gives_back_all_of_it() {
    let (lists, store) = (lists(1_000), MemoryStore::new());
    let mut writes = Vec::new();
    for number in 0..40 {
        for member in [None, Some(1), Some(2)] {
            let expires = (number % 4 == 0).then_some(300);
            let entry = entry(ListKind::Block, member, number, expires);
            writes.push(entry.write(lists.put(&entry).unwrap()));
        }
    }
    store.load(writes).unwrap().wait().unwrap();
    let again = self::lists(1_000);
    let loaded = again.load(&store, at(300)).unwrap();
    assert_eq!(loaded, Loaded { entries: 90, expired: 30, refused: 0 });
    assert_eq!(kinds(&again, 2, 5, 300), [ListKind::Block]);

    let pages = |filter: ListFilter, limit| {
        let (mut after, mut all) = (None, Vec::new());
        loop {
            let page = lists.page(&store, &filter, after, limit).unwrap();
            assert!(page.entries.len() <= limit);
            all.extend(page.entries);
            match page.next {
                Some(next) => after = Some(next),
                None => return all,
            }
        }
    };
    assert_eq!(pages(ListFilter::default(), 7).len(), 120);
    let of_one = ListFilter { member: Some(pseudonym(1)), ..ListFilter::default() };
    let mine = pages(of_one, 9);
    assert!(mine.len() == 40 && mine.iter().all(|(_, entry)| entry.member == of_one.member));
    let number = Some(pseudonym(5));
    assert_eq!(pages(ListFilter { number, ..ListFilter::default() }, 100).len(), 3);
    assert_eq!(pages(ListFilter { kind: Some(ListKind::Allow), ..of_one }, 9), []);
    let (id, entry) = &mine[0];
    assert_eq!(lists.find(&store, *id).unwrap().as_ref(), Some(entry));
    store.load(vec![ListEntry::delete(*id)]).unwrap().wait().unwrap();
    assert_eq!(lists.find(&store, *id).unwrap(), None);
    assert_eq!(EntryId::parse(&id.to_string()), Some(*id));
}

proptest! {
    #[test]
    fn damaged_rows_are_answered(at: prop::sample::Index, flip: u8, cut: bool) {
        let mut bytes = entry(ListKind::Allow, Some(1), 2, Some(900)).encode();
        let at = at.index(bytes.len());
        if cut { bytes.truncate(at) } else { bytes[at] ^= flip }
        prop_assert!(ListEntry::decode(&bytes).is_none_or(|read| read.encode() == bytes));
    }
}
