//! How much lies in a state folder, made by whom, and how far it reaches. It counts, and judges nothing.

use super::disk::{Disk, name_of, place, walk};
use crate::contract::protobuf::rows::versions::Versions;
use crate::log::Offset;
use crate::runtime::restore::reached;
use crate::runtime::topology::Stage;
use crate::runtime::versions::{Span, span_on_disk};
use crate::state::store::Family;
use crate::state::table::parse_page_key;
use std::collections::BTreeMap;

pub struct Info {
    pub tasks: Vec<TaskInfo>,
    pub families: Vec<FamilyInfo>,
}

/// One partition of one stage.
pub struct TaskInfo {
    pub stage: &'static str,
    pub partition: i32,
    pub rows: u64,
    pub pages: u64,
    /// Of keys and values.
    pub bytes: u64,
    /// Up to which offset of its changelog the rows are known to be here; without it, nothing counts.
    pub reached: Option<Offset>,
    /// Of the rows that are here.
    pub found: Option<Span>,
    /// As noted for those that start on them.
    pub noted: Span,
}

/// What RocksDB says of one family.
pub struct FamilyInfo {
    pub family: &'static str,
    pub entries: u64,
    pub bytes: u64,
    /// In sorted files, compressed.
    pub file_bytes: u64,
    /// Not yet in sorted files: what the reader had to take from the write-ahead log.
    pub memtable_bytes: u64,
    /// Of the process that reads, not of the one that runs.
    pub cache_bytes: u64,
}

#[derive(Default)]
struct Sums {
    rows: u64,
    pages: u64,
    bytes: u64,
    found: Option<Span>,
}

pub fn info(disk: &Disk) -> anyhow::Result<Info> {
    let store = &disk.store;
    let (mut tasks, mut families) = (Vec::new(), Vec::new());
    let mut totals: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for stage in Stage::ALL {
        let mut partitions: BTreeMap<i32, Sums> = BTreeMap::new();
        walk(store, stage.family(), None, |key, value| {
            let Ok((partition, own)) = place(key) else { return true };
            let sums = partitions.entry(partition).or_default();
            match parse_page_key(own) {
                Some(_) => sums.pages += 1,
                None => sums.rows += 1,
            }
            sums.bytes += (key.len() + value.len()) as u64;
            if let Ok(versions) = Versions::of_row(value) {
                sums.found.get_or_insert(Span::of(versions)).widen(versions);
            }
            true
        })?;
        let total = totals.entry(name_of(stage)).or_default();
        for (partition, Sums { rows, pages, bytes, found }) in partitions {
            *total = (total.0 + rows + pages, total.1 + bytes);
            let task = (stage, partition);
            let (reached, noted) = (reached(store, task)?, span_on_disk(store, task)?);
            let stage = name_of(stage);
            tasks.push(TaskInfo { stage, partition, rows, pages, bytes, reached, found, noted });
        }
    }
    for family in Family::ALL {
        let (entries, bytes) = match totals.get(family.name()) {
            Some(total) => *total,
            None => {
                let mut total = (0, 0);
                walk(store, family, None, |key, value| {
                    total = (total.0 + 1, total.1 + (key.len() + value.len()) as u64);
                    true
                })?;
                total
            }
        };
        families.push(FamilyInfo {
            family: family.name(),
            entries,
            bytes,
            file_bytes: store.property(family, "rocksdb.total-sst-files-size"),
            memtable_bytes: store.property(family, "rocksdb.cur-size-all-mem-tables"),
            cache_bytes: store.property(family, "rocksdb.block-cache-usage"),
        });
    }
    Ok(Info { tasks, families })
}
