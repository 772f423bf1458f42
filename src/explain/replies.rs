//! What each reply did: begin a round, or why it did not (C1 to C3).

use super::Reason;
use super::words::{goal, moment};
use crate::domain::conversation::Reply;
use crate::domain::rounds::Round;
use crate::domain::settings::Channel;
use crate::domain::time::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyVerdict {
    /// C3.
    Begins { round: u32 },
    /// C1: the channel had no goal then.
    NoGoal,
    /// C1: it had one, and no subscription.
    NotSubscribed,
    /// C2: this round was achieved before, and the goal is the same.
    AlreadyAchieved { round: u32 },
}

/// Judges the replies, of which those before are sealed with `sealed` rounds.
pub fn judge(replies: &[Reply], rounds: &[Round], sealed: u32, channel: &Channel) -> Vec<ReplyVerdict> {
    let begun = |at: Timestamp| rounds.iter().find(|round| round.start == at && round.number > sealed);
    let achieved_before = |at: Timestamp| {
        rounds.iter().rev().find(|round| round.achieved_at().is_some_and(|achieved| achieved < at))
    };
    let verdict = |reply: &Reply| match (begun(reply.at), achieved_before(reply.at)) {
        (Some(round), _) => ReplyVerdict::Begins { round: round.number },
        (None, _) if channel.goal_as_of(reply.at).is_none() => ReplyVerdict::NoGoal,
        (None, _) if !channel.subscribed(reply.at) => ReplyVerdict::NotSubscribed,
        (None, Some(round)) => ReplyVerdict::AlreadyAchieved { round: round.number },
        (None, None) => unreachable!("C3: nothing keeps the reply at {} from a round", reply.at.0),
    };
    replies.iter().map(verdict).collect()
}

impl ReplyVerdict {
    pub fn round(&self) -> Option<u32> {
        match self {
            ReplyVerdict::Begins { round } => Some(*round),
            ReplyVerdict::NoGoal | ReplyVerdict::NotSubscribed | ReplyVerdict::AlreadyAchieved { .. } => None,
        }
    }

    pub fn reason(&self, reply: &Reply, rounds: &[Round], channel: &Channel) -> Reason {
        let at = moment(reply.at);
        match self {
            ReplyVerdict::Begins { round } => {
                let of = rounds.iter().find(|known| known.number == *round).expect("it is one of them");
                let (goal, deadline) = (goal(channel.goal(of.goal)), moment(of.deadline));
                Reason::new("C3", format!("begins round {round} for {goal}, until {deadline}"))
            }
            ReplyVerdict::NoGoal => Reason::new("C1", format!("no round: the channel had no goal at {at}")),
            ReplyVerdict::NotSubscribed => {
                Reason::new("C1", format!("no round: the channel was not subscribed at {at}"))
            }
            ReplyVerdict::AlreadyAchieved { round } => {
                let sentence =
                    format!("no new round: round {round} was achieved before it, for the same goal");
                Reason::new("C2", sentence)
            }
        }
    }
}
