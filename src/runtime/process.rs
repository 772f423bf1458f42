//! The parts of one process, put together; whoever has them steps through them.

use super::clock::Granter;
use super::clocks::Clocks;
use super::figures::Figures;
use super::goals::{Goals, GoalsReader};
use super::handover::Handover;
use super::handover::published::PublishedReader;
use super::seat::Seat;
use super::survey::Surveyor;
use super::topology::Topology;
use super::worker::Shared;
use crate::config::Config;
use crate::domain::time::Millis;
use crate::log::Log;
use crate::pipeline::Partitions;
use crate::state::store::Store;
use std::sync::Arc;
use std::time::Duration;

/// By stage, in the order of [`Stage`]: what a decoded row takes in memory, roughly, with its place in the table, and how
/// many sixteenths of the budget its rows have. Nearly every record needs its chat, and counters are few.
const ROWS: [(usize, usize); 3] = [(1_024, 8), (512, 6), (320, 2)];

/// How many rows of each stage are kept in a partition, of so many bytes for all of them.
pub fn rows_max(bytes: usize, partitions: Partitions) -> [usize; 3] {
    let partitions = [partitions.chats, partitions.customers, partitions.managers];
    std::array::from_fn(|stage| {
        let (row_bytes, sixteenths) = ROWS[stage];
        bytes / 16 * sixteenths / row_bytes / (partitions[stage] as usize).max(1)
    })
}

/// A commit is work for the brokers, too, however quickly it is done.
const INTERVAL_MIN: Duration = Duration::from_millis(10);

/// When a worker commits, and how much it does at once.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Between commits when everything that came is folded, at most.
    pub interval: Duration,
    /// Between commits when there is more to fold.
    pub interval_behind: Duration,
    /// In one commit.
    pub records_max: usize,
    /// How many batches are folded after one look at the goal changes; beside a commit half as many more.
    pub batches_a_pass: usize,
    /// How many chats of a partition a sweep or the clock may settle before others have their turn again.
    pub chats_a_pass: usize,
}

/// Of some records in a row several are of one chat. What time settles is a row each, and counts for as much as so many records.
const RECORDS_A_ROW: usize = 8;

impl Pace {
    /// Whether so many records, and so many chats that settings or the clock touched, are enough for a commit.
    pub fn is_full(&self, records: usize, settled: usize) -> bool {
        records + RECORDS_A_ROW * settled >= self.records_max
    }

    /// How many chats of one partition its clock may pass next, where so many were touched since the last commit.
    pub fn left_for_time(&self, settled: usize) -> usize {
        self.records_max.div_ceil(RECORDS_A_ROW).saturating_sub(settled).min(self.chats_a_pass)
    }

    /// Between the begin of a commit that took so long and the next one when everything that came is folded: quick commits
    /// come often, and slow ones never take more than half of the time, up to where `interval` sets the end.
    pub fn interval_after(&self, took: Duration) -> Duration {
        (2 * took).max(INTERVAL_MIN).min(self.interval)
    }

    pub fn of(config: &Config) -> Self {
        Self {
            interval: Duration::from_millis(config.commit.interval_ms),
            interval_behind: Duration::from_millis(config.commit.interval_behind_ms),
            records_max: config.commit.records_max,
            // Of a thousand records each. Who wants small commits for the memory wants few records beside them, too.
            batches_a_pass: (config.commit.records_max / 2_500).clamp(8, 20),
            chats_a_pass: 1_000,
        }
    }
}

pub struct Process<L: Log> {
    pub shared: Arc<Shared<L>>,
    slot: String,
    workers: usize,
    allowance: Millis,
    interval: Duration,
}

impl<L: Log> Process<L> {
    /// `slot` names the process for ever. Nothing has begun when this returns.
    pub fn new(
        log: L,
        config: &Config,
        pace: Pace,
        topology: Topology,
        clocks: Clocks,
        store: Store,
        slot: String,
    ) -> Self {
        let goals = Goals::new(config.rules.requires_subscription, topology.goal_partitions);
        let partitions = topology.partitions;
        let shared = Shared {
            log: Arc::new(log),
            topology: Arc::new(topology),
            store: Arc::new(store),
            claims: Arc::default(),
            goals: Arc::new(goals),
            clock: Arc::default(),
            clocks,
            pace,
            rows_max: rows_max(config.state.rows_cache_bytes_max, partitions),
            stop: Arc::default(),
            figures: Arc::new(Figures::new(config.workers.count)),
            handover: None,
        };
        Self {
            shared: Arc::new(shared),
            slot,
            workers: config.workers.count,
            allowance: i64::try_from(config.clock.allowance_ms).unwrap_or(i64::MAX),
            interval: Duration::from_millis(config.clock.interval_ms),
        }
    }

    /// As part of a generation that takes over from another one. Nothing has begun yet.
    pub fn taking_over(mut self, handover: Handover) -> Self {
        let shared = Arc::get_mut(&mut self.shared).expect("nothing has begun");
        shared.handover = Some(Arc::new(handover));
        self
    }

    pub fn workers(&self) -> usize {
        self.workers
    }

    /// The place of a worker, `number < workers()`.
    pub fn seat(&self, number: usize) -> Seat<L> {
        Seat::new(self.shared.clone(), number, format!("{}-{number}", self.slot))
    }

    pub fn goals(&self) -> GoalsReader<L> {
        let Shared { goals, log, topology, clocks, .. } = &*self.shared;
        GoalsReader::new(goals.clone(), log.clone(), topology.clone(), clocks.clone())
    }

    pub fn clock(&self) -> Granter<L> {
        let Shared { clock, log, topology, clocks, handover, .. } = &*self.shared;
        let (allowance, interval, handover) = (self.allowance, self.interval, handover.clone());
        Granter::new(
            clock.clone(),
            log.clone(),
            topology.clone(),
            clocks.clone(),
            allowance,
            interval,
            handover,
        )
    }

    /// Who looks at what lies before the tasks.
    pub fn survey(&self, interval: Duration) -> Surveyor<L> {
        Surveyor::new(&self.shared, self.allowance, interval)
    }

    /// Who reads the outputs, while there is a generation to take over from.
    pub fn published(&self) -> Option<PublishedReader<L>> {
        let Shared { log, topology, clocks, handover, .. } = &*self.shared;
        let handover = handover.clone()?;
        Some(PublishedReader::new(handover, log.clone(), topology.clone(), clocks.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caught_up_worker_spends_half_of_its_time_in_commits_at_most() {
        let pace = Pace::of(&Config::default());
        let after = |millis| pace.interval_after(Duration::from_millis(millis));
        assert_eq!(after(1), INTERVAL_MIN, "quick commits are not made one after the other");
        assert_eq!(after(12), Duration::from_millis(24));
        assert_eq!(after(10_000), pace.interval, "what came does not wait for longer than was asked for");
    }
}
