//! The runtime: workers in a group that fold partitions exactly once. It joins the log, the state and the
//! pipeline, and knows no goal.
//!
//! Reading order: [`topology`] (which topic feeds what), [`process`] (the parts of one process), [`worker`] (fold,
//! commit, then the disk) in its [`seat`], [`tasks`], [`restore`], [`versions`] and [`claims`] (partitions that come and
//! go), the two barriers [`goals`] and [`clock`], and the edges: [`wire`] (records in), [`outbox`] and [`unsent`]
//! (records out), [`note`] (what lies beside a position). What it tells of itself is in [`figures`], with [`survey`] and [`insight`]. [`handover`] is how one generation takes over from another. Every part goes on by steps
//! that wait only as long as its [`clocks`] allow: here they run in threads, in the simulator one thread steps through them.

pub mod claims;
pub mod clock;
pub mod clocks;
pub mod figures;
pub mod goals;
pub mod handover;
pub mod insight;
pub mod note;
pub mod outbox;
pub mod process;
pub mod restore;
pub mod seat;
pub mod survey;
pub mod tasks;
pub mod topology;
pub mod unsent;
pub mod versions;
pub mod wire;
pub mod worker;

use crate::config::Config;
use crate::domain::time::Timestamp;
use crate::log::Log;
use crate::state::store::Store;
use anyhow::Context as _;
use clock::GroupClock;
use clocks::{Clocks, WallClock};
use handover::Handover;
use handover::published::Published;
use insight::Insight;
use process::{Pace, Process};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use topology::Topology;

/// A process whose parts run in threads of their own.
pub struct Runtime {
    stop: Arc<AtomicBool>,
    /// The readers go on until the workers have left.
    stop_reading: Arc<AtomicBool>,
    clock: Arc<GroupClock>,
    insight: Insight,
    /// The generation that has taken over from this one; 0 while none has.
    handed_to: Arc<AtomicU32>,
    workers: Vec<JoinHandle<anyhow::Result<()>>>,
    readers: Vec<JoinHandle<()>>,
}

impl Runtime {
    /// Starts the workers. The topics have been checked; `wall` is the wall clock.
    pub fn start<L: Log>(
        log: L,
        config: &Config,
        topology: Topology,
        wall: WallClock,
    ) -> anyhow::Result<Self> {
        Self::start_as(log, config, topology, wall, None)
    }

    /// As [`Self::start`], in a generation that is to take over from this older one.
    pub fn start_as<L: Log>(
        log: L,
        config: &Config,
        topology: Topology,
        wall: WallClock,
        taking_over_from: Option<Topology>,
    ) -> anyhow::Result<Self> {
        let dir = config.state.dir.join(config.consumer_group());
        std::fs::create_dir_all(&dir)
            .with_context(|| format!("the state directory {} cannot be made", dir.display()))?;
        let slot = slot(&dir)?;
        let store = Store::open(&dir.join("rows"), config.state.memory_bytes_max)?;
        let (pace, clocks) = (Pace::of(config), Clocks::with_wall(wall));
        let mut process = Process::new(log, config, pace, topology, clocks, store, slot);
        if let Some(old) = taking_over_from {
            let published = Published::open(&dir.join("published"), PUBLISHED_MEMORY_BYTES)?;
            process = process.taking_over(Handover::new(old, config.group.generation, published));
        }
        let (process, stop_reading) = (Arc::new(process), Arc::new(AtomicBool::new(false)));
        let goals = {
            let (process, stop) = (process.clone(), stop_reading.clone());
            thread("goals", move || process.goals().run(&stop, &process.shared.figures.goals_pulse))?
        };
        let clock = {
            let (process, stop) = (process.clone(), stop_reading.clone());
            thread("clock", move || process.clock().run(&stop, &process.shared.figures.clock_pulse))?
        };
        let mut readers = vec![goals, clock];
        if config.telemetry.is_on() {
            let (process, stop) = (process.clone(), stop_reading.clone());
            let interval = Duration::from_millis(config.telemetry.survey_interval_ms);
            readers.push(thread("survey", move || process.survey(interval).run(&stop))?);
        }
        if process.shared.handover.is_some() {
            let (process, stop) = (process.clone(), stop_reading.clone());
            readers.push(thread("published", move || {
                if let Some(published) = process.published() {
                    published.run(&stop);
                }
            })?);
        }
        let handed_to = Arc::<AtomicU32>::default();
        {
            let (process, stop, handed_to) = (process.clone(), stop_reading.clone(), handed_to.clone());
            readers
                .push(thread("successor", move || look_for_successor(&process.shared, &stop, &handed_to))?);
        }
        let workers = (0..process.workers())
            .map(|number| {
                let process = process.clone();
                thread(&format!("worker-{number}"), move || sit(&process, number))
            })
            .collect::<anyhow::Result<_>>()?;
        Ok(Self {
            stop: process.shared.stop.clone(),
            stop_reading,
            clock: process.shared.clock.clone(),
            insight: Insight::of(&process.shared, config),
            handed_to,
            workers,
            readers,
        })
    }

    /// The clock (G1): the newest moment that has been granted; `None` at the beginning.
    pub fn clock(&self) -> Option<Timestamp> {
        self.clock.granted().map(|grant| grant.earliest())
    }

    /// What may be known of it; it may be kept for longer than the runtime.
    pub fn insight(&self) -> &Insight {
        &self.insight
    }

    /// Whether the workers are still at it: not told to stop, and none has failed.
    pub fn is_running(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }

    /// The generation that has taken over from this one. The workers end when there is one.
    pub fn handed_to(&self) -> Option<u32> {
        Some(self.handed_to.load(Ordering::Relaxed)).filter(|generation| *generation > 0)
    }

    /// Lets the workers commit and leave the group, and waits for them. `Err`: why one of them failed.
    pub fn stop(self) -> anyhow::Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        let mut outcome = Ok(());
        for worker in self.workers {
            let ended = worker.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a worker panicked")));
            outcome = outcome.and(ended);
        }
        self.stop_reading.store(true, Ordering::Relaxed);
        for reader in self.readers {
            if reader.join().is_err() {
                outcome = outcome.and(Err(anyhow::anyhow!("a thread of the runtime panicked")));
            }
        }
        outcome
    }
}

/// What the outputs are kept in while they are compared.
const PUBLISHED_MEMORY_BYTES: usize = 32 << 20;

/// Ends the workers once another generation takes over.
fn look_for_successor<L: Log>(shared: &worker::Shared<L>, stop: &AtomicBool, handed_to: &AtomicU32) {
    const BETWEEN_LOOKS: Duration = Duration::from_secs(1);
    let mut waited = Duration::ZERO;
    while !stop.load(Ordering::Relaxed) {
        const STEP: Duration = Duration::from_millis(100);
        std::thread::sleep(STEP);
        waited += STEP;
        if waited < BETWEEN_LOOKS {
            continue;
        }
        waited = Duration::ZERO;
        match handover::fence::handed_to(&*shared.log, &shared.topology) {
            Ok(Some(generation)) => {
                tracing::info!(generation, "another generation takes over; this one ends");
                handed_to.store(generation, Ordering::Relaxed);
                shared.stop.store(true, Ordering::Relaxed);
                return;
            }
            Ok(None) => {}
            Err(error) => tracing::debug!(%error, "whether another generation takes over is not known now"),
        }
    }
}

/// Works until it has left. One worker that cannot go on ends the process: better down than half there.
fn sit<L: Log>(process: &Process<L>, number: usize) -> anyhow::Result<()> {
    let work = || {
        let mut seat = process.seat(number);
        while !seat.has_left() {
            seat.step()?;
        }
        Ok(())
    };
    // A panic is such an end, too: `AssertUnwindSafe`, as nothing of the worker is used after it.
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(anyhow::anyhow!("a worker panicked")));
    if result.is_err() {
        process.shared.stop.store(true, Ordering::Relaxed);
    }
    result
}

fn thread<T: Send + 'static>(
    name: &str,
    run: impl FnOnce() -> T + Send + 'static,
) -> anyhow::Result<JoinHandle<T>> {
    std::thread::Builder::new().name(name.to_owned()).spawn(run).context("a thread cannot be started")
}

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
