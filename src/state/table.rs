//! The rows of one stage and partition, decoded, in a bounded cache with the store behind.
//!
//! A changed row stays until it is committed or rolled back; the others may be dropped at any commit.

use super::store::{Changes, Family, Store};
use anyhow::Context as _;
use hashbrown::HashMap;
use hashbrown::hash_map::EntryRef;
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::sync::Arc;

/// What is stored under one key.
pub trait Row: Sized {
    fn encode(&self) -> Vec<u8>;
    fn decode(bytes: &[u8]) -> anyhow::Result<Self>;
}

/// A row: what a stage keeps for one key. A long one keeps its lists in pages, stored by themselves, so that a commit
/// writes only what changed; [`Row::encode`] and [`Row::decode`] leave them out.
pub trait TableRow: Row {
    /// The column family that holds rows of this kind.
    const FAMILY: Family;
    /// What the row is looked up by besides its key.
    type Index: Default;
    fn index(&self) -> Self::Index;
    /// The pages that these bytes of a row speak of.
    fn pages(_row: &[u8]) -> anyhow::Result<Vec<PageName>> {
        Ok(Vec::new())
    }
    /// Takes up a page as it was stored. Pages come in the order of [`TableRow::pages`].
    fn take_up(&mut self, _page: PageName, _bytes: &[u8]) -> anyhow::Result<()> {
        Ok(())
    }
    /// The pages that changed since the row was last stored.
    fn changed_pages(&self) -> Vec<(PageName, Vec<u8>)> {
        Vec::new()
    }
    /// The row and its pages have been stored.
    fn was_stored(&mut self) {}
}

/// Of which list of a row, and which page of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageName {
    pub list: u8,
    pub number: u32,
}

/// What has to be stored under one key: a row, or a page of one.
pub enum Changed<'a, R> {
    Row(&'a R),
    Page(Vec<u8>),
}

impl<R: Row> Row for Changed<'_, R> {
    fn encode(&self) -> Vec<u8> {
        match self {
            Changed::Row(row) => row.encode(),
            Changed::Page(bytes) => bytes.clone(),
        }
    }

    /// Which of the two it was does not matter to who only stores it.
    fn decode(bytes: &[u8]) -> anyhow::Result<Self> {
        Ok(Changed::Page(bytes.to_vec()))
    }
}

/// The bytes of a key, without the partition.
pub type Key = Box<[u8]>;

/// Hashed with fixed keys: which rows are dropped first must not differ from run to run, or a simulation could not be
/// repeated.
type Slots<R> = HashMap<Key, Slot<R>, BuildHasherDefault<DefaultHasher>>;

pub struct Table<R: TableRow> {
    partition: i32,
    store: Option<Arc<Store>>,
    rows: Slots<R>,
    /// Rows that were not used since the last turn; what is used again moves to `rows`.
    older: Slots<R>,
    dirty: Vec<Key>,
    rows_max: usize,
}

/// A place for a row, which may be empty.
pub struct Slot<R: TableRow> {
    pub row: Option<R>,
    /// Where the indexes have this row now.
    pub index: R::Index,
    dirty: bool,
}

impl<R: TableRow> Table<R> {
    /// Without a store everything stays in memory, and nothing is ever dropped.
    pub fn new(partition: i32, store: Option<Arc<Store>>, rows_max: usize) -> Self {
        let (rows, older, dirty) = (Slots::default(), Slots::default(), Vec::new());
        Self { partition, store, rows, older, dirty, rows_max: rows_max.max(2) }
    }

    /// The slot of a key, read from the store if it is not in memory.
    pub fn slot(&mut self, key: &[u8]) -> anyhow::Result<&mut Slot<R>> {
        match self.rows.entry_ref(key) {
            EntryRef::Occupied(slot) => Ok(slot.into_mut()),
            EntryRef::Vacant(vacant) => {
                let slot = match self.older.remove(key) {
                    Some(slot) => slot,
                    None => {
                        let row: Option<R> = read(self.store.as_deref(), self.partition, key)?;
                        let index = row.as_ref().map(R::index).unwrap_or_default();
                        Slot { row, index, dirty: false }
                    }
                };
                Ok(vacant.insert(slot))
            }
        }
    }

    /// A row that is in memory and in use.
    pub fn peek(&self, key: &[u8]) -> Option<&R> {
        self.rows.get(key)?.row.as_ref()
    }

    /// Says that the row in this slot is not what the store has.
    pub fn mark(&mut self, key: &[u8]) {
        if self.store.is_none() {
            return; // Nothing is ever committed: everything just stays.
        }
        if let Some(slot) = self.rows.get_mut(key)
            && !slot.dirty
        {
            slot.dirty = true;
            self.dirty.push(key.into());
        }
    }

    /// The changed rows and pages since the last commit or rollback.
    pub fn dirty(&self) -> impl Iterator<Item = (Key, Changed<'_, R>)> {
        let rows = self.dirty.iter().filter_map(|key| {
            let slot = self.rows.get(key).or_else(|| self.older.get(key))?;
            Some((key, slot.row.as_ref()?))
        });
        rows.flat_map(|(key, row)| {
            let pages = row.changed_pages().into_iter();
            let pages = pages.map(|(name, bytes)| (page_key(key, name), Changed::Page(bytes)));
            pages.chain([(key.clone(), Changed::Row(row))])
        })
    }

    pub fn is_dirty(&self) -> bool {
        !self.dirty.is_empty()
    }

    /// The changed rows are committed: `changes` gets what `encoded` says of them, and they may be dropped.
    pub fn committed(&mut self) {
        for key in self.dirty.drain(..) {
            if let Some(slot) = self.rows.get_mut(&key) {
                slot.dirty = false;
                if let Some(row) = &mut slot.row {
                    row.was_stored();
                }
            }
        }
        if self.store.is_some() && self.rows.len() > self.rows_max / 2 {
            self.older = std::mem::take(&mut self.rows);
            // What one transaction touched may be more than may be kept.
            let mut kept = 0;
            let rows_max = self.rows_max;
            self.older.retain(|_, _| {
                kept += 1;
                kept <= rows_max / 2
            });
            self.older.shrink_to_fit();
        }
    }

    /// The changed rows never happened: back to what the store has.
    pub fn roll_back(&mut self) {
        for key in self.dirty.drain(..) {
            self.rows.remove(&key);
            self.older.remove(&key);
        }
    }

    /// Every row in memory; without a store these are all rows.
    pub fn rows(&self) -> impl Iterator<Item = (&Key, &R)> {
        self.rows.iter().filter_map(|(key, slot)| Some((key, slot.row.as_ref()?)))
    }
}

fn read<R: TableRow>(store: Option<&Store>, partition: i32, key: &[u8]) -> anyhow::Result<Option<R>> {
    let Some(store) = store else { return Ok(None) };
    let Some(bytes) = store.get(R::FAMILY, &row_key(partition, key))? else { return Ok(None) };
    let row = R::decode(&bytes).and_then(|row| with_pages(row, &bytes, partition, key, store));
    let row = row
        .with_context(|| format!("a row of {} in partition {partition} cannot be read", R::FAMILY.name()))?;
    Ok(Some(row))
}

fn with_pages<R: TableRow>(
    mut row: R,
    bytes: &[u8],
    partition: i32,
    key: &[u8],
    store: &Store,
) -> anyhow::Result<R> {
    for page in R::pages(bytes)? {
        let stored = store.get(R::FAMILY, &row_key(partition, &page_key(key, page)))?;
        row.take_up(page, &stored.with_context(|| format!("its page {page:?} is missing"))?)?;
    }
    Ok(row)
}

/// The key of a page, among those of the rows. It outlives the process: two bytes that no row's key begins with, the
/// row's key, the list, the number (4 bytes, big endian).
pub fn page_key(row: &[u8], page: PageName) -> Key {
    let mut key = Vec::with_capacity(row.len() + 7);
    key.extend([0xff, 0xff]);
    key.extend(row);
    key.push(page.list);
    key.extend(page.number.to_be_bytes());
    key.into()
}

/// The key of a row on disk: the partition (4 bytes, big endian), then its own key. It outlives the process.
pub fn row_key(partition: i32, key: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(4 + key.len());
    bytes.extend(partition.to_be_bytes());
    bytes.extend(key);
    bytes
}

/// Writes one row into a set of changes.
pub fn put(changes: &mut Changes<'_>, family: Family, partition: i32, key: &[u8], value: &[u8]) {
    changes.put(family, &row_key(partition, key), value);
}
