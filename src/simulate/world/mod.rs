//! A whole deployment in one thread: processes with their workers and both barriers, taking turns as the seed says.
//! The order of steps, the time between them and everything that happens to a process from outside is decided here;
//! what happens inside of its calls is [`super::fate`]'s.
//!
//! [`places`] is where processes run, [`events`] what happens to them from outside.

mod events;
mod places;

use super::disk::Disks;
use super::fate::{Call, Crashed, Fate, Others};
use super::fault::{Fault, Tally};
use super::outputs::Outputs;
use super::platform::Platform;
use super::run::BYSTANDER;
use super::scenario::Scenario;
use super::sim_log::SimLog;
use crate::config::Config;
use crate::log::memory::MemoryLog;
use crate::log::{Log as _, LogError, TopicPartition};
use crate::runtime::clock::Granter;
use crate::runtime::clocks::Clocks;
use crate::runtime::goals::GoalsReader;
use crate::runtime::process::{Pace, Process};
use crate::runtime::seat::Seat;
use crate::runtime::topology::{self, Topology};
use crate::state::store::{Access, Store};
use places::{Part, Place};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// How far the clock stays behind the wall clock, in milliseconds.
pub const ALLOWANCE: i64 = 10_000;

pub struct World {
    pub log: MemoryLog,
    pub config: Config,
    pub topology: Topology,
    pub fate: Arc<Fate>,
    pub disks: Disks,
    platform: Mutex<Platform>,
    scenario: Scenario,
    /// In milliseconds since the epoch.
    wall: Arc<AtomicI64>,
    /// In milliseconds since the beginning.
    steady: Arc<AtomicU64>,
    places: Vec<Place>,
    /// Slots of crashed workers that the group still counts as members.
    ghosts: Mutex<Vec<String>>,
    /// Whether the platform may go on writing.
    writes: Mutex<bool>,
    /// Whether processes that have ended are started again.
    starts: Mutex<bool>,
    failure: Mutex<Option<String>>,
    turns: AtomicU64,
}

impl World {
    pub fn new(scenario: &Scenario) -> anyhow::Result<Arc<Self>> {
        let wall = Arc::new(AtomicI64::new(super::workload::START));
        let log = MemoryLog::with_clock({
            let wall = wall.clone();
            move || wall.load(Ordering::Relaxed)
        });
        let config = configuration(scenario);
        log.create_topics(&topology::missing(&config, &log)?)?;
        let fate = Fate::new(scenario);
        log.let_batches_hold(fate.with_dice(|dice| dice.pick(&[1, 5, 30, 500])));
        log.let_markers_be_late(scenario.allows(Fault::LateMarker));
        let topology =
            Topology::load(&log, &config)?.map_err(|problems| anyhow::anyhow!(problems.join("\n")))?;
        let place = |number| Place {
            name: format!("p{number}"),
            skew: Arc::default(),
            lives: AtomicU64::new(0),
            running: Mutex::new(None),
        };
        let world = Arc::new(Self {
            platform: Mutex::new(Platform::new(scenario, &config)),
            log,
            config,
            topology,
            fate: fate.clone(),
            disks: Disks::new()?,
            scenario: scenario.clone(),
            wall,
            steady: Arc::default(),
            places: (0..scenario.processes).map(place).collect(),
            ghosts: Mutex::default(),
            writes: Mutex::new(false),
            starts: Mutex::new(true),
            failure: Mutex::default(),
            turns: AtomicU64::new(0),
        });
        let others: Arc<dyn Others> = world.clone();
        fate.meet(Arc::downgrade(&others));
        world.start(0)?;
        Ok(world)
    }

    pub fn turns_taken(&self) -> u64 {
        self.turns.load(Ordering::Relaxed)
    }

    pub fn wall_reaches(&self, moment: i64) {
        self.wall.fetch_max(moment, Ordering::Relaxed);
    }

    /// Lets the platform write while turns are taken, or not.
    pub fn let_write(&self, may: bool) {
        *lock(&self.writes) = may;
    }

    pub fn failure(&self) -> Option<String> {
        lock(&self.failure).clone()
    }

    /// Takes turns until nothing is `missing` any more. `Err`: what has failed, or is missing after too many turns.
    pub fn until(&self, mut missing: impl FnMut() -> Option<String>) -> Result<(), String> {
        const TURNS_MAX: u64 = 300_000;
        const TURNS_BETWEEN_LOOKS: u64 = 40;
        let last = self.turns_taken() + TURNS_MAX;
        while let Some(missing) = missing() {
            if self.turns_taken() > last {
                let open = self.log.open_transactions();
                return Err(format!("after {TURNS_MAX} turns (open transactions: {open:?}): {missing}"));
            }
            for _ in 0..TURNS_BETWEEN_LOOKS {
                self.turn();
                if let Some(failure) = self.failure() {
                    return Err(failure);
                }
            }
        }
        Ok(())
    }

    /// Takes some turns.
    pub fn take(&self, turns: u64) -> Result<(), String> {
        for _ in 0..turns {
            self.turn();
            if let Some(failure) = self.failure() {
                return Err(failure);
            }
        }
        Ok(())
    }

    /// What is in the log and not folded and committed, of the partitions that count.
    pub fn not_folded(&self, counts: impl Fn(&TopicPartition) -> bool) -> Option<String> {
        let topics = self.topology.subscribed();
        let all = topics.iter().flat_map(|topic| Topology::all(topic, self.scenario.partitions));
        let inputs: Vec<TopicPartition> = all.filter(counts).collect();
        let (tails, positions) =
            match (self.log.tails(&inputs), self.log.committed(&self.topology.group, &inputs)) {
                (Ok(tails), Ok(positions)) => (tails, positions),
                (Err(error), _) | (_, Err(error)) => return Some(error.to_string()),
            };
        let behind =
            positions.iter().zip(&tails).find(|(position, tail)| position.next.unwrap_or(0) < **tail);
        behind.map(|(position, tail)| format!("{} is folded to {:?} of {tail}", position.of, position.next))
    }

    /// What was published by now. `Err`: a promise is broken.
    pub fn outputs(&self) -> Result<Outputs, String> {
        Outputs::read(&self.log, &self.config, BYSTANDER)
    }

    /// Which partition's clock is not there yet. Nobody stands still inside of a call.
    pub fn not_passed(&self, moment: i64) -> Option<String> {
        let mut there = BTreeSet::new();
        for place in &self.places {
            let Some(running) = lock(&place.running).clone() else { continue };
            for part in &running.parts {
                if let Part::Seat(seat) = &*lock(part) {
                    let reached = seat.clocks().into_iter().filter(|(_, clock)| clock.0 >= moment);
                    there.extend(reached.map(|(partition, _)| partition));
                }
            }
        }
        let missing = (0..self.scenario.partitions).find(|partition| !there.contains(partition));
        missing.map(|partition| format!("the clock of partition {partition} has not come to {moment}"))
    }

    /// What is bad and not in the dead letters yet.
    pub fn without_dead_letter(&self, outputs: &Outputs) -> Option<String> {
        let (got, wanted) = (outputs.dead_letters.len(), self.platform().garbage.len());
        (got < wanted).then(|| format!("{got} of {wanted} bad records are in the dead letters"))
    }

    pub fn platform(&self) -> MutexGuard<'_, Platform> {
        lock(&self.platform)
    }

    /// What has happened so far.
    pub fn tally(&self) -> Tally {
        let mut tally = self.fate.tally();
        tally.add(&self.platform().tally);
        tally
    }

    /// Where processes keep their rows. None of them runs any more.
    pub fn row_dirs(&self) -> Vec<PathBuf> {
        self.places
            .iter()
            .map(|place| self.disks.of(&place.name).join("rows"))
            .filter(|dir| dir.exists())
            .collect()
    }

    /// Nothing more goes wrong, and everybody is well again.
    pub fn calm(&self) -> Result<(), String> {
        self.fate.calm();
        self.log.let_markers_be_late(false);
        for (number, place) in self.places.iter().enumerate() {
            place.skew.store(0, Ordering::Relaxed);
            for slot in self.slots(number) {
                self.log.deliver_late_commit(&self.topology.group, &slot);
            }
        }
        self.bury_all();
        for slot in std::mem::take(&mut *lock(&self.ghosts)) {
            self.session_ends(&slot);
        }
        let started = (0..self.places.len()).filter(|number| !self.is_running(*number));
        let failed: Vec<String> =
            started.filter_map(|number| self.start(number).err()).map(|error| format!("{error:#}")).collect();
        if failed.is_empty() { Ok(()) } else { Err(failed.join("; ")) }
    }

    /// Lets all processes stop in order, and waits for it.
    pub fn stop_all(&self) -> Result<(), String> {
        *lock(&self.starts) = false;
        for place in &self.places {
            if let Some(running) = &*lock(&place.running) {
                running.process.shared.stop.store(true, Ordering::Relaxed);
            }
        }
        self.until(|| {
            self.bury_all();
            let still = self.places.iter().find(|place| lock(&place.running).is_some());
            still.map(|place| format!("{} has not stopped", place.name))
        })
    }

    /// One step of somebody, or something that happens to one.
    fn turn(&self) {
        self.turns.fetch_add(1, Ordering::Relaxed);
        let fate = &self.fate;
        let passed = fate.with_dice(|dice| if dice.one_in(500) { 6_000 } else { dice.between(0, 4) });
        self.steady.fetch_add(passed, Ordering::Relaxed);
        if fate.standing() == 0 {
            self.bury_all();
        }
        match fate.with_dice(|dice| dice.below(120)) {
            0..=1 => self.write(),
            2 => self.set_a_clock_right(),
            4 => self.end_a_session(),
            5 => self.deliver_a_late_commit(),
            6..=9 => self.deliver_markers(),
            10 => self.start_somebody(),
            11..=13 => self.strike(),
            _ => self.step_somebody(),
        }
    }
}

impl Others for World {
    fn take_turns(&self, turns: u64) {
        for _ in 0..turns {
            if self.failure().is_some() {
                return;
            }
            self.turn();
        }
    }

    fn throw_out(&self, slot: &str) {
        self.log.expel(&self.topology.group, slot);
    }
}

/// Everything is small, so that its ends are met often.
fn configuration(scenario: &Scenario) -> Config {
    let mut config = Config::default();
    config.create.partitions = scenario.partitions;
    config.workers.count = scenario.workers;
    config.clock.allowance_ms = ALLOWANCE as u64;
    config.commit.interval_ms = 30;
    config.commit.interval_behind_ms = 60;
    config.commit.records_max = 40;
    config.state.memory_bytes_max = 8 << 20;
    config.state.rows_cache_bytes_max = 12 * 1_024 * scenario.partitions as usize * 3;
    config
}

/// The world has one thread, and a process that has crashed in here is gone.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
