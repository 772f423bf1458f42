//! Everything the in-memory log holds, behind one lock: topics, groups, producers and their transactions.
//! Single-threaded and never waiting; who waits is [`super::member`] and [`super::reader`].

use std::collections::BTreeMap;
use std::sync::Arc;

use super::group::{Group, PartitionCounts};
use super::partition::{Partition, Stored, TransactionId};
use crate::log::{LogError, LogResult, Offset, Position, TopicPartition};

pub(super) struct Topic {
    pub partitions: Vec<Partition>,
    pub settings: Vec<(String, String)>,
}

/// What goes wrong with the next commit of a worker, as told to [`super::MemoryLog::fail_next_commit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The commit takes effect, but its answer never comes.
    AnswerLost,
    /// The commit never arrives; the transaction stays open.
    RequestLost,
    /// The commit arrives only with [`super::MemoryLog::deliver_late_commit`], if the worker has not
    /// recovered by then.
    RequestLate,
    /// The log refuses the transaction.
    Refused,
}

struct Transaction {
    id: TransactionId,
    written: BTreeMap<TopicPartition, Vec<Offset>>,
    /// These positions of a group wait for the end of the transaction.
    positions: Option<(String, Vec<Position>)>,
}

/// The end of a transaction, still to be written into one of its partitions.
struct Marker {
    transactional_id: String,
    transaction: TransactionId,
    of: TopicPartition,
    offsets: Vec<Offset>,
    committed: bool,
}

/// The end of a transaction in one partition.
pub(super) struct TransactionEnd<'a> {
    pub transactional_id: &'a str,
    pub of: &'a TopicPartition,
}

/// One transactional id. Whoever comes with an older epoch is fenced.
#[derive(Default)]
struct Producer {
    epoch: u64,
    open: Option<Transaction>,
    next_fault: Option<Fault>,
    /// A commit is on its way, from a producer of this epoch.
    late_commit: Option<u64>,
}

pub(super) struct Cluster {
    pub topics: BTreeMap<Arc<str>, Topic>,
    pub groups: BTreeMap<String, Group>,
    producers: BTreeMap<String, Producer>,
    /// Whether the ends of transactions reach their partitions only later.
    pub markers_are_late: bool,
    markers: Vec<Marker>,
    pub batch_records_max: usize,
    ids_given: u64,
    clock: Box<dyn Fn() -> i64 + Send>,
}

/// Small enough that a test meets its edges, large enough that nobody waits for the lock.
pub(super) const BATCH_RECORDS_MAX: usize = 500;

impl Cluster {
    pub fn new(clock: Box<dyn Fn() -> i64 + Send>) -> Self {
        Self {
            topics: BTreeMap::new(),
            groups: BTreeMap::new(),
            producers: BTreeMap::new(),
            markers_are_late: false,
            markers: Vec::new(),
            batch_records_max: BATCH_RECORDS_MAX,
            ids_given: 0,
            clock,
        }
    }

    pub fn next_id(&mut self) -> u64 {
        self.ids_given += 1;
        self.ids_given
    }

    pub fn now(&self) -> i64 {
        (self.clock)()
    }

    pub fn partition_counts(&self) -> PartitionCounts {
        self.topics.iter().map(|(name, topic)| (name.clone(), topic.partitions.len() as i32)).collect()
    }

    pub fn partition(&self, of: &TopicPartition) -> LogResult<&Partition> {
        self.topics
            .get(&of.topic)
            .and_then(|topic| topic.partitions.get(of.partition as usize))
            .ok_or_else(|| LogError::Setup(format!("there is no partition {of}")))
    }

    pub fn partition_mut(&mut self, of: &TopicPartition) -> LogResult<&mut Partition> {
        self.topics
            .get_mut(&of.topic)
            .and_then(|topic| topic.partitions.get_mut(of.partition as usize))
            .ok_or_else(|| LogError::Setup(format!("there is no partition {of}")))
    }

    /// A new holder of the transactional id: what the one before left open is aborted. Answers the new epoch.
    pub fn init_producer(&mut self, transactional_id: &str) -> u64 {
        self.end_open(transactional_id, false);
        self.deliver_markers(|marker| marker.transactional_id == transactional_id);
        let producer = self.producers.entry(transactional_id.to_owned()).or_default();
        producer.epoch += 1;
        producer.epoch
    }

    pub fn write(
        &mut self,
        transactional_id: &str,
        epoch: u64,
        to: &TopicPartition,
        record: Stored,
    ) -> LogResult<()> {
        self.check_epoch(transactional_id, epoch)?;
        self.partition(to)?;
        self.deliver_markers(|marker| marker.transactional_id == transactional_id);
        let fresh = self.next_id();
        let producer = self.producers.get_mut(transactional_id).expect("its epoch was just checked");
        let transaction = producer.open.get_or_insert_with(|| Transaction {
            id: fresh,
            written: BTreeMap::new(),
            positions: None,
        });
        let id = transaction.id;
        let partition = self
            .topics
            .get_mut(&to.topic)
            .and_then(|topic| topic.partitions.get_mut(to.partition as usize))
            .expect("the partition was just found");
        let offset = partition.append(record, Some(id));
        transaction.written.entry(to.clone()).or_default().push(offset);
        Ok(())
    }

    /// Adds these positions of the group to the open transaction (opening one if there is none), to be committed with
    /// it. `refusal` says why the group does not take them.
    pub fn offer(
        &mut self,
        transactional_id: &str,
        epoch: u64,
        group: &str,
        positions: &[Position],
        refusal: Option<String>,
    ) -> LogResult<()> {
        self.check_epoch(transactional_id, epoch)?;
        self.deliver_markers(|marker| marker.transactional_id == transactional_id);
        let id = self.next_id();
        let producer = self.producers.get_mut(transactional_id).expect("its epoch was just checked");
        let asked = producer.next_fault.take_if(|fault| *fault == Fault::Refused);
        if let Some(why) = refusal.or(asked.map(|_| "it was asked to".to_owned())) {
            self.end_open(transactional_id, false);
            return Err(LogError::Refused(why));
        }
        producer
            .open
            .get_or_insert_with(|| Transaction { id, written: BTreeMap::new(), positions: None })
            .positions = Some((group.to_owned(), positions.to_vec()));
        Ok(())
    }

    /// Commits the open transaction.
    pub fn commit(&mut self, transactional_id: &str, epoch: u64) -> LogResult<()> {
        self.check_epoch(transactional_id, epoch)?;
        let producer = self.producers.get_mut(transactional_id).expect("its epoch was just checked");
        let fault = producer.next_fault.take();
        match fault {
            Some(Fault::RequestLate) => {
                producer.late_commit = producer.open.is_some().then_some(epoch);
            }
            Some(Fault::RequestLost) => {}
            Some(Fault::AnswerLost | Fault::Refused) | None => self.end_open(transactional_id, true),
        }
        match fault {
            Some(_) => Err(LogError::Unclear("no answer came to the commit".to_owned())),
            None => Ok(()),
        }
    }

    pub fn abort(&mut self, transactional_id: &str, epoch: u64) -> LogResult<()> {
        self.check_epoch(transactional_id, epoch)?;
        self.end_open(transactional_id, false);
        Ok(())
    }

    pub fn set_fault(&mut self, transactional_id: &str, fault: Fault) {
        self.producers.entry(transactional_id.to_owned()).or_default().next_fault = Some(fault);
    }

    /// A commit that was on its way arrives. Nothing happens if its producer has been replaced in the meantime. Otherwise
    /// it ends whatever transaction is open now, be it a later one: with the protocol that librdkafka speaks, a broker
    /// cannot tell.
    pub fn deliver_late(&mut self, transactional_id: &str) -> bool {
        let Some(producer) = self.producers.get_mut(transactional_id) else { return false };
        let epoch = producer.epoch;
        let counts = producer.late_commit.take() == Some(epoch) && producer.open.is_some();
        if counts {
            self.end_open(transactional_id, true);
        }
        counts
    }

    /// The transaction timeout: the open transaction is aborted and its producer fenced.
    pub fn time_out(&mut self, transactional_id: &str) {
        if self.producers.get(transactional_id).is_some_and(|producer| producer.open.is_some()) {
            self.init_producer(transactional_id);
        }
    }

    /// Whoever asks for committed positions waits for the open transactions that hold new ones, at most until
    /// they time out. Nobody here is in a hurry for that long, so they time out at once.
    pub fn time_out_waiting(&mut self, group: &str, of: &[TopicPartition]) {
        let waiting: Vec<String> = self
            .producers
            .iter()
            .filter(|(_, producer)| {
                producer.open.as_ref().and_then(|transaction| transaction.positions.as_ref()).is_some_and(
                    |(in_group, positions)| in_group == group && positions.iter().any(|p| of.contains(&p.of)),
                )
            })
            .map(|(id, _)| id.clone())
            .collect();
        for id in waiting {
            self.time_out(&id);
        }
    }

    /// The positions of a group, without those of open transactions.
    pub fn committed(&self, group: &str, of: &[TopicPartition]) -> Vec<Position> {
        let committed = self.groups.get(group).map(|group| &group.committed);
        let position = |of: &TopicPartition| match committed.and_then(|committed| committed.get(of)) {
            Some((next, note)) => Position { of: of.clone(), next: Some(*next), note: note.clone() },
            None => Position { of: of.clone(), next: None, note: String::new() },
        };
        of.iter().map(position).collect()
    }

    fn end_open(&mut self, transactional_id: &str, committed: bool) {
        let Some(transaction) =
            self.producers.get_mut(transactional_id).and_then(|producer| producer.open.take())
        else {
            return;
        };
        for (of, offsets) in transaction.written {
            self.markers.push(Marker {
                transactional_id: transactional_id.to_owned(),
                transaction: transaction.id,
                of,
                offsets,
                committed,
            });
        }
        if !self.markers_are_late {
            self.deliver_markers(|_| true);
        }
        if let (true, Some((group, positions))) = (committed, transaction.positions) {
            let group = self.groups.entry(group).or_default();
            for position in positions {
                let next = position.next.expect("a position without an offset was refused before");
                group.committed.insert(position.of, (next, position.note));
            }
        }
    }

    /// Writes the ends of transactions into those of their partitions that are still to get them. A producer begins
    /// nothing new before its own have arrived.
    pub fn deliver_markers(&mut self, which: impl Fn(&TransactionEnd<'_>) -> bool) -> usize {
        if self.markers.is_empty() {
            return 0;
        }
        let all = std::mem::take(&mut self.markers);
        let is_due = |marker: &Marker| {
            which(&TransactionEnd { transactional_id: &marker.transactional_id, of: &marker.of })
        };
        let (due, late): (Vec<Marker>, Vec<Marker>) = all.into_iter().partition(is_due);
        self.markers = late;
        let delivered = due.len();
        for Marker { transaction, of, offsets, committed, .. } in due {
            let partition = self.partition_mut(&of).expect("topics are never deleted");
            partition.end_transaction(transaction, &offsets, committed);
        }
        delivered
    }

    /// Names the producers that have a transaction open, and the partitions that wait for the end of one.
    pub fn open_transactions(&self) -> Vec<String> {
        let producers = self.producers.iter().filter(|(_, producer)| producer.open.is_some());
        let late = self.markers.iter().map(|marker| marker.of.to_string());
        producers.map(|(id, _)| id.clone()).chain(late).collect()
    }

    fn check_epoch(&self, transactional_id: &str, epoch: u64) -> LogResult<()> {
        match self.producers.get(transactional_id) {
            Some(producer) if producer.epoch == epoch => Ok(()),
            _ => Err(LogError::Unclear(format!(
                "{transactional_id} is fenced: another one has taken its place"
            ))),
        }
    }
}
