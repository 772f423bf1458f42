//! The output records as the demo reads them: JSON, only the fields that are shown. Keeps nothing.

use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use serde::{Deserialize, Deserializer};

/// A `goal.status-changed` value.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusChanged {
    pub channel_id: String,
    #[serde(default)]
    pub revision: u32,
    status: StatusWord,
    phase: Option<Phase>,
    #[serde(deserialize_with = "time")]
    pub at: Timestamp,
    pub goal: Option<Goal>,
    #[serde(default)]
    pub manager_id: String,
    #[serde(default)]
    pub correction: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Goal {
    pub event_name: String,
    pub days: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum StatusWord {
    None,
    InProcess,
    Missed,
    Achieved,
}

#[derive(Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Phase {
    AwaitingReply,
    Measuring,
}

impl StatusChanged {
    pub fn status(&self) -> Status {
        match (&self.status, &self.phase) {
            (StatusWord::None, _) => Status::None,
            (StatusWord::InProcess, Some(Phase::Measuring)) => Status::Measuring,
            (StatusWord::InProcess, Some(Phase::AwaitingReply) | None) => Status::AwaitingReply,
            (StatusWord::Missed, _) => Status::Missed,
            (StatusWord::Achieved, _) => Status::Achieved,
        }
    }
}

/// A `manager.goal-counters` value; what it counts for is in its key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Counters {
    pub measured: u32,
    pub achieved: u32,
    pub missed: u32,
    pub ended: u32,
    pub closes: u32,
    pub achieved_of_ended: u32,
    pub revision: u32,
}

impl Counters {
    /// E4: absent where nothing has ended.
    pub fn achievement_rate(&self) -> Option<f64> {
        (self.ended > 0).then(|| f64::from(self.achieved) / f64::from(self.ended))
    }

    pub fn ended_achievement_rate(&self) -> Option<f64> {
        (self.ended > 0).then(|| f64::from(self.achieved_of_ended) / f64::from(self.ended))
    }

    /// A manager's totals of several channels: a chat is in one channel, so none is counted twice.
    pub fn add(&mut self, other: &Counters) {
        self.measured += other.measured;
        self.achieved += other.achieved;
        self.missed += other.missed;
        self.ended += other.ended;
        self.closes += other.closes;
        self.achieved_of_ended += other.achieved_of_ended;
    }
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
    let time = chrono::DateTime::parse_from_rfc3339(&text).map_err(serde::de::Error::custom)?;
    Ok(Timestamp(time.timestamp_millis()))
}
