//! What the simulated platform writes: records as the contract has them, drafted without a time and an id, and
//! encoded as JSON once they happen. Reads nothing.

use super::catalog::CHANNELS;
use crate::domain::time::Timestamp;
use chrono::{DateTime, SecondsFormat};
use serde::Serialize;

/// The input topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    ChatEvents,
    CustomerEvents,
    GoalChanges,
}

/// A record that has happened: what is appended to the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub topic: Topic,
    pub key: String,
    /// JSON.
    pub value: Vec<u8>,
    /// The record's own `at`; also its log timestamp.
    pub timestamp_ms: i64,
}

/// A visitor, or one who has logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Customer {
    Visitor(u32),
    Account(u32),
}

impl Customer {
    pub fn id(self) -> String {
        match self {
            Customer::Visitor(number) => format!("visitor-{number}"),
            Customer::Account(number) => format!("customer-{number}"),
        }
    }
}

/// A record to come. `channel` is an index into the catalog.
#[derive(Clone, Debug)]
pub enum Draft {
    Chat { channel: usize, chat: u32, body: ChatBody },
    Customer { channel: usize, customer: Customer, body: CustomerBody },
    Setting { channel: usize, body: SettingBody },
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ChatBody {
    ChatOpened {
        #[serde(skip_serializing_if = "Option::is_none")]
        customer_id: Option<String>,
        opened_by: &'static str,
    },
    CustomerMessage {
        customer_id: String,
    },
    ManagerReply {
        manager_id: &'static str,
    },
    ChatClosed {
        #[serde(skip_serializing_if = "Option::is_none")]
        manager_id: Option<&'static str>,
    },
    ChatReopened {},
    ChatAssigned {
        manager_id: &'static str,
    },
    ChatDeleted {},
    GoalEvent {
        name: &'static str,
        properties: Properties,
    },
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum CustomerBody {
    Tracked { name: &'static str, properties: Properties },
    Merged { into_customer_id: String },
}

#[expect(clippy::enum_variant_names, reason = "they are named as in the contract")]
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum SettingBody {
    GoalSet {
        event_name: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        filter: Option<FilterDraft>,
        days: i64,
    },
    SubscriptionSet {
        active: bool,
    },
    TimeZoneSet {
        time_zone: &'static str,
    },
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FilterDraft {
    pub all_of: Vec<ClauseDraft>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClauseDraft {
    pub any_of: Vec<ConditionDraft>,
}

#[derive(Clone, Debug, Serialize)]
pub struct ConditionDraft {
    pub property: &'static str,
    pub operator: &'static str,
    pub values: Vec<f64>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub enum Properties {
    Page { path: &'static str, seconds: u32 },
    Purchase { amount: f64, currency: &'static str, items: u32 },
    Booking { destination: &'static str, nights: u32, total: u32 },
    Appointment { specialty: &'static str, first_visit: bool },
    Enrolment { language: &'static str, level: &'static str },
}

impl Draft {
    /// The record, now that it happens as the `number`th of all.
    pub fn encode(&self, at: Timestamp, number: u64) -> Record {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Line<'a, B> {
            id: String,
            channel_id: &'static str,
            #[serde(skip_serializing_if = "Option::is_none")]
            chat_id: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            customer_id: Option<&'a str>,
            at: String,
            #[serde(flatten)]
            body: &'a B,
        }
        let id = format!("e{number}");
        let time = DateTime::from_timestamp_millis(at.0).expect("a simulation ends before the calendar");
        let time = time.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        let (topic, key, value) = match self {
            Draft::Chat { channel, chat, body } => {
                let key = chat.to_string();
                let channel_id = CHANNELS[*channel].id;
                let line = Line { id, channel_id, chat_id: Some(&key), customer_id: None, at: time, body };
                let value = serde_json::to_vec(&line);
                (Topic::ChatEvents, key, value)
            }
            Draft::Customer { channel, customer, body } => {
                let key = customer.id();
                let channel_id = CHANNELS[*channel].id;
                let line = Line { id, channel_id, chat_id: None, customer_id: Some(&key), at: time, body };
                let value = serde_json::to_vec(&line);
                (Topic::CustomerEvents, key, value)
            }
            Draft::Setting { channel, body } => {
                let channel_id = CHANNELS[*channel].id;
                let line = Line { id, channel_id, chat_id: None, customer_id: None, at: time, body };
                (Topic::GoalChanges, channel_id.to_owned(), serde_json::to_vec(&line))
            }
        };
        let value = value.expect("these structs have nothing that JSON lacks");
        Record { topic, key, value, timestamp_ms: at.0 }
    }
}
