//! Sorted lookups beside the rows of one partition: which chats are due, which wait, which were active lately.
//!
//! Entries are bytes. What was added and removed since the last commit lies over what that commit brought, and that over
//! what the store has; without a store everything is in memory. It is derived from the rows, so it is in no changelog.

use super::store::{Changes, Family, Store};
use super::table::row_key;
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
    /// What was taken as committed and is perhaps not written yet, in order: what came (true) and what went.
    sent: Vec<(Vec<u8>, bool)>,
}

/// What came and went since the last commit; without a store everything.
#[derive(Default)]
struct Kind {
    added: BTreeSet<Vec<u8>>,
    removed: BTreeSet<Vec<u8>>,
    /// What came since, in order, still to be sorted into `added` (true) and `removed` (false): nobody may look for this
    /// kind, and then some of it cancels out.
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
        Self { partition, store, kinds: Vec::new(), sent: Vec::new() }
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
        if kind.added.remove(&entry) {
            return Ok(());
        }
        let is_there = match (was_sent(&self.sent, &entry), &self.store) {
            (Some(is_added), _) => is_added,
            (None, Some(store)) => store.get(Family::Indexes, &row_key(self.partition, &entry))?.is_some(),
            (None, None) => false,
        };
        if is_there {
            self.kind(entry[0]).removed.insert(entry);
        }
        Ok(())
    }

    /// At most `limit` entries after `after` that begin with `prefix`, in order. An empty `after` is before all; a prefix is
    /// not empty.
    pub fn scan(&mut self, prefix: &[u8], after: &[u8], limit: usize) -> anyhow::Result<Vec<Vec<u8>>> {
        let (partition, store) = (self.partition, self.store.clone());
        self.kind(prefix[0]).sort_in(store.is_some());
        let place = self.kinds.binary_search_by_key(&prefix[0], |(known, _)| *known);
        let (kind, sent) = (&self.kinds[place.expect("it was just sorted")].1, &self.sent);
        let from = if after < prefix { Bound::Included(prefix) } else { Bound::Excluded(after) };
        let news = kind.added.range::<[u8], _>((from, Bound::Unbounded));
        let news = news.take_while(|entry| entry.starts_with(prefix)).take(limit);
        let first = sent.partition_point(|(entry, _)| match after < prefix {
            true => entry.as_slice() < prefix,
            false => entry.as_slice() <= after,
        });
        let before = sent[first..].iter().take_while(|(entry, _)| entry.starts_with(prefix));
        let before = before.filter(|(entry, is_added)| *is_added && !kind.removed.contains(entry));
        let mut over: Vec<&Vec<u8>> = news.chain(before.map(|(entry, _)| entry).take(limit)).collect();
        over.sort_unstable();
        let mut over = over.into_iter().peekable();
        let mut found: Vec<Vec<u8>> = Vec::new();
        if let Some(store) = &store {
            let start = if after < prefix { prefix } else { after };
            let (start, prefix) = (row_key(partition, start), row_key(partition, prefix));
            store.scan_prefix(Family::Indexes, &prefix, &start, |key, _| {
                if found.len() >= limit {
                    return false;
                }
                let entry = &key[partition.to_be_bytes().len()..];
                let is_known = kind.removed.contains(entry) || kind.added.contains(entry);
                if entry == after || is_known || was_sent(sent, entry).is_some() {
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

    /// Puts what was added and removed since the last commit into `changes`, and takes it as committed. What the commit
    /// before put there has been written.
    pub fn commit(&mut self, changes: &mut Changes<'_>) {
        self.sent.clear();
        if self.store.is_none() {
            return;
        }
        for (_, kind) in &mut self.kinds {
            if kind.added.is_empty() && kind.removed.is_empty() {
                // Nobody has looked.
                self.sent.append(&mut net(&mut kind.news));
            } else {
                kind.sort_in(true);
                let added = std::mem::take(&mut kind.added).into_iter().map(|entry| (entry, true));
                let removed = std::mem::take(&mut kind.removed).into_iter().map(|entry| (entry, false));
                let begin = self.sent.len();
                self.sent.extend(added.chain(removed));
                self.sent[begin..].sort_unstable();
            }
        }
        // The store's memtables like the order, too.
        for (entry, is_added) in &self.sent {
            match is_added {
                true => changes.put_row(Family::Indexes, self.partition, entry, &[]),
                false => changes.delete_row(Family::Indexes, self.partition, entry),
            }
        }
    }

    /// What the last commit put into its changes is written.
    pub fn written(&mut self) {
        self.sent.clear();
    }
}

/// Whether an entry came or went with what was sent; `None`: neither.
fn was_sent(sent: &[(Vec<u8>, bool)], entry: &[u8]) -> Option<bool> {
    let place = sent.binary_search_by(|(known, _)| known.as_slice().cmp(entry)).ok()?;
    Some(sent[place].1)
}

/// What does not cancel out, in order.
fn net(news: &mut Vec<(bool, Vec<u8>)>) -> Vec<(Vec<u8>, bool)> {
    if news.len() < 2 {
        return news.drain(..).map(|(is_added, entry)| (entry, is_added)).collect();
    }
    // Not disturbing the order in which one entry came and went.
    news.sort_by(|a, b| a.1.cmp(&b.1));
    let mut left: Vec<(Vec<u8>, bool)> = Vec::with_capacity(news.len());
    for (is_added, entry) in news.drain(..) {
        match left.last() {
            Some((before, was_added)) if *before == entry => {
                if *was_added != is_added {
                    left.pop();
                }
            }
            _ => left.push((entry, is_added)),
        }
    }
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
    fn while_a_commit_is_under_way_lookups_are_those_after_it() {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(dir.path(), 8 << 20).unwrap());
        // Entries come and go, in one kind that is looked at and one that is not, and what is there is always the same
        // whether the last commit has been written or not.
        for seed in 0..200 {
            let mut dice = fastrand::Rng::with_seed(seed);
            let mut index = SortedIndex::new(seed as i32, Some(store.clone()));
            let mut there: BTreeSet<Vec<u8>> = BTreeSet::new();
            let mut under_way: Option<Changes<'_>> = None;
            for _ in 0..200 {
                let one = entry(&format!("{}{:02}", dice.choice(["d", "e"]).unwrap(), dice.u8(..30)));
                match dice.u8(..10) {
                    0 => {
                        if let Some(changes) = under_way.take() {
                            changes.write().unwrap();
                            if dice.bool() {
                                index.written();
                            }
                        }
                        let mut changes = store.changes();
                        index.commit(&mut changes);
                        under_way = Some(changes);
                    }
                    1 => {
                        index.forget(one.clone()).unwrap();
                        there.remove(&one);
                    }
                    2 | 3 if one[0] == b'd' => {
                        let after = if dice.bool() { one } else { Vec::new() };
                        let limit = dice.usize(1..20);
                        let expected = there.iter().filter(|known| known[0] == b'd' && **known > after);
                        let expected: Vec<_> = expected.take(limit).cloned().collect();
                        assert_eq!(index.scan(b"d", &after, limit).unwrap(), expected, "seed {seed}");
                    }
                    _ if there.remove(&one) => index.remove(one),
                    _ => {
                        there.insert(one.clone());
                        index.insert(one);
                    }
                }
            }
        }
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
