//! What is in a topic: every record that is committed, by this program's own reader.

use crate::broker::LIMIT;
use chat_goals::log::kafka::KafkaLog;
use chat_goals::log::partitioner::partition_of;
use chat_goals::log::{Batch as _, Header, Log as _, Reader as _, TopicPartition};
use serde_json::Value;
use std::time::{Duration, Instant};

pub struct Stored {
    pub key: Option<String>,
    pub value: Vec<u8>,
    pub headers: Vec<Header>,
}

impl Stored {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.value).unwrap()
    }

    pub fn header(&self, name: &str) -> Option<String> {
        let found = self.headers.iter().find(|header| header.name == name)?;
        Some(String::from_utf8(found.value.clone().unwrap()).unwrap())
    }
}

/// All of it, partition by partition. Keys must be where the Java client puts them.
pub fn stored(log: &KafkaLog, topic: &str) -> Vec<Stored> {
    let partitions = log.topics(&[topic], &[]).unwrap()[0].partitions;
    let of: Vec<_> = (0..partitions).map(|partition| TopicPartition::new(topic, partition)).collect();
    let ends = log.ends(&of).unwrap();
    let mut reader = log.reader().unwrap();
    reader.assign(&of.iter().map(|of| (of.clone(), 0)).collect::<Vec<_>>()).unwrap();
    let mut all = Vec::new();
    let limit = Instant::now() + LIMIT;
    while of.iter().zip(&ends).any(|(of, end)| reader.position(of).unwrap_or(0) < *end) {
        assert!(Instant::now() < limit, "{topic} cannot be read to its ends {ends:?}");
        let Some(batch) = reader.poll(Duration::from_millis(100)).unwrap() else { continue };
        for index in 0..batch.len() {
            let record = batch.get(index);
            if let Some(key) = record.key {
                assert_eq!(record.partition, partition_of(key, partitions));
            }
            all.push((
                record.partition,
                Stored {
                    key: record.key.map(|key| String::from_utf8(key.to_vec()).unwrap()),
                    value: record.value.unwrap_or_default().to_vec(),
                    headers: record.headers.to_vec(),
                },
            ));
        }
    }
    all.sort_by_key(|(partition, _)| *partition);
    all.into_iter().map(|(_, stored)| stored).collect()
}
