//! The log: partitioned topics of bytes, read by a group and written in transactions.
//!
//! There are two real implementations: [`kafka`] and [`memory`]. Nothing here knows what the bytes mean,
//! keeps state of its own, or decides when to commit.
//!
//! A [`Log`] is the way into one cluster. A [`Member`] is one worker's connection: a consumer in the group
//! and a transactional producer that live and die together. A [`Reader`] reads named partitions without a
//! group (changelogs, goal changes, outputs).

pub mod kafka;
pub mod memory;
pub mod partitioner;

use std::sync::Arc;
use std::time::Duration;

/// A position in a partition: the offset of the next record to read.
pub type Offset = i64;

/// The longest note that can be kept beside a position (Kafka's default for `offset.metadata.max.bytes`).
pub const NOTE_BYTES_MAX: usize = 4096;

/// One partition of one topic.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicPartition {
    pub topic: Arc<str>,
    pub partition: i32,
}

impl TopicPartition {
    pub fn new(topic: impl Into<Arc<str>>, partition: i32) -> Self {
        Self { topic: topic.into(), partition }
    }
}

impl std::fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}[{}]", self.topic, self.partition)
    }
}

/// A record as it lies in the log, borrowed from the batch that holds it.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    pub topic: &'a str,
    pub partition: i32,
    pub offset: Offset,
    /// The log timestamp as stored (milliseconds since the epoch); `None` where the log has none.
    pub timestamp: Option<i64>,
    pub key: Option<&'a [u8]>,
    /// `None` is a tombstone.
    pub value: Option<&'a [u8]>,
    pub headers: Headers<'a>,
}

/// The headers of a record. Looked at for dead letters only, so each log keeps its own form until asked.
#[derive(Clone, Copy)]
pub enum Headers<'a> {
    None,
    Owned(&'a [Header]),
    Kafka(kafka::RawHeaders<'a>),
}

/// One header: a name and a value, which may be null.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    pub name: String,
    pub value: Option<Vec<u8>>,
}

impl Headers<'_> {
    /// All headers, in their order.
    pub fn to_vec(&self) -> Vec<Header> {
        match self {
            Headers::None => Vec::new(),
            Headers::Owned(headers) => headers.to_vec(),
            Headers::Kafka(headers) => headers.to_vec(),
        }
    }
}

impl std::fmt::Debug for Headers<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.to_vec()).finish()
    }
}

/// Records that were fetched together, in the order of their partitions. Dropping it gives the memory back.
pub trait Batch {
    fn len(&self) -> usize;
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The record at `index < len()`.
    fn get(&self, index: usize) -> Record<'_>;
}

/// A record to be written. Compression and batching are the log's business.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    pub topic: &'a str,
    pub partition: i32,
    /// `None` writes a null key.
    pub key: Option<&'a [u8]>,
    /// `None` writes a tombstone.
    pub value: Option<&'a [u8]>,
    pub headers: &'a [Header],
    /// Milliseconds since the epoch; `None`: now.
    pub timestamp: Option<i64>,
}

/// How far a partition has been read and what was noted beside it: the group's committed offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    pub of: TopicPartition,
    /// The next offset to read; `None`: the group has never committed this partition.
    pub next: Option<Offset>,
    /// A short note of the application's own ([`NOTE_BYTES_MAX`]), empty if there is none.
    pub note: String,
}

/// Everything a member can be told by one [`Member::poll`].
#[derive(Debug)]
pub enum Polled<B> {
    /// Nothing happened within the timeout.
    Nothing,
    Records(B),
    /// These partitions now belong to this member. None of their records come before [`Member::start`].
    Assigned(Vec<TopicPartition>),
    /// These partitions must be given up. They are still owned until the next `poll`, so commit (or abort) first.
    Revoked(Vec<TopicPartition>),
    /// These partitions are already somebody else's: no commit of theirs can succeed. Drop what is uncommitted.
    Lost(Vec<TopicPartition>),
    /// This partition cannot go on (for example: the log begins after the position asked for). The others can.
    Stopped(TopicPartition, String),
}

/// What went wrong, sorted by what has to happen next.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// Nothing of the transaction took effect or ever will. Go back to the last commit; the member may go on.
    #[error("the transaction was refused: {0}")]
    Refused(String),
    /// It is not known whether the transaction took effect, or the member is fenced. [`Member::recover`] first.
    #[error("the outcome of the transaction is not known: {0}")]
    Unclear(String),
    /// This member cannot go on at all; drop it and join again.
    #[error("the connection to the log is lost: {0}")]
    Broken(String),
    /// A mistake in the set-up that no retry mends (a missing topic, refused credentials).
    #[error("{0}")]
    Setup(String),
}

pub type LogResult<T> = Result<T, LogError>;

/// What the log knows of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicInfo {
    pub name: String,
    pub partitions: i32,
    /// The settings asked for, as the log prints them (`cleanup.policy`, `retention.ms`, …).
    pub settings: Vec<(String, String)>,
}

/// A topic that should exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicPlan {
    pub name: String,
    pub partitions: i32,
    /// `-1`: the log's default.
    pub replication: i32,
    pub settings: Vec<(String, String)>,
}

/// One cluster. Cheap to share between threads.
pub trait Log: Send + Sync + 'static {
    type Member: Member;
    type Reader: Reader;

    /// Joins the group as one worker. `slot` names this worker for ever (it survives restarts), so that its
    /// heir ends what it left open. `topics` are subscribed together and assigned as ranges, so that equal
    /// partition numbers of topics with equal counts come to the same member.
    fn join(&self, group: &str, slot: &str, topics: &[Arc<str>]) -> LogResult<Self::Member>;

    /// A reader of committed records only.
    fn reader(&self) -> LogResult<Self::Reader>;

    /// The first offset that is still there, for each partition asked for, in that order.
    fn begins(&self, of: &[TopicPartition]) -> LogResult<Vec<Offset>>;

    /// The end of what is committed (the last stable offset), for each partition asked for, in that order. A commit
    /// that has just returned may be in it only a moment later.
    fn ends(&self, of: &[TopicPartition]) -> LogResult<Vec<Offset>>;

    /// The end with what is not committed yet, for each partition asked for, in that order. A transaction whose
    /// positions are visible may still be unseen at its end ([`Log::ends`]), but never beyond this.
    fn tails(&self, of: &[TopicPartition]) -> LogResult<Vec<Offset>>;

    /// The group's committed positions, in the order asked for. Waits for open transactions on them to end.
    fn committed(&self, group: &str, of: &[TopicPartition]) -> LogResult<Vec<Position>>;

    /// The same without waiting: what an open transaction would commit is not committed.
    fn committed_so_far(&self, group: &str, of: &[TopicPartition]) -> LogResult<Vec<Position>>;

    /// The topics that exist among `names`, with the values of `settings`.
    fn topics(&self, names: &[&str], settings: &[&str]) -> LogResult<Vec<TopicInfo>>;

    /// Creates the topics; one that exists already is an error.
    fn create_topics(&self, plans: &[TopicPlan]) -> LogResult<()>;

    /// Deletes topics with all that is in them; one that does not exist is none to delete.
    fn delete_topics(&self, names: &[String]) -> LogResult<()>;

    /// Deletes a group with its positions, if it exists. Nobody may be in it.
    fn delete_group(&self, group: &str) -> LogResult<()>;
}

/// One worker's consumer and transactional producer. Used by one thread at a time.
pub trait Member: Send {
    type Batch: Batch;

    /// Waits at most `timeout` for records or a change of the assignment.
    fn poll(&mut self, timeout: Duration) -> LogResult<Polled<Self::Batch>>;

    /// The group's committed positions of partitions of this member.
    fn committed(&mut self, of: &[TopicPartition]) -> LogResult<Vec<Position>>;

    /// How far a partition of this member has been read, transaction markers and compacted holes included: it reaches
    /// the end that [`Log::ends`] told once everything before that end was delivered. `None` while it is held back. A partition
    /// that has stopped by itself stands where it stopped: what came before is to be committed.
    fn position(&self, of: &TopicPartition) -> Option<Offset>;

    /// Begins (or begins again) to deliver the partition from `next`; `None`: from its first record.
    /// What was fetched of it before is dropped.
    fn start(&mut self, of: &TopicPartition, next: Option<Offset>) -> LogResult<()>;

    /// Holds the partition back until `start`; what was fetched of it is dropped.
    fn pause(&mut self, of: &TopicPartition) -> LogResult<()>;

    /// Writes into the open transaction, opening one if there is none. Waits while the producer's queue is full.
    fn send(&mut self, record: Outgoing<'_>) -> LogResult<()>;

    /// Ends the open transaction (opening one first if there is none): records and positions become visible
    /// together, or not at all. Every position has an offset and belongs to a partition of this member: the log
    /// refuses a member that is none any more, but may not notice a partition that it has given up.
    fn commit(&mut self, positions: &[Position]) -> LogResult<()>;

    /// Throws the open transaction away, if there is one.
    fn abort(&mut self) -> LogResult<()>;

    /// After [`LogError::Unclear`]: replaces the producer. When this returns, whatever was unclear is decided
    /// and `committed` tells how.
    fn recover(&mut self) -> LogResult<()>;

    /// Leaves the group at once, so that the others need not wait for a timeout.
    fn leave(self) -> LogResult<()>;
}

/// Reads partitions without a group: only committed records, in the order of each partition.
pub trait Reader {
    type Batch: Batch;

    /// Begins to read these partitions at these offsets, instead of what it read before.
    fn assign(&mut self, from: &[(TopicPartition, Offset)]) -> LogResult<()>;

    /// Waits at most `timeout`; `None`: nothing came. An offset that the log does not hold is a [`LogError::Setup`],
    /// never skipped.
    fn poll(&mut self, timeout: Duration) -> LogResult<Option<Self::Batch>>;

    /// How far the partition has been read, transaction markers and compacted holes included: it reaches the
    /// end that [`Log::ends`] told once everything before that end was delivered.
    fn position(&self, of: &TopicPartition) -> Option<Offset>;
}
