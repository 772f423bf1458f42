//! The answer of `chat-goals chat` as data. Its names and types are a contract: fields may be added, never changed.

use crate::contract::json::output::{GoalJson, Time, cause_name, outcome_name, phase_name};
use crate::contract::records::StatusName;
use crate::domain::conversation::{Conversation, Reply};
use crate::domain::rounds::{Outcome, Round};
use crate::domain::settings::Channel;
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::explain::past::Past;
use crate::explain::{ExplainedRound, Explanation, Reason, words};
use crate::inspect::chat::{Found, Published, What};
use crate::inspect::reached;
use serde::Serialize;

/// What was asked for.
pub struct Asked<'a> {
    pub why: bool,
    pub as_of: Option<Timestamp>,
    pub published: Option<&'a [Published]>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatDocument<'a> {
    pub channel_id: &'a str,
    pub chat_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<&'a str>,
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
    pub status: Option<StatusJson>,
    /// What was published last; absent with an earlier moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published_status: Option<StatusJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationJson<'a>>,
    pub rounds: Vec<RoundJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seal: Option<SealJson>,
    /// What may have been different at that moment, in sentences.
    pub unknown: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<Vec<StepJson>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<EventJson<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published: Option<Vec<PublishedJson<'a>>>,
}

#[derive(Clone, Copy, Serialize, PartialEq, Eq)]
pub struct StatusJson {
    pub status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConversationJson<'a> {
    pub customers: Vec<CustomerJson<'a>>,
    pub cycle: CycleJson<'a>,
    pub replies: Vec<ReplyJson<'a>>,
    pub closes: Vec<ByJson<'a>>,
    pub assignments: Vec<ByJson<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomerJson<'a> {
    pub customer_id: &'a str,
    pub named_at: Time,
}

/// Something at a time by a manager; without one it was nobody.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ByJson<'a> {
    pub at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manager_id: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CycleJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opened_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub early_reply: Option<ByJson<'a>>,
    pub replied: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_at: Option<Time>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReplyJson<'a> {
    pub at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manager_id: Option<&'a str>,
    /// The round that it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round: Option<u32>,
    #[serde(flatten)]
    pub reason: ReasonJson,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RoundJson<'a> {
    pub number: u32,
    pub outcome: &'static str,
    pub goal: GoalJson<'a>,
    pub started_at: Time,
    pub deadline: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manager_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub achieved_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub achieved_by: Option<&'a str>,
    pub sealed: bool,
    #[serde(flatten)]
    pub reason: ReasonJson,
    /// What might have ended it and did not.
    pub went_on: Vec<ReasonJson>,
}

#[derive(Serialize)]
pub struct ReasonJson {
    pub rule: &'static str,
    pub reason: String,
}

#[derive(Serialize)]
pub struct StepJson {
    pub holds: bool,
    #[serde(flatten)]
    pub reason: ReasonJson,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EventJson<'a> {
    pub at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<&'a str>,
    pub goals: Vec<GoalJson<'a>>,
    pub counts: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round: Option<u32>,
    #[serde(flatten)]
    pub reason: ReasonJson,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SealJson {
    pub rounds: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_reply_at: Option<Time>,
    pub rule: &'static str,
    pub reason: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PublishedJson<'a> {
    pub topic: &'a str,
    pub partition: i32,
    pub offset: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<u32>,
    pub deleted: bool,
    #[serde(flatten)]
    pub status: Option<StatusJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<&'static str>,
    pub correction: bool,
}

/// A chat of which only its delete is known (B8).
pub fn deleted<'a>(found: &'a Found, asked: &Asked<'a>) -> ChatDocument<'a> {
    ChatDocument {
        channel_id: &found.row.channel,
        chat_id: &found.row.chat,
        customer_id: None,
        partition: found.partition,
        clock: asked.as_of.or(found.clock).map(Time),
        as_of: asked.as_of.is_some(),
        revision: found.row.revision,
        deleted_at: found.row.deleted.map(Time),
        status: None,
        published_status: None,
        conversation: None,
        rounds: Vec::new(),
        seal: None,
        unknown: Vec::new(),
        why: None,
        events: None,
        published: asked.published.map(|published| published.iter().map(change).collect()),
    }
}

pub fn document<'a>(
    found: &'a Found,
    past: &'a Past,
    explanation: &'a Explanation,
    channel: &'a Channel,
    asked: &Asked<'a>,
) -> ChatDocument<'a> {
    let chat = &past.conversation;
    let rounds: Vec<Round> = explanation.rounds.iter().map(|explained| explained.round.clone()).collect();
    let last = found.row.live.as_ref().and_then(|live| live.published.as_ref());
    let events = || {
        let judged = chat.events.iter().zip(&explanation.events);
        judged.map(|(event, verdict)| EventJson {
            at: Time(event.at),
            id: event.id.as_deref(),
            goals: event.goals.iter().map(|goal| GoalJson(channel.goal(*goal))).collect(),
            counts: verdict.counts(),
            round: verdict.round(),
            reason: reason(verdict.reason(&rounds, channel)),
        })
    };
    let steps = explanation.steps.iter();
    ChatDocument {
        customer_id: chat.latest_customer.as_ref().map(|named| &*named.customer),
        clock: reached(explanation.clock).map(Time),
        status: Some(status(explanation.status)),
        published_status: last.filter(|_| asked.as_of.is_none()).map(|last| status(last.view.status)),
        conversation: Some(conversation(chat, explanation, &rounds, channel)),
        rounds: explanation.rounds.iter().map(|explained| round(explained, channel)).collect(),
        seal: (past.seal != Default::default()).then(|| seal(past)),
        unknown: past.unknown.clone(),
        why: asked.why.then(|| {
            steps.map(|step| StepJson { holds: step.holds, reason: reason(step.reason.clone()) }).collect()
        }),
        events: asked.why.then(|| events().collect()),
        ..deleted(found, asked)
    }
}

fn conversation<'a>(
    chat: &'a Conversation,
    explanation: &Explanation,
    rounds: &[Round],
    channel: &Channel,
) -> ConversationJson<'a> {
    let by = |reply: &'a Reply| ByJson { at: Time(reply.at), manager_id: manager(&reply.manager) };
    let judged = chat.replies.iter().zip(&explanation.replies);
    ConversationJson {
        customers: chat
            .customers
            .iter()
            .map(|named| CustomerJson { customer_id: &named.customer, named_at: Time(named.at) })
            .collect(),
        cycle: CycleJson {
            opened_at: chat.cycle.opened.map(Time),
            asked_at: chat.cycle.asked.map(Time),
            early_reply: chat.cycle.early.as_ref().map(by),
            replied: chat.cycle.replied,
            closed_at: chat.cycle.closed.map(Time),
            last_at: chat.cycle.last.map(Time),
        },
        replies: judged
            .map(|(reply, verdict)| ReplyJson {
                at: Time(reply.at),
                manager_id: manager(&reply.manager),
                round: verdict.round(),
                reason: reason(verdict.reason(reply, rounds, channel)),
            })
            .collect(),
        closes: chat
            .closes
            .iter()
            .map(|close| ByJson { at: Time(close.at), manager_id: close.by.as_deref().and_then(manager) })
            .collect(),
        assignments: chat
            .assignments
            .iter()
            .map(|assigned| ByJson {
                at: Time(assigned.at),
                manager_id: assigned.manager.as_deref().and_then(manager),
            })
            .collect(),
    }
}

fn round<'a>(explained: &'a ExplainedRound, channel: &'a Channel) -> RoundJson<'a> {
    let round = &explained.round;
    RoundJson {
        number: round.number,
        outcome: outcome_name(explained.outcome()),
        goal: GoalJson(channel.goal(round.goal)),
        started_at: Time(round.start),
        deadline: Time(round.deadline),
        manager_id: manager(&round.manager),
        achieved_at: round.achieved_at().map(Time),
        achieved_by: match &round.outcome {
            Outcome::Achieved { by, .. } => by.as_deref(),
            Outcome::Open | Outcome::Superseded | Outcome::Missed => None,
        },
        sealed: explained.sealed,
        reason: reason(explained.ending.reason(round)),
        went_on: explained.went_on.iter().cloned().map(reason).collect(),
    }
}

fn seal(past: &Past) -> SealJson {
    let seal = &past.seal;
    let until = seal.reply.as_ref().map(|reply| reply.at);
    let until = until.map_or_else(|| "long ago".to_owned(), |at| format!("up to {}", words::moment(at)));
    let rounds = if seal.count == 1 { "1 round".to_owned() } else { format!("{} rounds", seal.count) };
    SealJson {
        rounds: seal.count,
        last_reply_at: seal.reply.as_ref().map(|reply| Time(reply.at)),
        rule: "H3",
        reason: format!(
            "{rounds} {until} can be changed by no record any more: the latest achieved one, the last one and what was \
             counted are kept, the replies, closes and events behind them are not"
        ),
    }
}

fn change(published: &Published) -> PublishedJson<'_> {
    let (topic, partition, offset) = (&*published.of.topic, published.of.partition, published.offset);
    match &published.what {
        What::Changed(change) => PublishedJson {
            topic,
            partition,
            offset,
            revision: Some(change.revision),
            deleted: false,
            status: Some(status(change.status)),
            previous_status: change.previous.map(StatusName::as_str),
            at: Some(Time(change.cause.at)),
            cause: Some(cause_name(change.cause.kind)),
            correction: change.correction,
        },
        What::Deleted { revision } => PublishedJson {
            topic,
            partition,
            offset,
            revision: *revision,
            deleted: true,
            status: None,
            previous_status: None,
            at: None,
            cause: None,
            correction: false,
        },
    }
}

fn status(status: Status) -> StatusJson {
    StatusJson { status: StatusName::from(status).as_str(), phase: phase_name(status) }
}

/// The empty id is nobody.
fn manager(id: &str) -> Option<&str> {
    Some(id).filter(|id| !id.is_empty())
}

fn reason(reason: Reason) -> ReasonJson {
    ReasonJson { rule: reason.rule, reason: reason.sentence }
}
