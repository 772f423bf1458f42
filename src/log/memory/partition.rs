//! One partition in memory: records at their offsets, with holes where a marker or an aborted record lies.
//! It never shows a record behind an open transaction, and never knows who writes or reads.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::log::{Header, Offset};

/// What a record consists of, wherever it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub timestamp: Option<i64>,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<Header>,
}

/// Names one transaction in the whole log.
pub(super) type TransactionId = u64;

#[derive(Default)]
pub(super) struct Partition {
    begin: Offset,
    /// The entry at index `i` has the offset `begin + i`; `None` is a hole.
    entries: VecDeque<Option<Arc<Stored>>>,
    /// The transactions that have written here and are not ended, with the offset of their first record.
    open: BTreeMap<TransactionId, Offset>,
}

impl Partition {
    /// The first offset that is still there.
    pub fn begin(&self) -> Offset {
        self.begin
    }

    /// The offset that the next record will get.
    pub fn end(&self) -> Offset {
        self.begin + self.entries.len() as Offset
    }

    /// Readers come this far: to the first record of the oldest open transaction, or to the end.
    pub fn stable_end(&self) -> Offset {
        self.open.values().copied().min().unwrap_or(self.end())
    }

    /// Appends a record, of a transaction or of none.
    pub fn append(&mut self, record: Stored, of: Option<TransactionId>) -> Offset {
        let offset = self.end();
        self.entries.push_back(Some(Arc::new(record)));
        if let Some(transaction) = of {
            self.open.entry(transaction).or_insert(offset);
        }
        offset
    }

    /// Ends a transaction that wrote at `offsets`. Its marker takes one offset, as it does in Kafka.
    pub fn end_transaction(&mut self, transaction: TransactionId, offsets: &[Offset], committed: bool) {
        self.open.remove(&transaction);
        if !committed {
            for offset in offsets.iter().filter(|&&offset| offset >= self.begin) {
                self.entries[(offset - self.begin) as usize] = None;
            }
        }
        self.entries.push_back(None);
    }

    /// Forgets everything below `before`.
    pub fn truncate(&mut self, before: Offset) {
        let before = before.clamp(self.begin, self.end());
        self.entries.drain(..(before - self.begin) as usize);
        self.begin = before;
    }

    /// Hands out at most `max` visible records from `from` on; answers where to go on, holes included.
    pub fn read(&self, from: Offset, max: usize, mut each: impl FnMut(Offset, &Arc<Stored>)) -> Offset {
        let end = self.stable_end();
        let mut next = from.max(self.begin);
        let mut count = 0;
        while next < end {
            if let Some(record) = &self.entries[(next - self.begin) as usize] {
                if count == max {
                    break;
                }
                each(next, record);
                count += 1;
            }
            next += 1;
        }
        next
    }
}
