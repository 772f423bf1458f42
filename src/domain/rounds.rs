//! Rounds (C): a function of replies, events, settings and the clock. Never stored as truth.

use super::conversation::{Conversation, JudgedEvent, Reply};
use super::events::Events;
use super::ids::{EventId, ManagerId};
use super::seal::Seal;
use super::settings::{Channel, GoalId};
use super::time::Timestamp;
use crate::planted::{Bug, planted};

/// One measurement of a chat against the goal that was set when its manager replied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// Counted from 1.
    pub number: u32,
    pub goal: GoalId,
    pub start: Timestamp,
    pub deadline: Timestamp,
    /// Who gave the reply that started it.
    pub manager: ManagerId,
    pub outcome: Outcome,
}

/// How a round went (C4 to C6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Open,
    /// A newer round began before its deadline.
    Superseded,
    Missed,
    Achieved {
        at: Timestamp,
        by: Option<EventId>,
    },
}

impl Round {
    pub fn achieved_at(&self) -> Option<Timestamp> {
        match self.outcome {
            Outcome::Achieved { at, .. } => Some(at),
            Outcome::Open | Outcome::Superseded | Outcome::Missed => None,
        }
    }

    pub fn is_achieved(&self) -> bool {
        self.achieved_at().is_some()
    }
}

/// All rounds that are not sealed away, in order, with those that the seal still holds before them.
pub fn rounds(chat: &Conversation, seal: &Seal, channel: &Channel, clock: Timestamp) -> Vec<Round> {
    let mut walk = Walk::new(seal);
    chat.replies.iter().for_each(|reply| walk.reply(reply, &chat.events, channel, clock));
    walk.end(&chat.events, channel, clock);
    walk.rounds
}

/// The way through the replies.
#[derive(Clone, Debug)]
pub struct Walk {
    pub rounds: Vec<Round>,
    number: u32,
    /// The latest round that is known to be achieved before the reply at hand.
    latest_achieved: Option<usize>,
    /// No event before this achieves the last round: one that runs on over many replies (C2) looks at each event once.
    seen: Timestamp,
}

impl Walk {
    pub fn new(seal: &Seal) -> Self {
        let rounds: Vec<Round> = seal.rounds().cloned().collect();
        let latest_achieved = rounds.iter().rposition(Round::is_achieved);
        Self { rounds, number: seal.count, latest_achieved, seen: Timestamp::MIN }
    }

    pub fn reply(&mut self, reply: &Reply, events: &Events, channel: &Channel, clock: Timestamp) {
        let Self { rounds, number, latest_achieved, seen } = self;
        let Some(goal) = channel.tracked_goal(reply.at) else { return }; // C1
        settle(rounds.last_mut(), Some(reply.at), seen, events, channel, clock);
        if rounds.last().is_some_and(Round::is_achieved) {
            *latest_achieved = Some(rounds.len() - 1);
        }
        if latest_achieved.is_some_and(|index| rounds[index].goal == goal) {
            // C2: a running round goes on; what it may still reach is found when all replies are read.
            reopen(rounds.last_mut());
            return;
        }
        *number = number.saturating_add(1);
        *seen = reply.at;
        let deadline = reply.at.plus(channel.goal(goal).days.millis());
        let (number, manager) = (*number, reply.manager.clone());
        rounds.push(Round { number, goal, start: reply.at, deadline, manager, outcome: Outcome::Open }); // C3
    }

    /// Settles the last round. Another reply needs it as it was before.
    pub fn end(&mut self, events: &Events, channel: &Channel, clock: Timestamp) {
        // Events after the last reply may still come, so nothing of them counts as seen.
        settle(self.rounds.last_mut(), None, &mut self.seen.clone(), events, channel, clock);
    }
}

/// C4 to C6, for a round that a next one may follow at `next`. What is decided stays.
fn settle(
    round: Option<&mut Round>,
    next: Option<Timestamp>,
    seen: &mut Timestamp,
    events: &Events,
    channel: &Channel,
    clock: Timestamp,
) {
    let Some(round) = round else { return };
    if round.outcome != Outcome::Open {
        return;
    }
    round.outcome = if let Some(event) = achieving(round, next, seen, events, channel) {
        Outcome::Achieved { at: event.at, by: event.id.clone() }
    } else if next.is_some_and(|next| next <= round.deadline) && !planted(Bug::NothingSuperseded) {
        Outcome::Superseded
    } else if clock > round.deadline {
        Outcome::Missed
    } else {
        Outcome::Open
    };
}

/// C2 lets the last round run on: unless it is achieved it is judged again with the next reply.
fn reopen(round: Option<&mut Round>) {
    if let Some(round) = round
        && matches!(round.outcome, Outcome::Superseded | Outcome::Missed)
    {
        round.outcome = Outcome::Open;
    }
}

/// C5: the event that achieves the round, if it comes before the next round's start.
fn achieving<'a>(
    round: &Round,
    next: Option<Timestamp>,
    seen: &mut Timestamp,
    events: &'a Events,
    channel: &Channel,
) -> Option<&'a JudgedEvent> {
    let after = if planted(Bug::DeadlineExcluded) { 0 } else { 1 };
    let end = next.unwrap_or(Timestamp::MAX).min(round.deadline.plus(after));
    let found = events
        .from(round.start.max(*seen))
        .take_while(|event| event.at < end)
        .find(|event| event.goals.contains(&round.goal) && channel.subscribed(event.at));
    *seen = found.map_or(end.max(*seen), |event| event.at);
    found
}
