//! Records as they come in: read in the form of their topic, with their key checked; kept as they were if bad.

use crate::config::WireForm;
use crate::contract::check::quoted;
use crate::contract::json::input as json;
use crate::contract::protobuf::inbox::Forwarded;
use crate::contract::protobuf::input as protobuf;
use crate::domain::settings::GoalChange;
use crate::domain::time::Timestamp;
use crate::log::{Header, Offset, Record};
use crate::stages::messages::Event;

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

/// An input record as its form has it. What its fields say is checked by [`Self::event`].
pub enum Read<'a> {
    JsonChat(json::ChatEventJson<'a>),
    ProtobufChat(protobuf::ProtoChatEvent),
    JsonCustomer(json::CustomerEventJson<'a>),
    ProtobufCustomer(protobuf::ProtoCustomerEvent),
}

impl<'a> Read<'a> {
    /// Reads a `chat.events` record. `Err`: it is bad.
    pub fn chat(form: WireForm, value: Option<&'a [u8]>) -> Result<Self, String> {
        let value = there(value)?;
        Ok(match form {
            WireForm::Json => Self::JsonChat(json::parse(value)?),
            WireForm::Protobuf => Self::ProtobufChat(protobuf::ProtoChatEvent::decode(value)?),
        })
    }

    /// Reads a `customer.events` record. `Err`: it is bad.
    pub fn customer(form: WireForm, value: Option<&'a [u8]>) -> Result<Self, String> {
        let value = there(value)?;
        Ok(match form {
            WireForm::Json => Self::JsonCustomer(json::parse(value)?),
            WireForm::Protobuf => Self::ProtobufCustomer(protobuf::ProtoCustomerEvent::decode(value)?),
        })
    }

    /// What it says, under the key that it came with. `Err`: it is bad.
    pub fn event(&self, key: Option<&[u8]>) -> Result<Event<'_>, String> {
        let event = match self {
            Self::JsonChat(read) => Event::Chat(read.event()?),
            Self::ProtobufChat(read) => Event::Chat(read.event()),
            Self::JsonCustomer(read) => Event::Customer(read.event()?),
            Self::ProtobufCustomer(read) => Event::Customer(read.event()),
        };
        match &event {
            Event::Chat(event) => check_key(key, "chatId", event.chat)?,
            Event::Customer(event) => check_key(key, "customerId", event.customer)?,
        }
        Ok(event)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::conversation::Said;
    use crate::stages::messages::{ChatBody, ChatEvent, CustomerBody, CustomerEvent};

    #[test]
    fn a_record_is_bad_under_another_key_in_either_form() {
        let at = Timestamp(1_772_323_200_000);
        let body = ChatBody::Said(Said::Reopened);
        let chat = ChatEvent { id: None, channel: "ch", chat: "c1", at, body };
        let body = CustomerBody::Merged { into: "u2" };
        let customer = CustomerEvent { id: None, channel: "ch", customer: "u1", at, body };
        let chats = [
            (
                WireForm::Json,
                br#"{"channelId":"ch","chatId":"c1","at":1772323200000,"chatReopened":{}}"#.to_vec(),
            ),
            (WireForm::Protobuf, protobuf::encode_chat_event(&chat)),
        ];
        let customers = [
            (
                WireForm::Json,
                br#"{"channelId":"ch","customerId":"u1","at":1772323200000,"merged":{"intoCustomerId":"u2"}}"#.to_vec(),
            ),
            (WireForm::Protobuf, protobuf::encode_customer_event(&customer)),
        ];
        for (form, value) in &chats {
            let read = Read::chat(*form, Some(value)).expect("it is good");
            assert!(matches!(read.event(Some(b"c1")), Ok(Event::Chat(event)) if event.chat == "c1"));
            let reason = |key: Option<&[u8]>| read.event(key).err().expect("it is bad");
            assert_eq!(reason(Some(b"c2")), r#"chatId: it is "c1", but the key is "c2""#);
            assert_eq!(reason(None), r#"chatId: it is "c1", but the record has no key"#);
        }
        for (form, value) in &customers {
            let read = Read::customer(*form, Some(value)).expect("it is good");
            assert!(matches!(read.event(Some(b"u1")), Ok(Event::Customer(event)) if event.customer == "u1"));
            let reason = |key: Option<&[u8]>| read.event(key).err().expect("it is bad");
            assert_eq!(reason(Some(b"u2")), r#"customerId: it is "u1", but the key is "u2""#);
            assert_eq!(reason(None), r#"customerId: it is "u1", but the record has no key"#);
        }
    }
}
