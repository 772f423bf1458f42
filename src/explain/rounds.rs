//! How each round ended, or why it has not (C4 to C7).

use super::words::{moment, span};
use super::{ExplainedRound, Reason};
use crate::domain::conversation::Conversation;
use crate::domain::rounds::{Outcome, Round};
use crate::domain::settings::Channel;
use crate::domain::time::{Millis, Timestamp};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// C5.
    Achieved { at: Timestamp, after_start: Millis },
    /// C4: the round that took its place.
    Superseded { by: u32, at: Timestamp, before_deadline: Millis },
    /// C6: the clock is past the deadline by this much.
    Missed { passed: Millis },
    /// C6: the clock is before the deadline by this much, or at it.
    Open { left: Millis },
}

pub fn explain(
    chat: &Conversation,
    rounds: &[Round],
    sealed: u32,
    channel: &Channel,
    clock: Timestamp,
) -> Vec<ExplainedRound> {
    let explained = |(index, round): (usize, &Round)| ExplainedRound {
        round: round.clone(),
        sealed: round.number <= sealed,
        ending: ending(round, rounds.get(index + 1), clock),
        went_on: went_on(chat, round, rounds.get(index + 1), channel, clock),
    };
    rounds.iter().enumerate().map(explained).collect()
}

fn ending(round: &Round, next: Option<&Round>, clock: Timestamp) -> Ending {
    let between = |from: Timestamp, to: Timestamp| to.0.saturating_sub(from.0);
    match &round.outcome {
        Outcome::Achieved { at, .. } => Ending::Achieved { at: *at, after_start: between(round.start, *at) },
        Outcome::Superseded => {
            // Of two sealed rounds the one between may be gone; the number tells.
            let (by, at) = next.map_or((round.number + 1, round.deadline), |next| (next.number, next.start));
            Ending::Superseded { by, at, before_deadline: between(at, round.deadline) }
        }
        Outcome::Missed => Ending::Missed { passed: between(round.deadline, clock) },
        Outcome::Open => Ending::Open { left: between(clock, round.deadline) },
    }
}

/// C7: what happened during the round and did not end it.
fn went_on(
    chat: &Conversation,
    round: &Round,
    next: Option<&Round>,
    channel: &Channel,
    clock: Timestamp,
) -> Vec<Reason> {
    let end = match round.outcome {
        Outcome::Achieved { at, .. } => at.plus(1),
        Outcome::Superseded => next.map_or(round.deadline, |next| next.start),
        Outcome::Open | Outcome::Missed => round.deadline.min(clock).plus(1),
    };
    let within = |at: Timestamp| round.start < at && at < end;
    let mut reasons = Vec::new();
    let mut push = |sentence: String| reasons.push(Reason::new("C7", sentence));
    if let Some(close) = chat.closes.iter().find(|close| within(close.at)) {
        push(format!("it went on when the chat was closed at {}", moment(close.at)));
    }
    let goals = channel.goal_history().iter();
    if let Some((at, _)) = goals.clone().find(|(at, goal)| within(*at) && *goal != Some(round.goal)) {
        push(format!("it went on with its goal when the channel's was changed at {}", moment(*at)));
    }
    let ends = channel.subscription_history().iter().filter(|_| channel.requires_subscription());
    if let Some((at, _)) = ends.clone().find(|(at, active)| within(*at) && !active) {
        push(format!("it went on when the subscription ended at {}", moment(*at)));
    }
    reasons
}

impl Ending {
    pub fn reason(&self, round: &Round) -> Reason {
        let deadline = moment(round.deadline);
        match self {
            Ending::Achieved { at, after_start } => {
                let by = match &round.outcome {
                    Outcome::Achieved { by: Some(id), .. } => format!("the event {}", id.as_str()),
                    _ => "an event without an id".to_owned(),
                };
                let (at, after) = (moment(*at), span(*after_start));
                Reason::new("C5", format!("achieved at {at} by {by}, {after} after the reply, by {deadline}"))
            }
            Ending::Superseded { by, at, before_deadline } => {
                let (at, before) = (moment(*at), span(*before_deadline));
                let sentence =
                    format!("superseded at {at} by round {by}, {before} before its deadline {deadline}");
                Reason::new("C4", sentence)
            }
            Ending::Missed { passed } => {
                let sentence = format!(
                    "missed at {deadline}: no event achieved it, and the clock is {} past it",
                    span(*passed)
                );
                Reason::new("C6", sentence)
            }
            Ending::Open { left } => {
                let left = if *left == 0 {
                    "the clock is at it".to_owned()
                } else {
                    format!("{} left", span(*left))
                };
                Reason::new("C6", format!("open until {deadline}, {left}"))
            }
        }
    }
}
