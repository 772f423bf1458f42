//! Every librdkafka setting with its reason, once. It creates no client and knows no topic.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;

use crate::log::{LogError, LogResult};

/// What may be tuned without touching what is promised.
#[derive(Clone, Debug)]
pub struct KafkaTuning {
    /// How long a record waits for company before it is sent. A commit does not wait for it.
    pub linger_ms: u32,
    /// An open transaction of a worker that died is ended by the broker after this time, if no heir does it
    /// sooner.
    pub transaction_timeout: Duration,
    /// A worker that does not poll for this long is thrown out; more than a transaction and a restore may
    /// take.
    pub poll_interval_max: Duration,
    /// The most records in one batch.
    pub batch_records_max: usize,
    /// Fetched and not yet read, for all partitions of a consumer together.
    pub fetched_kbytes_max: u32,
    /// How long a question to the cluster (offsets, topics, positions) may take.
    pub answer_timeout: Duration,
}

impl Default for KafkaTuning {
    fn default() -> Self {
        Self {
            // With 1 ms a worker that is behind sends batches of a few records, which doubles the broker's work.
            linger_ms: 10,
            transaction_timeout: Duration::from_secs(10),
            poll_interval_max: Duration::from_secs(300),
            batch_records_max: 1_000,
            // One queue of 8 to 32 MB feeds a worker at full speed; the default of 64 MB only costs memory.
            fetched_kbytes_max: 8_192,
            // A transaction of a dead worker holds the positions for its timeout, and the broker looks every
            // 10 s.
            answer_timeout: Duration::from_secs(40),
        }
    }
}

/// The settings of every client of one cluster.
pub(super) struct Settings {
    shared: ClientConfig,
    /// Nobody else has named the clients.
    names_clients: bool,
    /// Connections are neither encrypted nor asked who they are.
    pub is_plain: bool,
    pub tuning: KafkaTuning,
}

/// A record that came in must be able to go on to the dead letters, and back, whatever its size.
const MESSAGE_BYTES_MAX: &str = "16777216";

/// What exactly-once rests on. Whoever sets one of these gets an answer, not a subtly different program.
const OWN: [&str; 18] = [
    "auto.offset.reset",
    "bootstrap.servers",
    "delivery.report.only.error",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.idempotence",
    "enable.partition.eof",
    "group.id",
    "group.instance.id",
    "group.protocol",
    "group.remote.assignor",
    "isolation.level",
    "log_level",
    "metadata.broker.list",
    "partition.assignment.strategy",
    "transaction.timeout.ms",
    "transactional.id",
    "acks",
];

impl Settings {
    pub fn new(bootstrap: &str, properties: &[(String, String)], tuning: KafkaTuning) -> LogResult<Self> {
        let mut shared = ClientConfig::new();
        shared.set("bootstrap.servers", bootstrap).set("client.id", "chat-goals");
        // What comes in below this is dropped by `tracing` anyway; this is what librdkafka formats at all.
        shared.set_log_level(RDKafkaLogLevel::Info);
        for (name, value) in properties {
            if OWN.contains(&name.as_str()) {
                return Err(LogError::Setup(format!(
                    "the Kafka property {name} cannot be set: it is part of the design"
                )));
            }
            shared.set(name, value);
        }
        let names_clients = properties.iter().all(|(name, _)| name != "client.id");
        let is_plain =
            shared.get("security.protocol").is_none_or(|kind| kind.eq_ignore_ascii_case("plaintext"));
        Ok(Self { shared, names_clients, is_plain, tuning })
    }

    /// A member of the group: the consumer protocol of Kafka 4, in which a moved partition alone stands
    /// still.
    pub fn member(&self, group: &str, slot: &str) -> ClientConfig {
        let mut config = self.fetching(group);
        if let Some(name) = self.member_name(slot) {
            config.set("client.id", name);
        }
        config
            .set("group.protocol", "consumer")
            // The broker's range assignor is the one that keeps equal partition numbers together in every
            // phase.
            .set("group.remote.assignor", "range")
            .set("max.poll.interval.ms", self.tuning.poll_interval_max.as_millis().to_string());
        config
    }

    /// By which the group knows the member in this slot, whoever holds it; `None` if clients have a name of another's choice.
    pub fn member_name(&self, slot: &str) -> Option<String> {
        self.names_clients.then(|| format!("chat-goals.{slot}"))
    }

    /// Reads without joining. librdkafka wants a group's name for that, too, but nothing is ever committed to
    /// it.
    pub fn reader(&self, name: &str) -> ClientConfig {
        self.fetching(name)
    }

    fn fetching(&self, group: &str) -> ClientConfig {
        let mut config = self.lookup();
        self.default(&mut config, "fetch.message.max.bytes", "1048576");
        // An answer holds this much for all partitions together, and several times that once it is decompressed: it
        // comes on top of what is queued. The default is 50 MB.
        self.default(&mut config, "fetch.max.bytes", "4194304");
        self.default(&mut config, "fetch.wait.max.ms", "50");
        self.default(&mut config, "fetch.queue.backoff.ms", "2");
        self.default(&mut config, "queued.min.messages", "100000");
        config
            .set("group.id", group)
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            // A position that is gone must be an error: a silent reset loses or repeats records.
            .set("auto.offset.reset", "error")
            // With these events the position would run one past the end.
            .set("enable.partition.eof", "false")
            .set("queued.max.messages.kbytes", self.tuning.fetched_kbytes_max.to_string());
        config
    }

    /// Asks for positions of a group without being in it; `lookup` and `uncommitted` differ in what is open.
    pub fn positions(mut config: ClientConfig, group: &str) -> ClientConfig {
        config.set("group.id", group).set("enable.auto.commit", "false");
        config
    }

    /// Asks and never fetches. With `read_committed` the end of a partition is its last stable offset, and a
    /// committed position is told only when no open transaction holds a newer one.
    pub fn lookup(&self) -> ClientConfig {
        let mut config = self.shared.clone();
        config.set("isolation.level", "read_committed");
        config
    }

    pub fn uncommitted(&self) -> ClientConfig {
        let mut config = self.shared.clone();
        config.set("isolation.level", "read_uncommitted");
        config
    }

    pub fn admin(&self) -> ClientConfig {
        self.shared.clone()
    }

    pub fn producer(&self, transactional_id: &str) -> ClientConfig {
        let mut config = self.shared.clone();
        let timeout_ms = self.tuning.transaction_timeout.as_millis().to_string();
        // The first request after a commit meets the coordinator still busy with it and tries again after
        // this.
        self.default(&mut config, "retry.backoff.ms", "2");
        self.default(&mut config, "retry.backoff.max.ms", "50");
        // The cheapest in the sum of both sides.
        self.default(&mut config, "compression.type", "lz4");
        self.default(&mut config, "linger.ms", &self.tuning.linger_ms.to_string());
        // Written and not yet taken by the broker: `send` waits while it is full. What is sent together may be more, and the
        // largest record has to fit in. The default is a gigabyte.
        self.default(&mut config, "queue.buffering.max.kbytes", "20480");
        config
            .set("message.max.bytes", MESSAGE_BYTES_MAX)
            .set("transactional.id", transactional_id)
            .set("enable.idempotence", "true")
            .set("delivery.report.only.error", "true")
            // Lost connections are told by log lines only, and a producer that lost one is replaced.
            .set("log.connection.close", "true")
            .set("transaction.timeout.ms", &timeout_ms)
            // Refused by librdkafka if longer than the transaction's.
            .set("socket.timeout.ms", &timeout_ms);
        config
    }

    /// Writes outside of transactions, each record once, or not at all if the brokers do not take it within this time.
    pub fn writer(&self, delivery_timeout: Duration) -> ClientConfig {
        let mut config = self.shared.clone();
        self.default(&mut config, "compression.type", "lz4");
        // Written and not yet taken by the brokers. The default is a gigabyte.
        self.default(&mut config, "queue.buffering.max.kbytes", "32768");
        config
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("message.max.bytes", MESSAGE_BYTES_MAX)
            .set("message.timeout.ms", delivery_timeout.as_millis().to_string());
        config
    }

    /// Sets what the properties have not set already.
    fn default(&self, config: &mut ClientConfig, name: &str, value: &str) {
        if config.get(name).is_none() {
            config.set(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(properties: &[(&str, &str)]) -> LogResult<Settings> {
        let properties: Vec<_> = properties.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        Settings::new("nowhere:9092", &properties, KafkaTuning::default())
    }

    #[test]
    fn properties_reach_every_client_and_beat_the_defaults() {
        let settings = settings(&[("sasl.username", "u"), ("compression.type", "zstd")]).unwrap();
        for config in
            [settings.member("g", "s"), settings.reader("r"), settings.lookup(), settings.producer("p")]
        {
            assert_eq!(config.get("sasl.username"), Some("u"));
        }
        assert_eq!(settings.producer("p").get("compression.type"), Some("zstd"));
    }

    #[test]
    fn the_largest_record_fits_into_the_queue_of_the_producer() {
        let config = settings(&[]).unwrap().producer("p");
        let number = |name: &str| config.get(name).unwrap().parse::<usize>().unwrap();
        assert!(number("queue.buffering.max.kbytes") * 1_024 > 9 * number("message.max.bytes") / 8);
    }

    #[test]
    fn properties_that_exactly_once_rests_on_are_refused() {
        for name in OWN {
            assert!(matches!(settings(&[(name, "x")]), Err(LogError::Setup(_))), "{name}");
        }
    }
}
