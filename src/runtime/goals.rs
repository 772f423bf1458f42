//! Goal changes lead (A6): `goal.changes` is read whole by every process, and before a batch that was fetched at
//! some moment is folded, it has been read up to the end that it had then.

use super::topology::Topology;
use super::wire;
use crate::domain::ids::ChannelId;
use crate::domain::settings::{Effect, Settings};
use crate::domain::time::Timestamp;
use crate::log::{Batch as _, Log, LogError, LogResult, Offset, Reader as _, Record, TopicPartition};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, RwLock};
use std::time::{Duration, Instant};

/// The settings of all channels, and how they came to be, shared by the workers of a process.
pub struct Goals {
    pub known: RwLock<Known>,
    asked: Mutex<Asked>,
    answered: Condvar,
    stop: AtomicBool,
}

/// What was read so far.
pub struct Known {
    pub settings: Settings,
    /// Every change that added something, and every bad record, in the order in which they were read.
    pub entries: Vec<Entry>,
    /// The next offset of each partition.
    pub next: Vec<Offset>,
}

/// One record of `goal.changes` that some task has to act on.
pub struct Entry {
    pub partition: i32,
    pub offset: Offset,
    pub what: What,
}

pub enum What {
    /// It was added to a channel's history.
    Added(Effect),
    /// It is bad: one task writes it to the dead letters.
    Bad(Box<wire::RawRecord>, String),
}

#[derive(Default)]
struct Asked {
    asked: u64,
    answered: u64,
    failed: Option<String>,
}

impl Goals {
    pub fn new(requires_subscription: bool, partitions: i32) -> Self {
        Self {
            known: RwLock::new(Known {
                settings: Settings::new(requires_subscription),
                entries: Vec::new(),
                next: vec![0; partitions as usize],
            }),
            asked: Mutex::new(Asked::default()),
            answered: Condvar::new(),
            stop: AtomicBool::new(false),
        }
    }

    /// Returns once everything that is in the log now has been read. While the log does not answer it waits, until
    /// `stopping`: then it says false.
    pub fn catch_up(&self, stopping: &AtomicBool) -> LogResult<bool> {
        const LOOK_EVERY: Duration = Duration::from_millis(100);
        let mut state = self.asked.lock().expect("no reader panics");
        state.asked += 1;
        let mine = state.asked;
        self.answered.notify_all();
        while state.answered < mine {
            if let Some(reason) = &state.failed {
                return Err(LogError::Setup(reason.clone()));
            }
            if stopping.load(Ordering::Relaxed) {
                return Ok(false);
            }
            state = self.answered.wait_timeout(state, LOOK_EVERY).expect("no reader panics").0;
        }
        Ok(true)
    }

    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
        self.answered.notify_all();
    }

    /// Reads until it is told to stop. Runs in a thread of its own.
    pub fn read<L: Log>(&self, log: &L, topology: &Topology) {
        while let Err(error) = self.read_on(log, topology) {
            let topic = &topology.goal_changes;
            if let LogError::Setup(_) = error {
                tracing::error!(%error, %topic, "goal changes cannot be read");
                self.asked.lock().expect("no reader panics").failed = Some(error.to_string());
                self.answered.notify_all();
                return;
            }
            tracing::warn!(%error, %topic, "goal changes cannot be read now; trying again");
            std::thread::sleep(Duration::from_millis(500));
        }
    }

    fn read_on<L: Log>(&self, log: &L, topology: &Topology) -> LogResult<()> {
        /// How soon a change is seen when no record asks for it.
        const IDLE: Duration = Duration::from_millis(200);
        let partitions = Topology::all(&topology.goal_changes, topology.goal_partitions);
        let mut reader = log.reader()?;
        let begins = log.begins(&partitions)?;
        {
            let known = self.known.read().expect("no worker panics in here");
            let from = begins.iter().zip(&known.next).map(|(begin, next)| *begin.max(next));
            reader.assign(&partitions.iter().cloned().zip(from).collect::<Vec<_>>())?;
        }
        let mut silent = Silent::default();
        while !self.stop.load(Ordering::Relaxed) {
            let asked = {
                let mut state = self.asked.lock().expect("no worker panics in here");
                if state.asked == state.answered {
                    state = self.answered.wait_timeout(state, IDLE).expect("no worker panics in here").0;
                }
                state.asked
            };
            self.read_up_to_end(log, &mut reader, &partitions, topology)?;
            self.asked.lock().expect("no worker panics in here").answered = asked;
            self.answered.notify_all();
            silent.look(&self.known.read().expect("no worker panics in here").settings);
        }
        Ok(())
    }

    fn read_up_to_end<L: Log>(
        &self,
        log: &L,
        reader: &mut L::Reader,
        partitions: &[TopicPartition],
        topology: &Topology,
    ) -> LogResult<()> {
        let ends = log.ends(partitions)?;
        let behind = |reader: &L::Reader| {
            partitions
                .iter()
                .zip(&ends)
                .any(|(of, end)| reader.position(of).is_none_or(|position| position < *end))
        };
        while behind(reader) && !self.stop.load(Ordering::Relaxed) {
            if let Some(batch) = reader.poll(Duration::from_millis(5))? {
                let mut known = self.known.write().expect("no worker panics in here");
                for index in 0..batch.len() {
                    known.add(&batch.get(index), topology);
                }
            }
        }
        Ok(())
    }
}

/// Channels that have a goal but never subscribed (A2): each is named in the log once.
#[derive(Default)]
struct Silent {
    since: BTreeMap<ChannelId, Instant>,
    named: BTreeSet<ChannelId>,
    looked: Option<Instant>,
}

impl Silent {
    /// The subscription often follows the goal: a channel is named only after this.
    const PATIENCE: Duration = Duration::from_secs(10);

    fn look(&mut self, settings: &Settings) {
        if self.looked.is_some_and(|looked| looked.elapsed() < Self::PATIENCE / 2) {
            return;
        }
        self.looked = Some(Instant::now());
        for (id, channel) in settings.channels() {
            if channel.goals().is_empty() || channel.ever_subscribed() || self.named.contains(id) {
                self.since.remove(id);
            } else if self.since.entry(id.clone()).or_insert_with(Instant::now).elapsed() >= Self::PATIENCE {
                tracing::warn!(channel = %id, "the channel has a goal but never subscribed, so nothing is tracked");
                self.named.insert(id.clone());
            }
        }
    }
}

impl Known {
    fn add(&mut self, record: &Record<'_>, topology: &Topology) {
        let (partition, offset) = (record.partition, record.offset);
        self.next[partition as usize] = offset + 1;
        let logged = record.timestamp.map(Timestamp);
        let what = match wire::goal_change(topology.goal_changes_form, record) {
            Ok(change) => self.settings.add(change, logged).map(What::Added),
            Err(reason) => Some(What::Bad(Box::new(wire::RawRecord::of(record)), reason)),
        };
        self.entries.extend(what.map(|what| Entry { partition, offset, what }));
    }
}

/// A reading thread.
pub fn spawn<L: Log>(
    goals: &Arc<Goals>,
    log: &Arc<L>,
    topology: &Arc<Topology>,
) -> std::thread::JoinHandle<()> {
    let (goals, log, topology) = (goals.clone(), log.clone(), topology.clone());
    std::thread::Builder::new()
        .name("goals".to_owned())
        .spawn(move || goals.read(&*log, &topology))
        .expect("a thread can be started")
}
