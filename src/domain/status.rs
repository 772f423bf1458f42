//! What users see of a chat (D), and when a change of it is a correction (C9).

use super::conversation::Conversation;
use super::credit;
use super::ids::{CustomerId, EventId, ManagerId};
use super::rounds::{Outcome, Round};
use super::seal::Seal;
use super::settings::{Channel, GoalId};
use super::time::Timestamp;

/// The status of a chat. A chat in process is either waiting for a manager or being measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    #[default]
    None,
    AwaitingReply,
    Measuring,
    Missed,
    Achieved,
}

/// The view of a chat that is published: what F2 compares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    pub customer: Option<CustomerId>,
    pub status: Status,
    /// The round that the status shows (D1, D2, D4).
    pub shown: Option<ShownRound>,
    /// The last round, with its own outcome (D5).
    pub round: Option<LastRound>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownRound {
    pub goal: GoalId,
    pub start: Timestamp,
    pub deadline: Timestamp,
    pub achieved_at: Option<Timestamp>,
    pub achieved_by: Option<EventId>,
    /// Credited with the outcome, or with the start while it is open (E1).
    pub manager: ManagerId,
    pub first_reply_manager: ManagerId,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastRound {
    pub number: u32,
    pub goal: GoalId,
    pub start: Timestamp,
    pub deadline: Timestamp,
    pub outcome: OutcomeKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutcomeKind {
    Open,
    Superseded,
    Missed,
    Achieved,
}

impl Outcome {
    pub fn kind(&self) -> OutcomeKind {
        match self {
            Outcome::Open => OutcomeKind::Open,
            Outcome::Superseded => OutcomeKind::Superseded,
            Outcome::Missed => OutcomeKind::Missed,
            Outcome::Achieved { .. } => OutcomeKind::Achieved,
        }
    }
}

/// What a chat shows at `clock`.
pub fn view(chat: &Conversation, seal: &Seal, rounds: &[Round], channel: &Channel, clock: Timestamp) -> View {
    let last = rounds.last();
    let (status, shown) = if let Some(achieved) = rounds.iter().rev().find(|round| round.is_achieved()) {
        (Status::Achieved, Some(achieved)) // D1
    } else if let Some(open) = last.filter(|round| round.outcome == Outcome::Open) {
        (Status::Measuring, Some(open)) // D2
    } else if chat.awaits_reply() && channel.tracked_goal(chat.cycle.closed.unwrap_or(clock)).is_some() {
        (Status::AwaitingReply, None) // D3
    } else if let Some(missed) = last.filter(|round| round.outcome == Outcome::Missed) {
        (Status::Missed, Some(missed)) // D4
    } else {
        (Status::None, None)
    };
    View {
        customer: chat.latest_customer.as_ref().map(|named| named.customer.clone()),
        status,
        shown: shown.map(|round| show(chat, seal, round)),
        round: last.map(|round| LastRound {
            number: round.number,
            goal: round.goal,
            start: round.start,
            deadline: round.deadline,
            outcome: round.outcome.kind(),
        }),
    }
}

fn show(chat: &Conversation, seal: &Seal, round: &Round) -> ShownRound {
    let (credited_at, achieved_at, achieved_by) = match &round.outcome {
        Outcome::Open | Outcome::Superseded => (round.start, None, None),
        Outcome::Missed => (round.deadline, None, None),
        Outcome::Achieved { at, by } => (*at, Some(*at), by.clone()),
    };
    ShownRound {
        goal: round.goal,
        start: round.start,
        deadline: round.deadline,
        achieved_at,
        achieved_by,
        manager: match seal.credited(round.number) {
            Some(sealed) => sealed.clone(),
            None => credit::credited(chat, seal, credited_at, None),
        },
        first_reply_manager: round.manager.clone(),
    }
}

/// What is remembered of a round that was derived, to tell a correction when it is derived anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownRound {
    pub start: Timestamp,
    pub deadline: Timestamp,
    pub outcome: OutcomeKind,
    pub achieved_at: Option<Timestamp>,
}

impl From<&Round> for KnownRound {
    fn from(round: &Round) -> Self {
        Self {
            start: round.start,
            deadline: round.deadline,
            outcome: round.outcome.kind(),
            achieved_at: round.achieved_at(),
        }
    }
}

/// C9: whether `after` takes back or alters an outcome other than Open, or alters a deadline or achieved time.
///
/// A round is the reply that started it, so rounds are told apart by their start; a start that is "altered" is a
/// round that vanished, and an Open round that vanishes is no correction.
pub fn is_correction(before: &[KnownRound], after: &[Round]) -> bool {
    before.iter().any(|old| {
        let decided = old.outcome != OutcomeKind::Open;
        match after.binary_search_by_key(&old.start, |round| round.start) {
            Err(_) => decided,
            Ok(found) => {
                let new = &after[found];
                old.deadline != new.deadline
                    || decided && (old.outcome != new.outcome.kind() || old.achieved_at != new.achieved_at())
            }
        }
    })
}
