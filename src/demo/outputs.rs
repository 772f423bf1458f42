//! Reads what the runtime publishes, and the goals, from the log in memory onto the board. Never writes a record; what
//! it has read of the outputs it lets the log forget, so that a long demo does not fill the memory with them.

use super::board::{Board, Output, OutputTopic};
use crate::config::Topics;
use crate::domain::time::Timestamp;
use crate::log::memory::{MemoryLog, MemoryReader};
use crate::log::{Batch as _, Log as _, Offset, Reader as _, Record, TopicInfo, TopicPartition};
use anyhow::Context as _;
use std::time::Duration;

pub struct Outputs {
    log: MemoryLog,
    reader: MemoryReader,
    topics: Topics,
    read: Vec<TopicPartition>,
}

impl Outputs {
    /// Reads from the beginning on.
    pub fn open(log: &MemoryLog, topics: &Topics) -> anyhow::Result<Self> {
        let names = [
            &topics.goal_changes,
            &topics.goal_status_changed,
            &topics.manager_goal_counters,
            &topics.dead_letters,
        ];
        let found = log.topics(&names.map(String::as_str), &[])?;
        let partitions = |topic: &TopicInfo| {
            let name = topic.name.clone();
            (0..topic.partitions).map(move |partition| TopicPartition::new(name.as_str(), partition))
        };
        let read: Vec<TopicPartition> = found.iter().flat_map(partitions).collect();
        let from: Vec<_> = read.iter().map(|of| (of.clone(), 0)).collect();
        let mut reader = log.reader()?;
        reader.assign(&from)?;
        Ok(Self { log: log.clone(), reader, topics: topics.clone(), read })
    }

    /// Puts everything that is there on the board; gives how many records that were.
    pub fn drain(&mut self, board: &mut Board) -> anyhow::Result<usize> {
        let mut count = 0;
        while let Some(batch) = self.reader.poll(Duration::ZERO)? {
            for index in 0..batch.len() {
                let record = batch.get(index);
                board
                    .take(&self.output(&record)?)
                    .with_context(|| format!("{}[{}]@{}", record.topic, record.partition, record.offset))?;
            }
            count += batch.len();
        }
        Ok(count)
    }

    fn output<'a>(&self, record: &Record<'a>) -> anyhow::Result<Output<'a>> {
        let topic = match record.topic {
            topic if topic == self.topics.goal_changes => OutputTopic::GoalChanges,
            topic if topic == self.topics.goal_status_changed => OutputTopic::StatusChanged,
            topic if topic == self.topics.manager_goal_counters => OutputTopic::ManagerCounters,
            _ => OutputTopic::DeadLetters,
        };
        let headers = record.headers.to_vec();
        let revision = headers.iter().find(|header| header.name == "revision");
        let revision = revision.and_then(|header| header.value.as_deref());
        let revision = revision
            .map(|value| {
                let text = std::str::from_utf8(value).ok();
                text.and_then(|text| text.parse().ok()).context("the header revision is not a number")
            })
            .transpose()?;
        Ok(Output {
            topic,
            key: record.key.unwrap_or_default(),
            value: record.value,
            revision,
            timestamp: Timestamp(record.timestamp.unwrap_or_default()),
        })
    }

    /// Lets the log forget what was read of the outputs, up to where others may do without it; `None`: nothing.
    pub fn forget(&self, others: impl Fn(&TopicPartition) -> Option<Offset>) {
        for of in self.read.iter().filter(|of| *of.topic != *self.topics.goal_changes) {
            if let (Some(next), Some(others)) = (self.reader.position(of), others(of)) {
                self.log.truncate(&of.topic, of.partition, next.min(others));
            }
        }
    }
}
