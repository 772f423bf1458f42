//! The log in memory: partitions, transactions, groups and fencing as in Kafka, for the tests, the simulator
//! and the demo.
//!
//! It keeps everything until it is truncated, writes nothing to disk and never compacts. With zero timeouts
//! it never waits, so one thread can step through many workers in an order of its own.

mod batch;
mod cluster;
mod group;
mod member;
mod partition;
mod reader;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::partitioner::partition_of;
use super::{Header, Log, LogError, LogResult, Offset, Position, TopicInfo, TopicPartition, TopicPlan};
pub use batch::MemoryBatch;
pub use cluster::Fault;
use cluster::{Cluster, Topic};
pub use member::MemoryMember;
use partition::{Partition, Stored};
pub use reader::MemoryReader;

/// The log in memory. Clones share one content.
#[derive(Clone)]
pub struct MemoryLog {
    shared: Arc<Shared>,
}

/// A record as it lies in the log, taken out for a test or a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryRecord {
    pub partition: i32,
    pub offset: Offset,
    pub timestamp: Option<i64>,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<Header>,
}

impl Default for MemoryLog {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryLog {
    /// Records without a timestamp get the wall clock's.
    pub fn new() -> Self {
        Self::with_clock(|| {
            let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            since_epoch.as_millis() as i64
        })
    }

    /// Records without a timestamp get this clock's (milliseconds since the epoch).
    pub fn with_clock(clock: impl Fn() -> i64 + Send + 'static) -> Self {
        let cluster = Mutex::new(Cluster::new(Box::new(clock)));
        Self { shared: Arc::new(Shared { cluster, arrived: Condvar::new() }) }
    }

    /// Appends a record outside any transaction, to the partition of its key. A missing topic is a mistake of
    /// the caller.
    pub fn append(&self, topic: &str, key: &[u8], value: Option<&[u8]>, timestamp: i64) -> (i32, Offset) {
        let partitions = self.partition_count(topic);
        let partition = partition_of(key, partitions);
        (partition, self.append_to(topic, partition, Some(key), value, Some(timestamp), &[]))
    }

    /// Appends a record outside any transaction, to the partition named, with or without a key and a
    /// timestamp.
    pub fn append_to(
        &self,
        topic: &str,
        partition: i32,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        timestamp: Option<i64>,
        headers: &[Header],
    ) -> Offset {
        let record = Stored {
            timestamp,
            key: key.map(<[u8]>::to_vec),
            value: value.map(<[u8]>::to_vec),
            headers: headers.to_vec(),
        };
        let offset = self.with_partition(topic, partition, |partition| partition.append(record, None));
        self.shared.changed();
        offset
    }

    /// Every committed record of a topic, partition by partition.
    pub fn read_all(&self, topic: &str) -> Vec<MemoryRecord> {
        let mut records = Vec::new();
        for partition in 0..self.partition_count(topic) {
            self.with_partition(topic, partition, |content| {
                content.read(content.begin(), usize::MAX, |offset, stored| {
                    let Stored { timestamp, key, value, headers } = Stored::clone(stored);
                    records.push(MemoryRecord { partition, offset, timestamp, key, value, headers });
                });
            });
        }
        records
    }

    /// Forgets the records of a partition below `before`, as retention does.
    pub fn truncate(&self, topic: &str, partition: i32, before: Offset) {
        self.with_partition(topic, partition, |partition| partition.truncate(before));
        self.shared.changed();
    }

    /// The session timeout: the group throws out the (oldest) member of the slot, who learns of it by its
    /// next poll or commit.
    pub fn expel(&self, group: &str, slot: &str) {
        let mut cluster = self.shared.lock();
        let counts = cluster.partition_counts();
        if let Some(group) = cluster.groups.get_mut(group)
            && let Some(member) = group.oldest_of(slot)
        {
            group.strike(member, &counts);
        }
        drop(cluster);
        self.shared.changed();
    }

    /// The transaction timeout: what the slot has open is aborted, and its worker fenced.
    pub fn time_out_transaction(&self, group: &str, slot: &str) {
        self.shared.lock().time_out(&transactional_id(group, slot));
        self.shared.changed();
    }

    /// The next commit of the slot goes wrong in this way.
    pub fn fail_next_commit(&self, group: &str, slot: &str, fault: Fault) {
        self.shared.lock().set_fault(&transactional_id(group, slot), fault);
    }

    /// The commit that [`Fault::RequestLate`] held up arrives, if it still means anything.
    /// True: it took effect.
    pub fn deliver_late_commit(&self, group: &str, slot: &str) -> bool {
        let took_effect = self.shared.lock().deliver_late(&transactional_id(group, slot));
        self.shared.changed();
        took_effect
    }

    /// From now on the end of a transaction reaches its partitions only with [`Self::deliver_markers`], or when its
    /// producer goes on. Positions are visible at once, as whoever asks for them waits for their end.
    pub fn let_markers_be_late(&self, late: bool) {
        let mut cluster = self.shared.lock();
        cluster.markers_are_late = late;
        if !late {
            cluster.deliver_markers(|_| true);
        }
        drop(cluster);
        self.shared.changed();
    }

    /// Ends of transactions arrive at the partitions for which `which` says so; answers how many.
    pub fn deliver_markers(&self, which: impl Fn(&TopicPartition) -> bool) -> usize {
        let delivered = self.shared.lock().deliver_markers(|end| which(end.of));
        self.shared.changed();
        delivered
    }

    /// How many records a batch holds at most from now on.
    pub fn let_batches_hold(&self, records_max: usize) {
        self.shared.lock().batch_records_max = records_max.max(1);
    }

    /// The producers that have a transaction open, and the partitions that wait for the end of one, by name.
    pub fn open_transactions(&self) -> Vec<String> {
        self.shared.lock().open_transactions()
    }

    fn partition_count(&self, topic: &str) -> i32 {
        let cluster = self.shared.lock();
        let found = cluster.topics.get(topic).unwrap_or_else(|| panic!("there is no topic {topic}"));
        found.partitions.len() as i32
    }

    fn with_partition<T>(&self, topic: &str, partition: i32, act: impl FnOnce(&mut Partition) -> T) -> T {
        let of = TopicPartition::new(topic, partition);
        let mut cluster = self.shared.lock();
        act(cluster.partition_mut(&of).unwrap_or_else(|missing| panic!("{missing}")))
    }
}

impl Log for MemoryLog {
    type Member = MemoryMember;
    type Reader = MemoryReader;

    fn join(&self, group: &str, slot: &str, topics: &[Arc<str>]) -> LogResult<MemoryMember> {
        for topic in topics {
            if !self.shared.lock().topics.contains_key(topic) {
                return Err(LogError::Setup(format!("there is no topic {topic}")));
            }
        }
        Ok(MemoryMember::join(self.shared.clone(), group, slot, topics))
    }

    fn reader(&self) -> LogResult<MemoryReader> {
        Ok(MemoryReader { shared: self.shared.clone(), positions: Vec::new() })
    }

    fn begins(&self, of: &[TopicPartition]) -> LogResult<Vec<Offset>> {
        let cluster = self.shared.lock();
        of.iter().map(|of| cluster.partition(of).map(Partition::begin)).collect()
    }

    fn ends(&self, of: &[TopicPartition]) -> LogResult<Vec<Offset>> {
        let cluster = self.shared.lock();
        of.iter().map(|of| cluster.partition(of).map(Partition::stable_end)).collect()
    }

    fn tails(&self, of: &[TopicPartition]) -> LogResult<Vec<Offset>> {
        let cluster = self.shared.lock();
        of.iter().map(|of| cluster.partition(of).map(Partition::end)).collect()
    }

    fn committed(&self, group: &str, of: &[TopicPartition]) -> LogResult<Vec<Position>> {
        Ok(self.shared.committed(group, of))
    }

    fn committed_so_far(&self, group: &str, of: &[TopicPartition]) -> LogResult<Vec<Position>> {
        Ok(self.shared.lock().committed(group, of))
    }

    fn topics(&self, names: &[&str], settings: &[&str]) -> LogResult<Vec<TopicInfo>> {
        let cluster = self.shared.lock();
        let found = names.iter().filter_map(|name| cluster.topics.get_key_value(*name));
        Ok(found
            .map(|(name, topic)| TopicInfo {
                name: name.to_string(),
                partitions: topic.partitions.len() as i32,
                settings: topic
                    .settings
                    .iter()
                    .filter(|(setting, _)| settings.contains(&setting.as_str()))
                    .cloned()
                    .collect(),
            })
            .collect())
    }

    fn delete_topics(&self, names: &[String]) -> LogResult<()> {
        let mut cluster = self.shared.lock();
        names.iter().for_each(|name| drop(cluster.topics.remove(name.as_str())));
        Ok(())
    }

    fn delete_group(&self, group: &str) -> LogResult<()> {
        self.shared.lock().groups.remove(group);
        Ok(())
    }

    fn create_topics(&self, plans: &[TopicPlan]) -> LogResult<()> {
        let mut cluster = self.shared.lock();
        let mut planned = BTreeSet::new();
        for plan in plans {
            if cluster.topics.contains_key(plan.name.as_str()) || !planned.insert(&plan.name) {
                return Err(LogError::Setup(format!("the topic {} exists already", plan.name)));
            }
            if plan.partitions < 1 {
                return Err(LogError::Setup(format!("the topic {} needs at least one partition", plan.name)));
            }
        }
        for plan in plans {
            let partitions = (0..plan.partitions).map(|_| Partition::default()).collect();
            let topic = Topic { partitions, settings: plan.settings.clone() };
            cluster.topics.insert(plan.name.as_str().into(), topic);
        }
        Ok(())
    }
}

/// What all handles of one log share.
pub(super) struct Shared {
    cluster: Mutex<Cluster>,
    arrived: Condvar,
}

impl Shared {
    /// A test that panicked while it held the lock has said so; the others may go on.
    fn lock(&self) -> MutexGuard<'_, Cluster> {
        self.cluster.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes everyone who waits for a change.
    fn changed(&self) {
        self.arrived.notify_all();
    }

    /// Tries until something comes or the timeout has passed; once at least.
    fn wait_for<T>(
        &self,
        timeout: Duration,
        mut attempt: impl FnMut(&mut Cluster) -> LogResult<Option<T>>,
    ) -> LogResult<Option<T>> {
        let mut cluster = self.lock();
        if timeout.is_zero() {
            return attempt(&mut cluster);
        }
        let until = Instant::now() + timeout;
        loop {
            if let Some(came) = attempt(&mut cluster)? {
                return Ok(Some(came));
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            (cluster, _) = self.arrived.wait_timeout(cluster, left).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn committed(&self, group: &str, of: &[TopicPartition]) -> Vec<Position> {
        let mut cluster = self.lock();
        cluster.time_out_waiting(group, of);
        cluster.committed(group, of)
    }
}

/// Names the producer of a slot, the same through all its restarts.
fn transactional_id(group: &str, slot: &str) -> String {
    format!("{group}-{slot}")
}
