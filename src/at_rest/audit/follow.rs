//! Reads partitions from their beginning, and again and again what has come since, up to where they end.

use crate::log::{Batch as _, Log, Offset, Reader as _, Record, TopicPartition};
use anyhow::Context as _;
use std::time::{Duration, Instant};

pub struct Follower<L: Log> {
    of: Vec<TopicPartition>,
    /// The next offset of each, as far as records tell.
    next: Vec<Offset>,
    reader: L::Reader,
}

/// Nothing came for so long, although something is there: an open transaction holds it back.
const PATIENCE: Duration = Duration::from_secs(120);

impl<L: Log> Follower<L> {
    pub fn new(log: &L, of: Vec<TopicPartition>) -> anyhow::Result<Self> {
        let next = log.begins(&of)?;
        let mut reader = log.reader()?;
        let from: Vec<_> = of.iter().cloned().zip(next.iter().copied()).collect();
        reader.assign(&from)?;
        Ok(Self { of, next, reader })
    }

    /// Shows every record that is committed and was not shown yet, up to where the partitions end now; what is in open
    /// transactions is waited for. Says how many they were.
    pub fn catch_up(&mut self, log: &L, mut show: impl FnMut(&Record<'_>)) -> anyhow::Result<u64> {
        let tails = log.tails(&self.of)?;
        let (mut shown, mut heard) = (0, Instant::now());
        loop {
            let Some(behind) = (0..self.of.len()).find(|index| self.reached(*index) < tails[*index]) else {
                return Ok(shown);
            };
            match self.reader.poll(Duration::from_millis(100))? {
                Some(batch) => {
                    heard = Instant::now();
                    for index in 0..batch.len() {
                        let record = batch.get(index);
                        let same = |of: &TopicPartition| {
                            of.partition == record.partition && *of.topic == *record.topic
                        };
                        if let Some(place) = self.of.iter().position(same) {
                            self.next[place] = record.offset + 1;
                        }
                        show(&record);
                        shown += 1;
                    }
                }
                None if heard.elapsed() > PATIENCE => {
                    let (of, at, end) = (&self.of[behind], self.reached(behind), tails[behind]);
                    return Err(anyhow::anyhow!("{of} stands at {at} of {end}"))
                        .context("a transaction that stays open holds records back");
                }
                None => {}
            }
        }
    }

    fn reached(&self, index: usize) -> Offset {
        // Past the last record there may be markers of transactions, which only the reader knows of.
        self.reader.position(&self.of[index]).unwrap_or(0).max(self.next[index])
    }
}
