//! What readers of the outputs have: the newest record of every chat and every counter, read from the output topics into a
//! database of its own that lives as long as the process. It judges nothing.

use super::super::clocks::Clocks;
use super::super::topology::Topology;
use super::Handover;
use super::newest::Newest;
use crate::config::WireForm;
use crate::log::partitioner::partition_of;
use crate::log::{Batch, Log, Offset, Reader as _, TopicPartition};
use crate::state::store::{Family, Store};
use crate::state::table::row_key;
use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A question for everything that is published at the time of asking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(u64);

pub struct Published {
    store: Store,
    asked: Mutex<Asked>,
}

#[derive(Default)]
struct Asked {
    asked: Ticket,
    answered: Ticket,
}

impl Published {
    /// Begins empty, whatever is in the folder.
    pub fn open(dir: &Path, memory_bytes: usize) -> anyhow::Result<Self> {
        if dir.exists() {
            std::fs::remove_dir_all(dir)?;
        }
        std::fs::create_dir_all(dir)?;
        let store = Store::open(dir, memory_bytes)?;
        Ok(Self { store, asked: Mutex::default() })
    }

    pub fn ask(&self) -> Ticket {
        let mut asked = self.asked.lock().expect("nobody panics in here");
        asked.asked.0 += 1;
        asked.asked
    }

    pub fn has_answered(&self, ticket: Ticket) -> bool {
        self.asked.lock().expect("nobody panics in here").answered >= ticket
    }

    /// What readers have of a chat or a counter; `partition` is where its row is at home.
    pub fn newest(&self, of: Family, partition: i32, key: &[u8]) -> anyhow::Result<Option<Newest>> {
        Ok(self.store.get(of, &row_key(partition, key))?.as_deref().and_then(Newest::decode))
    }

    /// The keys of a partition after this one, in order, at most so many.
    pub fn keys_after(
        &self,
        of: Family,
        partition: i32,
        after: &[u8],
        count: usize,
    ) -> anyhow::Result<Vec<Vec<u8>>> {
        keys_after(&self.store, of, partition, after, count)
    }

    /// Takes up what was published.
    pub(super) fn take(&self, topology: &Topology, batch: &impl Batch) -> anyhow::Result<()> {
        let mut fresh: HashMap<(Family, Vec<u8>), Newest> = HashMap::new();
        for index in 0..batch.len() {
            let record = batch.get(index);
            let Some(key) = record.key else { continue };
            let (family, form, home) = home_of(topology, record.topic, key);
            let key = row_key(home, key);
            let before = match fresh.get(&(family, key.clone())) {
                Some(newest) => Some(newest.clone()),
                None => self.store.get(family, &key)?.as_deref().and_then(Newest::decode),
            };
            let headers = if record.value.is_none() { record.headers.to_vec() } else { Vec::new() };
            let newest = Newest::next(before.as_ref(), record.value, &headers, form);
            fresh.insert((family, key), newest);
        }
        let mut changes = self.store.changes();
        for ((family, key), newest) in fresh {
            changes.put(family, &key, &newest.encode());
        }
        changes.write()
    }
}

/// Every partition of the outputs that are tables.
pub(super) fn outputs(of: &Topology) -> Vec<TopicPartition> {
    let mut all = Topology::all(&of.status_changed.topic, of.status_changed.partitions);
    all.extend(Topology::all(&of.counters.topic, of.counters.partitions));
    all
}

/// The keys of rows of a partition after this one, in order, at most so many.
pub fn keys_after(
    store: &Store,
    of: Family,
    partition: i32,
    after: &[u8],
    count: usize,
) -> anyhow::Result<Vec<Vec<u8>>> {
    let (from, prefix) = (row_key(partition, after), partition.to_be_bytes());
    let mut keys = Vec::new();
    store.scan(of, &from, |key, _| {
        let Some(key) = key.strip_prefix(&prefix[..]) else { return false };
        // Pages of long rows come after all rows.
        if key.starts_with(&[0xff, 0xff]) {
            return false;
        }
        if key > after {
            keys.push(key.to_vec());
        }
        keys.len() < count
    })?;
    Ok(keys)
}

/// Reads the outputs for a process.
pub struct PublishedReader<L: Log> {
    handover: Arc<Handover>,
    log: Arc<L>,
    topology: Arc<Topology>,
    clocks: Clocks,
    of: Vec<TopicPartition>,
    reader: Option<L::Reader>,
    answering: Option<(Ticket, Vec<Offset>)>,
}

impl<L: Log> PublishedReader<L> {
    pub fn new(handover: Arc<Handover>, log: Arc<L>, topology: Arc<Topology>, clocks: Clocks) -> Self {
        let of = outputs(&topology);
        Self { handover, log, topology, clocks, of, reader: None, answering: None }
    }

    /// Reads until it is told to stop. Runs in a thread of its own.
    pub fn run(mut self, stop: &AtomicBool) {
        const PAUSE: Duration = Duration::from_millis(500);
        while !stop.load(Ordering::Relaxed) {
            if let Err(error) = self.step() {
                tracing::warn!(%error, "what is published cannot be read now; trying again");
                (self.reader, self.answering) = (None, None);
                self.clocks.sleep(PAUSE);
            }
        }
    }

    fn step(&mut self) -> anyhow::Result<()> {
        const POLL: Duration = Duration::from_millis(50);
        if self.reader.is_none() {
            let begins = self.log.begins(&self.of)?;
            let mut reader = self.log.reader()?;
            reader.assign(&self.of.iter().cloned().zip(begins).collect::<Vec<_>>())?;
            self.reader = Some(reader);
        }
        let published = &self.handover.published;
        if self.answering.is_none() {
            let asked = published.asked.lock().expect("nobody panics in here");
            let ticket = asked.asked;
            let is_new = ticket > asked.answered;
            drop(asked);
            if is_new {
                // With what is not committed yet: it will be, or will not.
                self.answering = Some((ticket, self.log.tails(&self.of)?));
            }
        }
        let reader = self.reader.as_mut().expect("it was just made");
        if let Some((ticket, ends)) = &self.answering {
            let is_read =
                |(of, end): (&TopicPartition, &Offset)| reader.position(of).is_some_and(|p| p >= *end);
            if self.of.iter().zip(ends).all(is_read) {
                published.asked.lock().expect("nobody panics in here").answered = *ticket;
                self.answering = None;
                return Ok(());
            }
        }
        if let Some(batch) = reader.poll(self.clocks.at_most(POLL))? {
            published.take(&self.topology, &batch)?;
        }
        Ok(())
    }
}

/// Of which stage's rows an output speaks, and where the row is at home.
fn home_of(topology: &Topology, topic: &str, key: &[u8]) -> (Family, WireForm, i32) {
    if *topic == *topology.status_changed.topic {
        let home = partition_of(key, topology.partitions.chats);
        (Family::Chats, topology.status_changed.form, home)
    } else {
        let home = partition_of(key, topology.partitions.managers);
        (Family::Managers, topology.counters.form, home)
    }
}
