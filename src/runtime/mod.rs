//! The runtime: workers in a group that fold partitions exactly once. It joins the log, the state and the
//! pipeline, and knows no goal.
//!
//! Reading order: [`topology`] (which topic feeds what), [`worker`] (the loop: fold, commit, then the disk),
//! [`tasks`], [`restore`] and [`claims`] (partitions that come and go), the two barriers [`goals`] and [`clock`], and the edges:
//! [`wire`] (records in), [`outbox`] (records out), [`note`] (what lies beside a position).

pub mod claims;
pub mod clock;
pub mod goals;
pub mod note;
pub mod outbox;
pub mod restore;
pub mod tasks;
pub mod topology;
pub mod wire;
pub mod worker;

use crate::config::Config;
use crate::domain::time::Timestamp;
use crate::log::Log;
use crate::state::store::Store;
use anyhow::Context as _;
use clock::{GroupClock, WallClock};
use goals::Goals;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use topology::Topology;
use worker::{Counts, Pace, Shared};

/// All workers of a process, running.
pub struct Runtime {
    stop: Arc<AtomicBool>,
    goals: Arc<Goals>,
    clock: Arc<GroupClock>,
    counts: Arc<Counts>,
    workers: Vec<JoinHandle<anyhow::Result<()>>>,
    others: Vec<JoinHandle<()>>,
}

impl Runtime {
    /// Starts the workers. The topics have been checked; `wall` is the wall clock.
    pub fn start<L: Log>(
        log: L,
        config: &Config,
        topology: Topology,
        wall: WallClock,
    ) -> anyhow::Result<Self> {
        let dir = config.state.dir.join(config.consumer_group());
        std::fs::create_dir_all(&dir)
            .with_context(|| format!("the state directory {} cannot be made", dir.display()))?;
        let slot = slot(&dir)?;
        let store = Arc::new(Store::open(&dir.join("rows"), config.state.memory_bytes_max)?);
        let (log, topology) = (Arc::new(log), Arc::new(topology));
        let goals = Arc::new(Goals::new(config.rules.requires_subscription, topology.goal_partitions));
        let allowance = i64::try_from(config.clock.allowance_ms).unwrap_or(i64::MAX);
        let interval = Duration::from_millis(config.clock.interval_ms);
        let clock = Arc::new(GroupClock::new(allowance, interval));
        let stop = Arc::new(AtomicBool::new(false));
        let counts = Arc::new(Counts::default());

        let partitions = topology.partitions;
        let tables = (partitions.chats + partitions.customers + partitions.managers) as usize;
        let shared = Arc::new(Shared {
            log: log.clone(),
            topology: topology.clone(),
            store,
            claims: Arc::default(),
            goals: goals.clone(),
            clock: clock.clone(),
            wall: wall.clone(),
            pace: Pace {
                interval: Duration::from_millis(config.commit.interval_ms),
                interval_behind: Duration::from_millis(config.commit.interval_behind_ms),
                records_max: config.commit.records_max,
            },
            rows_max: config.state.rows_cache_bytes_max / ROW_BYTES / tables.max(1),
            stop: stop.clone(),
            counts: counts.clone(),
        });
        let others =
            vec![goals::spawn(&goals, &log, &topology), clock::spawn(&clock, &log, &topology, &wall)];
        goals.catch_up(&stop)?;
        let workers = (0..config.workers.count)
            .map(|number| {
                let (shared, slot) = (shared.clone(), format!("{slot}-{number}"));
                let work = move || {
                    // A panic is such an end, too: `AssertUnwindSafe`, as nothing of the worker is used after it.
                    let run = std::panic::AssertUnwindSafe(|| worker::run(&shared, number, &slot));
                    let result = std::panic::catch_unwind(run)
                        .unwrap_or_else(|_| Err(anyhow::anyhow!("a worker panicked")));
                    if result.is_err() {
                        // One worker that cannot go on ends the process: better down than half there.
                        shared.stop.store(true, Ordering::Relaxed);
                    }
                    result
                };
                let name = format!("worker-{number}");
                std::thread::Builder::new().name(name).spawn(work).context("a thread cannot be started")
            })
            .collect::<anyhow::Result<_>>()?;
        Ok(Self { stop, goals, clock, counts, workers, others })
    }

    /// The clock (G1): the newest moment that has been granted; `None` at the beginning.
    pub fn clock(&self) -> Option<Timestamp> {
        self.clock.granted().map(|grant| grant.until)
    }

    pub fn counts(&self) -> &Arc<Counts> {
        &self.counts
    }

    /// Whether the workers are still at it: not told to stop, and none has failed.
    pub fn is_running(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }

    /// Lets the workers commit and leave the group, and waits for them. `Err`: why one of them failed.
    pub fn stop(self) -> anyhow::Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        let mut outcome = Ok(());
        for worker in self.workers {
            let ended = worker.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a worker panicked")));
            outcome = outcome.and(ended);
        }
        self.goals.stop();
        self.clock.stop();
        for other in self.others {
            if other.join().is_err() {
                outcome = outcome.and(Err(anyhow::anyhow!("a thread of the runtime panicked")));
            }
        }
        outcome
    }
}

/// What a decoded row takes in memory, roughly, with its place in the table.
const ROW_BYTES: usize = 1_024;

/// The name of this process for ever: whoever takes over its directory ends its open transactions at once.
fn slot(dir: &Path) -> anyhow::Result<String> {
    let path = dir.join("slot");
    match std::fs::read_to_string(&path) {
        Ok(slot) if !slot.trim().is_empty() => Ok(slot.trim().to_owned()),
        _ => {
            let mut bytes = [0u8; 8];
            std::io::Read::read_exact(&mut std::fs::File::open("/dev/urandom")?, &mut bytes)?;
            let slot: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            std::fs::write(&path, &slot).with_context(|| format!("cannot write {}", path.display()))?;
            Ok(slot)
        }
    }
}
