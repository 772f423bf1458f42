//! How far the model has read and what the processor was seen to have done, and the answer of `status`.

use super::answers::{Followed, LagChange, ModelStatus, StatusAnswer, Tally, Throughput};
use super::clocks::PartitionClock;
use super::store::{Family, Way};
use super::{ReadModel, lag, tallies};
use crate::answers::progress::{StatusDocument, stage_name};
use crate::contract::json::output::Time;
use crate::domain::time::Timestamp;
use crate::inspect::progress::Progress as Seen;
use crate::log::{Offset, TopicPartition};
use crate::runtime::topology::Stage;

/// What the follower and the looks note.
#[derive(Default)]
pub struct Progress {
    pub followed: Vec<Position>,
    /// Everything was read once that was there when this process began.
    pub caught_up: bool,
    pub records_read: u64,
    pub unreadable: u64,
    /// When something was last read, or nothing was there to read.
    pub at: Option<Timestamp>,
    /// When everything that was seen to be there had been read.
    pub level_at: Option<Timestamp>,
    /// The log timestamp of the newest record that was read.
    pub newest: Option<Timestamp>,
    /// Of each chats partition.
    pub clocks: Vec<PartitionClock>,
    /// The last look at the processor.
    pub seen: Option<(Timestamp, Seen)>,
    pub throughput: Vec<Throughput>,
    /// A generation that takes over from the one that is followed.
    pub next_generation: Option<u32>,
}

/// How far a followed partition has been read, and where it ended when it was last looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Position {
    pub of: TopicPartition,
    pub next: Offset,
    pub end: Offset,
}

/// What a probe or a metric of this process needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Health {
    pub caught_up: bool,
    /// Offsets that are yet to be read.
    pub lag: u64,
    pub lag_ms: Option<i64>,
    /// When something was last read, or nothing was there to read.
    pub progress_at: Option<Timestamp>,
    pub records_read: u64,
    /// Records that could not be read, and were passed over.
    pub unreadable: u64,
}

impl Progress {
    pub fn forget(&mut self) {
        let Self { records_read, unreadable, .. } = *self;
        *self = Self { records_read, unreadable, ..Self::default() };
    }

    pub fn lag(&self) -> u64 {
        self.followed.iter().map(|of| lag(of.next, of.end)).sum()
    }

    fn lag_ms(&self, now: Timestamp) -> Option<i64> {
        let since = self.newest.max(self.level_at);
        since.filter(|_| self.lag() > 0).map(|since| now.0.saturating_sub(since.0).max(0))
    }

    /// Notes a look at the processor.
    pub fn note_seen(&mut self, at: Timestamp, seen: Seen) {
        if let Some((before, old)) = &self.seen {
            let seconds = at.0.saturating_sub(before.0) as f64 / 1_000.0;
            let committed = |of: &Seen, stage: Stage| -> i64 {
                of.inputs
                    .iter()
                    .filter(|input| input.stage == stage)
                    .filter_map(|input| input.committed)
                    .sum()
            };
            let rate = |stage: Stage| {
                let folded = committed(&seen, stage).saturating_sub(committed(old, stage)).max(0);
                Throughput { stage: stage_name(stage), offsets_per_second: folded as f64 / seconds }
            };
            if seconds > 0.0 {
                self.throughput = Stage::ALL.into_iter().map(rate).collect();
            }
        }
        self.seen = Some((at, seen));
    }

    pub fn lag_change(&self) -> LagChange {
        let processor = self.seen.iter().flat_map(|(_, seen)| &seen.inputs).map(|input| input.lag).sum();
        LagChange { model: self.lag(), processor }
    }
}

impl ReadModel {
    /// How far the processor and this model have got.
    pub fn status(&self) -> anyhow::Result<StatusAnswer> {
        let (sources, now) = (self.sources(), self.now());
        let view = self.inner.store.view();
        let mut chats = Tally::default();
        view.scan(Family::Tallies, b"", b"", Way::Up, |_, value| {
            chats.add(&tallies::decode(value)?);
            Ok(true)
        })?;
        let progress = self.progress();
        let processor = progress.seen.as_ref().map(|(at, seen)| {
            StatusDocument::of(&sources.topology.group, sources.generation, *at, seen, None, None)
        });
        let followed = |of: &Position| Followed {
            topic: of.of.topic.to_string(),
            partition: of.of.partition,
            next: of.next,
            end: of.end,
            lag: lag(of.next, of.end),
        };
        Ok(StatusAnswer {
            processor,
            throughput: progress.throughput.clone(),
            model: ModelStatus {
                caught_up: progress.caught_up,
                lag: progress.lag(),
                lag_seconds: progress.lag_ms(now).map(|lag| lag as f64 / 1_000.0),
                records_read: progress.records_read,
                unreadable: progress.unreadable,
                chats: chats.all(),
                progress_at: progress.at.map(Time),
                partitions: progress.followed.iter().map(followed).collect(),
            },
        })
    }

    /// How many offsets this model and the processor have yet to read.
    pub fn lag(&self) -> LagChange {
        self.progress().lag_change()
    }

    /// What a probe or a metric needs: no disk is read.
    pub fn health(&self) -> Health {
        let (now, progress) = (self.now(), self.progress());
        Health {
            caught_up: progress.caught_up,
            lag: progress.lag(),
            lag_ms: progress.lag_ms(now),
            progress_at: progress.at,
            records_read: progress.records_read,
            unreadable: progress.unreadable,
        }
    }
}
