//! A worker that has nothing, stepped through by hand: how long it has had nothing is told by a clock that the test moves.

use crate::world::World;
use chat_goals::log::memory::MemoryLog;
use chat_goals::log::{Log, Member as _, Polled};
use chat_goals::runtime::clocks::Clocks;
use chat_goals::runtime::figures::pulse::Doing;
use chat_goals::runtime::goals::GoalsReader;
use chat_goals::runtime::insight::Insight;
use chat_goals::runtime::process::{Pace, Process};
use chat_goals::runtime::seat::Seat;
use chat_goals::state::store::Store;
use chat_goals::telemetry::processor::health;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// More than anything here takes.
const STEPS_MAX: usize = 10_000;

struct Stepped {
    process: Process<MemoryLog>,
    goals: GoalsReader<MemoryLog>,
    seat: Seat<MemoryLog>,
    insight: Insight,
    /// In milliseconds.
    now: Arc<AtomicU64>,
}

impl Stepped {
    fn new(world: &World) -> Self {
        let now = Arc::new(AtomicU64::new(0));
        let steady = {
            let now = now.clone();
            Arc::new(move || Duration::from_millis(now.load(Ordering::Relaxed)))
        };
        let clocks = Clocks::moved(Arc::new(|| 0), steady);
        let mut config = world.config.clone();
        config.workers.count = 1;
        let store = Store::open(&world.dir("stepped"), config.state.memory_bytes_max).unwrap();
        let (log, topology, pace) = (world.log.clone(), world.topology.clone(), Pace::of(&config));
        let process = Process::new(log, &config, pace, topology, clocks, store, "stepped".to_owned());
        let (goals, seat) = (process.goals(), process.seat(0));
        let insight = Insight::of(&process.shared, &config);
        Self { process, goals, seat, insight, now }
    }

    fn step(&mut self) {
        self.now.fetch_add(1, Ordering::Relaxed);
        self.goals.step().unwrap();
        self.seat.step().unwrap();
    }

    /// Lets time pass, and the worker go on.
    fn pass(&mut self, span: Duration) {
        self.now.fetch_add(span.as_millis() as u64, Ordering::Relaxed);
        self.step();
    }

    fn until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        for _ in 0..STEPS_MAX {
            if holds(self) {
                return;
            }
            self.step();
        }
        panic!("it never came: {what}");
    }

    fn tasks(&self) -> usize {
        self.insight.figures.desks[0].report().tasks.len()
    }

    fn is_ready(&self) -> bool {
        health::of(self.insight.clone(), Duration::from_secs(60), Duration::ZERO).ready().ok
    }
}

#[test]
fn a_worker_that_has_lost_everything_is_not_ready_until_it_has_had_nothing_for_a_while() {
    let world = World::new(1);
    let mut stepped = Stepped::new(&world);
    stepped.until("it is ready", Stepped::is_ready);
    assert_eq!(stepped.tasks(), 3);
    stepped.pass(Duration::from_secs(60));

    // The group throws it out, and somebody else takes all and never gives it back.
    let group = &world.topology.group;
    let mut other = world.log.join(group, "other", &world.topology.subscribed()).unwrap();
    world.log.expel(group, "stepped-0");
    assert!(matches!(other.poll(Duration::ZERO).unwrap(), Polled::Assigned(_)));
    stepped.until("all is lost", |stepped| stepped.tasks() == 0);
    // What it went back for is forgiven, so that only the worker's membership can say no.
    stepped.pass(Duration::from_secs(9));
    assert!(!stepped.is_ready(), "it has had nothing for 9 s only");
    stepped.pass(Duration::from_secs(2));
    stepped.until("it is ready for more", Stepped::is_ready);

    drop(other);
    world.log.expel(group, "other");
    stepped.until("it has all again", |stepped| stepped.tasks() == 3);
    stepped.until("it is ready", Stepped::is_ready);
}

#[test]
fn a_worker_that_has_left_is_not_waited_for() {
    let world = World::new(1);
    let mut stepped = Stepped::new(&world);
    stepped.until("it is ready", Stepped::is_ready);
    stepped.process.shared.stop.store(true, Ordering::Relaxed);
    stepped.step();
    assert!(stepped.seat.has_left());
    let doing = stepped.insight.figures.desks[0].pulse.feel(Duration::ZERO).0;
    assert_eq!(doing, Doing::Nothing);
}
