//! The database of a read model: its families, one write for everything that goes together, and snapshots to read from.
//! It knows no key.

use crate::state::store::{family_options, options};
use anyhow::Context as _;
use rocksdb::{BoundColumnFamily, ColumnFamilyDescriptor, Direction, IteratorMode, PrefixRange, ReadOptions};
use std::path::Path;
use std::sync::Arc;

type Db = rocksdb::DBWithThreadMode<rocksdb::MultiThreaded>;

/// The column families. The names outlive the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// The newest view of each chat, as it was published.
    Statuses,
    /// The changes of each chat that were published, the latest ones.
    History,
    /// The changelog of the chats: rows and pages, as they are there.
    Facts,
    Counters,
    /// Goal changes, as they came.
    Goals,
    /// Dead letters, as they came.
    Letters,
    /// The lists.
    Lists,
    /// How many chats show what.
    Tallies,
    Meta,
}

impl Family {
    pub const ALL: [Family; 9] = [
        Family::Statuses,
        Family::History,
        Family::Facts,
        Family::Counters,
        Family::Goals,
        Family::Letters,
        Family::Lists,
        Family::Tallies,
        Family::Meta,
    ];

    fn name(self) -> &'static str {
        match self {
            Family::Statuses => "statuses",
            Family::History => "history",
            Family::Facts => "facts",
            Family::Counters => "counters",
            Family::Goals => "goals",
            Family::Letters => "letters",
            Family::Lists => "lists",
            Family::Tallies => "tallies",
            Family::Meta => "meta",
        }
    }
}

pub struct Store {
    db: Db,
}

/// Everything as it was at one moment.
pub struct View<'a> {
    store: &'a Store,
    snapshot: rocksdb::SnapshotWithThreadMode<'a, Db>,
}

/// Changes that reach the disk together.
pub struct Changes<'a> {
    store: &'a Store,
    batch: rocksdb::WriteBatch,
}

/// Which way a range is gone through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Up,
    Down,
}

impl Store {
    /// Whether there is a database.
    pub fn is_in(dir: &Path) -> bool {
        dir.join("CURRENT").exists()
    }

    /// Opens or creates the database; all its memory is charged to `memory_bytes`.
    pub fn open(dir: &Path, memory_bytes: usize) -> anyhow::Result<Self> {
        let (options, cache) = options(memory_bytes);
        let families = Family::ALL
            .map(|family| ColumnFamilyDescriptor::new(family.name(), family_options(&cache, memory_bytes)));
        let db = Db::open_cf_descriptors(&options, dir, families)
            .with_context(|| format!("cannot open the read model in {}", dir.display()))?;
        Ok(Self { db })
    }

    fn family(&self, family: Family) -> Arc<BoundColumnFamily<'_>> {
        self.db.cf_handle(family.name()).expect("every family is created when the store is opened")
    }

    /// As it is now, newer than any [`View`].
    pub fn get(&self, family: Family, key: &[u8]) -> anyhow::Result<Option<Vec<u8>>> {
        Ok(self.db.get_cf(&self.family(family), key)?)
    }

    /// How many keys a family has, as RocksDB estimates.
    pub fn keys(&self, family: Family) -> u64 {
        const KEYS: &str = "rocksdb.estimate-num-keys";
        self.db.property_int_value_cf(&self.family(family), KEYS).ok().flatten().unwrap_or(0)
    }

    /// The size of its files, in bytes.
    pub fn disk_bytes(&self) -> u64 {
        crate::state::store::size_of_files(self.db.path())
    }

    pub fn view(&self) -> View<'_> {
        View { store: self, snapshot: self.db.snapshot() }
    }

    pub fn changes(&self) -> Changes<'_> {
        Changes { store: self, batch: rocksdb::WriteBatch::default() }
    }
}

impl View<'_> {
    pub fn get(&self, family: Family, key: &[u8]) -> anyhow::Result<Option<Vec<u8>>> {
        Ok(self.snapshot.get_cf(&self.store.family(family), key)?)
    }

    /// Calls `visit` with the entries whose keys begin with `prefix`, from `from` on (included; downwards: from the last
    /// one that is not above it), until it says false or fails.
    pub fn scan(
        &self,
        family: Family,
        prefix: &[u8],
        from: &[u8],
        way: Way,
        mut visit: impl FnMut(&[u8], &[u8]) -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        let mut options = ReadOptions::default();
        options.set_iterate_range(PrefixRange(prefix));
        let direction = match way {
            Way::Up => Direction::Forward,
            Way::Down => Direction::Reverse,
        };
        let mode = IteratorMode::From(from, direction);
        for entry in self.snapshot.iterator_cf_opt(&self.store.family(family), options, mode) {
            let (key, value) = entry?;
            if !visit(&key, &value)? {
                break;
            }
        }
        Ok(())
    }

    /// The first entry at `from` or above whose key begins with `prefix`.
    pub fn first(
        &self,
        family: Family,
        prefix: &[u8],
        from: &[u8],
    ) -> anyhow::Result<Option<(Vec<u8>, Vec<u8>)>> {
        let mut found = None;
        self.scan(family, prefix, from, Way::Up, |key, value| {
            found = Some((key.to_vec(), value.to_vec()));
            Ok(false)
        })?;
        Ok(found)
    }
}

impl Changes<'_> {
    pub fn put(&mut self, family: Family, key: &[u8], value: &[u8]) {
        self.batch.put_cf(&self.store.family(family), key, value);
    }

    pub fn delete(&mut self, family: Family, key: &[u8]) {
        self.batch.delete_cf(&self.store.family(family), key);
    }

    /// Everything from `from` on, up to `to` (not included).
    pub fn delete_range(&mut self, family: Family, from: &[u8], to: &[u8]) {
        self.batch.delete_range_cf(&self.store.family(family), from, to);
    }

    /// Everything of a family.
    pub fn clear(&mut self, family: Family) {
        // No key is longer than an id, a name and a few numbers, and none begins with so many of the highest byte.
        self.delete_range(family, b"", &[0xff; 64]);
    }

    pub fn write(self) -> anyhow::Result<()> {
        Ok(self.store.db.write(self.batch)?)
    }
}
