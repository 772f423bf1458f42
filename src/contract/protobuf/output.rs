//! Output records in protobuf: encoded from what the stages publish, decoded for readers.
//!
//! Nothing here decides what is published, or keeps a record.

use super::convert::{decoded, goal_from, goal_to, present, time_to};
use super::generated as pb;
use super::generated::goal_status_changed::{Cause as PbCause, Phase, Round, Status as PbStatus, round};
use super::generated::manager_goal_counters::Scope as PbScope;
use crate::contract::keys::Scope;
use crate::contract::records::{CounterRecord, RoundRecord, ShownRecord, StatusName, StatusRecord};
use crate::domain::credit::Bucket;
use crate::domain::ids::{ChannelId, ChatId, CustomerId, EventId, ManagerId};
use crate::domain::settings::Channel;
use crate::domain::status::{OutcomeKind, Status};
use crate::domain::time::Timestamp;
use crate::stages::chats::StatusChange;
use crate::stages::managers::Counter;
use crate::stages::messages::{Cause, CauseKind};
use prost::Message;

/// A `goal.status-changed` record. `channel` holds the settings of the chat's channel, which know its goals.
pub fn encode_status(change: &StatusChange, channel: &Channel) -> Vec<u8> {
    let (status, phase) = match change.view.status {
        Status::None => (PbStatus::None, Phase::Unspecified),
        Status::AwaitingReply => (PbStatus::InProcess, Phase::AwaitingReply),
        Status::Measuring => (PbStatus::InProcess, Phase::Measuring),
        Status::Missed => (PbStatus::Missed, Phase::Unspecified),
        Status::Achieved => (PbStatus::Achieved, Phase::Unspecified),
    };
    let previous = match change.previous.map(StatusName::from) {
        None => PbStatus::Unspecified,
        Some(StatusName::None) => PbStatus::None,
        Some(StatusName::InProcess) => PbStatus::InProcess,
        Some(StatusName::Missed) => PbStatus::Missed,
        Some(StatusName::Achieved) => PbStatus::Achieved,
    };
    let mut record = pb::GoalStatusChanged {
        channel_id: change.channel.as_str().into(),
        chat_id: change.chat.as_str().into(),
        customer_id: change.view.customer.as_deref().unwrap_or_default().into(),
        revision: change.revision,
        status: status.into(),
        phase: phase.into(),
        previous_status: previous.into(),
        at: Some(time_to(change.cause.at)),
        cause: cause_to(change.cause.kind).into(),
        correction: change.correction,
        ..Default::default()
    };
    if let Some(shown) = &change.view.shown {
        record.goal = Some(goal_to(channel.goal(shown.goal)));
        record.started_at = Some(time_to(shown.start));
        record.deadline = Some(time_to(shown.deadline));
        record.achieved_at = shown.achieved_at.map(time_to);
        record.achieved_by = shown.achieved_by.as_deref().unwrap_or_default().into();
        record.manager_id = shown.manager.as_str().into();
        record.first_reply_manager_id = shown.first_reply_manager.as_str().into();
    }
    record.round = change.view.round.as_ref().map(|round| Round {
        number: round.number,
        outcome: outcome_to(round.outcome).into(),
        goal: Some(goal_to(channel.goal(round.goal))),
        started_at: Some(time_to(round.start)),
        deadline: Some(time_to(round.deadline)),
    });
    record.encode_to_vec()
}

/// A `goal.status-changed` record that is no tombstone.
pub fn decode_status(record: &[u8]) -> Result<StatusRecord, String> {
    let record = decoded::<pb::GoalStatusChanged>(record)?;
    let status = match (record.status(), record.phase()) {
        (PbStatus::None, _) => Status::None,
        (PbStatus::InProcess, Phase::AwaitingReply) => Status::AwaitingReply,
        (PbStatus::InProcess, Phase::Measuring) => Status::Measuring,
        (PbStatus::Missed, _) => Status::Missed,
        (PbStatus::Achieved, _) => Status::Achieved,
        (PbStatus::InProcess, Phase::Unspecified) => return Err("phase: it is missing or not known".into()),
        (PbStatus::Unspecified, _) => return Err("status: it is missing or not known".into()),
    };
    let previous = match record.previous_status() {
        PbStatus::Unspecified => None,
        PbStatus::None => Some(StatusName::None),
        PbStatus::InProcess => Some(StatusName::InProcess),
        PbStatus::Missed => Some(StatusName::Missed),
        PbStatus::Achieved => Some(StatusName::Achieved),
    };
    let cause = Cause { kind: cause_from(record.cause())?, at: time("at", record.at)? };
    let shown = match record.goal {
        None => None,
        Some(goal) => Some(ShownRecord {
            goal: goal_from(goal)?,
            started_at: time("startedAt", record.started_at)?,
            deadline: time("deadline", record.deadline)?,
            achieved_at: record.achieved_at.map(|at| time("achievedAt", Some(at))).transpose()?,
            achieved_by: present(&record.achieved_by).map(EventId::new),
            manager: ManagerId::new(&record.manager_id),
            first_reply_manager: ManagerId::new(&record.first_reply_manager_id),
        }),
    };
    Ok(StatusRecord {
        channel: ChannelId::new(&record.channel_id),
        chat: ChatId::new(&record.chat_id),
        customer: present(&record.customer_id).map(CustomerId::new),
        revision: record.revision,
        status,
        previous,
        shown,
        round: record.round.map(round_from).transpose()?,
        cause,
        correction: record.correction,
    })
}

fn round_from(round: Round) -> Result<RoundRecord, String> {
    let outcome = outcome_from(round.outcome())?;
    Ok(RoundRecord {
        number: round.number,
        outcome,
        goal: goal_from(round.goal.ok_or("round.goal: it is missing")?)?,
        started_at: time("round.startedAt", round.started_at)?,
        deadline: time("round.deadline", round.deadline)?,
    })
}

/// A `manager.goal-counters` record. A count below 0 is published as 0, and the rates are those of what is published.
pub fn encode_counter(counter: &Counter) -> Vec<u8> {
    let count = |number: i64| u32::try_from(number.max(0)).unwrap_or(u32::MAX);
    let counts = &counter.counts;
    let ended = count(counts.ended);
    let rate = |part: i64| (ended > 0).then(|| f64::from(count(part)) / f64::from(ended));
    let scope = match Scope::of(&counter.bucket) {
        Scope::Manager => PbScope::Manager,
        Scope::Channel => PbScope::Channel,
    };
    let record = pb::ManagerGoalCounters {
        channel_id: counter.channel.as_str().into(),
        scope: scope.into(),
        manager_id: counter.bucket.manager.as_deref().unwrap_or_default().into(),
        date: counter.bucket.date.map(|date| date.to_string()).unwrap_or_default(),
        measured: count(counts.measured),
        achieved: count(counts.achieved),
        missed: count(counts.missed),
        ended,
        closes: count(counts.closes),
        achieved_of_ended: count(counts.achieved_of_ended),
        achievement_rate: rate(counts.achieved),
        ended_achievement_rate: rate(counts.achieved_of_ended),
        revision: counter.revision,
        updated_at: Some(time_to(counter.updated_at)),
    };
    record.encode_to_vec()
}

/// A `manager.goal-counters` record.
pub fn decode_counter(record: &[u8]) -> Result<CounterRecord, String> {
    let record = decoded::<pb::ManagerGoalCounters>(record)?;
    let manager = match record.scope() {
        PbScope::Manager => Some(ManagerId::new(&record.manager_id)),
        PbScope::Channel => None,
        PbScope::Unspecified => return Err("scope: it is missing or not known".into()),
    };
    let date =
        present(&record.date).map(|date| date.parse().map_err(|_| format!("date: {date:?} is no date")));
    Ok(CounterRecord {
        channel: ChannelId::new(&record.channel_id),
        bucket: Bucket { manager, date: date.transpose()? },
        measured: record.measured,
        achieved: record.achieved,
        missed: record.missed,
        ended: record.ended,
        closes: record.closes,
        achieved_of_ended: record.achieved_of_ended,
        achievement_rate: record.achievement_rate,
        ended_achievement_rate: record.ended_achievement_rate,
        revision: record.revision,
        updated_at: time("updatedAt", record.updated_at)?,
    })
}

/// A time that was published: a deadline may lie beyond the years that an input may name.
fn time(path: &str, time: Option<prost_types::Timestamp>) -> Result<Timestamp, String> {
    let time = time.ok_or_else(|| format!("{path}: the time is missing"))?;
    Ok(Timestamp(time.seconds.saturating_mul(1_000)).plus(i64::from(time.nanos / 1_000_000)))
}

fn outcome_to(outcome: OutcomeKind) -> round::Outcome {
    match outcome {
        OutcomeKind::Open => round::Outcome::Open,
        OutcomeKind::Superseded => round::Outcome::Superseded,
        OutcomeKind::Missed => round::Outcome::Missed,
        OutcomeKind::Achieved => round::Outcome::Achieved,
    }
}

fn outcome_from(outcome: round::Outcome) -> Result<OutcomeKind, String> {
    match outcome {
        round::Outcome::Unspecified => Err("round.outcome: it is missing or not known".into()),
        round::Outcome::Open => Ok(OutcomeKind::Open),
        round::Outcome::Superseded => Ok(OutcomeKind::Superseded),
        round::Outcome::Missed => Ok(OutcomeKind::Missed),
        round::Outcome::Achieved => Ok(OutcomeKind::Achieved),
    }
}

fn cause_to(cause: CauseKind) -> PbCause {
    match cause {
        CauseKind::ChatOpened => PbCause::ChatOpened,
        CauseKind::CustomerMessage => PbCause::CustomerMessage,
        CauseKind::ManagerReply => PbCause::ManagerReply,
        CauseKind::ChatClosed => PbCause::ChatClosed,
        CauseKind::ChatReopened => PbCause::ChatReopened,
        CauseKind::ChatAssigned => PbCause::ChatAssigned,
        CauseKind::GoalEvent => PbCause::GoalEvent,
        CauseKind::CustomerMerged => PbCause::CustomerMerged,
        CauseKind::GoalChanged => PbCause::GoalChanged,
        CauseKind::Deadline => PbCause::Deadline,
        CauseKind::Rebuild => PbCause::Rebuild,
    }
}

fn cause_from(cause: PbCause) -> Result<CauseKind, String> {
    Ok(match cause {
        PbCause::Unspecified => return Err("cause: it is missing or not known".into()),
        PbCause::ChatOpened => CauseKind::ChatOpened,
        PbCause::CustomerMessage => CauseKind::CustomerMessage,
        PbCause::ManagerReply => CauseKind::ManagerReply,
        PbCause::ChatClosed => CauseKind::ChatClosed,
        PbCause::ChatReopened => CauseKind::ChatReopened,
        PbCause::ChatAssigned => CauseKind::ChatAssigned,
        PbCause::GoalEvent => CauseKind::GoalEvent,
        PbCause::CustomerMerged => CauseKind::CustomerMerged,
        PbCause::GoalChanged => CauseKind::GoalChanged,
        PbCause::Deadline => CauseKind::Deadline,
        PbCause::Rebuild => CauseKind::Rebuild,
    })
}
