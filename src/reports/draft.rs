//! What is about to be written: reads see it, the store does not yet. Either all of it becomes durable or none.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::store::record::Field;
use crate::store::{Store, StoreError, TableId, TableView, TableWrite};
use crate::time::Timestamp;

/// Rows read at a time.
const PAGE_ROWS: usize = 1_000;

type Key = (TableId, Vec<u8>);
/// Key and value.
type Row = (Vec<u8>, Vec<u8>);

/// Changes of tables that are not written yet, over a store.
pub(crate) struct Draft<'s> {
    store: &'s dyn Store,
    /// What reads below the changes, from the first one on and until the changes are taken.
    view: RefCell<Option<Box<dyn TableView + 's>>>,
    /// The value of each row that was changed; `None` where it is gone.
    pending: BTreeMap<Key, Option<Vec<u8>>>,
    writes: Vec<TableWrite>,
}

impl<'s> Draft<'s> {
    /// No change.
    pub(crate) fn over(store: &'s dyn Store) -> Self {
        Self { store, view: RefCell::default(), pending: BTreeMap::new(), writes: Vec::new() }
    }

    /// Reads below the changes.
    fn below<T>(
        &self,
        read: impl FnOnce(&dyn TableView) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut view = self.view.borrow_mut();
        if let Some(view) = &*view {
            return read(&**view);
        }
        let made = self.store.tables()?;
        let answer = read(&*made);
        *view = Some(made);
        answer
    }

    /// A row as it will be.
    pub(crate) fn bytes(&self, table: TableId, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(pending) = self.pending.get(&(table, key.to_vec())) {
            return Ok(pending.clone());
        }
        Ok(self.below(|view| view.get(table, key))?.map(|row| row.value))
    }

    /// A record as it will be; one that does not decode is none.
    pub(crate) fn get<R: Field>(
        &self,
        table: TableId,
        key: &[u8],
    ) -> Result<Option<R>, StoreError> {
        Ok(self.bytes(table, key)?.and_then(|value| R::decode(&value)))
    }

    /// The rows whose keys begin so and lie after `after`, in order, at most so many.
    pub(crate) fn scan(
        &self,
        table: TableId,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let first = after.map_or_else(|| prefix.to_vec(), <[u8]>::to_vec);
        let changed = self.pending.range((table, first.clone())..);
        let changed = changed.take_while(|((of, key), _)| *of == table && key.starts_with(prefix));
        let changed: Vec<_> =
            changed.filter(|((_, key), _)| after.is_none() || *key > first).collect();
        // As many more as will be gone.
        let gone = changed.iter().filter(|(_, value)| value.is_none()).count();
        let (mut rows, mut from) = (BTreeMap::new(), after.map(<[u8]>::to_vec));
        while rows.len() < limit + gone {
            let most = PAGE_ROWS.min(limit + gone - rows.len());
            let page = self.below(|view| view.range(table, prefix, from.as_deref(), most))?;
            let ends = page.len() < most;
            from = page.last().map(|row| row.key.clone());
            rows.extend(page.into_iter().map(|row| (row.key, row.value)));
            if ends {
                break;
            }
        }
        for ((_, key), value) in changed {
            match value {
                Some(value) => rows.insert(key.clone(), value.clone()),
                None => rows.remove(key),
            };
        }
        Ok(rows.into_iter().take(limit).collect())
    }

    /// The records of the same.
    pub(crate) fn records<R: Field>(
        &self,
        table: TableId,
        prefix: &[u8],
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, R)>, StoreError> {
        let rows = self.scan(table, prefix, None, limit)?;
        let read = |(key, value): (Vec<u8>, Vec<u8>)| Some((key, R::decode(&value)?));
        Ok(rows.into_iter().filter_map(read).collect())
    }

    /// Puts a row.
    pub(crate) fn put<R: Field>(
        &mut self,
        table: TableId,
        key: &[u8],
        record: &R,
        expires: Option<Timestamp>,
    ) {
        let value = record.encode();
        self.pending.insert((table, key.to_vec()), Some(value.clone()));
        let key = key.to_vec();
        self.writes.push(TableWrite::Put { table, key, value, expires, subject_key: None });
    }

    /// Removes a row.
    pub(crate) fn delete(&mut self, table: TableId, key: &[u8]) {
        self.pending.insert((table, key.to_vec()), None);
        self.writes.push(TableWrite::Delete { table, key: key.to_vec() });
    }

    /// Adds a write that another room made.
    pub(crate) fn add(&mut self, write: TableWrite) {
        let (table, key) = write.target();
        let value = match &write {
            TableWrite::Put { value, .. } => Some(value.clone()),
            TableWrite::Delete { .. } => None,
        };
        self.pending.insert((table, key.to_vec()), value);
        self.writes.push(write);
    }

    /// The changes since this was last asked, for an entry of their own. Reads go on seeing them.
    pub(crate) fn take_writes(&mut self) -> Vec<TableWrite> {
        // Whoever waits for them to become durable must not keep the log from being emptied.
        self.view.take();
        std::mem::take(&mut self.writes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::MemoryStore;
    use crate::store::{Entry, EntryKind};

    fn commit(store: &dyn Store, writes: Vec<TableWrite>) {
        let seq = store.next_seq();
        let (time, kind) = (Timestamp::default(), EntryKind::Other);
        let body = Vec::new().into();
        let entry = Entry { seq, time, kind, decision: None, fax: None, body, writes };
        store.commit(entry).unwrap().wait().unwrap();
    }

    #[test]
    fn reads_see_what_is_written_and_what_is_about_to_be() {
        let store = MemoryStore::default();
        let table = TableId::Cases;
        let keys = |draft: &Draft<'_>, prefix: &[u8], limit| -> Vec<Vec<u8>> {
            let rows = draft.scan(table, prefix, None, limit).unwrap();
            rows.into_iter().map(|(key, _)| key).collect()
        };
        let mut draft = Draft::over(&store);
        for key in [[0, 1], [0, 2], [1, 0], [1, 1], [2, 0]] {
            draft.put(table, &key, &7_u32, None);
        }
        commit(&store, draft.take_writes());
        assert!(draft.take_writes().is_empty());
        let mut draft = Draft::over(&store);
        draft.delete(table, &[1, 0]);
        draft.put(table, &[1, 2], &9_u32, None);
        assert_eq!(keys(&draft, &[1], 9), [[1, 1], [1, 2]]);
        assert_eq!(keys(&draft, &[1], 1), [[1, 1]]);
        assert_eq!(keys(&draft, &[0], 9), [[0, 1], [0, 2]]);
        assert_eq!(keys(&draft, &[], 9).len(), 5);
        let after = draft.scan(table, &[1], Some(&[1, 1]), 9).unwrap();
        assert_eq!(after.len(), 1);
        assert_eq!(draft.get::<u32>(table, &[1, 2]).unwrap(), Some(9));
        assert_eq!(draft.get::<u32>(table, &[1, 0]).unwrap(), None);
        assert_eq!(draft.get::<u64>(table, &[2, 0]).unwrap(), None, "another record");
        assert_eq!(draft.records::<u32>(table, &[2], 9).unwrap(), [(vec![2, 0], 7)]);
        assert_eq!(store.table_get(table, &[1, 0]).unwrap().map(|row| row.key), Some(vec![1, 0]));
    }
}
