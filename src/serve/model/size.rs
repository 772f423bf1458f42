//! How much a read model holds, and how many listen to it. Nothing is counted row by row.

use super::ReadModel;
use super::store::Family;
use std::sync::Arc;

/// How much there is, roughly.
#[derive(Clone, Debug, PartialEq)]
pub struct Size {
    /// As RocksDB estimates, by what they are of.
    pub rows: [(&'static str, u64); 4],
    /// On disk.
    pub bytes: u64,
}

impl ReadModel {
    pub fn size(&self) -> Size {
        let store = &self.inner.store;
        let rows = [
            ("chats", Family::Statuses),
            ("changes", Family::History),
            ("counters", Family::Counters),
            ("dead_letters", Family::Letters),
        ];
        Size { rows: rows.map(|(of, family)| (of, store.keys(family))), bytes: store.disk_bytes() }
    }

    /// How many are subscribed to changes: each holds the ring, and so does the model.
    pub fn listeners(&self) -> usize {
        Arc::strong_count(&self.inner.ring) - 1
    }
}
