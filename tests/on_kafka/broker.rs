//! The broker as a platform and its operator see it: records are produced, groups are configured, records are deleted.
//! It reads nothing and never looks at what is in a record.

use crate::bootstrap;
use crate::workload::{Entry, Input};
use chat_goals::config::WireForm;
use chat_goals::log::kafka::{KafkaLog, KafkaTuning};
use chat_goals::log::partitioner::partition_of;
use chat_goals::log::{Log as _, Offset, TopicPartition, TopicPlan};
use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::KafkaError;
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer as _, ProducerContext, ThreadedProducer};
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{ClientConfig, ClientContext, TopicPartitionList};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Longer than anything here takes on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(120);

/// One connection for all tests.
pub fn log() -> &'static KafkaLog {
    static LOG: OnceLock<KafkaLog> = OnceLock::new();
    LOG.get_or_init(|| KafkaLog::connect(&bootstrap(), &[], KafkaTuning::default()).unwrap())
}

/// Where each partition of a topic ends.
pub fn ends(topic: &str) -> Vec<Offset> {
    let found = log().topics(&[topic], &[]).unwrap();
    let all: Vec<_> =
        (0..found[0].partitions).map(|partition| TopicPartition::new(topic, partition)).collect();
    log().ends(&all).unwrap()
}

/// Whether so many brokers serve and every replica of every partition has everything.
pub fn in_sync(brokers: usize) -> bool {
    let Ok(metadata) = admin().inner().fetch_metadata(None, Duration::from_secs(10)) else { return false };
    let has_all = |of: &rdkafka::metadata::MetadataPartition| of.isr().len() == of.replicas().len();
    metadata.brokers().len() == brokers
        && metadata.topics().iter().all(|topic| topic.partitions().iter().all(has_all))
}

/// Which partition a producer takes for a key.
#[derive(Clone, Copy, Debug)]
pub enum Partitioner {
    /// As Java clients do, which is where the processor expects it.
    Java,
    /// As librdkafka does unless told otherwise.
    Librdkafka,
    /// As Java clients do, but one key in ten goes to the partition after its home. Of so many partitions.
    Astray(i32),
}

/// A platform's producer.
pub struct Feed {
    native: ThreadedProducer<Failures>,
    astray: Option<i32>,
    topics: [String; 3],
    form: WireForm,
}

/// A record in its parts, for what no platform should send.
#[derive(Clone, Debug)]
pub struct Parts<'a> {
    pub topic: &'a str,
    pub partition: i32,
    pub logged: i64,
    pub key: Option<&'a [u8]>,
    pub value: Option<&'a [u8]>,
    pub headers: &'a [(&'a str, Option<&'a [u8]>)],
}

impl Feed {
    /// `topics` as in [`Input::ALL`].
    pub fn new(topics: [String; 3], form: WireForm, partitioner: Partitioner) -> Self {
        let (partitioner, astray) = match partitioner {
            Partitioner::Java => ("murmur2_random", None),
            Partitioner::Librdkafka => ("consistent_random", None),
            Partitioner::Astray(partitions) => ("murmur2_random", Some(partitions)),
        };
        let native = ClientConfig::new()
            .set("bootstrap.servers", bootstrap())
            .set("enable.idempotence", "true")
            .set("linger.ms", "5")
            .set("partitioner", partitioner)
            .set("message.max.bytes", "2000000")
            .create_with_context(Failures::default())
            .unwrap();
        Self { native, astray, topics, form }
    }

    /// Produces records, and returns once the broker has them all. A goal change is in the log before anything that
    /// comes after it is sent, as with a platform in which somebody sets a goal (A6).
    pub fn produce(&self, entries: &[Entry]) {
        for entry in entries {
            let at = Input::ALL.iter().position(|input| *input == entry.to).expect("it is one of all");
            let value = match self.form {
                WireForm::Json => entry.json.clone().into_bytes(),
                WireForm::Protobuf => entry.protobuf(),
            };
            let mut record = BaseRecord::to(&self.topics[at])
                .key(entry.key.as_bytes())
                .payload(&value[..])
                .timestamp(entry.logged);
            record.partition = self.astray(entry);
            self.send(record);
            if entry.to == Input::GoalChanges {
                self.flush();
            }
        }
        self.flush();
    }

    /// The partition that a key which goes astray is sent to, always the same one.
    fn astray(&self, entry: &Entry) -> Option<i32> {
        /// A prime, so that who goes astray has nothing to do with the home.
        const SIDES: i32 = 9_973;
        let (partitions, key) = (self.astray?, entry.key.as_bytes());
        let strays = entry.to != Input::GoalChanges && partition_of(key, SIDES) % 10 == 0;
        strays.then(|| (partition_of(key, partitions) + 1) % partitions)
    }

    pub fn produce_parts(&self, parts: &Parts<'_>) {
        let mut record = BaseRecord::to(parts.topic).partition(parts.partition).timestamp(parts.logged);
        record.key = parts.key;
        record.payload = parts.value;
        if !parts.headers.is_empty() {
            let headers = parts.headers.iter().fold(OwnedHeaders::new(), |headers, (key, value)| {
                headers.insert(Header { key, value: *value })
            });
            record = record.headers(headers);
        }
        self.send(record);
        self.flush();
    }

    fn send(&self, mut record: BaseRecord<'_, [u8], [u8]>) {
        loop {
            record = match self.native.send(record) {
                Ok(()) => return,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => back,
                Err((error, _)) => panic!("a record could not be produced: {error}"),
            };
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn flush(&self) {
        self.native.flush(LIMIT).unwrap();
        let failed = self.native.context().0.load(Ordering::Relaxed);
        assert_eq!(failed, 0, "records were not delivered");
    }
}

/// Counts the records that did not arrive.
#[derive(Default)]
struct Failures(AtomicU64);

impl ClientContext for Failures {}

impl ProducerContext for Failures {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if result.is_err() {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A topic that is made by hand.
pub fn topic(name: &str, partitions: i32, settings: &[(&str, &str)]) -> TopicPlan {
    let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    TopicPlan { name: name.to_owned(), partitions, replication: -1, settings }
}

/// Lets the broker miss a killed member of the group soon, so that a test of many kills need not wait for long.
pub fn notice_death_soon(group: &str) {
    let config = AlterConfig::new(ResourceSpecifier::Group(group))
        .set("consumer.session.timeout.ms", "2000")
        .set("consumer.heartbeat.interval.ms", "300");
    let results = waited(admin().alter_configs([&config], &AdminOptions::new())).unwrap();
    assert!(results.iter().all(Result::is_ok), "the group is not configured: {results:?}");
}

/// Deletes what lies before an offset, as retention would.
pub fn delete_records(of: &TopicPartition, before: i64) {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(&of.topic, of.partition, rdkafka::Offset::Offset(before)).unwrap();
    waited(admin().delete_records(&list, &AdminOptions::new())).unwrap();
}

/// A transaction that commits a position of a group and is left open until what is returned is dropped, as a process leaves it
/// that is killed in the midst of a commit.
pub fn left_open(
    group: &str,
    of: &TopicPartition,
) -> ThreadedProducer<rdkafka::producer::DefaultProducerContext> {
    const PATIENCE: Duration = Duration::from_secs(30);
    let client = |settings: &[(&str, &str)]| {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", bootstrap());
        for (name, value) in settings {
            config.set(*name, *value);
        }
        config
    };
    let producer: ThreadedProducer<_> =
        client(&[("transactional.id", &format!("left-open-{group}"))]).create().unwrap();
    producer.init_transactions(PATIENCE).unwrap();
    producer.begin_transaction().unwrap();
    let mut positions = TopicPartitionList::new();
    positions.add_partition_offset(&of.topic, of.partition, rdkafka::Offset::Offset(0)).unwrap();
    // Of nobody in the group: then the group takes it from anybody.
    let nobody: rdkafka::consumer::BaseConsumer = client(&[("group.id", group)]).create().unwrap();
    let group = rdkafka::consumer::Consumer::group_metadata(&nobody).unwrap();
    producer.send_offsets_to_transaction(&positions, &group, PATIENCE).unwrap();
    producer
}

fn admin() -> AdminClient<DefaultClientContext> {
    ClientConfig::new().set("bootstrap.servers", bootstrap()).create().unwrap()
}

fn waited<T>(answer: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(answer)
}
