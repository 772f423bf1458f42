//! What is published, as JSON: lowerCamelCase names, enum names as strings, RFC 3339 times, defaults left out.

use crate::contract::check::OPERATORS;
use crate::domain::credit::Bucket;
use crate::domain::goal::{Goal, Operator, Scalar};
use crate::domain::rounds::{Outcome, Round};
use crate::domain::settings::Channel;
use crate::domain::status::{OutcomeKind, Status, View};
use crate::domain::time::Timestamp;
use crate::stages::chats::StatusChange;
use crate::stages::managers::Counter;
use crate::stages::messages::CauseKind;
use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, Timelike, Utc};
use compact_str::CompactString;
use serde::ser::{SerializeMap, SerializeSeq, SerializeStruct};
use serde::{Serialize, Serializer};

/// A `goal.status-changed` record.
pub fn status_changed<'a>(change: &'a StatusChange, channel: &'a Channel) -> StatusJson<'a> {
    StatusJson {
        revision: Some(change.revision),
        previous_status: change.previous.map(status_name),
        at: Some(Time(change.cause.at)),
        cause: Some(cause_name(change.cause.kind)),
        correction: change.correction,
        ..view(&change.channel, &change.chat, &change.view, channel)
    }
}

/// The latest view of a chat, with all its rounds (offline).
pub fn status<'a>(
    channel_id: &'a str,
    chat: &'a str,
    shown: &'a View,
    rounds: &[Round],
    channel: &'a Channel,
) -> StatusJson<'a> {
    let rounds = rounds.iter().map(|round| RoundJson {
        number: round.number,
        outcome: outcome_name(round.outcome.kind()),
        goal: GoalJson(channel.goal(round.goal)),
        started_at: Time(round.start),
        deadline: Time(round.deadline),
        achieved_at: match round.outcome {
            Outcome::Achieved { at, .. } => Some(Time(at)),
            Outcome::Open | Outcome::Superseded | Outcome::Missed => None,
        },
    });
    StatusJson { rounds: Some(rounds.collect()), ..view(channel_id, chat, shown, channel) }
}

/// A `manager.goal-counters` record.
pub fn counter(counter: &Counter) -> CounterJson<'_> {
    CounterJson {
        revision: Some(counter.revision),
        updated_at: Some(Time(counter.updated_at)),
        ..totals(&counter.channel, &counter.bucket, &counter.counts)
    }
}

/// The values of a bucket (offline, without revision and time).
pub fn totals<'a>(
    channel_id: &'a str,
    bucket: &'a Bucket,
    counts: &crate::domain::credit::Counts,
) -> CounterJson<'a> {
    let count = |number: i64| u32::try_from(number.max(0)).unwrap_or(u32::MAX);
    let rate = |part: i64| (counts.ended > 0).then(|| part.max(0) as f64 / counts.ended as f64);
    CounterJson {
        channel_id,
        scope: match bucket.manager {
            Some(_) => "MANAGER",
            None => "CHANNEL",
        },
        manager_id: bucket.manager.as_deref().filter(|manager| !manager.is_empty()),
        date: bucket.date.map(Date),
        measured: count(counts.measured),
        achieved: count(counts.achieved),
        missed: count(counts.missed),
        ended: count(counts.ended),
        closes: count(counts.closes),
        achieved_of_ended: count(counts.achieved_of_ended),
        achievement_rate: rate(counts.achieved),
        ended_achievement_rate: rate(counts.achieved_of_ended),
        revision: None,
        updated_at: None,
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusJson<'a> {
    channel_id: &'a str,
    chat_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<u32>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    phase: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    goal: Option<GoalJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deadline: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    achieved_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    achieved_by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    manager_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_reply_manager_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    round: Option<RoundJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'static str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    correction: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    rounds: Option<Vec<RoundJson<'a>>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RoundJson<'a> {
    number: u32,
    outcome: &'static str,
    goal: GoalJson<'a>,
    started_at: Time,
    deadline: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    achieved_at: Option<Time>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CounterJson<'a> {
    channel_id: &'a str,
    scope: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    manager_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<Date>,
    measured: u32,
    achieved: u32,
    missed: u32,
    ended: u32,
    closes: u32,
    achieved_of_ended: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    achievement_rate: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_achievement_rate: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<Time>,
}

fn view<'a>(channel_id: &'a str, chat_id: &'a str, view: &'a View, channel: &'a Channel) -> StatusJson<'a> {
    let shown = view.shown.as_ref();
    let manager = |id: &'a str| Some(id).filter(|id| !id.is_empty());
    StatusJson {
        channel_id,
        chat_id,
        customer_id: view.customer.as_deref(),
        revision: None,
        status: status_name(view.status),
        phase: phase_name(view.status),
        previous_status: None,
        at: None,
        goal: shown.map(|shown| GoalJson(channel.goal(shown.goal))),
        started_at: shown.map(|shown| Time(shown.start)),
        deadline: shown.map(|shown| Time(shown.deadline)),
        achieved_at: shown.and_then(|shown| shown.achieved_at).map(Time),
        achieved_by: shown.and_then(|shown| shown.achieved_by.as_deref()),
        manager_id: shown.and_then(|shown| manager(&shown.manager)),
        first_reply_manager_id: shown.and_then(|shown| manager(&shown.first_reply_manager)),
        round: view.round.as_ref().map(|round| RoundJson {
            number: round.number,
            outcome: outcome_name(round.outcome),
            goal: GoalJson(channel.goal(round.goal)),
            started_at: Time(round.start),
            deadline: Time(round.deadline),
            achieved_at: None,
        }),
        cause: None,
        correction: false,
        rounds: None,
    }
}

pub fn status_name(status: Status) -> &'static str {
    match status {
        Status::None => "NONE",
        Status::AwaitingReply | Status::Measuring => "IN_PROCESS",
        Status::Missed => "MISSED",
        Status::Achieved => "ACHIEVED",
    }
}

pub fn phase_name(status: Status) -> Option<&'static str> {
    match status {
        Status::AwaitingReply => Some("AWAITING_REPLY"),
        Status::Measuring => Some("MEASURING"),
        Status::None | Status::Missed | Status::Achieved => None,
    }
}

pub fn outcome_name(outcome: OutcomeKind) -> &'static str {
    match outcome {
        OutcomeKind::Open => "OPEN",
        OutcomeKind::Superseded => "SUPERSEDED",
        OutcomeKind::Missed => "MISSED",
        OutcomeKind::Achieved => "ACHIEVED",
    }
}

pub fn cause_name(cause: CauseKind) -> &'static str {
    match cause {
        CauseKind::ChatOpened => "CHAT_OPENED",
        CauseKind::CustomerMessage => "CUSTOMER_MESSAGE",
        CauseKind::ManagerReply => "MANAGER_REPLY",
        CauseKind::ChatClosed => "CHAT_CLOSED",
        CauseKind::ChatReopened => "CHAT_REOPENED",
        CauseKind::ChatAssigned => "CHAT_ASSIGNED",
        CauseKind::GoalEvent => "GOAL_EVENT",
        CauseKind::CustomerMerged => "CUSTOMER_MERGED",
        CauseKind::GoalChanged => "GOAL_CHANGED",
        CauseKind::Deadline => "DEADLINE",
        CauseKind::Rebuild => "REBUILD",
    }
}

fn operator_name(operator: Operator) -> &'static str {
    let known = OPERATORS.iter().find(|(_, known)| *known == operator);
    known.expect("every operator has a name").0
}

/// An RFC 3339 time in UTC with 0 or 3 digits of a fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let time = DateTime::from_timestamp_millis(self.0.0)
            .ok_or_else(|| serde::ser::Error::custom("a time beyond the calendar"))?;
        match rfc3339(time) {
            Some(text) => serializer.serialize_str(text.as_str()),
            None => serializer.serialize_str(&time.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
        }
    }
}

/// What chrono would write for a year of four digits, digit by digit: a view has up to seven times, and chrono's general
/// formatter took a third of the time that it takes to encode one. `None` for any other year.
fn rfc3339(time: DateTime<Utc>) -> Option<CompactString> {
    let year = u32::try_from(time.year()).ok().filter(|year| (1_000..10_000).contains(year))?;
    let mut text = *b"0000-00-00T00:00:00.000Z";
    let mut put = |at: usize, digits: usize, mut number: u32| {
        for place in (at..at + digits).rev() {
            text[place] = b'0' + (number % 10) as u8;
            number /= 10;
        }
    };
    put(0, 4, year);
    put(5, 2, time.month());
    put(8, 2, time.day());
    put(11, 2, time.hour());
    put(14, 2, time.minute());
    put(17, 2, time.second());
    let millis = time.timestamp_subsec_millis();
    put(20, 3, millis);
    if millis == 0 {
        text[19] = b'Z';
    }
    let text = if millis == 0 { &text[..20] } else { &text[..] };
    Some(CompactString::new(std::str::from_utf8(text).expect("only ASCII was put there")))
}

/// A calendar date: `2026-03-29`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(pub NaiveDate);

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A goal as it was set.
pub struct GoalJson<'a>(pub &'a Goal);

impl Serialize for GoalJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Goal { event_name, filter, days } = self.0;
        let mut goal = serializer.serialize_struct("Goal", 3)?;
        goal.serialize_field("eventName", event_name)?;
        goal.serialize_field("days", &days.get())?;
        if !filter.all_of.is_empty() {
            goal.serialize_field("filter", &FilterJson(filter))?;
        }
        goal.end()
    }
}

struct FilterJson<'a>(&'a crate::domain::goal::Filter);

impl Serialize for FilterJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct ClauseJson<'a> {
            any_of: Vec<ConditionJson<'a>>,
        }
        #[derive(Serialize)]
        struct ConditionJson<'a> {
            property: &'a str,
            operator: &'static str,
            #[serde(skip_serializing_if = "Values::is_empty")]
            values: Values<'a>,
        }
        let clauses: Vec<ClauseJson<'_>> = self
            .0
            .all_of
            .iter()
            .map(|clause| ClauseJson {
                any_of: clause
                    .any_of
                    .iter()
                    .map(|condition| ConditionJson {
                        property: &condition.property,
                        operator: operator_name(condition.operator),
                        values: Values(&condition.values),
                    })
                    .collect(),
            })
            .collect();
        let mut filter = serializer.serialize_map(Some(1))?;
        filter.serialize_entry("allOf", &clauses)?;
        filter.end()
    }
}

struct Values<'a>(&'a [Scalar]);

impl Values<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Values<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut values = serializer.serialize_seq(Some(self.0.len()))?;
        for value in self.0 {
            match value {
                Scalar::Text(text) => values.serialize_element(text)?,
                Scalar::Bool(yes) => values.serialize_element(yes)?,
                // Whole numbers are printed as such as long as they are exact.
                Scalar::Number(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
                    values.serialize_element(&(*number as i64))?;
                }
                Scalar::Number(number) => values.serialize_element(number)?,
            }
        }
        values.end()
    }
}
