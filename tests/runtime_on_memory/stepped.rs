//! A process with one worker, stepped through by hand; how long something takes is told by a clock that the test moves.

use crate::world::World;
use chat_goals::log::memory::MemoryLog;
use chat_goals::runtime::clock::Granter;
use chat_goals::runtime::clocks::Clocks;
use chat_goals::runtime::goals::GoalsReader;
use chat_goals::runtime::insight::Insight;
use chat_goals::runtime::process::{Pace, Process};
use chat_goals::runtime::seat::Seat;
use chat_goals::state::store::Store;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// More than anything here takes.
const STEPS_MAX: usize = 10_000;

pub struct Stepped {
    pub process: Process<MemoryLog>,
    goals: GoalsReader<MemoryLog>,
    clock: Granter<MemoryLog>,
    pub seat: Seat<MemoryLog>,
    pub insight: Insight,
    /// In milliseconds.
    now: Arc<AtomicU64>,
}

impl Stepped {
    pub fn new(world: &World) -> Self {
        Self::at(world, |_| ())
    }

    /// With a pace of its own.
    pub fn at(world: &World, change: impl Fn(&mut Pace)) -> Self {
        let now = Arc::new(AtomicU64::new(0));
        let steady = {
            let now = now.clone();
            Arc::new(move || Duration::from_millis(now.load(Ordering::Relaxed)))
        };
        let clocks = Clocks::moved(world.wall_clock(), steady);
        let mut config = world.config.clone();
        config.workers.count = 1;
        let store = Store::open(&world.dir("stepped"), config.state.memory_bytes_max).unwrap();
        let (log, topology, mut pace) = (world.log.clone(), world.topology.clone(), Pace::of(&config));
        change(&mut pace);
        let process = Process::new(log, &config, pace, topology, clocks, store, "stepped".to_owned());
        let (goals, clock, seat) = (process.goals(), process.clock(), process.seat(0));
        let insight = Insight::of(&process.shared, &config);
        Self { process, goals, clock, seat, insight, now }
    }

    pub fn step(&mut self) {
        self.now.fetch_add(1, Ordering::Relaxed);
        self.goals.step().unwrap();
        self.clock.step().unwrap();
        self.seat.step().unwrap();
    }

    /// Lets time pass, and the worker go on.
    pub fn pass(&mut self, span: Duration) {
        self.now.fetch_add(span.as_millis() as u64, Ordering::Relaxed);
        self.step();
    }

    pub fn until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        for _ in 0..STEPS_MAX {
            if holds(self) {
                return;
            }
            self.step();
        }
        panic!("it never came: {what}");
    }
}
