//! Sealing (H3): facts that no record can reach any more give way to what follows from them. It changes no result.
//!
//! A record may be 31 days late (H1) and a merge or a naming may reach 31 days further back (H2), so whatever
//! happened more than 62 days before the clock is settled.

use super::conversation::{Conversation, REACH_BACK, Reply};
use super::credit::{self, Contribution};
use super::ids::ManagerId;
use super::rounds::{Outcome, Round};
use super::settings::Channel;
use super::time::{DAY, Millis, Timestamp};

/// How far back a record that is still to come can reach (H1 and H2 together).
pub const REACH: Millis = 2 * REACH_BACK;

/// What is kept of sealed facts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seal {
    /// How many rounds are sealed.
    pub count: u32,
    /// The latest achieved one of them.
    pub achieved: Option<Box<SealedRound>>,
    /// The last one of them.
    pub last: Option<Box<SealedRound>>,
    /// The last sealed reply: it may still credit its manager (E1).
    pub reply: Option<Reply>,
    /// Which buckets the sealed rounds and closes count in.
    pub contributions: Vec<Contribution>,
}

/// A sealed round and the manager credited with its outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedRound {
    pub round: Round,
    pub credited: ManagerId,
}

impl Seal {
    /// The sealed rounds that still matter, in order.
    pub fn rounds(&self) -> impl Iterator<Item = &Round> {
        let achieved = self.achieved.as_ref().filter(|a| Some(a.round.number) != self.last_number());
        achieved.into_iter().chain(&self.last).map(|sealed| &sealed.round)
    }

    fn last_number(&self) -> Option<u32> {
        self.last.as_ref().map(|last| last.round.number)
    }

    /// The manager credited with a sealed round.
    pub fn credited(&self, number: u32) -> Option<&ManagerId> {
        let sealed = self.achieved.iter().chain(&self.last).find(|sealed| sealed.round.number == number)?;
        Some(&sealed.credited)
    }
}

/// Seals what is settled at `clock`. `rounds` are those of this chat now. True: something was sealed.
pub fn seal(
    chat: &mut Conversation,
    seal: &mut Seal,
    rounds: &[Round],
    channel: &Channel,
    clock: Timestamp,
) -> bool {
    /// From so many replies on a day's worth is sealed at once: each time everything is derived anew.
    const MANY: usize = 32;
    let horizon = clock.minus(REACH);
    let slack = if chat.replies.len() < MANY { 0 } else { DAY };
    if !has_facts_before(chat, horizon.minus(slack)) {
        return false;
    }
    let replies = settled_replies(chat, seal, rounds, horizon);
    let closes = chat.closes.partition_point(|close| close.at < horizon);
    let kept_from = [
        Some(horizon),
        chat.replies.get(replies).map(|reply| reply.at),
        chat.closes.get(closes).map(|close| close.at),
    ];
    let kept_from = kept_from.into_iter().flatten().min().unwrap_or(horizon);
    let assignments = chat.assignments.partition_point(|a| a.at <= kept_from).saturating_sub(1);
    let events = chat.events.first().is_some_and(|event| event.at < kept_from);
    if replies + closes + assignments == 0 && !events {
        return false;
    }

    let last_reply = replies.checked_sub(1).map(|last| chat.replies[last].clone());
    let sealed: Vec<&Round> = rounds
        .iter()
        .filter(|r| r.number > seal.count && last_reply.as_ref().is_some_and(|last| r.start <= last.at))
        .collect();
    seal.contributions = {
        let closes = chat.closes[..closes].to_vec();
        let all_closes = std::mem::replace(&mut chat.closes, closes);
        let sealed: Vec<Round> = sealed.iter().map(|round| (*round).clone()).collect();
        let contributions = credit::contributions(chat, seal, &sealed, channel);
        chat.closes = all_closes;
        contributions
    };
    for round in sealed {
        let credited_at = match round.outcome {
            Outcome::Open | Outcome::Superseded => round.start,
            Outcome::Missed => round.deadline,
            Outcome::Achieved { at, .. } => at,
        };
        let credited = credit::credited(chat, seal, credited_at, None);
        let sealed = Box::new(SealedRound { round: round.clone(), credited });
        if round.is_achieved() {
            seal.achieved = Some(sealed.clone());
        }
        seal.count = round.number;
        seal.last = Some(sealed);
    }
    if last_reply.is_some() {
        chat.replied_before = true;
        seal.reply = last_reply;
    }
    chat.replies.drain(..replies);
    chat.closes.drain(..closes);
    chat.events.forget_before(kept_from);
    chat.assignments.drain(..assignments);
    true
}

fn has_facts_before(chat: &Conversation, horizon: Timestamp) -> bool {
    chat.replies.first().is_some_and(|reply| reply.at < horizon)
        || chat.closes.first().is_some_and(|close| close.at < horizon)
        || chat.events.first().is_some_and(|event| event.at < horizon)
        || chat.assignments.get(1).is_some_and(|assignment| assignment.at < horizon)
}

/// How many replies from the first on have rounds whose outcome nothing can change any more.
fn settled_replies(chat: &Conversation, seal: &Seal, rounds: &[Round], horizon: Timestamp) -> usize {
    let rounds: Vec<&Round> = rounds.iter().filter(|round| round.number > seal.count).collect();
    let settled = |index: usize| {
        let round = rounds[index];
        let decided_at = match round.outcome {
            Outcome::Open => return false,
            Outcome::Superseded => rounds.get(index + 1).map_or(Timestamp::MAX, |next| next.start),
            Outcome::Missed => round.deadline,
            Outcome::Achieved { at, .. } => at,
        };
        decided_at < horizon
    };
    let first_unsettled = (0..rounds.len()).find(|index| !settled(*index)).map(|index| rounds[index].start);
    let end = first_unsettled.unwrap_or(Timestamp::MAX).min(horizon);
    chat.replies.partition_point(|reply| reply.at < end)
}
