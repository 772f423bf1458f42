//! What readers of the output topics get: a record as it was published, in whichever form.
//!
//! Unlike the stages' own types these stand for themselves: a goal is its content, a count is what was printed.
//! Nothing here encodes, decodes or judges.

use crate::domain::credit::Bucket;
use crate::domain::goal::Goal;
use crate::domain::ids::{ChannelId, ChatId, CustomerId, EventId, ManagerId};
use crate::domain::status::{OutcomeKind, Status};
use crate::domain::time::Timestamp;
use crate::stages::messages::Cause;

/// A `goal.status-changed` record (a tombstone has none).
#[derive(Clone, Debug, PartialEq)]
pub struct StatusRecord {
    pub channel: ChannelId,
    pub chat: ChatId,
    pub customer: Option<CustomerId>,
    pub revision: u32,
    /// Status and phase.
    pub status: Status,
    pub previous: Option<StatusName>,
    /// The round that the status shows.
    pub shown: Option<ShownRecord>,
    /// The last round.
    pub round: Option<RoundRecord>,
    /// What made the change, and its `at`.
    pub cause: Cause,
    pub correction: bool,
}

/// What a list of changes shows of a `goal.status-changed` record.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeRecord {
    pub revision: u32,
    pub status: Status,
    pub previous: Option<StatusName>,
    /// What made the change, and its `at`.
    pub cause: Cause,
    pub correction: bool,
}

impl From<StatusRecord> for ChangeRecord {
    fn from(record: StatusRecord) -> Self {
        let StatusRecord { revision, status, previous, cause, correction, .. } = record;
        Self { revision, status, previous, cause, correction }
    }
}

/// The round that a status shows.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownRecord {
    pub goal: Goal,
    pub started_at: Timestamp,
    pub deadline: Timestamp,
    pub achieved_at: Option<Timestamp>,
    pub achieved_by: Option<EventId>,
    /// The empty id is nobody.
    pub manager: ManagerId,
    pub first_reply_manager: ManagerId,
}

/// The last round of a chat.
#[derive(Clone, Debug, PartialEq)]
pub struct RoundRecord {
    pub number: u32,
    pub outcome: OutcomeKind,
    pub goal: Goal,
    pub started_at: Timestamp,
    pub deadline: Timestamp,
}

/// A status without its phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusName {
    None,
    InProcess,
    Missed,
    Achieved,
}

impl StatusName {
    pub fn as_str(self) -> &'static str {
        match self {
            StatusName::None => "NONE",
            StatusName::InProcess => "IN_PROCESS",
            StatusName::Missed => "MISSED",
            StatusName::Achieved => "ACHIEVED",
        }
    }
}

impl From<Status> for StatusName {
    fn from(status: Status) -> Self {
        match status {
            Status::None => StatusName::None,
            Status::AwaitingReply | Status::Measuring => StatusName::InProcess,
            Status::Missed => StatusName::Missed,
            Status::Achieved => StatusName::Achieved,
        }
    }
}

/// A `manager.goal-counters` record.
#[derive(Clone, Debug, PartialEq)]
pub struct CounterRecord {
    pub channel: ChannelId,
    pub bucket: Bucket,
    pub measured: u32,
    pub achieved: u32,
    pub missed: u32,
    pub ended: u32,
    pub closes: u32,
    pub achieved_of_ended: u32,
    /// Absent where `ended` is 0 (E4).
    pub achievement_rate: Option<f64>,
    pub ended_achievement_rate: Option<f64>,
    pub revision: u32,
    pub updated_at: Timestamp,
}
