//! Looks at the processor every now and then: how far it is, its clocks, and whether another generation has taken over.

use super::ReadModel;
use super::answers::Change;
use super::progress::Learned;
use crate::inspect::scan::Unwatched;
use crate::inspect::{self, Deployment};
use crate::log::{Log, Offset, TopicPartition};
use crate::runtime::handover::fence;
use crate::runtime::topology::{Stage, Topology};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Looks at one deployment for one model.
pub struct Looks<L: Log> {
    log: Arc<L>,
    model: ReadModel,
}

/// What one look saw.
pub struct Glance {
    /// Of the model's progress when the look began.
    turns: u64,
    processor: inspect::progress::Progress,
    /// Where the chats' changelogs and the goal changes end, what is not committed yet included.
    changelogs: Vec<Offset>,
    goals: Vec<Offset>,
    /// Where the partitions end that the model follows, and when that was asked.
    ends: Vec<(TopicPartition, Offset)>,
    learned: Learned,
    /// Where the partitions of the dead letters begin.
    letters: Vec<(i32, Offset)>,
    next_generation: Option<u32>,
}

impl<L: Log> Looks<L> {
    pub fn new(log: Arc<L>, model: ReadModel) -> Self {
        Self { log, model }
    }

    /// Looks until it is told to stop. Runs in a thread of its own.
    pub fn run(self, stop: &AtomicBool) {
        /// A look asks the brokers some questions: often enough for people, seldom enough for many instances.
        const EVERY: Duration = Duration::from_secs(2);
        const STEP: Duration = Duration::from_millis(100);
        let mut next = Instant::now();
        while !stop.load(Ordering::Relaxed) {
            if Instant::now() < next {
                std::thread::sleep(STEP);
                continue;
            }
            if let Err(error) = self.look() {
                tracing::warn!(error = format!("{error:#}"), "the processor cannot be looked at now");
            }
            next = Instant::now() + EVERY;
        }
    }

    /// Looks once.
    pub fn look(&self) -> anyhow::Result<()> {
        self.note(self.see()?)
    }

    /// Asks the brokers; the model does not know of it yet.
    pub fn see(&self) -> anyhow::Result<Glance> {
        // Before the sources: with other ones it goes up.
        let turns = self.model.progress().turns;
        let sources = self.model.sources();
        let topology = &sources.topology;
        let deployment = Deployment {
            log: &*self.log,
            topology: Topology::clone(topology),
            requires_subscription: self.model.inner.requires_subscription,
            watch: &Unwatched,
        };
        let processor = deployment.progress()?;
        // After the clocks: whatever was committed before them lies before these.
        let changelogs: Vec<_> = (0..topology.partitions.chats)
            .map(|partition| topology.changelog(Stage::Chats, partition))
            .collect();
        let goals = Topology::all(&topology.goal_changes, topology.goal_partitions);
        let (changelogs, goals) = (self.log.tails(&changelogs)?, self.log.tails(&goals)?);
        let partitions = sources.partitions();
        let learned = Learned { at: self.model.now(), heard: Instant::now() };
        let ends = self.log.ends(&partitions)?;
        let ends = partitions.into_iter().zip(ends).collect();
        let letters = Topology::all(&topology.dead_letters.topic, topology.dead_letters.partitions);
        let begins = self.log.begins(&letters)?;
        let letters = letters.iter().map(|of| of.partition).zip(begins).collect();
        let next_generation = fence::handed_to(&*self.log, topology)?;
        Ok(Glance { turns, processor, changelogs, goals, ends, learned, letters, next_generation })
    }

    /// Takes up what was seen, unless it is of what is not followed any more.
    pub fn note(&self, seen: Glance) -> anyhow::Result<()> {
        let Glance { turns, processor, changelogs, goals, ends, learned, letters, next_generation } = seen;
        for (partition, begin) in letters {
            self.model.forget_letters(partition, begin)?;
        }
        let now = self.model.now();
        let mut progress = self.model.progress();
        if progress.turns != turns {
            return Ok(());
        }
        let before = progress.lag_change();
        for ((clock, noted), end) in progress.clocks.iter_mut().zip(&processor.clocks).zip(&changelogs) {
            if let Some(noted) = noted {
                clock.note(*noted, *end, &goals);
            }
        }
        for (of, end) in &ends {
            let known = progress.followed.iter_mut().find(|known| known.of == *of);
            if let Some(known) = known {
                known.end = Offset::max(known.next, *end);
            }
        }
        progress.ends = Some(learned);
        progress.note_seen(now, processor);
        progress.next_generation = next_generation;
        let after = progress.lag_change();
        drop(progress);
        if before != after {
            self.model.tell(Change::Lag(after));
        }
        Ok(())
    }
}
