//! Stored rows as JSON, for people who look at a state: every fact of a row, by the names of the rules. Nothing reads
//! this back.
//!
//! A goal is the number that its channel gave it: its content is in `goal.changes`, not in the rows.

use crate::domain::conversation::{Cycle, JudgedEvent, Named, Reply};
use crate::domain::credit::{Contribution, Counts};
use crate::domain::rounds::Outcome;
use crate::domain::seal::SealedRound;
use crate::domain::settings::GoalId;
use crate::domain::status::{KnownRound, LastRound, ShownRound, View};
use crate::domain::time::Timestamp;
use crate::stages::chats::{ChatRow, LiveChat, Published};
use crate::stages::customers::{Ask, CustomerRow};
use crate::stages::managers::CounterRow;
use chrono::{DateTime, SecondsFormat};
use serde_json::{Value, json};

pub fn chat(row: &ChatRow) -> Value {
    let ChatRow { channel, chat, deleted, revision, live } = row;
    json!({
        "channelId": channel.as_str(), "chatId": chat.as_str(), "revision": revision,
        "deletedAt": deleted.map(time), "live": live.as_deref().map(live_chat),
    })
}

pub fn customer(row: &CustomerRow) -> Value {
    let CustomerRow { channel, customer, neighbours, asks, events, chats, chats_until } = row;
    let neighbours = neighbours.iter();
    let chats = chats.iter().map(|link| json!({"chatId": link.chat.as_str(), "partition": link.partition}));
    json!({
        "channelId": channel.as_str(), "customerId": customer.as_str(),
        "neighbours": list(neighbours.map(|n| json!({"customerId": n.customer.as_str(), "mergedAt": time(n.merged_at)}))),
        "asks": list(asks.iter().map(ask)), "events": list(events.iter().map(event)),
        "chats": list(chats), "chatsUntil": chats_until.map(time),
    })
}

pub fn counter(row: &CounterRow) -> Value {
    let CounterRow { channel, bucket, counts: now, published, revision } = row;
    json!({
        "channelId": channel.as_str(), "managerId": bucket.manager.as_deref(),
        "date": bucket.date.map(|date| date.to_string()),
        "counts": counts(now), "published": counts(published), "revision": revision,
    })
}

fn live_chat(live: &LiveChat) -> Value {
    // What is derived on the way is not stored.
    let LiveChat { conversation, seal, published, progress: _ } = live;
    let closes =
        conversation.closes.iter().map(|close| json!({"at": time(close.at), "by": close.by.as_deref()}));
    let assignments = conversation.assignments.iter();
    let assignments = assignments.map(|a| json!({"at": time(a.at), "managerId": a.manager.as_deref()}));
    json!({
        "cycle": cycle(&conversation.cycle), "replies": list(conversation.replies.iter().map(reply)),
        "closes": list(closes), "assignments": list(assignments),
        "customers": list(conversation.customers.iter().map(named)),
        "latestCustomer": conversation.latest_customer.as_ref().map(named),
        "events": list(conversation.events.iter().map(event)), "repliedBefore": conversation.replied_before,
        "seal": {
            "count": seal.count, "achieved": seal.achieved.as_deref().map(sealed),
            "last": seal.last.as_deref().map(sealed), "reply": seal.reply.as_ref().map(reply),
            "contributions": list(seal.contributions.iter().map(contribution)),
        },
        "published": published.as_ref().map(publication),
    })
}

fn publication(published: &Published) -> Value {
    let Published { view: View { customer, status, shown, round }, rounds, contributions, due } = published;
    json!({
        "customerId": customer.as_deref(), "status": name(status), "shown": shown.as_ref().map(shown_round),
        "round": round.as_ref().map(last_round), "rounds": list(rounds.iter().map(known_round)),
        "contributions": list(contributions.iter().map(contribution)), "due": due.map(time),
    })
}

fn cycle(cycle: &Cycle) -> Value {
    let Cycle { opened, asked, early, replied, closed, last } = cycle;
    json!({
        "opened": opened.map(time), "asked": asked.map(time), "early": early.as_ref().map(reply),
        "replied": replied, "closed": closed.map(time), "last": last.map(time),
    })
}

fn reply(reply: &Reply) -> Value {
    json!({"at": time(reply.at), "managerId": reply.manager.as_str()})
}

fn named(named: &Named) -> Value {
    json!({"at": time(named.at), "customerId": named.customer.as_str()})
}

fn event(event: &JudgedEvent) -> Value {
    let goals = event.goals.iter().map(|GoalId(goal)| json!(goal));
    json!({"at": time(event.at), "id": event.id.as_deref(), "goals": list(goals)})
}

fn ask(ask: &Ask) -> Value {
    json!({"from": time(ask.from), "chatId": ask.link.chat.as_str(), "partition": ask.link.partition})
}

fn sealed(sealed: &SealedRound) -> Value {
    let round = &sealed.round;
    let (at, by) = match &round.outcome {
        Outcome::Achieved { at, by } => (Some(*at), by.as_deref()),
        Outcome::Open | Outcome::Superseded | Outcome::Missed => (None, None),
    };
    json!({
        "number": round.number, "goal": round.goal.0, "start": time(round.start), "deadline": time(round.deadline),
        "outcome": name(&round.outcome.kind()), "achievedAt": at.map(time), "achievedBy": by,
        "managerId": round.manager.as_str(), "credited": sealed.credited.as_str(),
    })
}

fn shown_round(shown: &ShownRound) -> Value {
    json!({
        "goal": shown.goal.0, "start": time(shown.start), "deadline": time(shown.deadline),
        "achievedAt": shown.achieved_at.map(time), "achievedBy": shown.achieved_by.as_deref(),
        "managerId": shown.manager.as_str(), "firstReplyManagerId": shown.first_reply_manager.as_str(),
    })
}

fn last_round(round: &LastRound) -> Value {
    json!({
        "number": round.number, "goal": round.goal.0, "start": time(round.start), "deadline": time(round.deadline),
        "outcome": name(&round.outcome),
    })
}

fn known_round(round: &KnownRound) -> Value {
    json!({
        "start": time(round.start), "deadline": time(round.deadline), "outcome": name(&round.outcome),
        "achievedAt": round.achieved_at.map(time),
    })
}

fn contribution(of: &Contribution) -> Value {
    json!({
        "managerId": of.manager.as_str(), "date": of.date.to_string(), "measured": of.measured,
        "achieved": of.achieved, "missed": of.missed, "ended": of.ended, "closes": of.closes,
    })
}

fn counts(counts: &Counts) -> Value {
    let Counts { measured, achieved, missed, ended, closes, achieved_of_ended } = counts;
    json!({
        "measured": measured, "achieved": achieved, "missed": missed, "ended": ended, "closes": closes,
        "achievedOfEnded": achieved_of_ended,
    })
}

fn list(of: impl Iterator<Item = Value>) -> Value {
    Value::Array(of.collect())
}

/// RFC 3339; a damaged row may hold a time beyond the calendar, which stays a number.
fn time(at: Timestamp) -> Value {
    match DateTime::from_timestamp_millis(at.0) {
        Some(time) => json!(time.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
        None => json!(at.0),
    }
}

/// `AwaitingReply` as `AWAITING_REPLY`.
fn name(of: &impl std::fmt::Debug) -> String {
    let mut name = String::new();
    for (index, char) in format!("{of:?}").chars().enumerate() {
        if index > 0 && char.is_uppercase() {
            name.push('_');
        }
        name.extend(char.to_uppercase());
    }
    name
}
