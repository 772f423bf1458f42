//! The runtime: workers in a group that fold partitions exactly once. It joins the log, the state and the
//! pipeline, and knows no goal.
//!
//! Reading order: [`topology`] (which topic feeds what), [`process`] (the parts of one process), [`worker`] (fold,
//! commit, then the disk) in its [`seat`], [`tasks`], [`restore`], [`versions`] and [`claims`] (partitions that come and
//! go), the two barriers [`goals`] and [`clock`], and the edges: [`wire`] (records in), [`outbox`] (records out), [`note`]
//! (what lies beside a position). Every part goes on by steps that wait only as long as its [`clocks`] allow: here they
//! run in threads, in the simulator one thread steps through them.

pub mod claims;
pub mod clock;
pub mod clocks;
pub mod goals;
pub mod note;
pub mod outbox;
pub mod process;
pub mod restore;
pub mod seat;
pub mod tasks;
pub mod topology;
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
use process::{Pace, Process};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use topology::Topology;
use worker::Counts;

/// A process whose parts run in threads of their own.
pub struct Runtime {
    stop: Arc<AtomicBool>,
    /// The readers go on until the workers have left.
    stop_reading: Arc<AtomicBool>,
    clock: Arc<GroupClock>,
    counts: Arc<Counts>,
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
        let dir = config.state.dir.join(config.consumer_group());
        std::fs::create_dir_all(&dir)
            .with_context(|| format!("the state directory {} cannot be made", dir.display()))?;
        let slot = slot(&dir)?;
        let store = Store::open(&dir.join("rows"), config.state.memory_bytes_max)?;
        let (pace, clocks) = (Pace::of(config), Clocks::with_wall(wall));
        let process = Process::new(log, config, pace, topology, clocks, store, slot);
        let (process, stop_reading) = (Arc::new(process), Arc::new(AtomicBool::new(false)));
        let goals = {
            let (process, stop) = (process.clone(), stop_reading.clone());
            thread("goals", move || process.goals().run(&stop))?
        };
        let clock = {
            let (process, stop) = (process.clone(), stop_reading.clone());
            thread("clock", move || process.clock().run(&stop))?
        };
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
            counts: process.shared.counts.clone(),
            workers,
            readers: vec![goals, clock],
        })
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
        self.stop_reading.store(true, Ordering::Relaxed);
        for reader in self.readers {
            if reader.join().is_err() {
                outcome = outcome.and(Err(anyhow::anyhow!("a thread of the runtime panicked")));
            }
        }
        outcome
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
