//! Goal changes lead (A6): `goal.changes` is read whole by every process, and before a batch that was fetched at
//! some moment is folded, it has been read up to the end that it had then.

use super::clocks::Clocks;
use super::figures::pulse::Pulse;
use super::topology::Topology;
use super::wire;
use crate::domain::ids::ChannelId;
use crate::domain::settings::{Effect, Settings};
use crate::domain::time::Timestamp;
use crate::log::{Batch as _, Log, LogError, LogResult, Offset, Reader as _, Record, TopicPartition};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, RwLock};
use std::time::{Duration, Instant};

/// The settings of all channels, and how they came to be, shared by the workers of a process.
pub struct Goals {
    pub known: RwLock<Known>,
    asked: Mutex<Asked>,
    turned: Condvar,
    /// How many changes of settings are known.
    added: AtomicU64,
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
    asked: Ticket,
    answered: Ticket,
    failed: Option<String>,
}

/// A question whether everything that is in the log at this moment has been read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(u64);

impl Goals {
    pub fn new(requires_subscription: bool, partitions: i32) -> Self {
        Self {
            known: RwLock::new(Known {
                settings: Settings::new(requires_subscription),
                entries: Vec::new(),
                next: vec![0; partitions as usize],
            }),
            asked: Mutex::new(Asked::default()),
            turned: Condvar::new(),
            added: AtomicU64::new(0),
        }
    }

    /// How many changes of settings are known, those that only repeat another one left out.
    pub fn added(&self) -> u64 {
        self.added.load(Ordering::Relaxed)
    }

    /// Asks for everything that is in the log now to be read.
    pub fn ask(&self) -> Ticket {
        let mut state = self.asked.lock().expect("nobody panics in here");
        state.asked.0 += 1;
        self.turned.notify_all();
        state.asked
    }

    /// Whether everything has been read that was in the log when this was asked; waits for it at most this long.
    /// `Err`: it never will be.
    pub fn have_answered(&self, ticket: Ticket, timeout: Duration) -> LogResult<bool> {
        let state = self.asked.lock().expect("nobody panics in here");
        let waits = |state: &mut Asked| state.answered < ticket && state.failed.is_none();
        let state = if timeout.is_zero() {
            state
        } else {
            self.turned.wait_timeout_while(state, timeout, waits).expect("nobody panics in here").0
        };
        match &state.failed {
            _ if state.answered >= ticket => Ok(true),
            Some(reason) => Err(LogError::Setup(reason.clone())),
            None => Ok(false),
        }
    }

    /// Whether goal changes are still being read. `Err`: nobody reads them any more, so that no question will be answered.
    pub fn are_read(&self) -> LogResult<()> {
        let state = self.asked.lock().expect("nobody panics in here");
        state.failed.as_ref().map_or(Ok(()), |reason| Err(LogError::Setup(reason.clone())))
    }

    /// The newest question; waits at most this long for one that is not answered.
    fn newest_asked(&self, timeout: Duration) -> Ticket {
        let state = self.asked.lock().expect("nobody panics in here");
        if timeout.is_zero() {
            return state.asked;
        }
        let idle = |state: &mut Asked| state.asked == state.answered;
        self.turned.wait_timeout_while(state, timeout, idle).expect("nobody panics in here").0.asked
    }

    fn answer(&self, ticket: Ticket) {
        self.asked.lock().expect("nobody panics in here").answered = ticket;
        self.turned.notify_all();
    }

    fn fail(&self, reason: String) {
        self.asked.lock().expect("nobody panics in here").failed = Some(reason);
        self.turned.notify_all();
    }
}

/// Reads `goal.changes` for a process, by steps.
pub struct GoalsReader<L: Log> {
    goals: Arc<Goals>,
    log: Arc<L>,
    topology: Arc<Topology>,
    clocks: Clocks,
    partitions: Vec<TopicPartition>,
    reader: Option<L::Reader>,
    /// The newest question, and where the log ended after it was asked.
    answering: Option<(Ticket, Vec<Offset>)>,
    silent: Silent,
}

impl<L: Log> GoalsReader<L> {
    pub fn new(goals: Arc<Goals>, log: Arc<L>, topology: Arc<Topology>, clocks: Clocks) -> Self {
        let partitions = Topology::all(&topology.goal_changes, topology.goal_partitions);
        let (reader, answering, silent) = (None, None, Silent::default());
        Self { goals, log, topology, clocks, partitions, reader, answering, silent }
    }

    /// Reads until it is told to stop. Runs in a thread of its own.
    pub fn run(mut self, stop: &AtomicBool, pulse: &Pulse) {
        const PAUSE: Duration = Duration::from_millis(500);
        let clocks = self.clocks.clone();
        while !stop.load(Ordering::Relaxed) {
            pulse.beat(&clocks);
            let waits = pulse.waits(&clocks);
            let stepped = self.step();
            drop(waits);
            let Err(error) = stepped else { continue };
            let topic = &self.topology.goal_changes;
            if let LogError::Setup(_) = error {
                tracing::error!(%error, %topic, "goal changes cannot be read");
                return;
            }
            tracing::warn!(%error, %topic, "goal changes cannot be read now; trying again");
            self.clocks.sleep(PAUSE);
        }
        pulse.end();
    }

    /// Goes on for a moment. After an error the next step begins with a new reader; after a [`LogError::Setup`] there
    /// is no use in one.
    pub fn step(&mut self) -> LogResult<()> {
        let read = self.read();
        if let Err(error) = &read {
            (self.reader, self.answering) = (None, None);
            if let LogError::Setup(reason) = error {
                self.goals.fail(reason.clone());
            }
        }
        read
    }

    fn read(&mut self) -> LogResult<()> {
        /// How soon a change is seen when no record asks for it.
        const IDLE: Duration = Duration::from_millis(200);
        const POLL: Duration = Duration::from_millis(5);
        if self.reader.is_none() {
            self.reader = Some(self.begin()?);
        }
        let reader = self.reader.as_mut().expect("it was just made");
        let Some((ticket, ends)) = &self.answering else {
            let ticket = self.goals.newest_asked(self.clocks.at_most(IDLE));
            self.answering = Some((ticket, self.log.ends(&self.partitions)?));
            return Ok(());
        };
        let is_read = |(of, end): (&TopicPartition, &Offset)| reader.position(of).is_some_and(|p| p >= *end);
        if self.partitions.iter().zip(ends).all(is_read) {
            self.goals.answer(*ticket);
            self.answering = None;
            self.silent.look(&self.goals.known.read().expect("no worker panics in here").settings);
        } else if let Some(batch) = reader.poll(self.clocks.at_most(POLL))? {
            let mut known = self.goals.known.write().expect("no worker panics in here");
            let before = known.entries.len();
            for index in 0..batch.len() {
                known.add(&batch.get(index), &self.topology);
            }
            let new = known.entries[before..].iter();
            let added = new.filter(|entry| matches!(entry.what, What::Added(_))).count();
            self.goals.added.fetch_add(added as u64, Ordering::Relaxed);
        }
        Ok(())
    }

    fn begin(&self) -> LogResult<L::Reader> {
        let mut reader = self.log.reader()?;
        let begins = self.log.begins(&self.partitions)?;
        let known = self.goals.known.read().expect("no worker panics in here");
        let from = begins.iter().zip(&known.next).map(|(begin, next)| *begin.max(next));
        let from: Vec<_> = self.partitions.iter().cloned().zip(from).collect();
        drop(known);
        reader.assign(&from)?;
        Ok(reader)
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
    /// Whether everything was read that is noted as shown to some chats.
    pub fn reaches(&self, noted: &[Offset]) -> bool {
        self.next.iter().zip(noted).all(|(next, noted)| next >= noted)
    }

    pub fn add(&mut self, record: &Record<'_>, topology: &Topology) {
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
