//! One generation takes over from the one before it (`rebuild`, `promote`).
//!
//! The new one folds what the old one has folded, and no more: its inputs are read up to where the old one has committed,
//! and its clock follows the old one's. Its outputs are held back meanwhile. Once the old one is [fenced](fence) for good and
//! the new one stands where it stood, each partition compares what it knows with what [readers have](published), publishes
//! the differences, and goes on as any other.

pub mod diff;
pub mod fence;
pub mod newest;
pub mod progress;
pub mod published;

use super::clock::Grant;
use super::note::Note;
use super::tasks::TaskId;
use super::topology::{Stage, Topology};
use crate::domain::time::Timestamp;
use crate::log::partitioner::partition_of;
use crate::log::{Log, LogResult, Offset, TopicPartition};
use published::Published;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a process of the new generation knows of the old one.
pub struct Handover {
    pub old: Topology,
    /// The number of the new generation.
    pub generation: u32,
    pub published: Published,
    state: Mutex<State>,
    /// Every chats task, of whichever process, has taken over: what comes now is new to all.
    is_open: AtomicBool,
}

#[derive(Default)]
struct State {
    /// How far the old generation has committed its inputs.
    bounds: HashMap<TopicPartition, Offset>,
    /// Which goal changes it has shown to its chats.
    goals: Vec<Offset>,
    /// It will never commit again.
    is_final: bool,
    /// Where chats stand when they have done all that the old generation did.
    last: Option<Arc<Grant>>,
    /// Where the managers' inboxes end when all that follows from it is in there.
    managers_ends: Option<Vec<Offset>>,
}

/// One look at the old generation.
pub struct Look {
    pub inputs: Vec<TopicPartition>,
    pub bounds: Vec<Offset>,
    /// For each chats partition.
    pub clocks: Vec<Timestamp>,
    pub is_final: bool,
}

impl Handover {
    pub fn new(old: Topology, generation: u32, published: Published) -> Self {
        Self { old, generation, published, state: Mutex::default(), is_open: AtomicBool::new(false) }
    }

    /// Looks how far the old generation is, and lets the new one read so far.
    pub fn look(&self, log: &impl Log) -> LogResult<Look> {
        let old = &self.old;
        let inputs = inputs(old);
        let inboxes = inboxes(old);
        let all: Vec<TopicPartition> = inputs.iter().chain(&inboxes).cloned().collect();
        let positions = log.committed(&old.group, &all)?;
        let begins = log.begins(&inputs)?;
        let (of_inputs, of_inboxes) = positions.split_at(inputs.len());
        let bounds: Vec<Offset> = of_inputs
            .iter()
            .zip(&begins)
            .map(|(position, begin)| position.next.unwrap_or(*begin).max(*begin))
            .collect();
        let notes: Vec<Note> = of_inboxes.iter().map(|position| Note::decode(&position.note)).collect();
        let is_final = notes.iter().all(|note| note.handed_to == Some(self.generation));
        let of_chats = &notes[..old.partitions.chats as usize];
        let mut state = self.lock();
        state.bounds = inputs.iter().cloned().zip(bounds.iter().copied()).collect();
        state.goals.clone_from(&of_chats[0].goals);
        state.is_final |= is_final;
        let (clocks, is_final) = (of_chats.iter().map(|note| note.clock).collect(), state.is_final);
        Ok(Look { inputs, bounds, clocks, is_final })
    }

    /// Whether inputs are read on beyond what the old generation has folded. Not before all chats have taken over, or what
    /// follows from new records would meet some that have not, as something that readers have wrong.
    pub fn is_open(&self) -> bool {
        self.is_open.load(Ordering::Acquire)
    }

    /// Whether a record of an input has to wait, since it lies beyond what the old generation has folded.
    pub fn is_beyond(&self, of: &TopicPartition, offset: Offset) -> bool {
        !self.is_open() && self.lock().bounds.get(of).is_none_or(|bound| offset >= *bound)
    }

    /// Whether the old generation has, or will have, said that this record is bad.
    pub fn was_dead_letter(&self, topic: &str, partition: i32, offset: Offset) -> bool {
        let state = self.lock();
        if *topic == *self.old.goal_changes {
            return !state.is_final
                || state.goals.get(partition as usize).is_some_and(|shown| offset < *shown);
        }
        let bound = state.bounds.get(&TopicPartition::new(topic, partition)).copied();
        !state.is_final || bound.is_none_or(|bound| offset < bound)
    }

    /// Where chats stand when they have done all that the old generation did; `None` while that may still be more.
    pub fn last(&self) -> Option<Arc<Grant>> {
        self.lock().last.clone()
    }

    pub(super) fn set_last(&self, grant: Arc<Grant>) {
        self.lock().last = Some(grant);
    }

    pub fn managers_ends(&self) -> Option<Vec<Offset>> {
        self.lock().managers_ends.clone()
    }

    /// Once all chats have taken over, what they tell managers is in the inboxes.
    pub(super) fn look_for_managers(&self, log: &impl Log, new: &Topology) -> LogResult<()> {
        if self.lock().managers_ends.is_some() {
            return Ok(());
        }
        let chats = Topology::all(&new.chats_inbox, new.partitions.chats);
        let positions = log.committed(&new.group, &chats)?;
        let has_taken_over = |note: &str| !note.is_empty() && !Note::decode(note).held;
        if positions.iter().all(|position| has_taken_over(&position.note)) {
            let ends = log.tails(&Topology::all(&new.managers_inbox, new.partitions.managers))?;
            self.lock().managers_ends = Some(ends);
            self.is_open.store(true, Ordering::Release);
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The inputs that a generation shares with all others.
pub fn inputs(of: &Topology) -> Vec<TopicPartition> {
    let mut all = Topology::all(&of.chat_events, of.partitions.chats);
    all.extend(Topology::all(&of.customer_events, of.partitions.customers));
    all
}

/// The inboxes, whose positions bear the notes: first the chats'.
pub fn inboxes(of: &Topology) -> Vec<TopicPartition> {
    let mut all = Topology::all(&of.chats_inbox, of.partitions.chats);
    all.extend(Topology::all(&of.customers_inbox, of.partitions.customers));
    all.extend(Topology::all(&of.managers_inbox, of.partitions.managers));
    all
}

/// Whose outputs a worker holds back.
pub struct Held {
    /// Of these tasks, but for keys that readers have been told of already: those up to this one.
    tasks: BTreeMap<TaskId, Vec<u8>>,
    pub handover: Option<Arc<Handover>>,
}

impl Held {
    pub fn new(handover: Option<Arc<Handover>>) -> Self {
        Self { tasks: BTreeMap::new(), handover }
    }

    pub fn hold(&mut self, task: TaskId) {
        self.tasks.insert(task, Vec::new());
    }

    pub fn let_go(&mut self, task: TaskId) {
        self.tasks.remove(&task);
    }

    pub fn clear(&mut self) {
        self.tasks.clear();
    }

    pub fn holds(&self, task: TaskId) -> bool {
        self.tasks.contains_key(&task)
    }

    pub fn tasks(&self) -> Vec<TaskId> {
        self.tasks.keys().copied().collect()
    }

    /// The last key that readers were told of.
    pub fn told(&self, task: TaskId) -> Vec<u8> {
        self.tasks.get(&task).cloned().unwrap_or_default()
    }

    pub fn tell_up_to(&mut self, task: TaskId, key: Vec<u8>) {
        self.tasks.insert(task, key);
    }

    /// Whether an output with this key is held back.
    pub fn holds_back(&self, stage: Stage, key: &[u8], partitions: i32) -> bool {
        if self.tasks.is_empty() {
            return false;
        }
        let told = self.tasks.get(&(stage, partition_of(key, partitions)));
        told.is_some_and(|told| told.as_slice() < key)
    }

    /// Whether a bad record is the old generation's business.
    pub fn silences(&self, topic: &str, partition: i32, offset: Offset) -> bool {
        self.handover.as_ref().is_some_and(|handover| handover.was_dead_letter(topic, partition, offset))
    }

    /// Whether inputs are read only as far as the old generation has folded them.
    pub fn bounds(&self) -> bool {
        self.handover.as_ref().is_some_and(|handover| !handover.is_open())
    }
}
