//! Sorted lookups beside the rows of one partition: which chats are due, which wait, which were active lately.
//!
//! Entries are bytes. What was added and removed since the last commit lies over what the store has; without a
//! store everything is in memory. It is derived from the rows, so it is in no changelog.

use super::store::{Changes, Family, Store};
use super::table::row_key;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use rustc_hash::FxBuildHasher;
use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;

/// Of news without a store: as many take less room than what they are about.
const UNSORTED_MAX: usize = 1 << 14;

pub struct SortedIndex {
    partition: i32,
    store: Option<Arc<Store>>,
    /// By the first byte of their entries, and in its order: whoever looks for one kind has only that one sorted.
    kinds: Vec<(u8, Kind)>,
}

/// What came and went since the last commit; without a store everything.
#[derive(Default)]
struct Kind {
    added: BTreeSet<Vec<u8>>,
    removed: BTreeSet<Vec<u8>>,
    /// What came since, in order, still to be sorted into `added` (true) and `removed` (false): most of it cancels out
    /// before anybody looks.
    news: Vec<(bool, Vec<u8>)>,
}

impl Kind {
    fn sort_in(&mut self, has_store: bool) {
        for (entry, is_added) in net(&mut self.news) {
            // What only this transaction has done is undone.
            let (to, undone) = match is_added {
                true => (&mut self.added, &mut self.removed),
                false => (&mut self.removed, &mut self.added),
            };
            if !undone.remove(&entry) && (is_added || has_store) {
                to.insert(entry);
            }
        }
    }
}

impl SortedIndex {
    pub fn new(partition: i32, store: Option<Arc<Store>>) -> Self {
        Self { partition, store, kinds: Vec::new() }
    }

    /// Adds an entry that is not there.
    pub fn insert(&mut self, entry: Vec<u8>) {
        self.note(true, entry);
    }

    /// Removes an entry that is there. One that came and went within a transaction leaves no trace in the store: each
    /// trace would have to be passed over by every later scan, until RocksDB merges it away.
    pub fn remove(&mut self, entry: Vec<u8>) {
        self.note(false, entry);
    }

    fn note(&mut self, is_added: bool, entry: Vec<u8>) {
        let has_store = self.store.is_some();
        let kind = self.kind(entry[0]);
        kind.news.push((is_added, entry));
        // Without a store no commit ever empties it.
        if !has_store && kind.news.len() >= UNSORTED_MAX {
            kind.sort_in(has_store);
        }
    }

    fn kind(&mut self, byte: u8) -> &mut Kind {
        let place = match self.kinds.binary_search_by_key(&byte, |(known, _)| *known) {
            Ok(place) => place,
            Err(place) => {
                self.kinds.insert(place, (byte, Kind::default()));
                place
            }
        };
        &mut self.kinds[place].1
    }

    /// Removes an entry that may be gone already.
    pub fn forget(&mut self, entry: Vec<u8>) -> anyhow::Result<()> {
        let has_store = self.store.is_some();
        let kind = self.kind(entry[0]);
        kind.sort_in(has_store);
        if !kind.added.remove(&entry)
            && let Some(store) = &self.store
            && store.get(Family::Indexes, &row_key(self.partition, &entry))?.is_some()
        {
            self.kind(entry[0]).removed.insert(entry);
        }
        Ok(())
    }

    /// At most `limit` entries after `after` that begin with `prefix`, in order. An empty `after` is before all; a prefix is
    /// not empty.
    pub fn scan(&mut self, prefix: &[u8], after: &[u8], limit: usize) -> anyhow::Result<Vec<Vec<u8>>> {
        let (partition, store) = (self.partition, self.store.clone());
        let kind = self.kind(prefix[0]);
        kind.sort_in(store.is_some());
        let from = if after < prefix { Bound::Included(prefix) } else { Bound::Excluded(after) };
        let mut over = kind
            .added
            .range::<[u8], _>((from, Bound::Unbounded))
            .take_while(|entry| entry.starts_with(prefix))
            .peekable();
        let mut found: Vec<Vec<u8>> = Vec::new();
        if let Some(store) = &store {
            let start = if after < prefix { prefix } else { after };
            let (start, prefix) = (row_key(partition, start), row_key(partition, prefix));
            store.scan_prefix(Family::Indexes, &prefix, &start, |key, _| {
                if found.len() >= limit {
                    return false;
                }
                let entry = &key[partition.to_be_bytes().len()..];
                if entry == after || kind.removed.contains(entry) || kind.added.contains(entry) {
                    return true;
                }
                while found.len() < limit && over.peek().is_some_and(|added| added.as_slice() < entry) {
                    found.extend(over.next().cloned());
                }
                if found.len() < limit {
                    found.push(entry.to_vec());
                }
                true
            })?;
        }
        while found.len() < limit
            && let Some(entry) = over.next()
        {
            found.push(entry.clone());
        }
        Ok(found)
    }

    /// Puts what was added and removed since the last commit into `changes`, and takes it as committed: until that is written
    /// nobody may look.
    pub fn commit(&mut self, changes: &mut Changes<'_>) {
        if self.store.is_none() {
            return;
        }
        for (_, kind) in &mut self.kinds {
            if !kind.added.is_empty() || !kind.removed.is_empty() {
                kind.sort_in(true);
            }
            for entry in std::mem::take(&mut kind.removed) {
                changes.delete_row(Family::Indexes, self.partition, &entry);
            }
            for entry in std::mem::take(&mut kind.added) {
                changes.put_row(Family::Indexes, self.partition, &entry, &[]);
            }
            // Nobody has looked. The store's memtables like the order, too.
            for (entry, is_added) in net(&mut kind.news) {
                match is_added {
                    true => changes.put_row(Family::Indexes, self.partition, &entry, &[]),
                    false => changes.delete_row(Family::Indexes, self.partition, &entry),
                }
            }
        }
    }
}

/// What does not cancel out, in order.
fn net(news: &mut Vec<(bool, Vec<u8>)>) -> Vec<(Vec<u8>, bool)> {
    if news.len() < 2 {
        return news.drain(..).map(|(is_added, entry)| (entry, is_added)).collect();
    }
    let mut net = HashMap::with_capacity_and_hasher(news.len() / 2, FxBuildHasher);
    for (is_added, entry) in news.drain(..) {
        match net.entry(entry) {
            Entry::Occupied(before) if *before.get() != is_added => drop(before.remove()),
            Entry::Occupied(_) => {}
            Entry::Vacant(vacant) => drop(vacant.insert(is_added)),
        }
    }
    let mut left: Vec<(Vec<u8>, bool)> = net.into_iter().collect();
    left.sort_unstable();
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(text: &str) -> Vec<u8> {
        text.as_bytes().to_vec()
    }

    fn commit(index: &mut SortedIndex, store: &Store) {
        let mut changes = store.changes();
        index.commit(&mut changes);
        changes.write().unwrap();
    }

    #[test]
    fn what_came_and_went_leaves_no_trace_and_what_went_and_came_back_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(dir.path(), 8 << 20).unwrap());
        let mut index = SortedIndex::new(7, Some(store.clone()));
        index.insert(entry("da"));
        index.insert(entry("db"));
        commit(&mut index, &store);
        // RocksDB counts what it was told, whether it adds or deletes.
        let told = || store.property(Family::Indexes, "rocksdb.num-entries-active-mem-table");
        let before = told();

        index.insert(entry("dc"));
        index.remove(entry("dc"));
        index.remove(entry("da"));
        index.insert(entry("da"));
        commit(&mut index, &store);
        assert_eq!(told(), before);
        assert_eq!(index.scan(b"d", b"", 9).unwrap(), [entry("da"), entry("db")]);

        index.remove(entry("db"));
        assert_eq!(index.scan(b"d", b"", 9).unwrap(), [entry("da")]);
        commit(&mut index, &store);
        assert_eq!(index.scan(b"d", b"", 9).unwrap(), [entry("da")]);
    }

    #[test]
    fn an_entry_that_is_forgotten_twice_can_come_again() {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(dir.path(), 8 << 20).unwrap());
        let mut index = SortedIndex::new(7, Some(store.clone()));
        index.insert(entry("da"));
        index.remove(entry("da"));
        // It was looked up before, and now turns out to be stale.
        index.forget(entry("da")).unwrap();
        index.insert(entry("da"));
        commit(&mut index, &store);
        assert_eq!(index.scan(b"d", b"", 9).unwrap(), [entry("da")]);
        // One of the store goes for good.
        index.forget(entry("da")).unwrap();
        commit(&mut index, &store);
        assert!(index.scan(b"d", b"", 9).unwrap().is_empty());
    }

    #[test]
    fn without_a_store_all_is_found_however_much_came_before_anybody_looked() {
        let mut index = SortedIndex::new(7, None);
        let name = |number: usize| entry(&format!("d{number:05}"));
        (0..UNSORTED_MAX).for_each(|number| index.insert(name(number)));
        // By now they are sorted in; what comes after that goes on from there.
        (0..UNSORTED_MAX).filter(|number| number % 3 > 0).for_each(|number| index.remove(name(number)));
        index.insert(name(UNSORTED_MAX));
        let left: Vec<_> =
            (0..=UNSORTED_MAX).filter(|n| n % 3 == 0 || *n == UNSORTED_MAX).map(name).collect();
        assert_eq!(index.scan(b"d", b"", usize::MAX).unwrap(), left);
    }
}
