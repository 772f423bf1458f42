//! Records as they come in: read in the form of their topic, with their key checked; kept as they were if bad.

use super::topology::Topology;
use crate::config::WireForm;
use crate::contract::check::quoted;
use crate::contract::json::input as json;
use crate::contract::protobuf::inbox::Forwarded;
use crate::contract::protobuf::input as protobuf;
use crate::domain::settings::GoalChange;
use crate::domain::time::Timestamp;
use crate::log::{Header, Offset, Record};
use crate::stages::messages::{ChatEvent, CustomerEvent};

/// A record that is kept as it came.
#[derive(Clone, Debug)]
pub struct RawRecord {
    pub topic: String,
    pub partition: i32,
    pub offset: Offset,
    pub timestamp: Option<i64>,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<Header>,
}

impl RawRecord {
    pub fn of(record: &Record<'_>) -> Self {
        Self {
            topic: record.topic.to_owned(),
            partition: record.partition,
            offset: record.offset,
            timestamp: record.timestamp,
            key: record.key.map(<[u8]>::to_vec),
            value: record.value.map(<[u8]>::to_vec),
            headers: record.headers.to_vec(),
        }
    }

    /// On its way to its key's home.
    pub fn forwarded(self) -> Forwarded {
        Forwarded {
            topic: self.topic,
            partition: self.partition,
            offset: self.offset,
            timestamp: self.timestamp.map(Timestamp),
            key: self.key,
            value: self.value,
            headers: self.headers.into_iter().map(|header| (header.name, header.value)).collect(),
        }
    }
}

impl From<Forwarded> for RawRecord {
    fn from(record: Forwarded) -> Self {
        Self {
            topic: record.topic,
            partition: record.partition,
            offset: record.offset,
            timestamp: record.timestamp.map(|timestamp| timestamp.0),
            key: record.key,
            value: record.value,
            headers: record.headers.into_iter().map(|(name, value)| Header { name, value }).collect(),
        }
    }
}

/// Reads a `chat.events` record and hands it on. `Err`: it is bad.
pub fn with_chat_event<T>(
    topology: &Topology,
    key: Option<&[u8]>,
    value: Option<&[u8]>,
    act: impl FnOnce(&ChatEvent<'_>) -> T,
) -> Result<T, String> {
    let value = there(value)?;
    match topology.chat_events_form {
        WireForm::Json => {
            let read: json::ChatEventJson<'_> = json::parse(value)?;
            let event = read.event()?;
            check_key(key, "chatId", event.chat)?;
            Ok(act(&event))
        }
        WireForm::Protobuf => {
            let read = protobuf::ProtoChatEvent::decode(value)?;
            let event = read.event();
            check_key(key, "chatId", event.chat)?;
            Ok(act(&event))
        }
    }
}

/// Reads a `customer.events` record and hands it on. `Err`: it is bad.
pub fn with_customer_event<T>(
    topology: &Topology,
    key: Option<&[u8]>,
    value: Option<&[u8]>,
    act: impl FnOnce(&CustomerEvent<'_>) -> T,
) -> Result<T, String> {
    let value = there(value)?;
    match topology.customer_events_form {
        WireForm::Json => {
            let read: json::CustomerEventJson<'_> = json::parse(value)?;
            let event = read.event()?;
            check_key(key, "customerId", event.customer)?;
            Ok(act(&event))
        }
        WireForm::Protobuf => {
            let read = protobuf::ProtoCustomerEvent::decode(value)?;
            let event = read.event();
            check_key(key, "customerId", event.customer)?;
            Ok(act(&event))
        }
    }
}

/// Reads a `goal.changes` record. `Err`: it is bad.
pub fn goal_change(form: WireForm, record: &Record<'_>) -> Result<GoalChange, String> {
    let value = there(record.value)?;
    let change = match form {
        WireForm::Json => json::parse::<json::GoalChangeJson<'_>>(value)?.change()?,
        WireForm::Protobuf => protobuf::decode_goal_change(value)?,
    };
    check_key(record.key, "channelId", &change.channel)?;
    Ok(change)
}

fn there(value: Option<&[u8]>) -> Result<&[u8], String> {
    value.ok_or_else(|| "the value is null: a tombstone is no record".to_owned())
}

fn check_key(key: Option<&[u8]>, name: &str, id: &str) -> Result<(), String> {
    match key {
        Some(key) if key == id.as_bytes() => Ok(()),
        Some(key) => {
            let (id, key) = (quoted(id), quoted(&String::from_utf8_lossy(key)));
            Err(format!("{name}: it is {id}, but the key is {key}"))
        }
        None => Err(format!("{name}: it is {}, but the record has no key", quoted(id))),
    }
}
