//! The rules of the status, one after the other up to the one that holds (D1 to D4).

use super::Reason;
use super::words::moment;
use crate::domain::conversation::Conversation;
use crate::domain::rounds::{Outcome, Round};
use crate::domain::settings::Channel;
use crate::domain::status::Status;
use crate::domain::time::Timestamp;

/// A rule that was looked at, and whether it gives the status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub holds: bool,
    pub reason: Reason,
}

/// The status, and the rules that lead to it.
pub fn steps(
    chat: &Conversation,
    rounds: &[Round],
    channel: &Channel,
    clock: Timestamp,
) -> (Status, Vec<Step>) {
    let mut steps = Vec::new();
    for (status, look) in [
        (Status::Achieved, achieved as Look),
        (Status::Measuring, measuring),
        (Status::AwaitingReply, awaits_reply),
        (Status::Missed, missed),
    ] {
        let (holds, reason) = match look(&Facts { chat, rounds, channel, clock }) {
            Ok(reason) => (true, reason),
            Err(reason) => (false, reason),
        };
        steps.push(Step { holds, reason });
        if holds {
            return (status, steps);
        }
    }
    steps.push(Step { holds: true, reason: Reason::new("D4", "otherwise None") });
    (Status::None, steps)
}

struct Facts<'a> {
    chat: &'a Conversation,
    rounds: &'a [Round],
    channel: &'a Channel,
    clock: Timestamp,
}

/// `Ok`: the rule holds. Either way, why.
type Look = fn(&Facts<'_>) -> Result<Reason, Reason>;

fn achieved(facts: &Facts<'_>) -> Result<Reason, Reason> {
    let latest = facts.rounds.iter().rev().find_map(|round| Some((round.number, round.achieved_at()?)));
    match latest {
        Some((number, at)) => {
            let at = moment(at);
            Ok(Reason::new("D1", format!("Achieved: round {number} was achieved at {at}, and that stays")))
        }
        None if facts.rounds.is_empty() => Err(Reason::new("D1", "not Achieved: there is no round")),
        None => Err(Reason::new("D1", "not Achieved: no round was achieved")),
    }
}

fn measuring(facts: &Facts<'_>) -> Result<Reason, Reason> {
    match facts.rounds.last() {
        Some(last) if last.outcome == Outcome::Open => {
            let (number, deadline) = (last.number, moment(last.deadline));
            Ok(Reason::new("D2", format!("In process (measuring): round {number} is open until {deadline}")))
        }
        _ => Err(Reason::new("D2", "not being measured: no round is open")),
    }
}

fn awaits_reply(facts: &Facts<'_>) -> Result<Reason, Reason> {
    let Facts { chat, channel, clock, .. } = facts;
    let reason = |sentence: String| Reason::new("D3", sentence);
    let not = |why: &str| Err(reason(format!("not waiting for a reply: {why}")));
    if chat.cycle.replied {
        return not("the current cycle was replied to");
    }
    if chat.cycle.asked.is_none() && chat.ever_replied() {
        return not("nothing was asked in the current cycle, and an earlier one was replied to");
    }
    let (at, when) = match chat.cycle.closed {
        Some(closed) => (closed, format!("when it was closed ({})", moment(closed))),
        None => (*clock, "as of the clock".to_owned()),
    };
    if channel.goal_as_of(at).is_none() {
        return not(&format!("the channel had no goal {when}"));
    }
    if !channel.subscribed(at) {
        return not(&format!("the channel was not subscribed {when}"));
    }
    let since = match chat.cycle.asked {
        Some(asked) => format!("asked at {} and not replied to", moment(asked)),
        None => "never replied to".to_owned(),
    };
    Ok(reason(format!("In process (awaiting reply): {since}, and the channel tracked a goal {when}")))
}

fn missed(facts: &Facts<'_>) -> Result<Reason, Reason> {
    match facts.rounds.last() {
        Some(last) if last.outcome == Outcome::Missed => {
            let (number, deadline) = (last.number, moment(last.deadline));
            Ok(Reason::new("D4", format!("Missed: round {number}, the last one, was missed at {deadline}")))
        }
        Some(_) => Err(Reason::new("D4", "not Missed: the last round was not missed")),
        None => Err(Reason::new("D4", "not Missed: there is no round")),
    }
}
