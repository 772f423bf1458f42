//! Reads named partitions of the in-memory log without a group. Never sees a record behind an open
//! transaction.

use std::sync::Arc;
use std::time::Duration;

use super::Shared;
use super::batch::MemoryBatch;
use crate::log::{Batch as _, LogError, LogResult, Offset, Reader, TopicPartition};

pub struct MemoryReader {
    pub(super) shared: Arc<Shared>,
    pub(super) positions: Vec<(TopicPartition, Offset)>,
}

impl Reader for MemoryReader {
    type Batch = MemoryBatch;

    fn assign(&mut self, from: &[(TopicPartition, Offset)]) -> LogResult<()> {
        let cluster = self.shared.lock();
        for (of, _) in from {
            cluster.partition(of)?;
        }
        self.positions = from.to_vec();
        Ok(())
    }

    fn poll(&mut self, timeout: Duration) -> LogResult<Option<MemoryBatch>> {
        let shared = self.shared.clone();
        shared.wait_for(timeout, |cluster| {
            let mut batch = MemoryBatch::default();
            for (of, next) in &mut self.positions {
                let partition = cluster.partition(of)?;
                let (begin, end) = (partition.begin(), partition.end());
                if !(begin..=end).contains(next) {
                    return Err(LogError::Setup(format!(
                        "{of} cannot be read at {next}: it holds {begin} to {end}"
                    )));
                }
                let max = cluster.batch_records_max - batch.len();
                *next = partition.read(*next, max, |offset, stored| batch.push(of, offset, stored));
            }
            // The next one to be full leaves the others a turn.
            if !self.positions.is_empty() {
                self.positions.rotate_left(1);
            }
            Ok((!batch.is_empty()).then_some(batch))
        })
    }

    fn position(&self, of: &TopicPartition) -> Option<Offset> {
        self.positions.iter().find(|(partition, _)| partition == of).map(|(_, next)| *next)
    }
}
