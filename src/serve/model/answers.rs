//! What the read model answers: owned documents, as the HTTP API prints them. Fields may be added, never changed.

use crate::answers::chat_parts::ChatDocument;
use crate::answers::goal::GoalAnswer;
use crate::answers::letters::LetterAnswer;
use crate::answers::progress::StatusDocument;
use crate::answers::settings::ChannelAnswer;
use crate::answers::words::{CauseWord, OutcomeWord, PhaseWord, StatusWord};
use crate::contract::json::output::{Date, Time};
use serde::Serialize;
use utoipa::ToSchema;

/// A page of a list of chats.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ChatsPage {
    pub chats: Vec<ChatSummary>,
    /// Where the next page begins; absent: this was the last one. A page may be shorter than its limit and still have a
    /// next one, as it looks at so many chats at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// The newest published view of a chat (`goal.status-changed`).
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Chat)]
pub struct ChatSummary {
    pub channel_id: String,
    pub chat_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<String>,
    /// Which of the chat's changes this is, from 1 on.
    pub revision: u32,
    pub status: StatusWord,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<PhaseWord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_status: Option<StatusWord>,
    /// When the change took effect.
    pub at: Time,
    /// The goal that the status shows; absent where it shows no round.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goal: Option<GoalAnswer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub achieved_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub achieved_by: Option<String>,
    /// Absent: nobody is credited (E1), or the status shows no round.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manager_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_reply_manager_id: Option<String>,
    /// The last round (D5).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round: Option<RoundSummary>,
    pub cause: CauseWord,
    pub correction: bool,
}

/// The last round of a chat.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LastRound)]
pub struct RoundSummary {
    pub number: u32,
    pub outcome: OutcomeWord,
    pub goal: GoalAnswer,
    pub started_at: Time,
    pub deadline: Time,
}

/// Everything that is known of one chat: the document of `chat-goals chat --why`, and what readers were told last.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = ChatDetails)]
pub struct ChatAnswer {
    #[serde(flatten)]
    pub document: ChatDocument,
    /// The newest published view. Its revision may differ from that of the document for a moment: the facts and the
    /// views come by two topics. Absent: none is there, or an earlier moment was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest: Option<ChatSummary>,
}

/// Sums of counters over some dates (E3, E4). Over dates, over managers, a chat may be counted more than once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    pub measured: u64,
    pub achieved: u64,
    pub missed: u64,
    /// How many chats ended: what both rates are shares of, so the size of the sample.
    pub ended: u64,
    pub closes: u64,
    pub achieved_of_ended: u64,
    /// `achieved / ended`; it can pass 1. Absent: nothing ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub achievement_rate: Option<f64>,
    /// `achievedOfEnded / ended`. Absent: nothing ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_achievement_rate: Option<f64>,
}

/// Figures of a period beside those of the period of the same length before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Compared {
    #[serde(flatten)]
    pub figures: Figures,
    pub previous: Figures,
    /// By how much the rate is above that of the preceding period. Absent: one of the two has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub achievement_rate_change: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_achievement_rate_change: Option<f64>,
}

/// The figures of one day.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Day {
    pub date: Date,
    #[serde(flatten)]
    pub figures: Figures,
}

/// A manager's figures.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Manager)]
pub struct ManagerFigures {
    /// The empty id is nobody (E1).
    pub manager_id: String,
    #[serde(flatten)]
    pub compared: Compared,
}

/// A period: both dates belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Period {
    pub from: Date,
    pub to: Date,
}

/// How managers did in a period.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Managers)]
pub struct ManagersAnswer {
    /// Absent: all channels together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel_id: Option<String>,
    pub period: Period,
    /// Of the same length, just before.
    pub preceding: Period,
    /// Those with any figures in one of the two periods: the one with the most chats ended comes first. One, if one was
    /// asked for.
    pub managers: Vec<ManagerFigures>,
    /// The whole channel, or all channels together; whichever manager was asked for.
    pub total: Compared,
    /// Each day of the period that has figures: of the manager asked for, otherwise of the whole channel.
    pub days: Vec<Day>,
}

/// How many chats show each status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ChatCounts)]
pub struct Tally {
    pub none: u64,
    pub awaiting_reply: u64,
    pub measuring: u64,
    pub missed: u64,
    pub achieved: u64,
}

/// How many chats show a goal, by their status.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct GoalTally {
    /// Absent: those whose status shows no goal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goal: Option<GoalAnswer>,
    pub chats: Tally,
}

/// The settings of a channel, past, present and to come, and how its chats stand.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChannelGoals {
    #[serde(flatten)]
    pub settings: ChannelAnswer,
    /// All of the channel's chats.
    pub chats: Tally,
    /// The same by the goal that they show, as the goals came into the log; those without one come last.
    pub by_goal: Vec<GoalTally>,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = Goals)]
pub struct GoalsAnswer {
    /// By id: every channel that ever had a setting, or has a chat.
    pub channels: Vec<ChannelGoals>,
}

/// A topic partition that the read model follows.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Followed {
    pub topic: String,
    pub partition: i32,
    /// The next offset to read.
    pub next: i64,
    pub end: i64,
    pub lag: u64,
}

/// How far the read model itself has got.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ModelStatus)]
pub struct ModelStatus {
    /// Whether it has once read everything that was there when it started.
    pub caught_up: bool,
    /// Offsets that are yet to be read, some of which hold no record but the end of a transaction.
    pub lag: u64,
    /// While there is more to read, or it has not been told of the ends of the topics for some seconds: how old what it
    /// shows is. Absent: there is nothing to read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag_seconds: Option<f64>,
    /// Records read since the process started.
    pub records_read: u64,
    /// Records that could not be read and were passed over: another program writes into the topics.
    pub unreadable: u64,
    pub chats: u64,
    /// When it last read something, or found that there was nothing to read. Absent: not yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress_at: Option<Time>,
    /// When the processor and the ends of the topics were last looked at. Absent: not yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen_at: Option<Time>,
    pub partitions: Vec<Followed>,
}

/// How many records a stage folds in a second, by its committed positions.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Throughput {
    pub stage: &'static str,
    pub offsets_per_second: f64,
}

/// How far the processor and the read model have got.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Status)]
pub struct StatusAnswer {
    /// Absent: it could not be asked about yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processor: Option<StatusDocument>,
    /// Between the last two looks.
    pub throughput: Vec<Throughput>,
    pub model: ModelStatus,
}

/// A page of dead letters, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DeadLettersPage)]
pub struct LettersPage {
    pub dead_letters: Vec<LetterAnswer>,
    /// Where the next page begins; absent: this was the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// What a subscriber is told.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Change {
    /// A chat has a new view.
    Status(Box<ChatSummary>),
    /// A chat was deleted.
    Deleted(DeletedChat),
    /// A bucket of the counters has new values.
    Counter(CounterChange),
    DeadLetter(LetterAnswer),
    /// How far the read model is behind the log.
    Lag(LagChange),
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeletedChat {
    pub channel_id: String,
    pub chat_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<u32>,
    pub deleted: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CounterChange {
    pub channel_id: String,
    /// Absent: the whole channel. The empty id is nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manager_id: Option<String>,
    /// Absent: all dates together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<Date>,
    #[serde(flatten)]
    pub figures: Figures,
    pub revision: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LagChange {
    /// Offsets that the read model has yet to read.
    pub model: u64,
    /// Offsets that the processor has yet to fold.
    pub processor: u64,
}
