//! The small language of the broker tests: one test's topics, group and workers. It checks nothing by itself
//! but that what must come does come in time.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use chat_goals::log::kafka::{KafkaBatch, KafkaLog, KafkaMember, KafkaTuning};
use chat_goals::log::{
    Batch, Log, LogError, LogResult, Member, Offset, Outgoing, Polled, Position, Reader, TopicPartition,
    TopicPlan,
};
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::{ClientConfig, TopicPartitionList};

/// Longer than anything here takes on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(60);
/// Long enough for a record that must not come to come.
pub const QUIET: Duration = Duration::from_millis(400);
pub const STEP: Duration = Duration::from_millis(50);

/// One test's topics and group.
pub struct World {
    pub log: KafkaLog,
    pub group: String,
    pub input: Arc<str>,
    pub also: Arc<str>,
    pub out: Arc<str>,
}

fn bootstrap() -> String {
    std::env::var("KAFKA_BOOTSTRAP").unwrap_or_else(|_| {
        panic!("these tests need a Kafka broker: run them as `dev/kafka run -- cargo test --release --test kafka_log`")
    })
}

pub fn world(partitions: i32) -> World {
    world_tuned(partitions, KafkaTuning::default())
}

pub fn world_tuned(partitions: i32, tuning: KafkaTuning) -> World {
    static WORLDS: AtomicU32 = AtomicU32::new(0);
    // Shown for a test that fails; `RUST_LOG` asks for more.
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_test_writer().try_init();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let name = format!("log-test-{now}-{}-{}", std::process::id(), WORLDS.fetch_add(1, Ordering::Relaxed));
    let log = KafkaLog::connect(&bootstrap(), &[], tuning).unwrap();
    let topic = |what: &str| -> Arc<str> { format!("{name}-{what}").into() };
    let (input, also, out) = (topic("in"), topic("also"), topic("out"));
    let plan =
        |name: &Arc<str>| TopicPlan { name: name.to_string(), partitions, replication: -1, settings: vec![] };
    log.create_topics(&[plan(&input), plan(&also), plan(&out)]).unwrap();
    World { log, group: name, input, also, out }
}

impl World {
    pub fn join(&self, slot: &str) -> KafkaMember {
        self.log.join(&self.group, slot, &[self.input.clone(), self.also.clone()]).unwrap()
    }

    /// A member with everything assigned, in both topics, and started where the group left off.
    pub fn sole(&self, slot: &str, partitions: usize) -> KafkaMember {
        let mut member = self.join(slot);
        let assigned = until_assigned(&mut member, 2 * partitions);
        start(&mut member, &assigned.into_iter().collect::<Vec<_>>());
        member
    }

    pub fn input(&self, partition: i32) -> TopicPartition {
        TopicPartition::new(self.input.clone(), partition)
    }

    pub fn out(&self) -> TopicPartition {
        TopicPartition::new(self.out.clone(), 0)
    }

    pub fn at(&self, partition: i32, next: Offset, note: &str) -> Position {
        Position { of: self.input(partition), next: Some(next), note: note.to_owned() }
    }

    /// Writes `count` records, numbered from 0, in one transaction of a worker that is not in the way.
    pub fn fill(&self, partition: i32, count: u32) {
        let mut writer =
            self.log.join(&format!("{}-writer", self.group), "w", std::slice::from_ref(&self.out)).unwrap();
        for number in 0..count {
            send(&mut writer, &self.input(partition), &number.to_string());
        }
        writer.commit(&[]).unwrap();
        writer.leave().unwrap();
    }

    pub fn read_out(&self, count: usize) -> Vec<String> {
        let mut reader = self.log.reader().unwrap();
        reader.assign(&[(self.out(), 0)]).unwrap();
        let mut read = Vec::new();
        let limit = Instant::now() + LIMIT;
        while read.len() < count {
            assert!(
                Instant::now() < limit,
                "{} of {count} records came, the last is {:?}; the reader is at {:?}, the log ends at {:?}",
                read.len(),
                read.last(),
                reader.position(&self.out()),
                self.log.ends(&[self.out()])
            );
            read.extend(reader.poll(STEP).unwrap().iter().flat_map(values));
        }
        read.extend(reader.poll(QUIET).unwrap().iter().flat_map(values));
        read
    }
}

pub fn send(member: &mut KafkaMember, to: &TopicPartition, value: &str) {
    let value = Some(value.as_bytes());
    member
        .send(Outgoing {
            topic: &to.topic,
            partition: to.partition,
            key: Some(b"k"),
            value,
            headers: &[],
            timestamp: None,
        })
        .unwrap();
}

pub fn values(batch: &KafkaBatch) -> Vec<String> {
    (0..batch.len()).map(|i| String::from_utf8(batch.get(i).value.unwrap().to_vec()).unwrap()).collect()
}

pub fn start(member: &mut KafkaMember, partitions: &[TopicPartition]) {
    for position in member.committed(partitions).unwrap() {
        member.start(&position.of, position.next).unwrap();
    }
}

/// Polls until something other than `Nothing` comes.
pub fn event(member: &mut KafkaMember) -> Polled<KafkaBatch> {
    let limit = Instant::now() + LIMIT;
    loop {
        match member.poll(STEP).unwrap() {
            Polled::Nothing => assert!(Instant::now() < limit, "nothing happened"),
            event => return event,
        }
    }
}

/// Polls until this many partitions have been assigned in all.
pub fn until_assigned(member: &mut KafkaMember, count: usize) -> BTreeSet<TopicPartition> {
    let mut all = BTreeSet::new();
    while all.len() < count {
        match event(member) {
            Polled::Assigned(partitions) => all.extend(partitions),
            other => panic!("not an assignment: {other:?}"),
        }
    }
    all
}

pub fn records(member: &mut KafkaMember, count: usize) -> Vec<String> {
    let mut read = Vec::new();
    while read.len() < count {
        match event(member) {
            Polled::Records(batch) => read.extend(values(&batch)),
            other => panic!("not records: {other:?}"),
        }
    }
    read
}

pub fn assert_quiet(member: &mut KafkaMember) {
    let until = Instant::now() + QUIET;
    while Instant::now() < until {
        let polled = member.poll(STEP).unwrap();
        assert!(matches!(polled, Polled::Nothing), "something came: {polled:?}");
    }
}

pub fn assert_refused(outcome: LogResult<()>) {
    assert!(matches!(outcome, Err(LogError::Refused(_))), "{outcome:?}");
}

pub fn delete_records(of: &TopicPartition, before: Offset) {
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", bootstrap()).create().unwrap();
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(&of.topic, of.partition, rdkafka::Offset::Offset(before)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(admin.delete_records(&list, &AdminOptions::new())).unwrap();
}
