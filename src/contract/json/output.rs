//! What is published, as JSON: lowerCamelCase names, enum names as strings, RFC 3339 times, defaults left out.
//!
//! Views and counters, of which there are most, are written straight into bytes, by [`bytes`]; serde does everything else.

mod bytes;
mod counter;
mod status;

use crate::domain::status::{OutcomeKind, Status};
use crate::domain::time::Timestamp;
use crate::stages::messages::CauseKind;
pub use bytes::BeyondCalendar;
use chrono::NaiveDate;
pub use counter::{CounterJson, counter, totals};
use serde::{Serialize, Serializer};
pub use status::{goal, status, status_changed};

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
