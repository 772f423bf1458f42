//! The answer of `chat-goals chat` and of `/api/v1/chats/{id}`: what is known of one chat, and why its status is what it
//! is. What it says is derived by [`crate::explain`]; nothing is read here.

use super::chat_parts::{
    ByAnswer, ChatDocument, ConversationAnswer, CustomerAnswer, CycleAnswer, EventAnswer, PublishedAnswer,
    ReasonAnswer, ReplyAnswer, RoundAnswer, SealAnswer, StatusAnswer, StepAnswer,
};
use super::words::PhaseWord;
use crate::contract::json::output::Time;
use crate::domain::conversation::{Conversation, Reply};
use crate::domain::rounds::{Outcome, Round};
use crate::domain::settings::Channel;
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::explain::past::{Past, as_of};
use crate::explain::words::moment;
use crate::explain::{ExplainedRound, Explanation, Reason, explain, words};
use crate::inspect::chat::{Found, Published, What};
use crate::inspect::reached;

/// What was asked for.
pub struct Asked<'a> {
    pub why: bool,
    pub as_of: Option<Timestamp>,
    pub published: Option<&'a [Published]>,
}

/// What can be said of a chat; `None`: nothing that is known of it is dated up to the moment asked for. Of a moment before
/// a delete nothing is known but that (B8).
pub fn answer(found: &Found, channel: &Channel, asked: &Asked<'_>) -> Option<ChatDocument> {
    let Some(live) = &found.row.live else { return Some(deleted(found, asked)) };
    let past = match asked.as_of {
        None => Past {
            conversation: live.conversation.clone(),
            seal: live.seal.clone(),
            nothing: false,
            unknown: Vec::new(),
        },
        Some(at) if found.row.deleted.is_some_and(|deleted| at <= deleted) => {
            return Some(deleted(found, asked));
        }
        Some(at) => past(found, at),
    };
    if past.nothing {
        return None;
    }
    let clock = asked.as_of.or(found.clock).unwrap_or(Timestamp::MIN);
    let explanation = explain(&past.conversation, &past.seal, channel, clock);
    Some(document(found, &past, &explanation, channel, asked))
}

fn past(found: &Found, at: Timestamp) -> Past {
    let live = found.row.live.as_ref().expect("it was just looked at");
    let mut past = as_of(&live.conversation, &live.seal, at);
    if let Some(clock) = found.clock.filter(|clock| *clock < at) {
        past.unknown.push(format!("the clock has reached {} only: more may come until then", moment(clock)));
    }
    past
}

/// A chat of which only its delete is known (B8).
fn deleted(found: &Found, asked: &Asked<'_>) -> ChatDocument {
    let since = found.row.deleted.filter(|deleted| asked.as_of.is_some_and(|at| at < *deleted));
    let gone = |at| format!("the chat was deleted at {}, with everything before (B8)", moment(at));
    ChatDocument {
        channel_id: found.row.channel.to_string(),
        chat_id: found.row.chat.to_string(),
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
        unknown: since.map(gone).into_iter().collect(),
        why: None,
        events: None,
        published: asked.published.map(|published| published.iter().map(change).collect()),
    }
}

fn document(
    found: &Found,
    past: &Past,
    explanation: &Explanation,
    channel: &Channel,
    asked: &Asked<'_>,
) -> ChatDocument {
    let chat = &past.conversation;
    let rounds: Vec<Round> = explanation.rounds.iter().map(|explained| explained.round.clone()).collect();
    let last = found.row.live.as_ref().and_then(|live| live.published.as_ref());
    let events = || {
        let judged = chat.events.iter().zip(&explanation.events);
        judged.map(|(event, verdict)| EventAnswer {
            at: Time(event.at),
            id: event.id.as_ref().map(ToString::to_string),
            goals: event.goals.iter().map(|goal| channel.goal(*goal).into()).collect(),
            counts: verdict.counts(),
            round: verdict.round(),
            reason: reason(verdict.reason(&rounds, channel)),
        })
    };
    let steps = explanation.steps.iter();
    ChatDocument {
        customer_id: chat.latest_customer.as_ref().map(|named| named.customer.to_string()),
        clock: reached(explanation.clock).map(Time),
        status: Some(status(explanation.status)),
        published_status: last.filter(|_| asked.as_of.is_none()).map(|last| status(last.view.status)),
        conversation: Some(conversation(chat, explanation, &rounds, channel)),
        rounds: explanation.rounds.iter().map(|explained| round(explained, channel)).collect(),
        seal: (past.seal != Default::default()).then(|| seal(past)),
        unknown: past.unknown.clone(),
        why: asked.why.then(|| {
            steps.map(|step| StepAnswer { holds: step.holds, reason: reason(step.reason.clone()) }).collect()
        }),
        events: asked.why.then(|| events().collect()),
        ..deleted(found, asked)
    }
}

fn conversation(
    chat: &Conversation,
    explanation: &Explanation,
    rounds: &[Round],
    channel: &Channel,
) -> ConversationAnswer {
    let by = |reply: &Reply| ByAnswer { at: Time(reply.at), manager_id: manager(&reply.manager) };
    let judged = chat.replies.iter().zip(&explanation.replies);
    ConversationAnswer {
        customers: chat
            .customers
            .iter()
            .map(|named| CustomerAnswer { customer_id: named.customer.to_string(), named_at: Time(named.at) })
            .collect(),
        cycle: CycleAnswer {
            opened_at: chat.cycle.opened.map(Time),
            asked_at: chat.cycle.asked.map(Time),
            early_reply: chat.cycle.early.as_ref().map(by),
            replied: chat.cycle.replied,
            closed_at: chat.cycle.closed.map(Time),
            last_at: chat.cycle.last.map(Time),
        },
        replies: judged
            .map(|(reply, verdict)| ReplyAnswer {
                at: Time(reply.at),
                manager_id: manager(&reply.manager),
                round: verdict.round(),
                reason: reason(verdict.reason(reply, rounds, channel)),
            })
            .collect(),
        closes: chat
            .closes
            .iter()
            .map(|close| ByAnswer { at: Time(close.at), manager_id: close.by.as_deref().and_then(manager) })
            .collect(),
        assignments: chat
            .assignments
            .iter()
            .map(|assigned| ByAnswer {
                at: Time(assigned.at),
                manager_id: assigned.manager.as_deref().and_then(manager),
            })
            .collect(),
    }
}

fn round(explained: &ExplainedRound, channel: &Channel) -> RoundAnswer {
    let round = &explained.round;
    RoundAnswer {
        number: round.number,
        outcome: explained.outcome().into(),
        goal: channel.goal(round.goal).into(),
        started_at: Time(round.start),
        deadline: Time(round.deadline),
        manager_id: manager(&round.manager),
        achieved_at: round.achieved_at().map(Time),
        achieved_by: match &round.outcome {
            Outcome::Achieved { by, .. } => by.as_ref().map(ToString::to_string),
            Outcome::Open | Outcome::Superseded | Outcome::Missed => None,
        },
        sealed: explained.sealed,
        reason: reason(explained.ending.reason(round)),
        went_on: explained.went_on.iter().cloned().map(reason).collect(),
    }
}

fn seal(past: &Past) -> SealAnswer {
    let seal = &past.seal;
    let until = seal.reply.as_ref().map(|reply| reply.at);
    let until = until.map_or_else(|| "long ago".to_owned(), |at| format!("up to {}", words::moment(at)));
    let rounds = if seal.count == 1 { "1 round".to_owned() } else { format!("{} rounds", seal.count) };
    SealAnswer {
        rounds: seal.count,
        last_reply_at: seal.reply.as_ref().map(|reply| Time(reply.at)),
        rule: "H3",
        reason: format!(
            "{rounds} {until} can be changed by no record any more: the latest achieved one, the last one and what was \
             counted are kept, the replies, closes and events behind them are not"
        ),
    }
}

pub fn change(published: &Published) -> PublishedAnswer {
    let (topic, partition, offset) =
        (published.of.topic.to_string(), published.of.partition, published.offset);
    match &published.what {
        What::Changed(change) => PublishedAnswer {
            topic,
            partition,
            offset,
            revision: Some(change.revision),
            deleted: false,
            status: Some(change.status.into()),
            phase: PhaseWord::of(change.status),
            previous_status: change.previous.map(Into::into),
            at: Some(Time(change.cause.at)),
            cause: Some(change.cause.kind.into()),
            correction: change.correction,
        },
        What::Deleted { revision } => PublishedAnswer {
            topic,
            partition,
            offset,
            revision: *revision,
            deleted: true,
            status: None,
            phase: None,
            previous_status: None,
            at: None,
            cause: None,
            correction: false,
        },
    }
}

fn status(status: Status) -> StatusAnswer {
    StatusAnswer { status: status.into(), phase: PhaseWord::of(status) }
}

/// The empty id is nobody.
fn manager(id: &str) -> Option<String> {
    Some(id).filter(|id| !id.is_empty()).map(str::to_owned)
}

fn reason(reason: Reason) -> ReasonAnswer {
    ReasonAnswer { rule: reason.rule, reason: reason.sentence }
}
