//! Where outcomes are written: records into the input topics, by their key's partition, and what was not understood into the
//! dead letters. It hands records over in their order, and says when Kafka has them all.

use super::outcome::{Outcome, Unknown};
use super::records::{Input, Record};
use crate::config::{Config, WireForm};
use crate::domain::time::Timestamp;
use crate::log::kafka::{Delivery, KafkaLog, KafkaWriter};
use crate::log::partitioner::partition_of;
use crate::log::{Header, Log as _, LogResult, Outgoing};
use std::time::Duration;

/// What Kafka adds to a record at most: the head of its batch, and lengths.
const BATCH_OVERHEAD_BYTES: usize = 512;

/// Kafka's default for `max.message.bytes`.
const RECORD_BYTES_MAX: usize = 1_048_588;

pub struct Desk {
    writer: KafkaWriter,
    chat_events: Place,
    customer_events: Place,
    dead_letters: Place,
}

/// A topic as it is.
struct Place {
    topic: String,
    partitions: i32,
    /// The largest record that it takes.
    bytes_max: usize,
    form: WireForm,
}

impl Desk {
    /// The topics must be there; how many partitions they have is looked at once.
    pub fn open(log: &KafkaLog, config: &Config) -> anyhow::Result<Self> {
        let place = |topic: &str, form: WireForm| {
            const SIZE: &str = "max.message.bytes";
            let found = log.topics(&[topic], &[SIZE])?;
            let Some(found) = found.into_iter().next() else {
                anyhow::bail!("the topic {topic} does not exist; hint: chat-goals topics create");
            };
            let size = found.settings.iter().find(|(name, _)| name == SIZE);
            let bytes_max = size.and_then(|(_, value)| value.parse().ok()).unwrap_or(RECORD_BYTES_MAX);
            Ok(Place { topic: found.name, partitions: found.partitions, bytes_max, form })
        };
        let (topics, wire) = (&config.topics, &config.wire);
        Ok(Self {
            writer: log.writer(Duration::from_millis(config.ingest.delivery_timeout_ms))?,
            chat_events: place(&topics.chat_events, wire.chat_events)?,
            customer_events: place(&topics.customer_events, wire.customer_events)?,
            dead_letters: place(&topics.dead_letters, WireForm::Json)?,
        })
    }

    /// Hands everything over before it returns; what it returns is to be waited for. `source` is by which path it came, `now`
    /// when. A record that is too large for its topic becomes something that is not understood. Of all that is not, the log gets
    /// one line.
    pub fn write(&self, outcomes: &mut [Outcome], source: &str, now: Timestamp) -> LogResult<Vec<Delivery>> {
        let mut deliveries = Vec::new();
        for outcome in &mut *outcomes {
            if let Outcome::Records(records) = outcome
                && let Some(unknown) = records.iter().find_map(|record| self.too_large(record))
            {
                *outcome = Outcome::Unknown(unknown);
            }
            match outcome {
                Outcome::Records(records) => {
                    for record in records {
                        deliveries.push(self.record(record)?);
                    }
                }
                Outcome::Irrelevant(_) => {}
                Outcome::Unknown(unknown) => deliveries.push(self.dead_letter(unknown, source, now)?),
            }
        }
        let mut reasons = outcomes.iter().filter_map(Outcome::reason);
        if let Some(first) = reasons.next() {
            tracing::warn!(source, count = 1 + reasons.count(), reason = first, "not understood");
        }
        Ok(deliveries)
    }

    /// Waits until everything that was handed over is decided.
    pub fn flush(&self, limit: Duration) -> LogResult<()> {
        self.writer.flush(limit)
    }

    fn place(&self, input: Input) -> &Place {
        match input {
            Input::ChatEvents => &self.chat_events,
            Input::CustomerEvents => &self.customer_events,
        }
    }

    fn too_large(&self, record: &Record) -> Option<Unknown> {
        let place = self.place(record.to);
        let value = record.encode(place.form);
        let size = value.len() + record.key.len() + BATCH_OVERHEAD_BYTES;
        (size > place.bytes_max).then(|| Unknown {
            reason: format!("the record has {size} bytes, more than {} takes", place.topic),
            kept: value,
        })
    }

    fn record(&self, record: &Record) -> LogResult<Delivery> {
        let place = self.place(record.to);
        let key = record.key.as_bytes();
        self.writer.send(&Outgoing {
            topic: &place.topic,
            partition: partition_of(key, place.partitions),
            key: Some(key),
            value: Some(&record.encode(place.form)),
            headers: &[],
            timestamp: None,
        })
    }

    /// With the headers of the processor's dead letters, as far as something that was in no topic has them.
    fn dead_letter(&self, unknown: &Unknown, source: &str, now: Timestamp) -> LogResult<Delivery> {
        let place = &self.dead_letters;
        let at = chrono::DateTime::from_timestamp_millis(now.0).unwrap_or_default();
        let mut headers = vec![
            header("reason", unknown.reason.clone()),
            header("topic", source.to_owned()),
            header("at", at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)),
        ];
        let heads: usize =
            headers.iter().map(|of| of.name.len() + of.value.as_ref().map_or(0, Vec::len) + 10).sum();
        let room = place.bytes_max.saturating_sub(heads + BATCH_OVERHEAD_BYTES);
        let value = &unknown.kept[..unknown.kept.len().min(room)];
        if value.len() < unknown.kept.len() {
            headers.push(header("truncated", unknown.kept.len().to_string()));
        }
        self.writer.send(&Outgoing {
            topic: &place.topic,
            partition: 0,
            key: None,
            value: Some(value),
            headers: &headers,
            timestamp: None,
        })
    }
}

fn header(name: &str, value: String) -> Header {
    Header { name: format!("dead-letter.{name}"), value: Some(value.into_bytes()) }
}
