//! The rounds and contributions of a chat with many replies, derived on from where they stood when they were derived
//! last, as long as nothing has touched what they rest on. It is never stored, and what it says is what
//! [`rounds`](super::rounds::rounds) and [`contributions`](super::credit::contributions) say.

use super::conversation::Conversation;
use super::credit::{self, Contribution};
use super::rounds::{Outcome, Round, Walk};
use super::seal::Seal;
use super::settings::Channel;
use super::time::Timestamp;

#[derive(Clone, Debug, Default)]
pub struct Progress(Option<Box<Stand>>);

/// It is no fact: two chats that differ in it are the same.
impl PartialEq for Progress {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

#[derive(Clone, Debug)]
struct Stand {
    walk: Walk,
    /// The last round as the next reply finds it.
    last: Option<Round>,
    /// How many of the chat's replies and closes are in it.
    replies: usize,
    closes: usize,
    /// Those of all rounds but the last, and of the closes.
    contributions: Vec<Contribution>,
    /// Of how many rounds they are.
    counted: usize,
    /// The latest moment that somebody was credited for: nothing dated so may have been added since.
    until: Timestamp,
    /// How many assignments lay up to there, and how many events before the last reply.
    assignments: usize,
    events: usize,
    settings: u64,
    /// A round that is not the last waits for the clock.
    waits: bool,
}

/// What was derived.
pub struct Derived<'a> {
    pub rounds: &'a [Round],
    pub contributions: Vec<Contribution>,
    /// So many rounds at the head are what they were when this was derived last.
    pub same: usize,
}

impl Progress {
    /// The facts are not those that it knew.
    pub fn forget(&mut self) {
        self.0 = None;
    }

    pub fn derive(
        &mut self,
        chat: &Conversation,
        seal: &Seal,
        channel: &Channel,
        clock: Timestamp,
    ) -> Derived<'_> {
        let stand = match self.0.take() {
            Some(stand) if stand.holds(chat, channel) => stand,
            _ => Box::new(Stand::new(seal)),
        };
        self.0.insert(stand).go_on(chat, seal, channel, clock)
    }
}

impl Stand {
    fn new(seal: &Seal) -> Self {
        let walk = Walk::new(seal);
        Self {
            last: walk.rounds.last().cloned(),
            counted: walk.rounds.len(),
            walk,
            replies: 0,
            closes: 0,
            contributions: seal.contributions.clone(),
            until: Timestamp::MIN,
            assignments: 0,
            events: 0,
            settings: 0,
            waits: false,
        }
    }

    fn holds(&self, chat: &Conversation, channel: &Channel) -> bool {
        !self.waits
            && self.settings == channel.version()
            && self.replies <= chat.replies.len()
            && self.closes <= chat.closes.len()
            && chat.replies[self.replies..].iter().all(|reply| reply.at > self.until)
            && self.assignments == assignments_until(chat, self.until)
            && self.events == self.events_before_last(chat)
    }

    fn go_on(
        &mut self,
        chat: &Conversation,
        seal: &Seal,
        channel: &Channel,
        clock: Timestamp,
    ) -> Derived<'_> {
        let same = if self.replies > 0 { self.walk.rounds.len().saturating_sub(1) } else { 0 };
        if let (Some(round), Some(last)) = (self.walk.rounds.last_mut(), self.last.take()) {
            *round = last;
        }
        for reply in &chat.replies[self.replies..] {
            self.walk.reply(reply, &chat.events, channel, clock);
        }
        let mut facts = Vec::new();
        let decided = self.walk.rounds.len().saturating_sub(1);
        for round in self.walk.rounds.get(self.counted..decided).unwrap_or_default() {
            self.waits |= round.outcome == Outcome::Open;
            credit::count_round(&mut facts, chat, seal, channel, round);
            self.until = self.until.max(credited_until(round));
        }
        self.counted = self.counted.max(decided);
        for close in &chat.closes[self.closes..] {
            credit::count_close(&mut facts, chat, seal, channel, close);
            self.until = self.until.max(close.at);
        }
        credit::add(&mut self.contributions, facts);
        (self.replies, self.closes, self.settings) =
            (chat.replies.len(), chat.closes.len(), channel.version());
        self.last = self.walk.rounds.last().cloned();
        self.walk.end(&chat.events, channel, clock);
        self.assignments = assignments_until(chat, self.until);
        self.events = self.events_before_last(chat);
        let mut contributions = self.contributions.clone();
        if let Some(last) = self.walk.rounds.last().filter(|last| last.number > seal.count) {
            let mut facts = Vec::new();
            credit::count_round(&mut facts, chat, seal, channel, last);
            credit::add(&mut contributions, facts);
        }
        Derived { rounds: &self.walk.rounds, contributions, same }
    }

    fn events_before_last(&self, chat: &Conversation) -> usize {
        let last = self.replies.checked_sub(1).map(|last| chat.replies[last].at);
        last.map_or(0, |at| chat.events.count_before(at))
    }
}

fn assignments_until(chat: &Conversation, until: Timestamp) -> usize {
    chat.assignments.partition_point(|assignment| assignment.at <= until)
}

fn credited_until(round: &Round) -> Timestamp {
    match round.outcome {
        Outcome::Open | Outcome::Superseded => round.start,
        Outcome::Missed => round.deadline,
        Outcome::Achieved { at, .. } => at,
    }
}
