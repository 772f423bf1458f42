//! Input records as JSON: read without copying what need not be copied, `properties` unread until a filter asks.
//! What their fields may be is in [`values`].

mod values;

pub use values::time_argument;

use crate::contract::check::{self, ConditionPath};
use crate::domain::conversation::Said;
use crate::domain::goal::{Clause, Filter, Goal, Properties, Property, Scalar};
use crate::domain::settings::{Change, GoalChange};
use crate::stages::messages::{ChatBody, ChatEvent, CustomerBody, CustomerEvent};
use serde::Deserialize;
use serde_json::value::RawValue;
use values::{At, Object, OperatorJson, Text, Variants, Whole};

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

/// A line of the offline form. What it holds is boxed: lines are handed on in bulk, and most of what each of the three may
/// say it does not.
#[derive(Deserialize)]
pub struct LineJson<'a> {
    #[serde(borrow, alias = "chat_event", rename = "chatEvent")]
    chat_event: Option<Box<Object<ChatEventJson<'a>>>>,
    #[serde(borrow, alias = "customer_event", rename = "customerEvent")]
    customer_event: Option<Box<Object<CustomerEventJson<'a>>>>,
    #[serde(borrow, alias = "goal_change", rename = "goalChange")]
    goal_change: Option<Box<Object<GoalChangeJson<'a>>>>,
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
