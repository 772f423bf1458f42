//! One goal and one chat, put in and looked for by plain Kafka clients that know nothing of the program but its topics.

use crate::broker::{Broker, PASSWORD, USER};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use rdkafka::{ClientConfig, Message as _, Offset, TopicPartitionList};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Longer than it takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

pub struct Job<'a> {
    name: &'a str,
    client: ClientConfig,
    now: DateTime<Utc>,
}

impl<'a> Job<'a> {
    /// On the topics whose names begin with `name`.
    pub fn new(broker: &Broker, name: &'a str) -> Self {
        let mut client = ClientConfig::new();
        client
            .set("bootstrap.servers", &broker.bootstrap)
            .set("security.protocol", "sasl_ssl")
            .set("sasl.mechanism", "SCRAM-SHA-512")
            .set("sasl.username", USER)
            .set("sasl.password", PASSWORD)
            .set("ssl.ca.location", broker.certificate().display().to_string());
        Self { name, client, now: Utc::now() }
    }

    pub fn put_a_goal_and_a_chat_that_reaches_it(&self) {
        let producer: BaseProducer = self.client.create().unwrap();
        let goal = json!({"eventName": "Purchase", "days": 7});
        let records = [
            ("goal.changes", "shop", 60, json!({"subscriptionSet": {"active": true}})),
            ("goal.changes", "shop", 60, json!({"goalSet": goal})),
            ("chat.events", "c1", 3, json!({"chatId": "c1", "customerMessage": {"customerId": "anna"}})),
            ("chat.events", "c1", 2, json!({"chatId": "c1", "managerReply": {"managerId": "mia"}})),
            (
                "customer.events",
                "anna",
                1,
                json!({"id": "e1", "customerId": "anna", "tracked": {"name": "Purchase"}}),
            ),
        ];
        for (topic, key, seconds_ago, mut value) in records {
            let at = self.now - TimeDelta::seconds(seconds_ago);
            value["channelId"] = "shop".into();
            value["at"] = at.to_rfc3339_opts(SecondsFormat::Millis, true).into();
            let (topic, value) = (self.topic(topic), value.to_string());
            let record = BaseRecord::to(&topic).partition(0).key(key).payload(&value);
            producer.send(record.timestamp(at.timestamp_millis())).map_err(|(error, _)| error).unwrap();
        }
        producer.flush(LIMIT).unwrap();
    }

    /// Waits for the chat to be published with this status.
    pub fn await_status(&self, wanted: &str, mut meanwhile: impl FnMut()) {
        let reader: BaseConsumer = self.client.clone().set("group.id", "the-readers").create().unwrap();
        let mut all = TopicPartitionList::new();
        all.add_partition_offset(&self.topic("goal.status-changed"), 0, Offset::Beginning).unwrap();
        reader.assign(&all).unwrap();
        let limit = Instant::now() + LIMIT;
        let mut seen = Vec::new();
        while seen.last().is_none_or(|status| status != wanted) {
            assert!(Instant::now() < limit, "the chat was published as {seen:?}, but not as {wanted}");
            meanwhile();
            if let Some(record) = reader.poll(Duration::from_millis(100)) {
                let record = record.unwrap();
                let value: Value = serde_json::from_slice(record.payload().unwrap()).unwrap();
                assert_eq!(value["chatId"], "c1");
                seen.push(value["status"].as_str().unwrap().to_owned());
            }
        }
    }

    fn topic(&self, name: &str) -> String {
        format!("{}.{name}", self.name)
    }
}
