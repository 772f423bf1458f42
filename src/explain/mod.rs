//! Why a chat shows what it shows: its facts, each with the rule that made it count or not, and the rules of the
//! status in their order (D1 to D4).
//!
//! [`replies`], [`events`] and [`rounds`] judge one kind of fact each, [`status`] the status, [`past`] takes away what
//! happened after some moment, [`words`] puts times and goals into words. It derives nothing that
//! [`crate::domain`] does not: `tests/explanations.rs` holds the two against each other. It reads nothing and prints
//! nothing.

pub mod events;
pub mod past;
pub mod replies;
pub mod rounds;
pub mod status;
pub mod words;

use crate::domain::conversation::Conversation;
use crate::domain::rounds::{Round, rounds as derive};
use crate::domain::seal::Seal;
use crate::domain::settings::Channel;
use crate::domain::status::{OutcomeKind, Status};
use crate::domain::time::Timestamp;
use events::EventVerdict;
use replies::ReplyVerdict;
use rounds::Ending;
use status::Step;

/// The number of a rule and what it says of these facts, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    pub rule: &'static str,
    pub sentence: String,
}

impl Reason {
    pub fn new(rule: &'static str, sentence: impl Into<String>) -> Self {
        Self { rule, sentence: sentence.into() }
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.rule, self.sentence)
    }
}

/// Everything that can be said of a chat at a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    pub clock: Timestamp,
    pub status: Status,
    /// The rules of the status up to the one that holds.
    pub steps: Vec<Step>,
    pub rounds: Vec<ExplainedRound>,
    /// One for each reply of the conversation, in its order.
    pub replies: Vec<ReplyVerdict>,
    /// One for each event of the conversation, in its order.
    pub events: Vec<EventVerdict>,
}

/// A round and how it ended, or why it has not.
#[derive(Clone, Debug, PartialEq)]
pub struct ExplainedRound {
    pub round: Round,
    /// What led to its outcome is no longer there (H3).
    pub sealed: bool,
    pub ending: Ending,
    /// What might have ended it and did not (C7).
    pub went_on: Vec<Reason>,
}

impl ExplainedRound {
    pub fn outcome(&self) -> OutcomeKind {
        self.round.outcome.kind()
    }
}

/// Explains a chat at `clock`.
pub fn explain(chat: &Conversation, seal: &Seal, channel: &Channel, clock: Timestamp) -> Explanation {
    let derived = derive(chat, seal, channel, clock);
    let (status, steps) = status::steps(chat, &derived, channel, clock);
    Explanation {
        clock,
        status,
        steps,
        replies: replies::judge(&chat.replies, &derived, seal.count, channel),
        events: events::judge(chat.events.iter(), &derived, seal.count, channel),
        rounds: rounds::explain(chat, &derived, seal.count, channel, clock),
    }
}
