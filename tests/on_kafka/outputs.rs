//! What a `read_committed` reader of the output topics sees, from the first record to the last, and the promises that
//! every such reader relies on: revisions without gap or repeat, each status naming the one before it.

use crate::broker::{LIMIT, log};
use crate::expectation::{Expectation, plain};
use crate::process::{Deployment, Process};
use chat_goals::config::WireForm;
use chat_goals::contract::protobuf::DESCRIPTORS;
use chat_goals::log::kafka::KafkaReader;
use chat_goals::log::{Batch as _, Header, Log as _, Reader as _, Record, TopicPartition};
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

pub struct Outputs {
    reader: KafkaReader,
    partitions: Vec<TopicPartition>,
    statuses: String,
    counters: String,
    form: WireForm,
    status_message: MessageDescriptor,
    counter_message: MessageDescriptor,
    /// Every chat that was ever published.
    pub chats: BTreeMap<String, Chat>,
    /// Every bucket that was ever published, by its key.
    pub buckets: BTreeMap<String, Bucket>,
    pub dead_letters: Vec<DeadLetter>,
    /// How many records were read.
    pub records: u64,
    /// Every promise to readers that was broken: revisions left out, repeated, or with another status before them.
    pub broken: Vec<String>,
    /// How many revisions were left out.
    pub skipped: u64,
    /// How many revisions came again.
    pub repeated: u64,
    /// What changes a rebuild made, each with what was there before.
    pub rebuilds: Vec<String>,
}

/// The newest record of a chat; `None` is a tombstone.
pub struct Chat {
    pub revision: u64,
    pub newest: Option<Value>,
    /// When the newest was written.
    pub written: i64,
}

pub struct Bucket {
    pub revision: u64,
    pub newest: Value,
}

#[derive(Debug)]
pub struct DeadLetter {
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<Header>,
}

impl Outputs {
    pub fn of(deployment: &Deployment) -> Self {
        let topics =
            ["goal.status-changed", "manager.goal-counters", "dead-letters"].map(|t| deployment.topic(t));
        let names: Vec<&str> = topics.iter().map(String::as_str).collect();
        let partitions: Vec<TopicPartition> = log()
            .topics(&names, &[])
            .unwrap()
            .iter()
            .flat_map(|topic| (0..topic.partitions).map(|p| TopicPartition::new(topic.name.as_str(), p)))
            .collect();
        let mut reader = log().reader().unwrap();
        reader.assign(&partitions.iter().map(|of| (of.clone(), 0)).collect::<Vec<_>>()).unwrap();
        let pool = DescriptorPool::decode(DESCRIPTORS).unwrap();
        let message = |name: &str| pool.get_message_by_name(&format!("chat_goals.v1.{name}")).unwrap();
        let [statuses, counters, _] = topics;
        Self {
            reader,
            partitions,
            statuses,
            counters,
            form: deployment.form,
            status_message: message("GoalStatusChanged"),
            counter_message: message("ManagerGoalCounters"),
            chats: BTreeMap::new(),
            buckets: BTreeMap::new(),
            dead_letters: Vec::new(),
            records: 0,
            broken: Vec::new(),
            skipped: 0,
            repeated: 0,
            rebuilds: Vec::new(),
        }
    }

    /// Reads what comes within this time; returns whether anything did.
    pub fn follow(&mut self, timeout: Duration) -> bool {
        let Some(batch) = self.reader.poll(timeout).unwrap() else { return false };
        for index in 0..batch.len() {
            self.read(&batch.get(index));
        }
        true
    }

    /// Reads on for so long.
    pub fn follow_for(&mut self, span: Duration) {
        let until = Instant::now() + span;
        while Instant::now() < until {
            self.follow(until.saturating_duration_since(Instant::now()).min(Duration::from_millis(20)));
        }
    }

    /// Reads on until this holds, and says what is missing if it takes too long.
    pub fn until(&mut self, processes: &mut [&mut Process], missing: impl Fn(&Self) -> Option<String>) {
        let limit = Instant::now() + LIMIT;
        loop {
            // What is compared has come to rest: looking at all of it after each batch would take longer than reading.
            let rest = Instant::now() + Duration::from_secs(2);
            while self.follow(Duration::from_millis(100)) && Instant::now() < rest {}
            self.assert_unbroken();
            let Some(missing) = missing(self) else { return };
            assert!(Instant::now() < limit, "after {LIMIT:?} and {} records: {missing}", self.records);
            processes.iter_mut().for_each(|process| process.assert_running());
        }
    }

    /// Waits for everything that is expected.
    pub fn until_equal(&mut self, expectation: &Expectation, processes: &mut [&mut Process]) {
        self.until(processes, |outputs| expectation.difference(outputs));
    }

    /// Everything that is expected is there, nothing more comes, and there are only so many dead letters: once the
    /// processes have ended.
    pub fn assert_final(&mut self, expectation: &Expectation, dead_letters: usize) {
        self.read_to_end();
        self.assert_unbroken();
        assert_eq!(expectation.difference(self), None);
        assert_eq!(self.dead_letters.len(), dead_letters, "{:?}", self.dead_letters);
    }

    fn assert_unbroken(&self) {
        let some: Vec<_> = self.broken.iter().take(6).collect();
        assert!(some.is_empty(), "{} skipped, {} repeated: {some:#?}", self.skipped, self.repeated);
    }

    /// Notes whether a revision is the next one.
    fn count(&mut self, id: &str, before: Option<u64>, revision: u64) {
        let expected = before.map_or(1, |before| before + 1);
        if revision != expected {
            self.skipped += revision.saturating_sub(expected);
            self.repeated += u64::from(revision < expected);
            self.broken.push(format!("{id} has revision {revision}, not {expected}"));
        }
    }

    /// Reads everything that will ever be committed; nobody writes any more.
    pub fn read_to_end(&mut self) {
        let limit = Instant::now() + LIMIT;
        // A transaction that was left open holds the end back until the broker ends it.
        let ends = loop {
            let ends = log().ends(&self.partitions).unwrap();
            if ends == log().tails(&self.partitions).unwrap() {
                break ends;
            }
            assert!(Instant::now() < limit, "a transaction stays open");
            std::thread::sleep(Duration::from_millis(50));
        };
        while self.partitions.iter().zip(&ends).any(|(of, end)| self.reader.position(of) < Some(*end)) {
            assert!(Instant::now() < limit, "the outputs cannot be read to their ends {ends:?}");
            self.follow(Duration::from_millis(50));
        }
    }

    fn read(&mut self, record: &Record<'_>) {
        self.records += 1;
        if record.topic == self.statuses {
            self.read_status(record);
        } else if record.topic == self.counters {
            self.read_counter(record);
        } else {
            let (key, value) = (record.key.map(<[u8]>::to_vec), record.value.map(<[u8]>::to_vec));
            self.dead_letters.push(DeadLetter { key, value, headers: record.headers.to_vec() });
        }
    }

    fn read_status(&mut self, record: &Record<'_>) {
        let id = text(record.key.expect("a status has a key"));
        let newest = record.value.map(|value| self.decoded(&self.status_message, value));
        let revision = match &newest {
            Some(view) => count(&view["revision"]),
            None => {
                let headers = record.headers.to_vec();
                let header = headers
                    .iter()
                    .find(|header| header.name == "revision")
                    .expect("a tombstone has a revision");
                text(header.value.as_ref().expect("it has a value")).parse().expect("it is a number")
            }
        };
        let before = self.chats.get(&id);
        let revision_before = before.map(|before| before.revision);
        let previous = before.and_then(|before| before.newest.as_ref()).map(|view| view["status"].clone());
        self.count(&id, revision_before, revision);
        if let Some(view) = &newest {
            assert_eq!(view["chatId"], id.as_str(), "the key of a status is its chat");
            if view["cause"] == "REBUILD" {
                let before = self.chats.get(&id).and_then(|before| before.newest.as_ref());
                self.rebuilds
                    .push(format!("{}\n{view}", before.map_or("nothing".to_owned(), Value::to_string)));
            }
            let said = view.get("previousStatus");
            if said != previous.as_ref() {
                self.broken
                    .push(format!("revision {revision} of {id} follows {previous:?}, but says {said:?}"));
            }
        }
        let written = record.timestamp.expect("Kafka keeps a time");
        self.chats.insert(id, Chat { revision, newest, written });
    }

    fn read_counter(&mut self, record: &Record<'_>) {
        let key = text(record.key.expect("a counter has a key"));
        let newest = self.decoded(&self.counter_message, record.value.expect("a counter has values"));
        let revision = count(&newest["revision"]);
        self.count(&key, self.buckets.get(&key).map(|before| before.revision), revision);
        self.buckets.insert(key, Bucket { revision, newest });
    }

    fn decoded(&self, message: &MessageDescriptor, value: &[u8]) -> Value {
        plain(match self.form {
            WireForm::Json => serde_json::from_slice(value).expect("JSON"),
            WireForm::Protobuf => {
                let message = DynamicMessage::decode(message.clone(), value).expect("it fits its schema");
                serde_json::to_value(&message).expect("it has a JSON form")
            }
        })
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

fn count(value: &Value) -> u64 {
    value.as_f64().expect("a count is a number") as u64
}
