//! The answer of `chat-goals chat` as data. Its names and types are a contract: fields may be added, never changed.

use super::goal::GoalAnswer;
use super::words::{CauseWord, OutcomeWord, PhaseWord, StatusWord};
use crate::contract::json::output::Time;
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatDocument {
    pub channel_id: String,
    pub chat_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<String>,
    pub partition: i32,
    /// What the status was derived at; absent: the clock has never moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock: Option<Time>,
    pub as_of: bool,
    pub revision: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Time>,
    /// Absent: the chat is deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<StatusAnswer>,
    /// What was published last; absent with an earlier moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published_status: Option<StatusAnswer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationAnswer>,
    pub rounds: Vec<RoundAnswer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seal: Option<SealAnswer>,
    /// What may have been different at that moment, in sentences.
    pub unknown: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<Vec<StepAnswer>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<EventAnswer>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published: Option<Vec<PublishedAnswer>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = StatusAndPhase)]
pub struct StatusAnswer {
    pub status: StatusWord,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<PhaseWord>,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Conversation)]
pub struct ConversationAnswer {
    pub customers: Vec<CustomerAnswer>,
    pub cycle: CycleAnswer,
    pub replies: Vec<ReplyAnswer>,
    pub closes: Vec<ByAnswer>,
    pub assignments: Vec<ByAnswer>,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Customer)]
pub struct CustomerAnswer {
    pub customer_id: String,
    pub named_at: Time,
}

/// Something at a time by a manager; without one it was nobody.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ManagerAt)]
pub struct ByAnswer {
    pub at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manager_id: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Cycle)]
pub struct CycleAnswer {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opened_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub early_reply: Option<ByAnswer>,
    pub replied: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_at: Option<Time>,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Reply)]
pub struct ReplyAnswer {
    pub at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manager_id: Option<String>,
    /// The round that it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round: Option<u32>,
    #[serde(flatten)]
    pub reason: ReasonAnswer,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Round)]
pub struct RoundAnswer {
    pub number: u32,
    pub outcome: OutcomeWord,
    pub goal: GoalAnswer,
    pub started_at: Time,
    pub deadline: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manager_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub achieved_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub achieved_by: Option<String>,
    pub sealed: bool,
    #[serde(flatten)]
    pub reason: ReasonAnswer,
    /// What might have ended it and did not.
    pub went_on: Vec<ReasonAnswer>,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = Reason)]
pub struct ReasonAnswer {
    pub rule: &'static str,
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = StatusStep)]
pub struct StepAnswer {
    pub holds: bool,
    #[serde(flatten)]
    pub reason: ReasonAnswer,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Event)]
pub struct EventAnswer {
    pub at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    pub goals: Vec<GoalAnswer>,
    pub counts: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round: Option<u32>,
    #[serde(flatten)]
    pub reason: ReasonAnswer,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Seal)]
pub struct SealAnswer {
    pub rounds: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_reply_at: Option<Time>,
    pub rule: &'static str,
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PublishedChange)]
pub struct PublishedAnswer {
    pub topic: String,
    pub partition: i32,
    pub offset: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<u32>,
    pub deleted: bool,
    /// Absent: the chat was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<StatusWord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<PhaseWord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_status: Option<StatusWord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<CauseWord>,
    pub correction: bool,
}
