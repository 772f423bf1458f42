//! A chat as of an earlier moment: only the facts that are dated up to it. A row keeps no cycle but the current one, no
//! detail of what is sealed, and not which customer an event came from, so some of the past is not known any more;
//! what that is, is said. It guesses nothing without saying so.

use super::words::moment;
use crate::domain::conversation::{Conversation, Cycle, Named, Reply};
use crate::domain::rounds::Outcome;
use crate::domain::seal::{Seal, SealedRound};
use crate::domain::time::Timestamp;

/// What a chat was.
#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    pub conversation: Conversation,
    pub seal: Seal,
    /// No fact of the chat is dated up to then.
    pub nothing: bool,
    /// What may be different from what was the case then, in sentences.
    pub unknown: Vec<String>,
}

/// The chat as of `at`.
pub fn as_of(now: &Conversation, seal: &Seal, at: Timestamp) -> Past {
    let mut unknown = Vec::new();
    let mut then = now.clone();
    then.replies.retain(|reply| reply.at <= at);
    then.closes.retain(|close| close.at <= at);
    then.assignments.retain(|assignment| assignment.at <= at);
    then.customers.retain(|named| named.at <= at);
    then.events = now.events.iter().filter(|event| event.at <= at).cloned().collect();
    let seal_then = sealed_as_of(seal, at, &mut unknown);
    then.replied_before = now.replied_before && seal_then.reply.is_some();
    then.cycle = cycle_as_of(now, seal, at, &then, &mut unknown);
    then.latest_customer = match &now.latest_customer {
        Some(latest) if latest.at <= at => Some(latest.clone()),
        Some(_) => latest_named(&then.customers),
        None => None,
    };
    if now.customers.len() > then.customers.len() && !then.events.is_empty() {
        unknown
            .push("events of customers that were named later count, as it is not kept whose they are".into());
    }
    let nothing = then.replies.is_empty()
        && then.customers.is_empty()
        && then.assignments.is_empty()
        && then.closes.is_empty()
        && then.events.is_empty()
        && then.cycle.last.is_none()
        && seal_then == Seal::default();
    Past { conversation: then, seal: seal_then, nothing, unknown }
}

fn latest_named(customers: &[Named]) -> Option<Named> {
    // Of several at the greatest time the first in the log.
    customers.iter().rev().max_by_key(|named| named.at).cloned()
}

fn cycle_as_of(
    now: &Conversation,
    seal: &Seal,
    at: Timestamp,
    then: &Conversation,
    unknown: &mut Vec<String>,
) -> Cycle {
    let cycle = &now.cycle;
    let last_reply = |replies: &[Reply]| replies.last().map(|reply| reply.at);
    match cycle.opened {
        Some(opened) if opened > at => {
            unknown.push(format!(
                "the row keeps the current cycle only, which began at {}: whether the chat waited for a reply before \
                 (D3) is told by its replies and closes",
                moment(opened)
            ));
            let replied = last_reply(&then.replies);
            let closed = then.closes.last().map(|close| close.at).filter(|closed| Some(*closed) > replied);
            let carried = cycle.asked.filter(|asked| *asked < opened && *asked <= at);
            // Between a close and the next reopening nobody waits who was answered before it.
            let answered_before_close = replied.is_some_and(|replied| {
                then.closes.iter().rev().nth(1).is_none_or(|close| replied > close.at)
            });
            Cycle {
                opened: None,
                asked: carried,
                early: None,
                replied: carried.is_none()
                    && (answered_before_close || (closed.is_none() && replied.is_some())),
                closed,
                last: [replied, closed, then.customers.iter().map(|named| named.at).max()]
                    .into_iter()
                    .flatten()
                    .max(),
            }
        }
        _ => {
            // The last reply is the current cycle's if that has one.
            let reply = last_reply(&now.replies).or(seal.reply.as_ref().map(|reply| reply.at));
            let replied = cycle.replied && reply.is_none_or(|reply| reply <= at);
            let asked = cycle.asked.filter(|asked| *asked <= at);
            let last = cycle.last.map(|last| last.min(at));
            // Only facts tell that a cycle without a beginning had begun by then.
            let begun = cycle.opened.is_some()
                || asked.is_some()
                || replied
                || cycle.last.is_some_and(|last| last <= at)
                || !then.customers.is_empty();
            Cycle {
                opened: cycle.opened,
                asked,
                early: cycle.early.clone().filter(|early| early.at <= at),
                replied,
                closed: cycle.closed.filter(|closed| *closed <= at),
                last: last.filter(|_| begun),
            }
        }
    }
}

fn sealed_as_of(seal: &Seal, at: Timestamp, unknown: &mut Vec<String>) -> Seal {
    let mut then = seal.clone();
    let later = |sealed: &SealedRound| sealed.round.start > at;
    let (all, kept) = (seal.rounds().count(), seal.rounds().filter(|round| round.start <= at).count());
    if kept < all || seal.reply.as_ref().is_some_and(|reply| reply.at > at) {
        unknown.push(
            "what was sealed since (H3) is not known in detail, so earlier rounds may be missing".into(),
        );
    }
    then.achieved = then.achieved.filter(|sealed| !later(sealed));
    then.last = then.last.filter(|sealed| !later(sealed));
    then.reply = then.reply.filter(|reply| reply.at <= at);
    if then.last.is_none() && then.achieved.is_some() {
        then.last.clone_from(&then.achieved);
    }
    for sealed in then.achieved.iter_mut().chain(&mut then.last) {
        let round = &mut sealed.round;
        match round.outcome {
            Outcome::Achieved { at: achieved, .. } if achieved > at => round.outcome = Outcome::Open,
            Outcome::Missed if round.deadline >= at => round.outcome = Outcome::Open,
            _ => {}
        }
    }
    then.achieved = then.achieved.filter(|sealed| sealed.round.is_achieved());
    then.count = then.last.as_ref().map_or(0, |last| last.round.number);
    then
}
