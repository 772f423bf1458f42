//! Input records in protobuf: decoded and checked once, then lent to the stages by reference; and encoded, for
//! whoever plays the platform.
//!
//! Properties stay bytes until a goal asks for them. What is refused here is what JSON refuses, for the same reasons.

use super::convert::{decoded, goal_from, goal_to, present, time_from, time_to};
use super::framing::unframe;
use super::generated as pb;
use super::generated::chat_event::{self, Event as ChatKind};
use super::generated::customer_event::{self, Event as CustomerKind};
use super::generated::goal_change::{self, Change as ChangeKind};
use crate::contract::check;
use crate::domain::conversation::Said;
use crate::domain::goal::{Properties, Property};
use crate::domain::ids::{ChannelId, EventId};
use crate::domain::settings::{Change, GoalChange};
use crate::domain::time::Timestamp;
use crate::stages::messages::{ChatBody, ChatEvent, CustomerBody, CustomerEvent};
use prost::Message;
use prost_types::value::Kind;

/// A `chat.events` record whose every field has been checked.
#[derive(Debug)]
pub struct ProtoChatEvent {
    id: String,
    channel: String,
    chat: String,
    at: Timestamp,
    kind: ChatKind,
    properties: StructBytes,
}

impl ProtoChatEvent {
    pub fn decode(record: &[u8]) -> Result<Self, String> {
        let record = decoded::<pb::ChatEvent>(unframe(record)?)?;
        check::optional_id("id", &record.id)?;
        check::needed_id("channelId", &record.channel_id)?;
        check::needed_id("chatId", &record.chat_id)?;
        let at = time_from("at", record.at)?;
        let mut properties = StructBytes::default();
        let mut kind = record.event.ok_or_else(|| check::not_one_variant(0, &check::CHAT_EVENT_VARIANTS))?;
        match &mut kind {
            ChatKind::ChatOpened(body) => {
                check::optional_id("chatOpened.customerId", &body.customer_id)?;
            }
            ChatKind::CustomerMessage(body) => {
                check::needed_id("customerMessage.customerId", &body.customer_id)?;
            }
            ChatKind::ManagerReply(body) => {
                check::needed_id("managerReply.managerId", &body.manager_id)?;
            }
            ChatKind::ChatClosed(body) => {
                check::optional_id("chatClosed.managerId", &body.manager_id)?;
            }
            ChatKind::ChatAssigned(body) => {
                check::optional_id("chatAssigned.managerId", &body.manager_id)?;
            }
            ChatKind::GoalEvent(body) => {
                check::event_name("goalEvent.name", &body.name)?;
                properties = StructBytes(std::mem::take(&mut body.properties));
            }
            ChatKind::ChatReopened(_) | ChatKind::ChatDeleted(_) => {}
        }
        Ok(Self { id: record.id, channel: record.channel_id, chat: record.chat_id, at, kind, properties })
    }

    pub fn event(&self) -> ChatEvent<'_> {
        let body = match &self.kind {
            ChatKind::ChatOpened(body) => {
                ChatBody::Said(Said::Opened { customer: present(&body.customer_id) })
            }
            ChatKind::CustomerMessage(body) => {
                ChatBody::Said(Said::CustomerMessage { customer: &body.customer_id })
            }
            ChatKind::ManagerReply(body) => ChatBody::Said(Said::ManagerReply { manager: &body.manager_id }),
            ChatKind::ChatClosed(body) => ChatBody::Said(Said::Closed { by: present(&body.manager_id) }),
            ChatKind::ChatReopened(_) => ChatBody::Said(Said::Reopened),
            ChatKind::ChatAssigned(body) => {
                ChatBody::Said(Said::Assigned { manager: present(&body.manager_id) })
            }
            ChatKind::ChatDeleted(_) => ChatBody::Deleted,
            ChatKind::GoalEvent(body) => {
                ChatBody::GoalEvent { name: &body.name, properties: &self.properties }
            }
        };
        ChatEvent { id: present(&self.id), channel: &self.channel, chat: &self.chat, at: self.at, body }
    }
}

/// A `customer.events` record whose every field has been checked.
#[derive(Debug)]
pub struct ProtoCustomerEvent {
    id: String,
    channel: String,
    customer: String,
    at: Timestamp,
    kind: CustomerKind,
    properties: StructBytes,
}

impl ProtoCustomerEvent {
    pub fn decode(record: &[u8]) -> Result<Self, String> {
        let record = decoded::<pb::CustomerEvent>(unframe(record)?)?;
        check::optional_id("id", &record.id)?;
        check::needed_id("channelId", &record.channel_id)?;
        check::needed_id("customerId", &record.customer_id)?;
        let at = time_from("at", record.at)?;
        let mut properties = StructBytes::default();
        let mut kind =
            record.event.ok_or_else(|| check::not_one_variant(0, &check::CUSTOMER_EVENT_VARIANTS))?;
        match &mut kind {
            CustomerKind::Tracked(body) => {
                check::event_name("tracked.name", &body.name)?;
                properties = StructBytes(std::mem::take(&mut body.properties));
            }
            CustomerKind::Merged(body) => {
                check::needed_id("merged.intoCustomerId", &body.into_customer_id)?;
            }
        }
        let (channel, customer) = (record.channel_id, record.customer_id);
        Ok(Self { id: record.id, channel, customer, at, kind, properties })
    }

    pub fn event(&self) -> CustomerEvent<'_> {
        let body = match &self.kind {
            CustomerKind::Tracked(body) => {
                CustomerBody::Tracked { name: &body.name, properties: &self.properties }
            }
            CustomerKind::Merged(body) => CustomerBody::Merged { into: &body.into_customer_id },
        };
        let (channel, customer) = (&self.channel, &self.customer);
        CustomerEvent { id: present(&self.id), channel, customer, at: self.at, body }
    }
}

/// A `goal.changes` record.
pub fn decode_goal_change(record: &[u8]) -> Result<GoalChange, String> {
    let record = decoded::<pb::GoalChange>(unframe(record)?)?;
    let id = check::optional_id("id", &record.id)?.map(EventId::new);
    let channel = ChannelId::new(check::needed_id("channelId", &record.channel_id)?);
    let at = time_from("at", record.at)?;
    let change = record.change.ok_or_else(|| check::not_one_variant(0, &check::GOAL_CHANGE_VARIANTS))?;
    let change = match change {
        ChangeKind::GoalSet(goal) => Change::GoalSet(goal_from(goal)?),
        ChangeKind::GoalRemoved(_) => Change::GoalRemoved,
        ChangeKind::SubscriptionSet(body) => Change::SubscriptionSet(body.active),
        ChangeKind::TimeZoneSet(body) => {
            Change::TimeZoneSet(check::time_zone("timeZoneSet.timeZone", &body.time_zone)?)
        }
    };
    Ok(GoalChange { id, channel, at, change })
}

/// A serialized `google.protobuf.Struct`, decoded when asked for; one that is broken counts as empty.
#[derive(Debug, Default)]
struct StructBytes(Vec<u8>);

impl Properties for StructBytes {
    fn read(&self) -> Property {
        // Prost bounds how deep it may nest, as protobuf libraries do: 33 objects, and one deeper counts as broken.
        object_from(prost_types::Struct::decode(self.0.as_slice()).unwrap_or_default())
    }
}

fn object_from(object: prost_types::Struct) -> Property {
    Property::Object(object.fields.into_iter().map(|(name, value)| (name, property_from(value))).collect())
}

fn property_from(value: prost_types::Value) -> Property {
    match value.kind {
        None | Some(Kind::NullValue(_)) => Property::Null,
        Some(Kind::BoolValue(yes)) => Property::Bool(yes),
        Some(Kind::NumberValue(number)) => Property::Number(number),
        Some(Kind::StringValue(text)) => Property::Text(text),
        Some(Kind::ListValue(list)) => Property::List(list.values.into_iter().map(property_from).collect()),
        Some(Kind::StructValue(object)) => object_from(object),
    }
}

fn value_to(property: Property) -> prost_types::Value {
    let kind = match property {
        Property::Null => Kind::NullValue(0),
        Property::Bool(yes) => Kind::BoolValue(yes),
        Property::Number(number) => Kind::NumberValue(number),
        Property::Text(text) => Kind::StringValue(text),
        Property::List(items) => {
            Kind::ListValue(prost_types::ListValue { values: items.into_iter().map(value_to).collect() })
        }
        Property::Object(fields) => Kind::StructValue(struct_to(fields)),
    };
    prost_types::Value { kind: Some(kind) }
}

fn struct_to(fields: Vec<(String, Property)>) -> prost_types::Struct {
    prost_types::Struct { fields: fields.into_iter().map(|(name, value)| (name, value_to(value))).collect() }
}

fn properties_to(properties: &dyn Properties) -> Vec<u8> {
    match properties.read() {
        Property::Object(fields) => struct_to(fields).encode_to_vec(),
        Property::Null | Property::Bool(_) | Property::Number(_) | Property::Text(_) | Property::List(_) => {
            Vec::new()
        }
    }
}

/// A `chat.events` record.
pub fn encode_chat_event(event: &ChatEvent<'_>) -> Vec<u8> {
    let given = |id: Option<&str>| id.unwrap_or_default().to_owned();
    let kind = match event.body {
        ChatBody::Said(Said::Opened { customer }) => {
            ChatKind::ChatOpened(chat_event::ChatOpened { customer_id: given(customer), opened_by: 0 })
        }
        ChatBody::Said(Said::CustomerMessage { customer }) => {
            ChatKind::CustomerMessage(chat_event::CustomerMessage { customer_id: customer.into() })
        }
        ChatBody::Said(Said::ManagerReply { manager }) => {
            ChatKind::ManagerReply(chat_event::ManagerReply { manager_id: manager.into() })
        }
        ChatBody::Said(Said::Closed { by }) => {
            ChatKind::ChatClosed(chat_event::ChatClosed { manager_id: given(by) })
        }
        ChatBody::Said(Said::Reopened) => ChatKind::ChatReopened(chat_event::ChatReopened {}),
        ChatBody::Said(Said::Assigned { manager }) => {
            ChatKind::ChatAssigned(chat_event::ChatAssigned { manager_id: given(manager) })
        }
        ChatBody::Deleted => ChatKind::ChatDeleted(chat_event::ChatDeleted {}),
        ChatBody::GoalEvent { name, properties } => ChatKind::GoalEvent(chat_event::GoalEvent {
            name: name.into(),
            properties: properties_to(properties),
        }),
    };
    let record = pb::ChatEvent {
        id: given(event.id),
        channel_id: event.channel.into(),
        chat_id: event.chat.into(),
        at: Some(time_to(event.at)),
        event: Some(kind),
    };
    record.encode_to_vec()
}

/// A `customer.events` record.
pub fn encode_customer_event(event: &CustomerEvent<'_>) -> Vec<u8> {
    let kind = match event.body {
        CustomerBody::Tracked { name, properties } => CustomerKind::Tracked(customer_event::Tracked {
            name: name.into(),
            properties: properties_to(properties),
        }),
        CustomerBody::Merged { into } => {
            CustomerKind::Merged(customer_event::Merged { into_customer_id: into.into() })
        }
    };
    let record = pb::CustomerEvent {
        id: event.id.unwrap_or_default().into(),
        channel_id: event.channel.into(),
        customer_id: event.customer.into(),
        at: Some(time_to(event.at)),
        event: Some(kind),
    };
    record.encode_to_vec()
}

/// A `goal.changes` record.
pub fn encode_goal_change(change: &GoalChange) -> Vec<u8> {
    let kind = match &change.change {
        Change::GoalSet(goal) => ChangeKind::GoalSet(goal_to(goal)),
        Change::GoalRemoved => ChangeKind::GoalRemoved(goal_change::GoalRemoved {}),
        Change::SubscriptionSet(active) => {
            ChangeKind::SubscriptionSet(goal_change::SubscriptionSet { active: *active })
        }
        Change::TimeZoneSet(zone) => {
            ChangeKind::TimeZoneSet(goal_change::TimeZoneSet { time_zone: zone.name().into() })
        }
    };
    let record = pb::GoalChange {
        id: change.id.as_deref().unwrap_or_default().into(),
        channel_id: change.channel.as_str().into(),
        at: Some(time_to(change.at)),
        change: Some(kind),
    };
    record.encode_to_vec()
}
