//! The broker and what is on it: topics made anew, the load written, ends and positions asked for.

use crate::process::{LIMIT, producer, send};
use crate::rich::{Input, Load};
use anyhow::Context as _;
use chat_goals::config::Config;
use chat_goals::log::kafka::{KafkaLog, KafkaTuning};
use chat_goals::log::{Log as _, Reader as _, TopicPartition, TopicPlan};
use chat_goals::runtime::topology;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::producer::Producer as _;
use std::time::{Duration, Instant};

/// Of each topic, unless it is said otherwise.
pub const PARTITIONS: i32 = 4;
pub const STATUSES: &str = "goal.status-changed";
pub const COUNTERS: &str = "manager.goal-counters";
pub const OUTPUTS: [&str; 3] = [STATUSES, COUNTERS, "dead-letters"];
/// The inputs whose positions a group commits.
pub const CONSUMED: [&str; 2] = ["chat.events", "customer.events"];

pub struct World {
    pub bootstrap: String,
    pub log: KafkaLog,
    /// Of each topic.
    pub partitions: i32,
    broker: Option<u32>,
}

impl World {
    pub fn connect() -> anyhow::Result<Self> {
        let bootstrap = std::env::var("KAFKA_BOOTSTRAP")
            .context("there is no KAFKA_BOOTSTRAP: dev/kafka run -- cargo bench --bench compare")?;
        let log = KafkaLog::connect(&bootstrap, &[], KafkaTuning::default())?;
        let broker = std::env::var("KAFKA_PID").ok().and_then(|pid| pid.parse().ok());
        Ok(Self { bootstrap, log, partitions: PARTITIONS, broker })
    }

    /// CPU seconds of the broker so far; not a number if it is elsewhere.
    pub fn broker_cpu(&self) -> f64 {
        self.broker.and_then(crate::proc::cpu_seconds).unwrap_or(f64::NAN)
    }

    /// The settings of `chat-goals` for a group.
    pub fn config(&self, id: &str) -> anyhow::Result<Config> {
        let set = [("group.id", id.to_owned()), ("create.partitions", self.partitions.to_string())];
        Ok(Config::load(None, std::iter::empty(), &set.map(|(name, value)| (name.to_owned(), value)))?)
    }

    pub fn partitions<T: AsRef<str>>(&self, topics: impl IntoIterator<Item = T>) -> Vec<TopicPartition> {
        let of =
            |topic: T| (0..self.partitions).map(move |number| TopicPartition::new(topic.as_ref(), number));
        topics.into_iter().flat_map(of).collect()
    }

    /// Writes the load into fresh inputs; the number of chat and customer events.
    pub fn preload(&self, load: &Load) -> anyhow::Result<u64> {
        self.fresh_inputs()?;
        let producer = producer(&self.bootstrap)?;
        let records = load.each(|record| {
            send(&producer, record.to.topic(), &record.key, &record.json, record.at);
            Ok(())
        })?;
        producer.flush(LIMIT)?;
        let written: i64 = self.log.ends(&self.partitions(CONSUMED))?.iter().sum();
        anyhow::ensure!(written as u64 == records, "{written} of {records} records are in the inputs");
        Ok(records)
    }

    pub fn fresh_inputs(&self) -> anyhow::Result<()> {
        let inputs = Input::ALL.map(Input::topic);
        self.remake(&inputs, &self.config("inputs")?, |plan| inputs.contains(&plan.name.as_str()))
    }

    /// Outputs with nothing in them, and the other topics of this group that `also` wants.
    pub fn fresh_outputs(&self, config: &Config, also: bool) -> anyhow::Result<()> {
        self.remake(&OUTPUTS, config, |plan| also || OUTPUTS.contains(&plan.name.as_str()))
    }

    fn remake(
        &self,
        topics: &[&str],
        config: &Config,
        wanted: impl Fn(&TopicPlan) -> bool,
    ) -> anyhow::Result<()> {
        self.delete(topics)?;
        let mut plans = topology::missing(config, &self.log)?;
        plans.retain(wanted);
        Ok(self.log.create_topics(&plans)?)
    }

    /// Deletes topics, and waits until the broker knows it.
    fn delete(&self, topics: &[&str]) -> anyhow::Result<()> {
        self.log.delete_topics(&topics.iter().map(|topic| (*topic).to_owned()).collect::<Vec<_>>())?;
        let start = Instant::now();
        while !self.log.topics(topics, &[])?.is_empty() {
            anyhow::ensure!(start.elapsed() < LIMIT, "the topics are not deleted");
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Deletes whatever topics an application made for itself, and its group.
    pub fn forget(&self, id: &str, group: &str) -> anyhow::Result<()> {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", &self.bootstrap)
            .set("group.id", "compare")
            .create()?;
        let metadata = consumer.fetch_metadata(None, Duration::from_secs(30))?;
        let prefix = format!("{id}-");
        let topics: Vec<&str> = metadata
            .topics()
            .iter()
            .map(|topic| topic.name())
            .filter(|name| name.starts_with(&prefix))
            .collect();
        self.delete(&topics)?;
        // A member that was killed may be in it still; it goes with the broker.
        let _ = self.log.delete_group(group);
        Ok(())
    }

    /// Does anything that a reader sees lie between these positions and the ends? Ends of transactions do not count.
    pub fn data_after(&self, from: &[(TopicPartition, i64)]) -> anyhow::Result<bool> {
        let of: Vec<TopicPartition> = from.iter().map(|(of, _)| of.clone()).collect();
        let ends = self.log.ends(&of)?;
        let mut reader = self.log.reader()?;
        reader.assign(from)?;
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(2) {
            if reader.poll(Duration::from_millis(50))?.is_some() {
                return Ok(true);
            }
            if of.iter().zip(&ends).all(|(of, end)| reader.position(of).is_some_and(|next| next >= *end)) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
