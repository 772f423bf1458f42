//! RocksDB: one database for a process, shared by its workers, keys beginning with the partition.
//!
//! Written only after Kafka has committed, without fsync: the changelog is the durable copy, and an older
//! consistent prefix is always a valid start. Every option stands here with its reason.

use super::table::parse_row_key;
use anyhow::Context as _;
use rocksdb::{
    BlockBasedIndexType, BlockBasedOptions, Cache, ColumnFamily, ColumnFamilyDescriptor, DBCompressionType,
    DBPinnableSlice, IteratorMode, Options, ReadOptions, WriteBatch, WriteBatchIteratorCf,
    WriteBufferManager, WriteOptions,
};
use std::path::Path;

/// The column families. The names outlive the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    Chats,
    Customers,
    Managers,
    /// Derived from the rows of `Chats`; rebuilt with them.
    Indexes,
    /// For each stage and partition, the changelog offset that the rows reach.
    Meta,
}

impl Family {
    pub const ALL: [Family; 5] =
        [Family::Chats, Family::Customers, Family::Managers, Family::Indexes, Family::Meta];

    pub fn name(self) -> &'static str {
        match self {
            Family::Chats => "chats",
            Family::Customers => "customers",
            Family::Managers => "managers",
            Family::Indexes => "indexes",
            Family::Meta => "meta",
        }
    }
}

/// The database of one process.
pub struct Store {
    /// Its families are all there from the start: no lock guards who they are.
    db: Db,
    ids: FamilyIds,
    write: WriteOptions,
    watch: Option<Watch>,
}

type Db = rocksdb::DBWithThreadMode<rocksdb::SingleThreaded>;

/// In the order of [`Family::ALL`].
type FamilyIds = [u32; Family::ALL.len()];

/// A moment at which the disk is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Read,
    /// About to write.
    Write,
    Written,
}

type Watch = Box<dyn Fn(Access) -> anyhow::Result<()> + Send + Sync>;

/// Changes that were put together, apart from the store: another thread may write them.
#[derive(Default)]
pub struct Sealed(WriteBatch);

/// Changes that reach the disk together.
pub struct Changes<'a> {
    store: &'a Store,
    /// In the order of [`Family::ALL`].
    families: [&'a ColumnFamily; Family::ALL.len()],
    batch: WriteBatch,
    /// The key of a row, while it is put in.
    key: Vec<u8>,
}

impl Store {
    /// Opens or creates the database. `memory_bytes` holds the block cache with all memtables charged to it.
    pub fn open(dir: &Path, memory_bytes: usize) -> anyhow::Result<Self> {
        let (options, cache) = options(memory_bytes);
        let families = families(&cache, memory_bytes);
        let db = Db::open_cf_descriptors(&options, dir, families)
            .with_context(|| format!("cannot open the state in {}", dir.display()))?;
        let write = WriteOptions::default(); // no sync: see above
        Ok(Self { ids: ids(&db), db, write, watch: None })
    }

    /// Opens the database of a process that may be running, to read it as it is now; `own` is a place for the reader's
    /// own files. Nothing can be written.
    pub fn open_beside(dir: &Path, own: &Path) -> anyhow::Result<Self> {
        const CACHE_BYTES: usize = 32 << 20;
        let mut options = Options::default();
        // The process may delete what it has merged: every file is held open from the start.
        options.set_max_open_files(-1);
        let families = families(&Cache::new_lru_cache(CACHE_BYTES), CACHE_BYTES);
        let db = Db::open_cf_descriptors_as_secondary(&options, dir, own, families)
            .with_context(|| format!("cannot read the state in {}", dir.display()))?;
        let store = Self { ids: ids(&db), db, write: WriteOptions::default(), watch: None };
        store.catch_up()?;
        Ok(store)
    }

    /// Takes up what the process has written since. Only beside one ([`Store::open_beside`]).
    pub fn catch_up(&self) -> anyhow::Result<()> {
        Ok(self.db.try_catch_up_with_primary()?)
    }

    /// A number that RocksDB keeps about a family; 0 if it keeps none.
    pub fn property(&self, family: Family, name: &str) -> u64 {
        self.db.property_int_value_cf(self.family(family), name).ok().flatten().unwrap_or(0)
    }

    /// The size of its files, in bytes.
    pub fn disk_bytes(&self) -> u64 {
        size_of_files(self.db.path())
    }

    /// Asks at each use of the disk; an error is what the use comes to.
    pub fn watch(&mut self, watch: impl Fn(Access) -> anyhow::Result<()> + Send + Sync + 'static) {
        self.watch = Some(Box::new(watch));
    }

    fn at(&self, access: Access) -> anyhow::Result<()> {
        self.watch.as_ref().map_or(Ok(()), |watch| watch(access))
    }

    fn family(&self, family: Family) -> &ColumnFamily {
        handle(&self.db, family)
    }

    /// What is stored under a key, where the cache has it.
    pub fn get(&self, family: Family, key: &[u8]) -> anyhow::Result<Option<DBPinnableSlice<'_>>> {
        self.at(Access::Read)?;
        Ok(self.db.get_pinned_cf(self.family(family), key)?)
    }

    /// Calls `visit` with the entries from `from` on, in the order of their keys, until it says false.
    pub fn scan(
        &self,
        family: Family,
        from: &[u8],
        visit: impl FnMut(&[u8], &[u8]) -> bool,
    ) -> anyhow::Result<()> {
        self.visit(family, ReadOptions::default(), from, visit)
    }

    /// As [`Store::scan`], as long as keys begin with `prefix`: what was deleted beyond costs nothing.
    pub fn scan_prefix(
        &self,
        family: Family,
        prefix: &[u8],
        from: &[u8],
        visit: impl FnMut(&[u8], &[u8]) -> bool,
    ) -> anyhow::Result<()> {
        let mut options = ReadOptions::default();
        options.set_iterate_range(rocksdb::PrefixRange(prefix));
        self.visit(family, options, from, visit)
    }

    fn visit(
        &self,
        family: Family,
        options: ReadOptions,
        from: &[u8],
        mut visit: impl FnMut(&[u8], &[u8]) -> bool,
    ) -> anyhow::Result<()> {
        self.at(Access::Read)?;
        let from = IteratorMode::From(from, rocksdb::Direction::Forward);
        for entry in self.db.iterator_cf_opt(self.family(family), options, from) {
            let (key, value) = entry?;
            if !visit(&key, &value) {
                break;
            }
        }
        Ok(())
    }

    /// What is stored under each of these keys, which are in order: one pass over the files for all of them.
    pub fn get_sorted(
        &self,
        family: Family,
        keys: &[Vec<u8>],
    ) -> anyhow::Result<Vec<Option<DBPinnableSlice<'_>>>> {
        self.at(Access::Read)?;
        let found = self.db.batched_multi_get_cf(self.family(family), keys, true);
        found.into_iter().map(|value| Ok(value?)).collect()
    }

    pub fn changes(&self) -> Changes<'_> {
        self.unseal(Sealed::default())
    }

    /// Goes on with changes of this store.
    pub fn unseal(&self, sealed: Sealed) -> Changes<'_> {
        let families = Family::ALL.map(|family| self.family(family));
        Changes { store: self, families, batch: sealed.0, key: Vec::new() }
    }
}

/// How a database of this program is opened, and the cache that all its memory is charged to. Its users write without
/// fsync, and what a torn tail lacks they read from the log again.
pub fn options(memory_bytes: usize) -> (Options, Cache) {
    let cache = Cache::new_lru_cache(memory_bytes);
    // Half of the budget for memtables, so that reads keep a cache of their own.
    let memtables =
        WriteBufferManager::new_write_buffer_manager_with_cache(memory_bytes / 2, false, cache.clone());
    let mut options = Options::default();
    options.create_if_missing(true);
    options.create_missing_column_families(true);
    options.set_write_buffer_manager(&memtables);
    // Two cores are typical, and the fold needs one: flush and compaction share the other.
    options.increase_parallelism(2);
    // The write-ahead log keeps what is in memtables over a kill of the process; a power cut may cut it short,
    // and then the tail comes from the changelog.
    options.set_wal_recovery_mode(rocksdb::DBRecoveryMode::PointInTime);
    // Each record of the log then names its log file. Without that, RocksDB 11.8 never comes to an end of reading a
    // torn tail whose bytes look like such a record (`log::Reader::ReadPhysicalRecord` does not go past it).
    options.set_recycle_log_file_num(1);
    // All families reach the disk together: none is ever ahead of a log that was cut short.
    options.set_atomic_flush(true);
    options.set_max_total_wal_size(memory_bytes.max(64 << 20) as u64);
    options.set_keep_log_file_num(2);
    options.set_max_open_files(512);
    (options, cache)
}

/// The size of the files in a directory, in bytes.
pub fn size_of_files(dir: &Path) -> u64 {
    let Ok(files) = std::fs::read_dir(dir) else { return 0 };
    // One that has just been deleted takes nothing.
    files.filter_map(|file| file.ok()?.metadata().ok()).map(|file| file.len()).sum()
}

/// How each family is kept.
fn families(cache: &Cache, memory_bytes: usize) -> [ColumnFamilyDescriptor; Family::ALL.len()] {
    Family::ALL.map(|family| ColumnFamilyDescriptor::new(family.name(), family_options(cache, memory_bytes)))
}

/// How a column family of this program is kept.
pub fn family_options(cache: &Cache, memory_bytes: usize) -> Options {
    let mut blocks = BlockBasedOptions::default();
    blocks.set_block_cache(cache);
    // Index and filter blocks count against the budget, too.
    blocks.set_cache_index_and_filter_blocks(true);
    blocks.set_pin_l0_filter_and_index_blocks_in_cache(true);
    // In parts of a few kilobytes: whole, they are a megabyte a file, and a small cache that cannot hold them
    // all would read and check one of them for each lookup.
    blocks.set_index_type(BlockBasedIndexType::TwoLevelIndexSearch);
    blocks.set_partition_filters(true);
    blocks.set_metadata_block_size(4_096);
    blocks.set_pin_top_level_index_and_filter(true);
    // Most lookups of a new id find nothing: a filter answers them without a read.
    blocks.set_bloom_filter(10.0, false);
    let mut family_options = Options::default();
    family_options.set_block_based_table_factory(&blocks);
    family_options.set_compression_type(DBCompressionType::Lz4);
    // Filters for memtables, too: what is not there need not be searched for.
    family_options.set_memtable_whole_key_filtering(true);
    family_options.set_memtable_prefix_bloom_ratio(0.1);
    family_options.set_write_buffer_size(memory_bytes / 8);
    // Nearly all files of level 0 are small, and each time they are merged the level below, with keys of all kinds, is
    // rewritten as a whole: half as often. Reads look at the filters of some files more, which stay in memory.
    family_options.set_level_zero_file_num_compaction_trigger(8);
    family_options
}

fn handle(db: &Db, family: Family) -> &ColumnFamily {
    db.cf_handle(family.name()).expect("every family is created when the store is opened")
}

/// The key of a row on disk, behind what is in `bytes`.
pub(super) fn push_row_key(bytes: &mut Vec<u8>, partition: i32, key: &[u8]) {
    bytes.extend(partition.to_be_bytes());
    bytes.extend(key);
}

impl Changes<'_> {
    pub fn put(&mut self, family: Family, key: &[u8], value: &[u8]) {
        self.batch.put_cf(self.families[family as usize], key, value);
    }

    /// Puts what stands under a row's own key.
    pub fn put_row(&mut self, family: Family, partition: i32, key: &[u8], value: &[u8]) {
        self.row_key(partition, key);
        self.batch.put_cf(self.families[family as usize], &self.key, value);
    }

    /// Deletes what stands under a row's own key.
    pub fn delete_row(&mut self, family: Family, partition: i32, key: &[u8]) {
        self.row_key(partition, key);
        self.batch.delete_cf(self.families[family as usize], &self.key);
    }

    fn row_key(&mut self, partition: i32, key: &[u8]) {
        self.key.clear();
        push_row_key(&mut self.key, partition, key);
    }

    pub fn delete(&mut self, family: Family, key: &[u8]) {
        self.batch.delete_cf(self.families[family as usize], key);
    }

    /// Everything whose key begins with `prefix`.
    pub fn delete_prefix(&mut self, family: Family, prefix: &[u8]) {
        let mut end = prefix.to_vec();
        end.extend([0xff; 300]);
        self.batch.delete_range_cf(self.families[family as usize], prefix, &end);
    }

    pub fn seal(self) -> Sealed {
        Sealed(self.batch)
    }

    /// Tells what was put into families of rows, in that order: family, partition, the row's own key, the value.
    pub fn rows(&self, tell: impl FnMut(Family, i32, &[u8], &[u8])) {
        let mut rows = Rows { ids: &self.store.ids, tell, panic: None };
        self.batch.iterate_cf(&mut rows);
        if let Some(panic) = rows.panic {
            std::panic::resume_unwind(panic);
        }
    }

    pub fn write(self) -> anyhow::Result<()> {
        self.store.at(Access::Write)?;
        self.store.db.write_opt(self.batch, &self.store.write)?;
        self.store.at(Access::Written)
    }
}

/// Picks rows out of a batch.
struct Rows<'a, F> {
    ids: &'a FamilyIds,
    tell: F,
    /// Of `tell`: it cannot go on through the calls of RocksDB, which are not Rust's.
    panic: Option<Box<dyn std::any::Any + Send>>,
}

impl<F: FnMut(Family, i32, &[u8], &[u8])> WriteBatchIteratorCf for Rows<'_, F> {
    fn put_cf(&mut self, id: u32, key: &[u8], value: &[u8]) {
        let known = Family::ALL.into_iter().zip(self.ids).find(|(_, known)| **known == id);
        if let Some((family @ (Family::Chats | Family::Customers | Family::Managers), _)) = known
            && let Some((partition, key)) = parse_row_key(key)
            && self.panic.is_none()
        {
            let tell = std::panic::AssertUnwindSafe(|| (self.tell)(family, partition, key, value));
            self.panic = std::panic::catch_unwind(tell).err();
        }
    }

    fn delete_cf(&mut self, _: u32, _: &[u8]) {}

    fn merge_cf(&mut self, _: u32, _: &[u8], _: &[u8]) {}
}

/// By what numbers a batch names the families. They come of the order in which this database got them.
fn ids(db: &Db) -> FamilyIds {
    struct Last(u32);
    impl WriteBatchIteratorCf for Last {
        fn put_cf(&mut self, id: u32, _: &[u8], _: &[u8]) {
            self.0 = id;
        }
        fn delete_cf(&mut self, _: u32, _: &[u8]) {}
        fn merge_cf(&mut self, _: u32, _: &[u8], _: &[u8]) {}
    }
    Family::ALL.map(|family| {
        // It is never written.
        let mut probe = WriteBatch::default();
        let mut last = Last(u32::MAX);
        probe.put_cf(handle(db, family), b"", b"");
        probe.iterate_cf(&mut last);
        last.0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_told_as_they_were_put_and_nothing_else_is() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), 8 << 20).unwrap();
        let mut changes = store.changes();
        changes.put_row(Family::Managers, 7, b"counter", b"1");
        changes.put_row(Family::Indexes, 7, b"due", b"");
        changes.put(Family::Meta, b"reached", b"5");
        changes.put_row(Family::Chats, -1, b"", b"2");
        changes.delete_row(Family::Customers, 7, b"gone");
        changes.put_row(Family::Customers, 0, b"customer", b"");
        let changes = store.unseal(changes.seal());
        let mut told = Vec::new();
        changes.rows(|family, partition, key, value| {
            told.push((family, partition, key.to_vec(), value.to_vec()));
        });
        assert_eq!(
            told,
            [
                (Family::Managers, 7, b"counter".to_vec(), b"1".to_vec()),
                (Family::Chats, -1, Vec::new(), b"2".to_vec()),
                (Family::Customers, 0, b"customer".to_vec(), Vec::new()),
            ]
        );
        changes.write().unwrap();
        assert!(
            store.get(Family::Managers, &[&7i32.to_be_bytes()[..], b"counter"].concat()).unwrap().is_some()
        );
    }

    /// The newest write-ahead log of a database.
    fn newest_log(dir: &Path) -> std::path::PathBuf {
        let files = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
        files.filter(|path| path.extension().is_some_and(|e| e == "log")).max().unwrap()
    }

    /// Whatever a tail looks like, a process that starts must not hang on it.
    #[test]
    fn a_torn_tail_of_any_kind_of_record_is_passed() {
        const LIMIT: std::time::Duration = std::time::Duration::from_secs(60);
        for kind in 0..=u8::MAX {
            let dir = tempfile::tempdir().unwrap();
            let store = Store::open(dir.path(), 8 << 20).unwrap();
            let mut changes = store.changes();
            changes.put(Family::Chats, b"row", b"value");
            changes.write().unwrap();
            drop(store);
            let log = newest_log(dir.path());
            let mut bytes = std::fs::read(&log).unwrap();
            // A checksum that is wrong, a length of four, the kind, and more than enough to follow.
            bytes.extend([1, 2, 3, 4, 4, 0, kind]);
            bytes.extend([7; 40]);
            std::fs::write(&log, &bytes).unwrap();
            let (done, opened) = std::sync::mpsc::channel();
            let path = dir.path().to_owned();
            let opening = std::thread::spawn(move || {
                let store = Store::open(&path, 8 << 20).unwrap();
                let row = store.get(Family::Chats, b"row").unwrap().map(|row| row.to_vec());
                done.send(row).unwrap();
            });
            let row = opened.recv_timeout(LIMIT).unwrap_or_else(|_| panic!("it hangs on the kind {kind}"));
            // A database that is still being closed when the process ends is closed with locks that are gone.
            opening.join().unwrap();
            assert_eq!(row.as_deref(), Some(&b"value"[..]), "the kind is {kind}");
        }
    }

    #[test]
    fn a_torn_tail_leaves_an_older_state_in_which_nothing_is_half_true() {
        let dir = tempfile::tempdir().unwrap();
        let open = || Store::open(dir.path(), 8 << 20).unwrap();
        let store = open();
        for number in 0..1_000u32 {
            let mut changes = store.changes();
            let value = number.to_be_bytes();
            changes.put(Family::Chats, b"row", &[&value[..], &[0; 100]].concat());
            changes.put(Family::Meta, b"reached", &value);
            changes.write().unwrap();
        }
        drop(store);
        let log = newest_log(dir.path());
        let bytes = std::fs::read(&log).unwrap();
        std::fs::write(&log, &bytes[..bytes.len() * 2 / 3]).unwrap();

        let store = open();
        let row = store.get(Family::Chats, b"row").unwrap().unwrap();
        let reached = store.get(Family::Meta, b"reached").unwrap().unwrap();
        assert_eq!(row[..4], reached[..], "a row and the offset that it reaches are one write");
        let reached = u32::from_be_bytes(reached[..].try_into().unwrap());
        assert!((500..999).contains(&reached), "two thirds of the writes are left, not {reached}");
    }
}
