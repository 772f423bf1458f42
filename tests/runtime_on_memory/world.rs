//! The log, the clock and the processes of one test. It checks nothing by itself but that what must come does come in
//! time.

use crate::mischief::Mischief;
use chat_goals::config::Config;
use chat_goals::domain::time::Timestamp;
use chat_goals::log::memory::{MemoryLog, MemoryMember};
use chat_goals::log::partitioner::partition_of;
use chat_goals::log::{Log, Member as _, Outgoing, TopicPartition};
use chat_goals::runtime::Runtime;
use chat_goals::runtime::clocks::WallClock;
use chat_goals::runtime::topology::{self, Topology};
use chat_goals::simulate::dice::Dice;
use chat_goals::simulate::expectation::Expectation;
use chat_goals::simulate::outputs::Outputs;
use chat_goals::simulate::workload::{DAY, Entry, Input};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Longer than anything here takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);
/// No chat id begins with this.
const NOBODY: &str = "\0";
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// How far the clock stays behind the wall clock, in milliseconds.
pub const ALLOWANCE: i64 = 10_000;

pub struct World {
    pub log: MemoryLog,
    pub config: Config,
    pub topology: Topology,
    pub mischief: Arc<Mischief>,
    wall: Arc<AtomicI64>,
    home: TempDir,
}

impl World {
    pub fn new(partitions: i32) -> Self {
        let home = tempfile::tempdir().unwrap();
        let wall = Arc::new(AtomicI64::new(0));
        let log = MemoryLog::with_clock({
            let wall = wall.clone();
            move || wall.load(Ordering::SeqCst)
        });
        let mut config = Config::default();
        config.create.partitions = partitions;
        config.workers.count = 2;
        config.clock.allowance_ms = ALLOWANCE as u64;
        // Everything is small, so that its ends are met often.
        config.clock.interval_ms = 5;
        config.commit.interval_ms = 10;
        config.commit.interval_behind_ms = 10;
        config.commit.records_max = 40;
        config.state.memory_bytes_max = 8 << 20;
        config.state.rows_cache_bytes_max = 12 * 1_024 * partitions as usize * 3;
        log.create_topics(&topology::missing(&config, &log).unwrap()).unwrap();
        let topology = Topology::load(&log, &config).unwrap().unwrap();
        Self { log, config, topology, mischief: Arc::default(), wall, home }
    }

    /// Where a process of this name keeps its state.
    pub fn dir(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Starts a process; it keeps its state under its name.
    pub fn start(&self, name: &str) -> Runtime {
        self.start_on(self.log.clone(), name)
    }

    pub fn start_on(&self, on: impl Log, name: &str) -> Runtime {
        let mut config = self.config.clone();
        config.state.dir = self.dir(name);
        let (log, mischief, wall) = (self.log.clone(), self.mischief.clone(), self.wall.clone());
        let (group, dir) = (config.consumer_group(), config.state.dir.join(config.consumer_group()));
        let now = move || {
            mischief.strike(&log, &group, &dir);
            wall.load(Ordering::SeqCst)
        };
        Runtime::start(on, &config, self.topology.clone(), Arc::new(now)).unwrap()
    }

    pub fn wall_clock(&self) -> WallClock {
        let wall = self.wall.clone();
        Arc::new(move || wall.load(Ordering::SeqCst))
    }

    /// Lets the group throw out all workers of a process; they join again when they learn of it.
    pub fn throw_out_all(&self, name: &str) {
        let group = self.config.consumer_group();
        let slot = std::fs::read_to_string(self.dir(name).join(&group).join("slot")).unwrap();
        for worker in 0..self.config.workers.count {
            self.log.expel(&group, &format!("{slot}-{worker}"));
        }
    }

    /// Lets the clock come to this moment, once everything before it is folded.
    pub fn clock_may_reach(&self, moment: i64) {
        self.wall.store(moment + ALLOWANCE, Ordering::SeqCst);
    }

    /// Writes a record where a producer might. One key in five is not at home: some producers have a hash of their own.
    pub fn append(&self, entry: &Entry) {
        let topics = &self.config.topics;
        let topic = match entry.to {
            Input::GoalChanges => &topics.goal_changes,
            Input::ChatEvents => &topics.chat_events,
            Input::CustomerEvents => &topics.customer_events,
        };
        let (key, value) = (entry.key.as_bytes(), Some(entry.json.as_bytes()));
        if entry.to != Input::GoalChanges && key.iter().map(|byte| u32::from(*byte)).sum::<u32>() % 5 == 0 {
            let partitions = self.config.create.partitions;
            let foreign = (partition_of(key, partitions) + 1) % partitions;
            self.log.append_to(topic, foreign, Some(key), value, Some(entry.logged), &[]);
        } else {
            self.log.append(topic, key, value, entry.logged);
        }
    }

    /// Writes records as they come, the wall clock with them.
    pub fn append_all(&self, entries: &[Entry]) {
        for entry in entries {
            self.wall.fetch_max(entry.logged, Ordering::SeqCst);
            self.append(entry);
        }
    }

    /// Waits until this holds; `None` of it says that it does, anything else what is missing.
    pub fn until(&self, running: &[&Runtime], mut missing: impl FnMut() -> Option<String>) {
        let limit = Instant::now() + LIMIT;
        while let Some(missing) = missing() {
            assert!(Instant::now() < limit, "after {LIMIT:?}: {missing}");
            assert!(running.iter().all(|runtime| runtime.is_running()), "a process has failed: {missing}");
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Waits until everything that is in the log is folded and committed.
    pub fn until_folded(&self, running: &[&Runtime]) {
        let partitions = self.config.create.partitions;
        let inputs: Vec<TopicPartition> =
            self.topology.subscribed().iter().flat_map(|topic| Topology::all(topic, partitions)).collect();
        self.until(running, || {
            let tails = self.log.tails(&inputs).unwrap();
            let positions = self.log.committed(&self.topology.group, &inputs).unwrap();
            let behind = positions.iter().zip(&tails).find(|(p, tail)| p.next.unwrap_or(0) < **tail);
            behind
                .map(|(position, tail)| format!("{} is folded to {:?} of {tail}", position.of, position.next))
        });
    }

    /// Waits until the clock of the group has reached this moment.
    pub fn until_clock(&self, running: &[&Runtime], moment: i64) {
        self.until(running, || {
            let clocks: Vec<_> = running.iter().map(|runtime| runtime.clock()).collect();
            let reached = clocks.iter().all(|clock| clock.is_some_and(|clock| clock >= Timestamp(moment)));
            (!reached).then(|| format!("the clock is to reach {moment}: {clocks:?}"))
        });
    }

    pub fn outputs(&self) -> Outputs {
        let outputs = Outputs::read(&self.log, &self.config, NOBODY).unwrap();
        assert_eq!(outputs.dead_letters, [], "nothing here is bad");
        outputs
    }

    /// Waits until the outputs are what `fold` says, at the last record and when every deadline has passed.
    pub fn until_settled(&self, entries: &[Entry], running: &[&Runtime]) -> Expectation {
        let last = entries.last().expect("there are records").logged;
        self.until_as_folded(entries, last + DAY, running);
        self.until_as_folded(entries, last + 40 * DAY, running)
    }

    pub fn until_as_folded(&self, entries: &[Entry], clock: i64, running: &[&Runtime]) -> Expectation {
        let expectation = Expectation::of(entries, clock);
        self.clock_may_reach(clock);
        self.until_clock(running, clock);
        self.until(running, || expectation.difference(&self.outputs()));
        expectation
    }

    /// Waits until every chats task has certainly had a turn, with everything committed that it led to: each folds two
    /// records that were not there before. Whatever was to be published by now is published.
    pub fn until_all_had_a_turn(&self, name: &str, running: &[&Runtime]) {
        for turn in 0..2 {
            let partitions = self.config.create.partitions;
            for partition in 0..partitions {
                let at_home = |chat: &String| partition_of(chat.as_bytes(), partitions) == partition;
                let chats = (0..).map(|number| format!("turn {name} {turn} {partition} {number}"));
                let chat = chats.into_iter().find(at_home).expect("some key is at home anywhere");
                let at = self.wall.load(Ordering::SeqCst);
                let entry = Entry::chat("bystanders", &chat, at, serde_json::json!({"chatOpened": {}}));
                self.log.append(
                    &self.config.topics.chat_events,
                    chat.as_bytes(),
                    Some(entry.json.as_bytes()),
                    at,
                );
            }
            let prefix = format!("turn {name} {turn} ");
            self.until(running, || {
                let came = self.outputs().of(&prefix).len();
                (came < partitions as usize).then(|| format!("only {came} chats of {prefix} came"))
            });
        }
    }
}

/// Holds back what comes into a topic from now on, as a transaction does that stays open, until this has left.
pub fn hold_back(log: &MemoryLog, topic: &Arc<str>, partitions: i32) -> MemoryMember {
    let mut member = log.join("holding back", topic, std::slice::from_ref(topic)).unwrap();
    for partition in 0..partitions {
        let (key, value) = (Some(&b"never read"[..]), Some(&b"never read"[..]));
        member.send(Outgoing { topic, partition, key, value, headers: &[], timestamp: None }).unwrap();
    }
    member
}

/// Writes a workload in portions, letting the process catch up now and then.
pub fn feed(world: &World, entries: &[Entry], dice: &mut Dice, running: &[&Runtime]) {
    for portion in dice.portions(entries, 80) {
        world.append_all(portion);
        if dice.one_in(2) {
            world.until_folded(running);
        }
    }
}

/// Copies a directory and what is in it.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
