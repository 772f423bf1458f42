//! What was published, read back from JSON: counters and statuses whole, or of a status what a list of changes shows.

use super::input::GoalSetJson;
use crate::contract::records::{
    ChangeRecord, CounterRecord, RoundRecord, ShownRecord, StatusName, StatusRecord,
};
use crate::domain::credit::Bucket;
use crate::domain::ids::{ChannelId, ChatId, CustomerId, EventId, ManagerId};
use crate::domain::status::{OutcomeKind, Status};
use crate::domain::time::Timestamp;
use crate::stages::messages::{Cause, CauseKind};
use serde::Deserialize;

/// A `goal.status-changed` record that is no tombstone.
pub fn decode_change(record: &[u8]) -> Result<ChangeRecord, String> {
    let Change { revision, status, phase, previous_status, at, cause, correction } = read(record)?;
    Ok(ChangeRecord {
        revision,
        status: status_and_phase(&status, &phase)?,
        previous: present(&previous_status).map(status_name).transpose()?,
        cause: Cause { kind: cause_kind(&cause)?, at: time("at", &at)? },
        correction,
    })
}

/// A `goal.status-changed` record that is no tombstone, whole.
pub fn decode_status(record: &[u8]) -> Result<StatusRecord, String> {
    let read: View<'_> = read(record)?;
    let shown = read.goal.as_ref().map(|goal| {
        Ok::<_, String>(ShownRecord {
            goal: goal.goal()?,
            started_at: time("startedAt", &read.started_at)?,
            deadline: time("deadline", &read.deadline)?,
            achieved_at: present(&read.achieved_at).map(|at| time("achievedAt", at)).transpose()?,
            achieved_by: present(&read.achieved_by).map(EventId::new),
            manager: ManagerId::new(&read.manager_id),
            first_reply_manager: ManagerId::new(&read.first_reply_manager_id),
        })
    });
    let round = read.round.as_ref().map(|round| {
        Ok::<_, String>(RoundRecord {
            number: round.number,
            outcome: outcome(&round.outcome)?,
            goal: round.goal.as_ref().ok_or("round.goal: it is missing")?.goal()?,
            started_at: time("round.startedAt", &round.started_at)?,
            deadline: time("round.deadline", &round.deadline)?,
        })
    });
    Ok(StatusRecord {
        channel: ChannelId::new(&read.channel_id),
        chat: ChatId::new(&read.chat_id),
        customer: present(&read.customer_id).map(CustomerId::new),
        revision: read.revision,
        status: status_and_phase(&read.status, &read.phase)?,
        previous: present(&read.previous_status).map(status_name).transpose()?,
        shown: shown.transpose()?,
        round: round.transpose()?,
        cause: Cause { kind: cause_kind(&read.cause)?, at: time("at", &read.at)? },
        correction: read.correction,
    })
}

/// A `manager.goal-counters` record.
pub fn decode_counter(record: &[u8]) -> Result<CounterRecord, String> {
    let read: Counter = read(record)?;
    let manager = match read.scope.as_str() {
        "MANAGER" => Some(ManagerId::new(&read.manager_id)),
        "CHANNEL" => None,
        _ => return Err("scope: it is missing or not known".to_owned()),
    };
    let date = Some(&read.date).filter(|date| !date.is_empty());
    let date = date.map(|date| date.parse().map_err(|_| format!("date: {date:?} is no date"))).transpose()?;
    Ok(CounterRecord {
        channel: ChannelId::new(&read.channel_id),
        bucket: Bucket { manager, date },
        measured: read.measured,
        achieved: read.achieved,
        missed: read.missed,
        ended: read.ended,
        closes: read.closes,
        achieved_of_ended: read.achieved_of_ended,
        achievement_rate: read.achievement_rate,
        ended_achievement_rate: read.ended_achievement_rate,
        revision: read.revision,
        updated_at: time("updatedAt", &read.updated_at)?,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Change {
    revision: u32,
    status: String,
    phase: String,
    previous_status: String,
    at: String,
    cause: String,
    correction: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Counter {
    channel_id: String,
    scope: String,
    manager_id: String,
    date: String,
    measured: u32,
    achieved: u32,
    missed: u32,
    ended: u32,
    closes: u32,
    achieved_of_ended: u32,
    achievement_rate: Option<f64>,
    ended_achievement_rate: Option<f64>,
    revision: u32,
    updated_at: String,
}

/// All of a `goal.status-changed` record.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct View<'a> {
    channel_id: String,
    chat_id: String,
    customer_id: String,
    revision: u32,
    status: String,
    phase: String,
    previous_status: String,
    at: String,
    #[serde(borrow)]
    goal: Option<GoalSetJson<'a>>,
    started_at: String,
    deadline: String,
    achieved_at: String,
    achieved_by: String,
    manager_id: String,
    first_reply_manager_id: String,
    #[serde(borrow)]
    round: Option<LastRound<'a>>,
    cause: String,
    correction: bool,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct LastRound<'a> {
    number: u32,
    outcome: String,
    #[serde(borrow)]
    goal: Option<GoalSetJson<'a>>,
    started_at: String,
    deadline: String,
}

fn read<'a, T: Deserialize<'a>>(record: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(record).map_err(|error| format!("it is not the JSON of such a record: {error}"))
}

fn time(path: &str, text: &str) -> Result<Timestamp, String> {
    let time = chrono::DateTime::parse_from_rfc3339(text);
    time.map(|time| Timestamp(time.timestamp_millis())).map_err(|_| format!("{path}: {text:?} is no time"))
}

/// Absent means default.
fn present(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

fn status_and_phase(status: &str, phase: &str) -> Result<Status, String> {
    Ok(match (status_name(status)?, phase) {
        (StatusName::None, _) => Status::None,
        (StatusName::InProcess, "MEASURING") => Status::Measuring,
        (StatusName::InProcess, _) => Status::AwaitingReply,
        (StatusName::Missed, _) => Status::Missed,
        (StatusName::Achieved, _) => Status::Achieved,
    })
}

fn outcome(name: &str) -> Result<OutcomeKind, String> {
    let kinds = [OutcomeKind::Open, OutcomeKind::Superseded, OutcomeKind::Missed, OutcomeKind::Achieved];
    let kind = kinds.into_iter().find(|kind| super::output::outcome_name(*kind) == name);
    kind.ok_or_else(|| format!("round.outcome: {name:?} is not known"))
}

fn status_name(name: &str) -> Result<StatusName, String> {
    Ok(match name {
        "NONE" => StatusName::None,
        "IN_PROCESS" => StatusName::InProcess,
        "MISSED" => StatusName::Missed,
        "ACHIEVED" => StatusName::Achieved,
        _ => return Err(format!("status: {name:?} is not known")),
    })
}

fn cause_kind(name: &str) -> Result<CauseKind, String> {
    let kind = CauseKind::ALL.into_iter().find(|kind| super::output::cause_name(*kind) == name);
    kind.ok_or_else(|| format!("cause: {name:?} is not known"))
}
