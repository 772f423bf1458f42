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
use std::time::{Duration, Instant};

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
    /// When the ends of what is followed were last asked for and told.
    pub ends: Option<Learned>,
    /// Everything has been read that was there at this time.
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

/// When something was learned of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Learned {
    /// By the wall clock, just before it was asked.
    pub at: Timestamp,
    /// The same moment on a clock that passes as real time does, also where the wall clock does not.
    pub heard: Instant,
}

/// Ends that are older than this are no longer believed: looks come every two seconds.
const ENDS_HOLD: Duration = Duration::from_secs(10);

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
    /// How old what the model shows is, in milliseconds; `None`: it shows everything.
    pub lag_ms: Option<i64>,
    /// When the processor was last looked at.
    pub seen_at: Option<Timestamp>,
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

    /// How old what is shown is. Where the ends have not been heard of for a while there may be more to read, whatever
    /// is known.
    fn lag_ms(&self, now: Timestamp, heard_by: Instant) -> Option<i64> {
        let is_old = |ends: Learned| heard_by.saturating_duration_since(ends.heard) > ENDS_HOLD;
        let behind = self.lag() > 0 || self.ends.is_none_or(is_old);
        // Once everything has been read, a new record of one partition says nothing of the others.
        let since = if self.caught_up { self.level_at } else { self.level_at.max(self.newest) };
        since.filter(|_| behind).map(|since| now.0.saturating_sub(since.0).max(0))
    }

    /// Notes that everything has been read up to the ends, if it has.
    pub fn note_level(&mut self) {
        if let Some(ends) = self.ends.filter(|_| self.lag() == 0) {
            self.level_at = self.level_at.max(Some(ends.at));
        }
    }

    fn seen_at(&self) -> Option<Timestamp> {
        self.seen.as_ref().map(|(at, _)| *at)
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
                lag_seconds: progress.lag_ms(now, Instant::now()).map(|lag| lag as f64 / 1_000.0),
                records_read: progress.records_read,
                unreadable: progress.unreadable,
                chats: chats.all(),
                progress_at: progress.at.map(Time),
                seen_at: progress.seen_at().map(Time),
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
            lag_ms: progress.lag_ms(now, Instant::now()),
            seen_at: progress.seen_at(),
            progress_at: progress.at,
            records_read: progress.records_read,
            unreadable: progress.unreadable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(partition: i32, next: Offset, end: Offset) -> Position {
        Position { of: TopicPartition::new("t", partition), next, end }
    }

    /// Two partitions, all of which was read at second 100.
    fn level() -> Progress {
        let ends = Learned { at: Timestamp(100_000), heard: Instant::now() };
        let followed = vec![position(0, 5, 5), position(1, 7, 7)];
        let mut progress = Progress { followed, ends: Some(ends), caught_up: true, ..Progress::default() };
        progress.note_level();
        progress
    }

    #[test]
    fn ends_that_are_old_hide_no_lag() {
        let progress = level();
        let heard = progress.ends.unwrap().heard;
        assert_eq!(progress.lag_ms(Timestamp(102_000), heard + Duration::from_secs(2)), None);
        assert_eq!(progress.lag_ms(Timestamp(160_000), heard + Duration::from_secs(60)), Some(60_000));
    }

    #[test]
    fn it_was_level_when_the_ends_were_told_and_not_when_that_was_noticed() {
        let mut progress = level();
        progress.ends = None;
        progress.note_level();
        assert_eq!(progress.level_at, Some(Timestamp(100_000)));
        let heard = Instant::now();
        progress.ends = Some(Learned { at: Timestamp(104_000), heard });
        progress.note_level();
        assert_eq!(progress.level_at, Some(Timestamp(104_000)));
    }

    #[test]
    fn a_partition_that_is_stuck_is_not_hidden_by_another_that_goes_on() {
        let mut progress = level();
        progress.followed[0].end = 6;
        progress.newest = Some(Timestamp(130_000));
        progress.note_level();
        let heard = progress.ends.unwrap().heard;
        assert_eq!(progress.lag_ms(Timestamp(130_000), heard), Some(30_000));
    }
}
