//! The rows of one stage and partition, decoded, in a bounded cache with the store behind.
//!
//! A changed row stays until it is stored; the others may be dropped whenever something was.

mod places;

use super::digest::{Digest, Part};
use super::store::{Family, Store, push_row_key};
use crate::planted::{Bug, planted};
use anyhow::Context as _;
pub use places::{At, Key};
use places::{Found, Places};
use std::ops::{Deref, DerefMut};
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
    type Index: Copy + Default + PartialEq;
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
    /// Looks at what lies outside of the row itself. What it says means nothing.
    fn come_near(&self) -> usize {
        0
    }
}

/// Of which list of a row, and which page of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageName {
    pub list: u8,
    pub number: u32,
}

pub struct Table<R: TableRow> {
    partition: i32,
    store: Option<Arc<Store>>,
    slots: Places<Slot<R>>,
    /// How many of them were used since the last turn.
    used: usize,
    dirty: Vec<At>,
    /// Rows that the lookups may not have where they stand. With a store they are dirty, too, until [`Table::changed`].
    moved: Vec<At>,
    rows_max: usize,
    /// Of everything that is stored in this partition, with what [`Table::changed`] has told since.
    digest: Digest,
    uses: Uses,
}

/// How often a row was looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    /// It was in memory.
    pub hits: u64,
    /// The store was asked, whether it has one or not.
    pub misses: u64,
}

/// A place for a row, which may be empty.
pub struct Slot<R: TableRow> {
    pub row: Option<R>,
    /// Where the lookups have this row.
    pub index: R::Index,
    /// It may stand elsewhere by now ([`Table::moved`]).
    has_moved: bool,
    dirty: bool,
    /// Since the last turn ([`Table::committed`]).
    used: bool,
    /// It was read ahead, which counted as a miss, and not used since.
    is_ahead: bool,
    stored: Stored,
}

/// What a row and its pages, as they are stored, add to the digest.
#[derive(Default)]
struct Stored {
    row: Part,
    /// Most rows have none.
    pages: Option<Box<Pages>>,
}

#[derive(Default)]
struct Pages(Vec<(PageName, Part)>);

impl Stored {
    /// The place for a page, if it was read or written since the row was.
    fn page(&mut self, name: PageName) -> Option<&mut Part> {
        let pages = self.pages.as_mut()?;
        pages.0.iter_mut().find(|(known, _)| *known == name).map(|(_, part)| part)
    }

    fn add_page(&mut self, name: PageName, part: Part) {
        self.pages.get_or_insert_default().0.push((name, part));
    }
}

/// A slot in use.
pub struct Held<'t, R: TableRow> {
    slot: &'t mut Slot<R>,
    at: At,
    moved: &'t mut Vec<At>,
    /// `None`: nothing is ever committed, everything just stays.
    dirty: Option<&'t mut Vec<At>>,
}

impl<R: TableRow> Held<'_, R> {
    /// Says that the row in this slot is not what the store has.
    pub fn mark(&mut self) {
        if let Some(dirty) = &mut self.dirty
            && !std::mem::replace(&mut self.slot.dirty, true)
        {
            dirty.push(self.at);
        }
    }

    /// Says that the lookups may not have this row where it stands. It is marked, too, so that it stays until they are told.
    pub fn mark_moved(&mut self) {
        self.mark();
        if !std::mem::replace(&mut self.slot.has_moved, true) {
            self.moved.push(self.at);
        }
    }

    /// Says so if they have it elsewhere. True: and it was not said before.
    pub fn mark_if_moved(&mut self) -> bool {
        let slot = &*self.slot;
        let moves = !slot.has_moved && slot.row.as_ref().map(R::index).unwrap_or_default() != slot.index;
        if moves {
            self.mark_moved();
        }
        moves
    }
}

impl<R: TableRow> Deref for Held<'_, R> {
    type Target = Slot<R>;
    fn deref(&self) -> &Slot<R> {
        self.slot
    }
}

impl<R: TableRow> DerefMut for Held<'_, R> {
    fn deref_mut(&mut self) -> &mut Slot<R> {
        self.slot
    }
}

impl<R: TableRow> Slot<R> {
    /// Of what the store has.
    fn of(found: Option<(R, Stored)>) -> Self {
        let (row, stored) = found.unzip();
        let index = row.as_ref().map(R::index).unwrap_or_default();
        let stored = stored.unwrap_or_default();
        Self { row, index, has_moved: false, dirty: false, used: false, is_ahead: false, stored }
    }

    /// Whether the lookups are still to be told of this row ([`Table::moved`]).
    pub fn has_moved(&self) -> bool {
        self.has_moved
    }

    /// Uses it. One if that is the first time since the last turn.
    fn first_use(&mut self) -> usize {
        usize::from(!std::mem::replace(&mut self.used, true))
    }

    /// The lookups in memory that a use of it is.
    fn hits(&mut self) -> u64 {
        u64::from(!std::mem::take(&mut self.is_ahead))
    }
}

impl<R: TableRow> Table<R> {
    /// Without a store everything stays in memory, and nothing is ever dropped.
    pub fn new(partition: i32, store: Option<Arc<Store>>, rows_max: usize) -> Self {
        let (slots, dirty, moved) = (Places::default(), Vec::new(), Vec::new());
        let (digest, uses) = (Digest::EMPTY, Uses::default());
        Self { partition, store, slots, used: 0, dirty, moved, rows_max: rows_max.max(2), digest, uses }
    }

    /// Takes up the digest of what is stored. Nothing has changed yet.
    pub fn go_on_from(&mut self, digest: Digest) {
        self.digest = digest;
    }

    /// The digest of this partition once everything is stored that [`Self::changed`] has told.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The slot of a key, read from the store if it is not in memory.
    pub fn slot(&mut self, key: &[u8]) -> anyhow::Result<Held<'_, R>> {
        let (partition, store) = (self.partition, self.store.as_deref());
        let (at, found) = self.slots.find_or_insert(key, || {
            let found = store.map(|store| read::<R>(store, partition, key)).transpose()?;
            anyhow::Ok(Slot::of(found.flatten()))
        })?;
        if found == Found::New {
            self.uses.misses += 1;
            self.slots.get_mut(at).1.is_ahead = true;
        }
        Ok(self.held(at))
    }

    /// The slot in this place. Panics if it was dropped since that was told ([`Self::slots`]).
    pub fn held(&mut self, at: At) -> Held<'_, R> {
        let (_, slot) = self.slots.get_mut(at);
        self.uses.hits += slot.hits();
        self.used += slot.first_use();
        let dirty = self.store.is_some().then_some(&mut self.dirty);
        Held { slot, at, moved: &mut self.moved, dirty }
    }

    /// Reads the rows of these keys together, as far as they are not in memory: cheaper than one by one.
    pub fn read_ahead<'k>(&mut self, keys: impl Iterator<Item = &'k [u8]>) -> anyhow::Result<()> {
        if self.store.is_none() {
            return Ok(());
        }
        let missing: Vec<&[u8]> = keys.filter(|key| self.slots.find(key).is_none()).collect();
        self.read_missing(missing)
    }

    /// The same, and where the slot of each of them is, up to the next [`Self::committed`].
    pub fn slots(&mut self, keys: &[&[u8]]) -> anyhow::Result<Vec<At>> {
        let found: Vec<Option<At>> = keys.iter().map(|key| self.slots.find(key)).collect();
        let missing = keys.iter().zip(&found).filter(|(_, at)| at.is_none());
        self.read_missing(missing.map(|(key, _)| *key).collect())?;
        let slots = keys.iter().zip(found).map(|(key, at)| match at {
            Some(at) => Ok(at),
            None => Ok(self.slots.find_or_insert(key, || anyhow::Ok(Slot::of(None)))?.0),
        });
        slots.collect()
    }

    fn read_missing(&mut self, keys: Vec<&[u8]>) -> anyhow::Result<()> {
        let Some(store) = self.store.as_deref() else { return Ok(()) };
        let mut missing: Vec<Vec<u8>> = keys.into_iter().map(|key| row_key(self.partition, key)).collect();
        missing.sort_unstable();
        missing.dedup();
        self.uses.misses += missing.len() as u64;
        for (key, bytes) in missing.iter().zip(store.get_sorted(R::FAMILY, &missing)?) {
            let (_, key) = parse_row_key(key).expect("it was made above");
            let found = bytes.map(|bytes| decode(&bytes, self.partition, key, store)).transpose()?;
            let slot = Slot { is_ahead: true, used: true, ..Slot::of(found) };
            self.slots.find_or_insert(key, || anyhow::Ok(slot))?;
            self.used += 1;
        }
        Ok(())
    }

    /// Brings these rows near to the processor, as far as they are in memory: for a lookup by itself it waits for memory
    /// again and again, for several it waits for all of them at once.
    pub fn come_near<'k>(&self, keys: impl Iterator<Item = &'k [u8]>) {
        for key in keys {
            if let Some(at) = self.slots.find(key) {
                std::hint::black_box(self.slots.get(at).row.as_ref().map(R::come_near));
            }
        }
    }

    /// A row that is in memory.
    pub fn peek(&self, key: &[u8]) -> Option<&R> {
        self.slots.get(self.slots.find(key)?).row.as_ref()
    }

    /// Tells the rows that have moved since this was last asked: each, where the lookups have it, and where it stands by
    /// `stands`. From here on the lookups have it there. To be asked together with [`Self::changed`], with no fold between:
    /// both tell of the same commit, and rows may be dropped after it.
    pub fn moved(&mut self, stands: impl Fn(&R) -> R::Index, mut tell: impl FnMut(&R, R::Index, R::Index)) {
        for at in self.moved.drain(..) {
            let (_, slot) = self.slots.get_mut(at);
            slot.has_moved = false;
            let Some(row) = &slot.row else { continue };
            let index = stands(row);
            tell(row, std::mem::replace(&mut slot.index, index), index);
        }
    }

    /// Tells the keys that changed since this was last asked, rows and pages, and what has to be stored under each, one by
    /// one: together they may take much room. From here on they count as stored, so that what is not stored after all takes
    /// this table with it. None of them is dropped before [`Self::committed`].
    pub fn changed(
        &mut self,
        mut tell: impl FnMut(&[u8], &[u8]) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        // In order, as rows lie in the store: so they are written faster, and compress better on the way to it.
        let mut dirty: Vec<_> = self.dirty.drain(..).map(|at| (self.slots.key(at), at)).collect();
        dirty.sort_unstable_by_key(|(key, _)| *key);
        let dirty: Vec<At> = dirty.into_iter().map(|(_, at)| at).collect();
        for at in dirty {
            let (key, slot) = self.slots.get_mut(at);
            slot.dirty = false;
            let (Some(row), stored) = (&mut slot.row, &mut slot.stored) else { continue };
            for (name, bytes) in row.changed_pages() {
                let key = page_key(key, name);
                if stored.page(name).is_none() {
                    // Not one of the pages that the row had, but an earlier one may be left under its number.
                    let left = match &self.store {
                        Some(store) => store.get(R::FAMILY, &row_key(self.partition, &key))?,
                        None => None,
                    };
                    let left = left.map_or(Part::NOTHING, |left| Part::of(&key, &left));
                    stored.add_page(name, left);
                }
                let part = stored.page(name).expect("it was just added");
                let before = std::mem::replace(part, Part::of(&key, &bytes));
                self.digest.replace(before, *part);
                tell(&key, &bytes)?;
            }
            let bytes = row.encode();
            let before = std::mem::replace(&mut stored.row, Part::of(key, &bytes));
            self.digest.replace(before, stored.row);
            tell(key, &bytes)?;
            row.was_stored();
        }
        Ok(())
    }

    /// What [`Self::changed`] told is stored: those rows may be dropped. Rows that have changed since stay. Once more than
    /// half of what may be kept has been used, a turn ends: what was not used in it goes, and of what was used half of what
    /// may be kept stays, which is what lies in the first places.
    pub fn committed(&mut self) {
        let (mut kept, kept_max) = (0, self.rows_max / 2);
        if self.store.is_none() || self.used <= kept_max {
            return;
        }
        self.used = 0;
        if planted(Bug::ChangedRowsDropped) {
            self.dirty.clear();
            self.moved.clear();
        }
        self.slots.retain(|slot| {
            let used = std::mem::take(&mut slot.used);
            kept += usize::from(used);
            // What one transaction touched may be more than may be kept.
            (used && kept <= kept_max) || (slot.dirty && !planted(Bug::ChangedRowsDropped))
        });
    }

    /// How many places for rows are in memory.
    pub fn rows_in_memory(&self) -> usize {
        self.slots.len()
    }

    /// How often rows were looked for since this was last asked.
    pub fn take_uses(&mut self) -> Uses {
        std::mem::take(&mut self.uses)
    }

    /// Every row in memory; without a store these are all rows.
    pub fn rows(&self) -> impl Iterator<Item = (&Key, &R)> {
        self.slots.iter().filter_map(|(key, slot)| Some((key, slot.row.as_ref()?)))
    }

    /// The same, to be changed without a mark.
    pub fn rows_mut(&mut self) -> impl Iterator<Item = &mut R> {
        self.slots.values_mut().filter_map(|slot| slot.row.as_mut())
    }
}

/// A row with its pages, from the store.
pub fn stored_row<R: TableRow>(store: &Store, partition: i32, key: &[u8]) -> anyhow::Result<Option<R>> {
    Ok(read(store, partition, key)?.map(|(row, _)| row))
}

fn read<R: TableRow>(store: &Store, partition: i32, key: &[u8]) -> anyhow::Result<Option<(R, Stored)>> {
    let bytes = store.get(R::FAMILY, &row_key(partition, key))?;
    bytes.map(|bytes| decode(&bytes, partition, key, store)).transpose()
}

fn decode<R: TableRow>(
    bytes: &[u8],
    partition: i32,
    key: &[u8],
    store: &Store,
) -> anyhow::Result<(R, Stored)> {
    R::decode(bytes)
        .and_then(|row| with_pages(row, bytes, partition, key, store))
        .with_context(|| format!("a row of {} in partition {partition} cannot be read", R::FAMILY.name()))
}

fn with_pages<R: TableRow>(
    mut row: R,
    bytes: &[u8],
    partition: i32,
    key: &[u8],
    store: &Store,
) -> anyhow::Result<(R, Stored)> {
    let mut parts = Stored { row: Part::of(key, bytes), pages: None };
    for page in R::pages(bytes)? {
        let page_key = page_key(key, page);
        let stored = store.get(R::FAMILY, &row_key(partition, &page_key))?;
        let stored = stored.with_context(|| format!("its page {page:?} is missing"))?;
        row.take_up(page, &stored)?;
        parts.add_page(page, Part::of(&page_key, &stored));
    }
    Ok((row, parts))
}

/// The key of a page, among those of the rows. It outlives the process: two bytes that no row's key begins with, the
/// row's key, the list, the number (4 bytes, big endian).
pub fn page_key(row: &[u8], page: PageName) -> Key {
    let mut key = Vec::with_capacity(row.len() + 7);
    key.extend(PAGES);
    key.extend(row);
    key.push(page.list);
    key.extend(page.number.to_be_bytes());
    key.into()
}

const PAGES: [u8; 2] = [0xff, 0xff];

/// Whose page a key names, and which; `None`: it is the key of a row.
pub fn parse_page_key(key: &[u8]) -> Option<(&[u8], PageName)> {
    let (row, name) = key.strip_prefix(&PAGES)?.split_last_chunk::<5>()?;
    let [list, number @ ..] = *name;
    Some((row, PageName { list, number: u32::from_be_bytes(number) }))
}

/// The key of a row on disk: the partition (4 bytes, big endian), then its own key. It outlives the process.
pub fn row_key(partition: i32, key: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(4 + key.len());
    push_row_key(&mut bytes, partition, key);
    bytes
}

/// The partition and the own key of a row's key on disk.
pub fn parse_row_key(key: &[u8]) -> Option<(i32, &[u8])> {
    let (partition, own) = key.split_first_chunk::<4>()?;
    Some((i32::from_be_bytes(*partition), own))
}

#[cfg(test)]
mod tests;
