//! What is published, as JSON: lowerCamelCase names, enum names as strings, RFC 3339 times, defaults left out.
//!
//! [`status`] writes what there is most of straight into bytes, by [`bytes`]; serde does everything else.

mod bytes;
mod status;

use crate::domain::credit::Bucket;
use crate::domain::status::{OutcomeKind, Status};
use crate::domain::time::Timestamp;
use crate::stages::managers::Counter;
use crate::stages::messages::CauseKind;
pub use bytes::BeyondCalendar;
use chrono::NaiveDate;
use serde::{Serialize, Serializer};
pub use status::{goal, status, status_changed};

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

/// An RFC 3339 time in UTC with 0 or 3 digits of a fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&bytes::rfc3339(self.0).map_err(serde::ser::Error::custom)?)
    }
}

/// A calendar date: `2026-03-29`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(pub NaiveDate);

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}
