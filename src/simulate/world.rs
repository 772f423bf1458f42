//! A whole deployment in one thread: processes with their workers and both barriers, taking turns as the seed says.
//! The order of steps, the time between them and everything that happens to a process from outside is decided here;
//! what happens inside of its calls is [`super::fate`]'s.

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

/// Where a process runs, or does not.
struct Place {
    name: String,
    /// How far its wall clock is off, in milliseconds.
    skew: Arc<AtomicI64>,
    lives: AtomicU64,
    running: Mutex<Option<Arc<Running>>>,
}

struct Running {
    process: Process<SimLog>,
    slot: String,
    parts: Vec<Mutex<Part>>,
}

enum Part {
    Goals(GoalsReader<SimLog>),
    Clock(Granter<SimLog>),
    Seat(Seat<SimLog>),
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

    fn write(&self) {
        if !*lock(&self.writes) {
            return;
        }
        let written = lock(&self.platform).write_some(&self.log, &self.config);
        if let Some(logged) = written {
            self.wall_reaches(logged);
        }
    }

    /// What keeps clocks right has its turn in the end.
    fn set_a_clock_right(&self) {
        let number = self.fate.with_dice(|dice| dice.below(8 * self.places.len() as u64)) as usize;
        if let Some(place) = self.places.get(number) {
            place.skew.store(0, Ordering::Relaxed);
        }
    }

    fn end_a_session(&self) {
        let mut ghosts = lock(&self.ghosts);
        if !ghosts.is_empty() {
            let index = self.fate.with_dice(|dice| dice.below(ghosts.len() as u64)) as usize;
            let slot = ghosts.swap_remove(index);
            drop(ghosts);
            self.session_ends(&slot);
        }
    }

    /// The group and the transactions find out that a worker is gone.
    fn session_ends(&self, slot: &str) {
        self.log.expel(&self.topology.group, slot);
        let has_heir = self.places.iter().enumerate().any(|(n, _)| self.slots(n).iter().any(|s| s == slot));
        if !has_heir {
            self.log.time_out_transaction(&self.topology.group, slot);
        }
    }

    fn deliver_a_late_commit(&self) {
        for number in 0..self.places.len() {
            for slot in self.slots(number) {
                if self.fate.with_dice(|dice| dice.one_in(2))
                    && self.log.deliver_late_commit(&self.topology.group, &slot)
                {
                    self.fate.count(Fault::LateCommit);
                }
            }
        }
    }

    fn deliver_markers(&self) {
        let fate = &self.fate;
        let delivered = self.log.deliver_markers(|_| fate.with_dice(|dice| dice.one_in(2)));
        if delivered > 0 {
            fate.count(Fault::LateMarker);
        }
    }

    fn start_somebody(&self) {
        if self.fate.standing() > 0 || !*lock(&self.starts) {
            return;
        }
        let number = self.fate.with_dice(|dice| dice.below(self.places.len() as u64)) as usize;
        if self.is_running(number) {
            return;
        }
        if self.places[number].lives.load(Ordering::Relaxed) == 0 {
            self.fate.count(Fault::Join);
        }
        if let Err(error) = self.start(number) {
            self.fail(format!("{} cannot start: {error:#}", self.places[number].name));
        }
    }

    /// Something happens to a process between two of its steps.
    fn strike(&self) {
        let kinds = [
            Fault::Kill,
            Fault::Stop,
            Fault::Expulsion,
            Fault::TransactionTimeout,
            Fault::TailLost,
            Fault::TornWrite,
            Fault::DiskLost,
            Fault::WallAhead,
            Fault::WallBack,
        ];
        let Some(fault) = self.fate.strikes(&kinds) else { return };
        let number = self.fate.with_dice(|dice| dice.below(self.places.len() as u64)) as usize;
        let Some(running) = lock(&self.places[number].running).clone() else { return };
        let slots = self.slots(number);
        let slot = self.fate.with_dice(|dice| slots[dice.below(slots.len() as u64) as usize].clone());
        match fault {
            Fault::Kill => self.fate.crash(number),
            Fault::Stop => running.process.shared.stop.store(true, Ordering::Relaxed),
            Fault::Expulsion => self.log.expel(&self.topology.group, &slot),
            Fault::TransactionTimeout => self.log.time_out_transaction(&self.topology.group, &slot),
            Fault::TailLost | Fault::TornWrite | Fault::DiskLost => {
                if self.fate.standing() > 0 {
                    return;
                }
                self.fate.crash(number);
                drop(running);
                self.bury(number);
                if !self.damage(number, fault) {
                    return;
                }
            }
            Fault::WallAhead => {
                if self.scenario.paced {
                    return;
                }
                let ahead = self.fate.with_dice(|dice| dice.pick(&[60_000, 3_600_000, 3 * 86_400_000]));
                self.places[number].skew.store(ahead, Ordering::Relaxed);
            }
            Fault::WallBack => {
                let back = self.fate.with_dice(|dice| dice.pick(&[1_000, 3_600_000, 40 * 86_400_000]));
                self.places[number].skew.store(-back, Ordering::Relaxed);
            }
            _ => unreachable!("only these are asked for"),
        }
        tracing::warn!(place = self.places[number].name, fault = fault.name(), "strikes");
        self.fate.count(fault);
    }

    fn damage(&self, number: usize, fault: Fault) -> bool {
        let name = &self.places[number].name;
        let rows = format!("{name}/rows");
        let done = match fault {
            Fault::DiskLost => self.disks.lose(name).map(|()| true),
            _ => self.fate.with_dice(|dice| self.disks.lose_tail(&rows, fault == Fault::TornWrite, dice)),
        };
        done.unwrap_or_else(|error| {
            self.fail(format!("the disk cannot be damaged: {error:#}"));
            false
        })
    }

    fn step_somebody(&self) {
        let number = self.fate.with_dice(|dice| dice.below(self.places.len() as u64)) as usize;
        if self.fate.is_locked(number) || self.fate.is_crashed(number) {
            return;
        }
        let Some(running) = lock(&self.places[number].running).clone() else { return };
        let part = self.fate.with_dice(|dice| dice.below(running.parts.len() as u64)) as usize;
        // Who stands still inside of a call has no other turn meanwhile.
        let Ok(mut part) = running.parts[part].try_lock() else { return };
        let step = || match &mut *part {
            // When these two fail they try again: what they are for stands still meanwhile.
            Part::Goals(goals) => goals.step().or_else(not_for_good),
            Part::Clock(clock) => clock.step().map(|_| ()).or_else(not_for_good),
            Part::Seat(seat) => seat.step(),
        };
        let outcome = catch_unwind(AssertUnwindSafe(step));
        match outcome {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                // As the threads of a process do: one worker that cannot go on ends it.
                running.process.shared.stop.store(true, Ordering::Relaxed);
                if !self.fate.is_disk_full(number) {
                    self.fail(format!("{} cannot go on: {error:#}", self.places[number].name));
                }
            }
            Err(panic) if panic.is::<Crashed>() => {}
            Err(panic) => {
                let what = panic.downcast_ref::<String>().map(String::as_str);
                let what = what.or(panic.downcast_ref::<&str>().copied()).unwrap_or("something");
                self.fail(format!("{} panicked: {what}", self.places[number].name));
            }
        }
    }

    fn fail(&self, why: String) {
        lock(&self.failure).get_or_insert(why);
    }

    fn is_running(&self, number: usize) -> bool {
        lock(&self.places[number].running).is_some()
    }

    fn slots(&self, number: usize) -> Vec<String> {
        match &*lock(&self.places[number].running) {
            Some(running) => {
                (0..self.scenario.workers).map(|worker| format!("{}-{worker}", running.slot)).collect()
            }
            None => Vec::new(),
        }
    }

    fn start(&self, number: usize) -> anyhow::Result<()> {
        let place = &self.places[number];
        self.fate.revive(number);
        let dir = self.disks.of(&place.name);
        std::fs::create_dir_all(&dir)?;
        // A lost disk has lost the name of the process, too.
        let slot = match std::fs::read_to_string(dir.join("slot")) {
            Ok(slot) => slot,
            Err(_) => {
                let slot = format!("{}-{}", place.name, place.lives.load(Ordering::Relaxed));
                std::fs::write(dir.join("slot"), &slot)?;
                slot
            }
        };
        place.lives.fetch_add(1, Ordering::Relaxed);
        let mut store = Store::open(&dir.join("rows"), self.config.state.memory_bytes_max)?;
        let fate = self.fate.clone();
        store.watch(move |access| {
            let call = match access {
                Access::Read => Call::ReadDisk,
                Access::Write => Call::WriteDisk,
                Access::Written => Call::WroteDisk,
            };
            fate.at_disk(number, call)
        });
        let (wall, skew, steady) = (self.wall.clone(), place.skew.clone(), self.steady.clone());
        let clocks = Clocks::moved(
            Arc::new(move || wall.load(Ordering::Relaxed) + skew.load(Ordering::Relaxed)),
            Arc::new(move || Duration::from_millis(steady.load(Ordering::Relaxed))),
        );
        let log = SimLog { log: self.log.clone(), fate: self.fate.clone(), place: number };
        let mut pace = Pace::of(&self.config);
        pace.chats_a_pass = self.fate.with_dice(|dice| dice.pick(&[1, 3, 20]));
        let topology = self.topology.clone();
        let process = Process::new(log, &self.config, pace, topology, clocks, store, slot.clone());
        let mut parts =
            vec![Mutex::new(Part::Goals(process.goals())), Mutex::new(Part::Clock(process.clock()))];
        parts.extend((0..process.workers()).map(|worker| Mutex::new(Part::Seat(process.seat(worker)))));
        *lock(&place.running) = Some(Arc::new(Running { process, slot, parts }));
        Ok(())
    }

    /// Clears away the processes that have ended. Nobody stands still inside of a call.
    fn bury_all(&self) {
        for number in 0..self.places.len() {
            let has_ended = match &*lock(&self.places[number].running) {
                None => false,
                Some(running) => self.fate.is_crashed(number) || running.parts.iter().all(has_left),
            };
            if has_ended {
                self.bury(number);
            }
        }
    }

    fn bury(&self, number: usize) {
        let slots = self.slots(number);
        let Some(running) = lock(&self.places[number].running).take() else { return };
        if self.fate.is_crashed(number) {
            lock(&self.ghosts).extend(slots);
        }
        assert_eq!(Arc::strong_count(&running), 1, "nobody is inside of a process that has ended");
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

fn not_for_good(error: LogError) -> anyhow::Result<()> {
    match error {
        LogError::Setup(_) => Err(error.into()),
        LogError::Refused(_) | LogError::Unclear(_) | LogError::Broken(_) => Ok(()),
    }
}

/// Seats that have left; the readers have nothing to leave.
fn has_left(part: &Mutex<Part>) -> bool {
    match &*part.lock().unwrap_or_else(std::sync::PoisonError::into_inner) {
        Part::Goals(_) | Part::Clock(_) => true,
        Part::Seat(seat) => seat.has_left(),
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
