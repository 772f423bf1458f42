//! Looks at the processor every now and then: how far it is, its clocks, and whether another generation has taken over.

use super::ReadModel;
use super::answers::Change;
use super::progress::Learned;
use crate::inspect::Deployment;
use crate::inspect::scan::Unwatched;
use crate::log::{Log, Offset};
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
        let sources = self.model.sources();
        let topology = &sources.topology;
        let deployment = Deployment {
            log: &*self.log,
            topology: Topology::clone(topology),
            requires_subscription: self.model.inner.requires_subscription,
            watch: &Unwatched,
        };
        let seen = deployment.progress()?;
        // After the clocks: whatever was committed before them lies before these.
        let changelogs: Vec<_> = (0..topology.partitions.chats)
            .map(|partition| topology.changelog(Stage::Chats, partition))
            .collect();
        let goals = Topology::all(&topology.goal_changes, topology.goal_partitions);
        let (changelogs, goals) = (self.log.tails(&changelogs)?, self.log.tails(&goals)?);
        let partitions = sources.partitions();
        let learned = Learned { at: self.model.now(), heard: Instant::now() };
        let ends = self.log.ends(&partitions)?;
        let letters = Topology::all(&topology.dead_letters.topic, topology.dead_letters.partitions);
        for (of, begin) in letters.iter().zip(self.log.begins(&letters)?) {
            self.model.forget_letters(of.partition, begin)?;
        }
        let next_generation = fence::handed_to(&*self.log, topology)?;
        let now = self.model.now();
        let mut progress = self.model.progress();
        let before = progress.lag_change();
        for ((clock, noted), end) in progress.clocks.iter_mut().zip(&seen.clocks).zip(&changelogs) {
            if let Some(noted) = noted {
                clock.note(*noted, *end, &goals);
            }
        }
        for (of, end) in partitions.iter().zip(&ends) {
            let known = progress.followed.iter_mut().find(|known| known.of == *of);
            if let Some(known) = known {
                known.end = Offset::max(known.next, *end);
            }
        }
        progress.ends = Some(learned);
        progress.note_seen(now, seen);
        progress.next_generation = next_generation;
        let after = progress.lag_change();
        drop(progress);
        if before != after {
            self.model.tell(Change::Lag(after));
        }
        Ok(())
    }
}
