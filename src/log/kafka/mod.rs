//! The log in Apache Kafka (4.0 or newer: the consumer protocol of KIP-848 with the broker's range assignor),
//! by librdkafka.
//!
//! `settings` is every setting with its reason, `client` what librdkafka calls back, `queue`, `sending` and `groups` the
//! only unsafe code (but for one call in `producer`), `cursors` lets each record through once, `producer` sorts the
//! errors of transactions, and `sending` hands their records over. `member`, `reader` and `admin` are the three kinds of
//! connection, `writer` writes outside of transactions. Nothing here looks into a key or a value. `heir` speaks for a
//! member that was killed, `oversight` notices what a member should have been told.

mod admin;
mod client;
mod cursors;
mod groups;
mod heir;
mod member;
mod oversight;
mod producer;
mod queue;
mod reader;
mod sending;
mod settings;
mod writer;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rdkafka::Offset as KafkaOffset;

use super::{Log, LogError, LogResult, Offset, Outgoing, Position, TopicInfo, TopicPartition, TopicPlan};
use admin::{Desk, Open};
pub use groups::{GroupInfo, GroupMember};
pub use member::KafkaMember;
pub use queue::{KafkaBatch, RawHeaders};
pub use reader::KafkaReader;
pub use settings::KafkaTuning;
use settings::Settings;
pub use writer::{Delivery, KafkaWriter};

/// A broker that does not answer the first question in this time is taken for a wrong address.
const GREETING_TIMEOUT: Duration = Duration::from_secs(10);

/// One Kafka cluster. Clones share its connections.
#[derive(Clone)]
pub struct KafkaLog {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    desk: Desk,
    readers_made: AtomicU64,
}

impl KafkaLog {
    /// `properties` are librdkafka's own (`security.protocol`, `sasl.username`, …) and go to every client.
    pub fn connect(bootstrap: &str, properties: &[(String, String)], tuning: KafkaTuning) -> LogResult<Self> {
        let settings = Settings::new(bootstrap, properties, tuning)?;
        let desk = Desk::open(&settings)?;
        desk.greet(GREETING_TIMEOUT)?;
        Ok(Self { inner: Arc::new(Inner { settings, desk, readers_made: AtomicU64::new(0) }) })
    }

    /// Who is in a group, without being in it.
    pub fn describe_group(&self, group: &str) -> LogResult<GroupInfo> {
        self.inner.desk.describe_group(group)
    }

    /// Writes records by hand, outside of any group and transaction; once it returns the brokers have them all. What an
    /// error leaves behind is not known: some of them may be there.
    pub fn write(&self, records: &[Outgoing<'_>]) -> LogResult<()> {
        let settings = &self.inner.settings;
        writer::write(settings.writer(settings.tuning.answer_timeout), records)
    }

    /// A writer outside of any group and transaction, whose records are written within this time or not at all.
    pub fn writer(&self, delivery_timeout: Duration) -> LogResult<KafkaWriter> {
        KafkaWriter::open(self.inner.settings.writer(delivery_timeout))
    }

    /// Says what is missing between a position and what the log holds.
    fn gap(&self, of: &TopicPartition, next: Offset, reason: &str) -> String {
        let of = std::slice::from_ref(of);
        match (self.begins(of), self.ends(of)) {
            (Ok(begins), _) if next < begins[0] => {
                let lost = begins[0] - next;
                format!(
                    "the position is {next}, but the log begins at {}: {lost} records were lost",
                    begins[0]
                )
            }
            (_, Ok(ends)) if next > ends[0] => {
                let lost = next - ends[0];
                format!("the position is {next}, but the log ends at {}: {lost} records were lost", ends[0])
            }
            _ => format!("the position is {next}: {reason}"),
        }
    }
}

impl Log for KafkaLog {
    type Member = KafkaMember;
    type Reader = KafkaReader;

    fn join(&self, group: &str, slot: &str, topics: &[Arc<str>]) -> LogResult<KafkaMember> {
        let names: Vec<&str> = topics.iter().map(|topic| &**topic).collect();
        let found = self.topics(&names, &[])?;
        if let Some(missing) = names.iter().find(|name| !found.iter().any(|topic| topic.name == **name)) {
            // It was there when the process started: a broker that has just started may not know it yet.
            return Err(LogError::Broken(format!("there is no topic {missing} now")));
        }
        KafkaMember::join(self.clone(), group, slot, topics)
    }

    fn reader(&self) -> LogResult<KafkaReader> {
        let number = self.inner.readers_made.fetch_add(1, Ordering::Relaxed);
        KafkaReader::open(self.clone(), &format!("chat-goals.reader.{}.{number}", std::process::id()))
    }

    fn begins(&self, of: &[TopicPartition]) -> LogResult<Vec<Offset>> {
        self.inner.desk.offsets(of, KafkaOffset::Beginning)
    }

    fn ends(&self, of: &[TopicPartition]) -> LogResult<Vec<Offset>> {
        self.inner.desk.offsets(of, KafkaOffset::End)
    }

    fn tails(&self, of: &[TopicPartition]) -> LogResult<Vec<Offset>> {
        self.inner.desk.tails(of)
    }

    fn committed(&self, group: &str, of: &[TopicPartition]) -> LogResult<Vec<Position>> {
        self.inner.desk.committed(&self.inner.settings, group, of, Open::IsWaitedFor)
    }

    fn committed_so_far(&self, group: &str, of: &[TopicPartition]) -> LogResult<Vec<Position>> {
        self.inner.desk.committed(&self.inner.settings, group, of, Open::IsPassedOver)
    }

    fn topics(&self, names: &[&str], settings: &[&str]) -> LogResult<Vec<TopicInfo>> {
        self.inner.desk.topics(names, settings)
    }

    fn create_topics(&self, plans: &[TopicPlan]) -> LogResult<()> {
        self.inner.desk.create_topics(plans)
    }

    fn delete_topics(&self, names: &[String]) -> LogResult<()> {
        self.inner.desk.delete_topics(names)
    }

    fn delete_group(&self, group: &str) -> LogResult<()> {
        self.inner.desk.delete_group(group)
    }
}
