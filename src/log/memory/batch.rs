//! Records read from the in-memory log, shared with it and never copied.

use std::sync::Arc;

use super::partition::Stored;
use crate::log::{Batch, Headers, Offset, Record, TopicPartition};

#[derive(Default)]
pub struct MemoryBatch {
    records: Vec<Held>,
}

struct Held {
    topic: Arc<str>,
    partition: i32,
    offset: Offset,
    stored: Arc<Stored>,
}

impl MemoryBatch {
    pub(super) fn push(&mut self, of: &TopicPartition, offset: Offset, stored: &Arc<Stored>) {
        let (topic, partition) = (of.topic.clone(), of.partition);
        self.records.push(Held { topic, partition, offset, stored: stored.clone() });
    }
}

impl Batch for MemoryBatch {
    fn len(&self) -> usize {
        self.records.len()
    }

    fn get(&self, index: usize) -> Record<'_> {
        let held = &self.records[index];
        Record {
            topic: &held.topic,
            partition: held.partition,
            offset: held.offset,
            timestamp: held.stored.timestamp,
            key: held.stored.key.as_deref(),
            value: held.stored.value.as_deref(),
            headers: match held.stored.headers.as_slice() {
                [] => Headers::None,
                headers => Headers::Owned(headers),
            },
        }
    }
}

impl std::fmt::Debug for MemoryBatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries((0..self.len()).map(|index| self.get(index))).finish()
    }
}
