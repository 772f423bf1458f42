//! The facts of a chat as rows of tables: each with the rule that makes it count or not.

use crate::answers::chat_parts::{
    ChatDocument, EventAnswer, PublishedAnswer, ReasonAnswer, RoundAnswer, SealAnswer, StepAnswer,
};
use crate::answers::words::CauseWord;
use crate::contract::json::output::Time;
use crate::explain::words::moment;
use crate::serve::dashboard::frame::Linked;
use crate::serve::dashboard::links;
use crate::serve::dashboard::words::{self, DELETED, Exactly, Mark, NOTHING};
use std::collections::HashSet;

/// A step on the way to the status.
#[derive(Clone, Debug)]
pub struct StepRow {
    pub rule: &'static str,
    pub sentence: String,
    pub holds: bool,
}

impl StepRow {
    pub fn of(step: &StepAnswer) -> Self {
        Self { rule: step.reason.rule, sentence: step.reason.reason.clone(), holds: step.holds }
    }

    pub fn of_seal(seal: &SealAnswer) -> Self {
        Self { rule: seal.rule, sentence: seal.reason.clone(), holds: true }
    }

    fn of_reason(reason: &ReasonAnswer) -> Self {
        Self { rule: reason.rule, sentence: reason.reason.clone(), holds: true }
    }
}

/// Something that was said or done in the chat.
pub struct FactRow {
    pub at: Exactly,
    /// The chat as of then.
    pub then: String,
    pub what: &'static str,
    pub who: Linked,
    pub reason: Option<StepRow>,
}

impl FactRow {
    /// By time.
    pub fn all(of: &ChatDocument) -> Vec<Self> {
        let Some(conversation) = &of.conversation else { return Vec::new() };
        let mut rows: Vec<(Time, Self)> = Vec::new();
        let mut add =
            |at: Time, what, who, reason| rows.push((at, Self::at(&of.chat_id, at, what, who, reason)));
        for customer in &conversation.customers {
            let id = &customer.customer_id;
            add(
                customer.named_at,
                "customer named",
                Linked::to(id, &links::chats().with("customer", id)),
                None,
            );
        }
        if let Some(at) = conversation.cycle.asked_at {
            add(
                at,
                "asked",
                Linked::text(of.customer_id.clone().unwrap_or_else(|| NOTHING.to_owned())),
                None,
            );
        }
        if let Some(early) = &conversation.cycle.early_reply {
            add(early.at, "early reply", manager(early.manager_id.as_deref()), None);
        }
        for reply in &conversation.replies {
            let reason = Some(StepRow::of_reason(&reply.reason));
            add(reply.at, "reply", manager(reply.manager_id.as_deref()), reason);
        }
        for close in &conversation.closes {
            add(close.at, "closed", manager(close.manager_id.as_deref()), None);
        }
        for assigned in &conversation.assignments {
            add(assigned.at, "assigned", manager(assigned.manager_id.as_deref()), None);
        }
        rows.sort_by_key(|(at, _)| at.0);
        rows.into_iter().map(|(_, row)| row).collect()
    }

    fn at(chat: &str, at: Time, what: &'static str, who: Linked, reason: Option<StepRow>) -> Self {
        let then = links::chat(chat).with("as_of", moment(at.0)).to_string();
        Self { at: at.into(), then, what, who, reason }
    }
}

fn manager(id: Option<&str>) -> Linked {
    match id {
        Some(id) => Linked::to(id, &links::manager(id)),
        None => Linked::text("nobody"),
    }
}

pub struct RoundRow {
    pub number: u32,
    pub sealed: bool,
    pub mark: Mark,
    pub goal: String,
    pub started: Exactly,
    pub deadline: Exactly,
    pub manager: Linked,
    pub reasons: Vec<StepRow>,
}

impl RoundRow {
    pub fn of(round: &RoundAnswer) -> Self {
        Self {
            number: round.number,
            sealed: round.sealed,
            mark: round.outcome.into(),
            goal: round.goal.words.clone(),
            started: round.started_at.into(),
            deadline: round.deadline.into(),
            manager: manager(round.manager_id.as_deref()),
            reasons: std::iter::once(&round.reason).chain(&round.went_on).map(StepRow::of_reason).collect(),
        }
    }
}

pub struct EventRow {
    pub at: Exactly,
    pub id: String,
    pub goals: String,
    pub class: &'static str,
    pub counts: &'static str,
    pub reason: StepRow,
}

impl EventRow {
    pub fn of(event: &EventAnswer, of: &ChatDocument) -> Self {
        let arrived_late = corrected(of).contains(&event.at.0.0);
        let (class, counts) = match (event.counts, is_late(event, of)) {
            (true, _) if arrived_late => ("achieved", "counts, arrived late"),
            (true, _) => ("achieved", "counts"),
            (false, true) => ("missed", "late"),
            (false, false) => ("none", "does not count"),
        };
        let goals: Vec<&str> = event.goals.iter().map(|goal| goal.words.as_str()).collect();
        Self {
            at: event.at.into(),
            id: event.id.clone().unwrap_or_else(|| "(no id)".to_owned()),
            goals: goals.join("; "),
            class,
            counts,
            reason: StepRow::of_reason(&event.reason),
        }
    }
}

/// Whether an event that does not count came after the deadline of the round that it is about.
pub fn is_late(event: &EventAnswer, of: &ChatDocument) -> bool {
    let round = event.round.and_then(|number| of.rounds.iter().find(|round| round.number == number));
    !event.counts && round.is_some_and(|round| event.at.0 > round.deadline.0)
}

/// When events took effect that arrived after another outcome had been published (C9).
pub fn corrected(of: &ChatDocument) -> HashSet<i64> {
    let published = of.published.iter().flatten();
    let late = published.filter(|change| change.correction && change.cause == Some(CauseWord::GoalEvent));
    late.filter_map(|change| change.at.map(|at| at.0.0)).collect()
}

/// What readers were told.
pub struct PublishedRow {
    pub revision: String,
    pub at: Option<Exactly>,
    pub mark: Mark,
    pub cause: &'static str,
    pub correction: bool,
    pub place: String,
}

impl PublishedRow {
    pub fn of(published: &PublishedAnswer) -> Self {
        Self {
            revision: published.revision.map_or_else(|| NOTHING.to_owned(), |revision| revision.to_string()),
            at: published.at.map(Exactly::from),
            mark: published.status.map_or(DELETED, |status| Mark::of(status, published.phase)),
            cause: published.cause.map_or("chat deleted", words::cause),
            correction: published.correction,
            place: format!("{}[{}]:{}", published.topic, published.partition, published.offset),
        }
    }
}
