//! Input records as JSON: read without copying what need not be copied, `properties` unread until a filter asks.

use crate::contract::check::{self, ConditionPath};
use crate::domain::conversation::Said;
use crate::domain::goal::{Clause, Filter, Goal, Operator, Properties, Property, Scalar};
use crate::domain::settings::{Change, GoalChange};
use crate::domain::time::Timestamp;
use crate::stages::messages::{ChatBody, ChatEvent, CustomerBody, CustomerEvent};
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// Why a record cannot be read: the JSON path and what is wrong there.
pub type Invalid = String;

/// Reads one record or line. Everything must be valid JSON and UTF-8, also what is not looked into.
pub fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Invalid> {
    let text = std::str::from_utf8(bytes).map_err(|error| format!("not UTF-8: {error}"))?;
    serde_json::from_str(text).map(|Object(record)| record).map_err(|_| explain::<Object<T>>(text))
}

/// Reads it once more, keeping track of the path.
fn explain<'a, T: Deserialize<'a>>(text: &'a str) -> Invalid {
    let mut json = serde_json::Deserializer::from_str(text);
    match serde_path_to_error::deserialize::<_, T>(&mut json) {
        Ok(_) => json.end().err().map_or_else(|| "not valid JSON".to_owned(), |error| error.to_string()),
        Err(error) if error.path().iter().len() == 0 => check::cut(error.inner().to_string()),
        Err(error) => {
            format!("{}: {}", check::cut(error.path().to_string()), check::cut(error.inner().to_string()))
        }
    }
}

/// A line of the offline form.
#[derive(Deserialize)]
pub struct LineJson<'a> {
    #[serde(borrow, alias = "chat_event", rename = "chatEvent")]
    chat_event: Option<Object<ChatEventJson<'a>>>,
    #[serde(borrow, alias = "customer_event", rename = "customerEvent")]
    customer_event: Option<Object<CustomerEventJson<'a>>>,
    #[serde(borrow, alias = "goal_change", rename = "goalChange")]
    goal_change: Option<Object<GoalChangeJson<'a>>>,
}

/// What a line holds.
pub enum Line<'a> {
    Chat(ChatEvent<'a>),
    Customer(CustomerEvent<'a>),
    Goal(GoalChange),
}

impl LineJson<'_> {
    pub fn line(&self) -> Result<Line<'_>, Invalid> {
        match (&self.chat_event, &self.customer_event, &self.goal_change) {
            (Some(event), None, None) => Ok(Line::Chat(within("chatEvent", event.event())?)),
            (None, Some(event), None) => Ok(Line::Customer(within("customerEvent", event.event())?)),
            (None, None, Some(change)) => Ok(Line::Goal(within("goalChange", change.change())?)),
            (None, None, None) => Err("no chatEvent, customerEvent or goalChange".to_owned()),
            _ => Err("more than one of chatEvent, customerEvent and goalChange".to_owned()),
        }
    }
}

fn within<T>(name: &str, result: Result<T, Invalid>) -> Result<T, Invalid> {
    result.map_err(|reason| format!("{name}.{reason}"))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatEventJson<'a> {
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default, alias = "channel_id")]
    channel_id: Text<'a>,
    #[serde(borrow, default, alias = "chat_id")]
    chat_id: Text<'a>,
    #[serde(default)]
    at: At,
    #[serde(borrow, alias = "chat_opened")]
    chat_opened: Option<Object<CustomerId<'a>>>,
    #[serde(borrow, alias = "customer_message")]
    customer_message: Option<Object<CustomerId<'a>>>,
    #[serde(borrow, alias = "manager_reply")]
    manager_reply: Option<Object<ManagerId<'a>>>,
    #[serde(borrow, alias = "chat_closed")]
    chat_closed: Option<Object<ManagerId<'a>>>,
    #[serde(alias = "chat_reopened")]
    chat_reopened: Option<Object<Empty>>,
    #[serde(borrow, alias = "chat_assigned")]
    chat_assigned: Option<Object<ManagerId<'a>>>,
    #[serde(alias = "chat_deleted")]
    chat_deleted: Option<Object<Empty>>,
    #[serde(borrow, alias = "goal_event")]
    goal_event: Option<Object<EventJson<'a>>>,
}

impl ChatEventJson<'_> {
    pub fn event(&self) -> Result<ChatEvent<'_>, Invalid> {
        let mut variants = Variants::default();
        if let Some(body) = &self.chat_opened {
            let customer = check::optional_id("chatOpened.customerId", &body.customer_id)?;
            variants.add(ChatBody::Said(Said::Opened { customer }));
        }
        if let Some(body) = &self.customer_message {
            let customer = check::needed_id("customerMessage.customerId", &body.customer_id)?;
            variants.add(ChatBody::Said(Said::CustomerMessage { customer }));
        }
        if let Some(body) = &self.manager_reply {
            let manager = check::needed_id("managerReply.managerId", &body.manager_id)?;
            variants.add(ChatBody::Said(Said::ManagerReply { manager }));
        }
        if let Some(body) = &self.chat_closed {
            let by = check::optional_id("chatClosed.managerId", &body.manager_id)?;
            variants.add(ChatBody::Said(Said::Closed { by }));
        }
        if self.chat_reopened.is_some() {
            variants.add(ChatBody::Said(Said::Reopened));
        }
        if let Some(body) = &self.chat_assigned {
            let manager = check::optional_id("chatAssigned.managerId", &body.manager_id)?;
            variants.add(ChatBody::Said(Said::Assigned { manager }));
        }
        if self.chat_deleted.is_some() {
            variants.add(ChatBody::Deleted);
        }
        if let Some(body) = &self.goal_event {
            let name = check::event_name("goalEvent.name", &body.name)?;
            variants.add(ChatBody::GoalEvent { name, properties: &body.0 });
        }
        Ok(ChatEvent {
            id: check::optional_id("id", &self.id)?,
            channel: check::needed_id("channelId", &self.channel_id)?,
            chat: check::needed_id("chatId", &self.chat_id)?,
            at: self.at.get()?,
            body: variants.only(&check::CHAT_EVENT_VARIANTS)?,
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomerEventJson<'a> {
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default, alias = "channel_id")]
    channel_id: Text<'a>,
    #[serde(borrow, default, alias = "customer_id")]
    customer_id: Text<'a>,
    #[serde(default)]
    at: At,
    #[serde(borrow)]
    tracked: Option<Object<EventJson<'a>>>,
    #[serde(borrow)]
    merged: Option<Object<MergedJson<'a>>>,
}

impl CustomerEventJson<'_> {
    pub fn event(&self) -> Result<CustomerEvent<'_>, Invalid> {
        let mut variants = Variants::default();
        if let Some(body) = &self.tracked {
            let name = check::event_name("tracked.name", &body.name)?;
            variants.add(CustomerBody::Tracked { name, properties: &body.0 });
        }
        if let Some(body) = &self.merged {
            let into = check::needed_id("merged.intoCustomerId", &body.into_customer_id)?;
            variants.add(CustomerBody::Merged { into });
        }
        Ok(CustomerEvent {
            id: check::optional_id("id", &self.id)?,
            channel: check::needed_id("channelId", &self.channel_id)?,
            customer: check::needed_id("customerId", &self.customer_id)?,
            at: self.at.get()?,
            body: variants.only(&check::CUSTOMER_EVENT_VARIANTS)?,
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GoalChangeJson<'a> {
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default, alias = "channel_id")]
    channel_id: Text<'a>,
    #[serde(default)]
    at: At,
    #[serde(borrow, alias = "goal_set")]
    goal_set: Option<Object<GoalSetJson<'a>>>,
    #[serde(alias = "goal_removed")]
    goal_removed: Option<Object<Empty>>,
    #[serde(alias = "subscription_set")]
    subscription_set: Option<Object<SubscriptionSetJson>>,
    #[serde(borrow, alias = "time_zone_set")]
    time_zone_set: Option<Object<TimeZoneSetJson<'a>>>,
}

impl GoalChangeJson<'_> {
    /// The channel it names, which is the key of its record.
    pub fn change(&self) -> Result<GoalChange, Invalid> {
        let mut variants = Variants::default();
        if let Some(goal) = &self.goal_set {
            variants.add(Change::GoalSet(goal.goal()?));
        }
        if self.goal_removed.is_some() {
            variants.add(Change::GoalRemoved);
        }
        if let Some(body) = &self.subscription_set {
            variants.add(Change::SubscriptionSet(body.active.unwrap_or(false)));
        }
        if let Some(body) = &self.time_zone_set {
            variants.add(Change::TimeZoneSet(check::time_zone("timeZoneSet.timeZone", &body.time_zone)?));
        }
        Ok(GoalChange {
            id: check::optional_id("id", &self.id)?.map(Into::into),
            channel: check::needed_id("channelId", &self.channel_id)?.into(),
            at: self.at.get()?,
            change: variants.only(&check::GOAL_CHANGE_VARIANTS)?,
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GoalSetJson<'a> {
    #[serde(borrow, default, alias = "event_name")]
    event_name: Text<'a>,
    #[serde(borrow)]
    filter: Option<Object<FilterJson<'a>>>,
    #[serde(default)]
    days: Whole,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FilterJson<'a> {
    #[serde(borrow, alias = "all_of")]
    all_of: Option<Vec<Object<ClauseJson<'a>>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClauseJson<'a> {
    #[serde(borrow, alias = "any_of")]
    any_of: Option<Vec<Object<ConditionJson<'a>>>>,
}

#[derive(Deserialize)]
struct ConditionJson<'a> {
    #[serde(borrow, default)]
    property: Text<'a>,
    #[serde(default)]
    operator: OperatorJson,
    values: Option<Vec<Property>>,
}

impl GoalSetJson<'_> {
    pub(super) fn goal(&self) -> Result<Goal, Invalid> {
        let clauses = self.filter.iter().flat_map(|filter| &filter.all_of).flatten();
        let all_of = clauses.enumerate().map(|(index, clause)| clause.clause(index));
        let filter = Filter { all_of: all_of.collect::<Result<_, _>>()? };
        check::goal(self.event_name.to_string(), filter, self.days.0)
    }
}

impl ClauseJson<'_> {
    fn clause(&self, clause: usize) -> Result<Clause, Invalid> {
        let any_of = self.any_of.iter().flatten().enumerate().map(|(index, condition)| {
            let path = ConditionPath { clause, condition: index };
            let values = condition.values.iter().flatten().map(|value| match value {
                Property::Text(text) => Some(Scalar::Text(text.clone())),
                Property::Number(number) => Some(Scalar::Number(*number)),
                Property::Bool(yes) => Some(Scalar::Bool(*yes)),
                Property::Null | Property::List(_) | Property::Object(_) => None,
            });
            check::condition(path, condition.property.to_string(), condition.operator.0, values)
        });
        check::clause(clause, any_of.collect::<Result<_, _>>()?)
    }
}

#[derive(Deserialize)]
struct SubscriptionSetJson {
    active: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TimeZoneSetJson<'a> {
    #[serde(borrow, default, alias = "time_zone")]
    time_zone: Text<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CustomerId<'a> {
    #[serde(borrow, default, alias = "customer_id")]
    customer_id: Text<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ManagerId<'a> {
    #[serde(borrow, default, alias = "manager_id")]
    manager_id: Text<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MergedJson<'a> {
    #[serde(borrow, default, alias = "into_customer_id")]
    into_customer_id: Text<'a>,
}

#[derive(Deserialize)]
struct Empty {}

#[derive(Deserialize)]
struct EventJson<'a> {
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow)]
    properties: Option<&'a RawValue>,
}

impl Properties for EventJson<'_> {
    fn read(&self) -> Property {
        let read = self.properties.and_then(|raw| serde_json::from_str(raw.get()).ok());
        match read {
            Some(object @ Property::Object(_)) => object,
            _ => Property::Object(Vec::new()),
        }
    }
}

/// The variants that a record has; there must be exactly one.
struct Variants<T>(Option<T>, usize);

impl<T> Default for Variants<T> {
    fn default() -> Self {
        Self(None, 0)
    }
}

impl<T> Variants<T> {
    fn add(&mut self, variant: T) {
        self.0 = Some(variant);
        self.1 += 1;
    }

    fn only(self, variants: &[&str]) -> Result<T, Invalid> {
        match self {
            Self(Some(variant), 1) => Ok(variant),
            Self(_, count) => Err(check::not_one_variant(count, variants)),
        }
    }
}

/// A JSON object. (Left to itself, serde takes an array of the fields for a struct.)
struct Object<T>(T);

impl<T> std::ops::Deref for Object<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = Object<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(de::value::MapAccessDeserializer::new(map)).map(Object)
            }
        }
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

/// A string, borrowed where it has no escapes; null and absent are empty.
#[derive(Default)]
struct Text<'a>(Cow<'a, str>);

impl std::ops::Deref for Text<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
            fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
                Ok(Text::default())
            }
        }
        deserializer.deserialize_any(TextVisitor)
    }
}

fn rfc3339(text: &str) -> Result<Timestamp, Invalid> {
    let time = chrono::DateTime::parse_from_rfc3339(text)
        .map_err(|error| format!("{}: {error}", check::quoted(text)))?;
    // The T is needed, and a leap second is no millisecond of its own: its fraction is beyond the second.
    if !matches!(text.as_bytes().get(10), Some(b'T' | b't')) {
        return Err(format!("{}: there is no T between date and time", check::quoted(text)));
    }
    check::time("time", time.timestamp(), time.timestamp_subsec_nanos() as i32)
}

/// A time: RFC 3339, or whole epoch milliseconds.
#[derive(Default)]
struct At(Option<Timestamp>);

impl At {
    fn get(&self) -> Result<Timestamp, Invalid> {
        self.0.ok_or_else(|| "at: it is needed".to_owned())
    }
}

impl<'de> Deserialize<'de> for At {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AtVisitor;
        impl Visitor<'_> for AtVisitor {
            type Value = At;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an RFC 3339 time or whole epoch milliseconds that are not negative")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<At, E> {
                rfc3339(text).map(|time| At(Some(time))).map_err(E::custom)
            }
            fn visit_u64<E: de::Error>(self, millis: u64) -> Result<At, E> {
                epoch_millis(millis).map(|time| At(Some(time))).map_err(E::custom)
            }
            fn visit_unit<E: de::Error>(self) -> Result<At, E> {
                Ok(At(None))
            }
        }
        deserializer.deserialize_any(AtVisitor)
    }
}

/// A 32-bit count as proto3 JSON allows it: a whole number, or one in a string.
#[derive(Default)]
struct Whole(u32);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WholeVisitor;
        impl Visitor<'_> for WholeVisitor {
            type Value = Whole;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number")
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Whole, E> {
                u32::try_from(number).map(Whole).map_err(E::custom)
            }
            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Whole, E> {
                if number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number) {
                    Ok(Whole(number as u32))
                } else {
                    Err(E::invalid_value(de::Unexpected::Float(number), &self))
                }
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Whole, E> {
                text.parse().map(Whole).map_err(E::custom)
            }
            fn visit_unit<E: de::Error>(self) -> Result<Whole, E> {
                Ok(Whole(0))
            }
        }
        deserializer.deserialize_any(WholeVisitor)
    }
}

/// A known operator, by its name or, as proto3 JSON allows, its number.
#[derive(Default)]
struct OperatorJson(Option<Operator>);

impl<'de> Deserialize<'de> for OperatorJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OperatorVisitor;
        impl Visitor<'_> for OperatorVisitor {
            type Value = OperatorJson;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of an operator")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<OperatorJson, E> {
                Ok(OperatorJson(check::operator(text)))
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<OperatorJson, E> {
                // The numbers of the schema: 0 is unspecified, the others in the order of the names.
                let known = number.checked_sub(1).and_then(|index| check::OPERATORS.get(index as usize));
                Ok(OperatorJson(known.map(|(_, operator)| *operator)))
            }
            fn visit_unit<E: de::Error>(self) -> Result<OperatorJson, E> {
                Ok(OperatorJson::default())
            }
        }
        deserializer.deserialize_any(OperatorVisitor)
    }
}

impl<'de> Deserialize<'de> for Property {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PropertyVisitor;
        impl<'de> Visitor<'de> for PropertyVisitor {
            type Value = Property;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any JSON value")
            }
            fn visit_bool<E>(self, yes: bool) -> Result<Property, E> {
                Ok(Property::Bool(yes))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Property, E> {
                Ok(Property::Number(number as f64))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Property, E> {
                Ok(Property::Number(number as f64))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Property, E> {
                Ok(Property::Number(number))
            }
            fn visit_str<E>(self, text: &str) -> Result<Property, E> {
                Ok(Property::Text(text.to_owned()))
            }
            fn visit_string<E>(self, text: String) -> Result<Property, E> {
                Ok(Property::Text(text))
            }
            fn visit_unit<E>(self) -> Result<Property, E> {
                Ok(Property::Null)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Property, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Property::List(list))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Property, A::Error> {
                let mut object = Vec::new();
                while let Some(field) = fields.next_entry()? {
                    object.push(field);
                }
                Ok(Property::Object(object))
            }
        }
        deserializer.deserialize_any(PropertyVisitor)
    }
}

/// A time as on the command line: in either form of `at`.
pub fn time_argument(text: &str) -> Result<Timestamp, Invalid> {
    match text.parse::<u64>() {
        Ok(millis) => epoch_millis(millis),
        Err(_) => rfc3339(text),
    }
}

fn epoch_millis(millis: u64) -> Result<Timestamp, Invalid> {
    let (seconds, nanos) = (millis / 1_000, (millis % 1_000) * 1_000_000);
    check::time("time", seconds as i64, nanos as i32)
}
