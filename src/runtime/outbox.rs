//! The outlet of a worker: everything that leaves the pipeline, encoded, for the transaction.

use super::clocks::Clocks;
use super::figures::{Input, Tally};
use super::handover::Held;
use super::topology::{Output, Stage, Topology};
use super::unsent::Unsent;
use super::wire::RawRecord;
use crate::config::WireForm;
use crate::contract::json::output as json;
use crate::contract::keys::counter_key;
use crate::contract::protobuf::inbox;
use crate::contract::protobuf::output as protobuf;
use crate::domain::ids::{ChannelId, ChatId};
use crate::domain::settings::Channel;
use crate::log::partitioner::partition_of;
use crate::log::{Header, LogError, Outgoing};
use crate::pipeline::outlet::Outlet;
use crate::stages::chats::StatusChange;
use crate::stages::managers::Counter;
use crate::stages::messages::{ToChat, ToCustomer, ToManager};
use std::sync::Arc;

/// What Kafka adds to a record at most: the head of its batch, lengths and the one header that may be added.
const BATCH_OVERHEAD_BYTES: usize = 512;

pub struct Outbox<'a> {
    pub unsent: &'a mut Unsent,
    pub topology: &'a Topology,
    /// For `dead-letter.at`.
    pub clocks: &'a Clocks,
    /// What was written.
    pub tally: &'a mut Tally,
    /// Whose outputs are not for readers yet.
    pub held: &'a Held,
}

impl Outbox<'_> {
    fn send(&mut self, record: Outgoing<'_>) {
        self.tally.written += 1;
        self.unsent.push(record);
    }

    /// To the partition of its key.
    pub fn send_keyed(&mut self, to: &Output, key: Option<&[u8]>, value: Option<&[u8]>, headers: &[Header]) {
        let partition = key.map_or(0, |key| partition_of(key, to.partitions));
        self.send(Outgoing { topic: &to.topic, partition, key, value, headers, timestamp: None });
    }

    fn send_to(&mut self, topic: &Arc<str>, partition: i32, key: &str, value: &[u8]) {
        let key = Some(key.as_bytes());
        self.send(Outgoing { topic, partition, key, value: Some(value), headers: &[], timestamp: None });
    }

    /// A bad record, as it came, with the reason and where it was.
    pub fn dead_letter(&mut self, record: &RawRecord, reason: &str) {
        if self.held.silences(&record.topic, record.partition, record.offset) {
            return;
        }
        let header = |name: &str, value: String| Header {
            name: format!("dead-letter.{name}"),
            value: Some(value.into_bytes()),
        };
        let at = chrono::DateTime::from_timestamp_millis(self.clocks.wall()).unwrap_or_default();
        let mut headers = record.headers.clone();
        headers.extend([
            header("reason", reason.to_owned()),
            header("topic", record.topic.clone()),
            header("partition", record.partition.to_string()),
            header("offset", record.offset.to_string()),
            header("at", at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)),
        ]);
        tracing::warn!(
            topic = record.topic,
            partition = record.partition,
            offset = record.offset,
            reason,
            "a bad record"
        );
        self.tally.dead_letter(input(self.topology, &record.topic));
        let to = &self.topology.dead_letters;
        let key = record.key.as_deref();
        let mut value = record.value.as_deref();
        // A record as large as its topic allows has no room left for headers. It is cut, not lost: the headers say
        // where it came from.
        let size: usize =
            headers.iter().map(|h| h.name.len() + h.value.as_ref().map_or(0, Vec::len) + 10).sum();
        let room = self
            .topology
            .dead_letter_bytes_max
            .saturating_sub(size + key.map_or(0, <[u8]>::len) + BATCH_OVERHEAD_BYTES);
        if let Some(whole) = value.filter(|value| value.len() > room) {
            headers.push(header("truncated", whole.len().to_string()));
            value = Some(&whole[..room]);
        }
        self.send_keyed(to, key, value, &headers);
    }

    /// A record that came to a partition that is not its key's home goes there, in the order in which it came.
    pub fn forward_chat_event(&mut self, record: RawRecord, home: i32) {
        let key = record.key.clone();
        let value = inbox::encode_forwarded_chat(&record.forwarded());
        self.forward(&self.topology.chats_inbox, home, key.as_deref(), &value);
    }

    pub fn forward_customer_event(&mut self, record: RawRecord, home: i32) {
        let key = record.key.clone();
        let value = inbox::encode_forwarded_customer(&record.forwarded());
        self.forward(&self.topology.customers_inbox, home, key.as_deref(), &value);
    }

    fn forward(&mut self, topic: &str, home: i32, key: Option<&[u8]>, value: &[u8]) {
        let value = Some(value);
        self.send(Outgoing { topic, partition: home, key, value, headers: &[], timestamp: None });
    }
}

impl Outlet for Outbox<'_> {
    fn status_changed(&mut self, change: StatusChange, channel: &Channel) -> anyhow::Result<()> {
        if self.held.holds_back(Stage::Chats, change.chat.as_bytes(), self.topology.partitions.chats) {
            return Ok(());
        }
        let to = &self.topology.status_changed;
        let value = encode_status(to, &change, channel)?;
        self.send_keyed(to, Some(change.chat.as_bytes()), Some(&value), &[]);
        Ok(())
    }

    fn chat_deleted(&mut self, _: &ChannelId, chat: &ChatId, revision: u32) -> anyhow::Result<()> {
        if self.held.holds_back(Stage::Chats, chat.as_bytes(), self.topology.partitions.chats) {
            return Ok(());
        }
        let revision = Header { name: "revision".to_owned(), value: Some(revision.to_string().into_bytes()) };
        self.send_keyed(&self.topology.status_changed, Some(chat.as_bytes()), None, &[revision]);
        Ok(())
    }

    fn counter(&mut self, key: &str, counter: Counter) -> anyhow::Result<()> {
        if self.held.holds_back(Stage::Managers, key.as_bytes(), self.topology.partitions.managers) {
            return Ok(());
        }
        let to = &self.topology.counters;
        let value = encode_counter(to, &counter)?;
        self.send_keyed(to, Some(key.as_bytes()), Some(&value), &[]);
        Ok(())
    }

    fn to_chat(&mut self, message: ToChat) -> anyhow::Result<()> {
        let value = inbox::encode_to_chat(&message);
        let topic = &self.topology.chats_inbox;
        self.send_to(topic, message.partition, &message.chat, &value);
        Ok(())
    }

    fn to_customer(&mut self, partition: i32, message: ToCustomer) -> anyhow::Result<()> {
        let value = inbox::encode_to_customer(&message);
        let topic = &self.topology.customers_inbox;
        self.send_to(topic, partition, &message.customer, &value);
        Ok(())
    }

    fn to_manager(&mut self, partition: i32, message: ToManager) -> anyhow::Result<()> {
        let value = inbox::encode_to_manager(&message);
        let key = counter_key(&message.channel, &message.bucket);
        let topic = &self.topology.managers_inbox;
        self.send_to(topic, partition, &key, &value);
        Ok(())
    }
}

/// Which input a bad record came from; only goal changes come from neither of the others.
fn input(topology: &Topology, topic: &str) -> Input {
    if *topic == *topology.chat_events {
        Input::ChatEvents
    } else if *topic == *topology.customer_events {
        Input::CustomerEvents
    } else {
        Input::GoalChanges
    }
}

/// A change as this topic has it.
pub fn encode_status(to: &Output, change: &StatusChange, channel: &Channel) -> anyhow::Result<Vec<u8>> {
    Ok(match to.form {
        WireForm::Json => json::status_changed(change, channel)?,
        WireForm::Protobuf => protobuf::encode_status(change, channel),
    })
}

/// A counter as this topic has it.
pub fn encode_counter(to: &Output, counter: &Counter) -> anyhow::Result<Vec<u8>> {
    Ok(match to.form {
        WireForm::Json => json::counter(counter).to_bytes()?,
        WireForm::Protobuf => protobuf::encode_counter(counter),
    })
}

/// The log error in a chain of causes, if that is what it is about.
pub fn log_error(error: anyhow::Error) -> Result<LogError, anyhow::Error> {
    error.downcast::<LogError>()
}
