//! Which event achieved a round, and why each of the others did not (C4, C5). Of an event one reason is told: the one
//! of the round in whose time it lies.

use super::Reason;
use super::words::{goal, moment, span};
use crate::domain::conversation::JudgedEvent;
use crate::domain::rounds::{Outcome, Round};
use crate::domain::settings::Channel;
use crate::domain::time::{Millis, Timestamp};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventVerdict {
    /// C5.
    Achieves {
        round: u32,
    },
    /// C5: the earliest such event was another one.
    LaterThanAchieving {
        round: u32,
        achieved_at: Timestamp,
    },
    /// C5: events before the reply do not count.
    BeforeReply {
        round: u32,
        by: Millis,
    },
    AfterDeadline {
        round: u32,
        by: Millis,
    },
    /// C5: it matches a goal of the channel, and not the round's (A5).
    OtherGoal {
        round: u32,
    },
    /// C5: the channel was not subscribed then.
    NotSubscribed {
        round: u32,
    },
    /// C4: the round that it would have achieved had given way by then.
    Superseded {
        round: u32,
        by: u32,
    },
    /// C1: the chat has no round at all.
    NoRound,
}

/// Judges events in the order of C5; the first `sealed` rounds are sealed.
pub fn judge<'a>(
    events: impl Iterator<Item = &'a JudgedEvent>,
    rounds: &[Round],
    sealed: u32,
    channel: &Channel,
) -> Vec<EventVerdict> {
    // The rounds whose event was met. That of a sealed one may be gone.
    let mut met: Vec<Option<Timestamp>> =
        rounds.iter().map(|round| round.achieved_at().filter(|_| round.number <= sealed)).collect();
    events.map(|event| judge_one(event, rounds, &mut met, sealed, channel)).collect()
}

fn judge_one(
    event: &JudgedEvent,
    rounds: &[Round],
    met: &mut [Option<Timestamp>],
    sealed: u32,
    channel: &Channel,
) -> EventVerdict {
    let Some(first) = rounds.first() else { return EventVerdict::NoRound };
    let begun = rounds.partition_point(|round| round.start <= event.at);
    let Some(index) = begun.checked_sub(1) else {
        return EventVerdict::BeforeReply {
            round: first.number,
            by: first.start.0.saturating_sub(event.at.0),
        };
    };
    let round = &rounds[index];
    let number = round.number;
    if !event.goals.contains(&round.goal) {
        return match index.checked_sub(1).map(|before| &rounds[before]) {
            Some(before) if would_have_achieved(event, before, channel) => {
                EventVerdict::Superseded { round: before.number, by: number }
            }
            _ => EventVerdict::OtherGoal { round: number },
        };
    }
    if event.at > round.deadline {
        return EventVerdict::AfterDeadline {
            round: number,
            by: event.at.0.saturating_sub(round.deadline.0),
        };
    }
    if !channel.subscribed(event.at) {
        return EventVerdict::NotSubscribed { round: number };
    }
    match met[index] {
        Some(achieved_at) if number > sealed || !is_the_event(event, round) => {
            EventVerdict::LaterThanAchieving { round: number, achieved_at }
        }
        _ => {
            met[index] = Some(event.at);
            EventVerdict::Achieves { round: number }
        }
    }
}

/// Had the round not given way before.
fn would_have_achieved(event: &JudgedEvent, round: &Round, channel: &Channel) -> bool {
    round.outcome == Outcome::Superseded
        && event.goals.contains(&round.goal)
        && event.at <= round.deadline
        && channel.subscribed(event.at)
}

fn is_the_event(event: &JudgedEvent, round: &Round) -> bool {
    matches!(&round.outcome, Outcome::Achieved { at, by } if *at == event.at && *by == event.id)
}

impl EventVerdict {
    /// Whether it achieved a round.
    pub fn counts(&self) -> bool {
        matches!(self, EventVerdict::Achieves { .. })
    }

    /// The round that it is about.
    pub fn round(&self) -> Option<u32> {
        match *self {
            EventVerdict::Achieves { round }
            | EventVerdict::LaterThanAchieving { round, .. }
            | EventVerdict::BeforeReply { round, .. }
            | EventVerdict::AfterDeadline { round, .. }
            | EventVerdict::OtherGoal { round }
            | EventVerdict::NotSubscribed { round }
            | EventVerdict::Superseded { round, .. } => Some(round),
            EventVerdict::NoRound => None,
        }
    }

    pub fn reason(&self, rounds: &[Round], channel: &Channel) -> Reason {
        match *self {
            EventVerdict::Achieves { round } => Reason::new("C5", format!("achieves round {round}")),
            EventVerdict::LaterThanAchieving { round, achieved_at } => {
                let at = moment(achieved_at);
                Reason::new("C5", format!("round {round} was achieved by an earlier event, at {at}"))
            }
            EventVerdict::BeforeReply { round, by } => {
                Reason::new("C5", format!("{} before the reply that begins round {round}", span(by)))
            }
            EventVerdict::AfterDeadline { round, by } => {
                Reason::new("C5", format!("{} after the deadline of round {round}", span(by)))
            }
            EventVerdict::OtherGoal { round } => {
                let wanted = rounds.iter().find(|known| known.number == round);
                let wanted = wanted.map_or_else(String::new, |of| goal(channel.goal(of.goal)));
                Reason::new("C5", format!("it matches another goal; round {round} is for {wanted}"))
            }
            EventVerdict::NotSubscribed { round } => Reason::new(
                "C5",
                format!("in time for round {round}, but the channel was not subscribed then"),
            ),
            EventVerdict::Superseded { round, by } => {
                let sentence = format!(
                    "in time for round {round}, but round {by} had taken its place, with another goal"
                );
                Reason::new("C4", sentence)
            }
            EventVerdict::NoRound => Reason::new("C1", "the chat has no round that it could achieve"),
        }
    }
}
