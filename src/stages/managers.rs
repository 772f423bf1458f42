//! Managers: the counters (E5). A row is one bucket; it sums differences and knows what was published.

use crate::domain::credit::{Bucket, Counts};
use crate::domain::ids::ChannelId;
use crate::domain::time::Timestamp;

/// One bucket of the counters.
#[derive(Clone, Debug, PartialEq)]
pub struct CounterRow {
    pub channel: ChannelId,
    pub bucket: Bucket,
    /// The sum of what the chats add.
    pub counts: Counts,
    /// What was published last, and how often something was.
    pub published: Counts,
    pub revision: u32,
}

/// A counter record to be published: absolute values.
#[derive(Clone, Debug, PartialEq)]
pub struct Counter {
    pub channel: ChannelId,
    pub bucket: Bucket,
    pub counts: Counts,
    pub revision: u32,
    pub updated_at: Timestamp,
}

impl CounterRow {
    pub fn new(channel: ChannelId, bucket: Bucket) -> Self {
        Self { channel, bucket, counts: Counts::default(), published: Counts::default(), revision: 0 }
    }

    pub fn add(&mut self, difference: &Counts) {
        self.counts.add(difference, 1);
    }

    /// The counts as they stand, still to be compared with what readers have.
    pub fn restated(&self, now: Timestamp) -> Counter {
        Counter {
            channel: self.channel.clone(),
            bucket: self.bucket.clone(),
            counts: self.counts,
            revision: 0,
            updated_at: now,
        }
    }

    /// The record to publish at the end of a commit, if the counts are not those published last.
    pub fn settle(&mut self, now: Timestamp) -> Option<Counter> {
        if self.counts == self.published {
            return None;
        }
        self.published = self.counts;
        self.revision = self.revision.saturating_add(1);
        Some(Counter {
            channel: self.channel.clone(),
            bucket: self.bucket.clone(),
            counts: self.counts,
            revision: self.revision,
            updated_at: now,
        })
    }
}
