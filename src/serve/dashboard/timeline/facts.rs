//! What a time line shows: plain times and words. Where a thing is drawn is decided elsewhere.

use crate::domain::time::Timestamp;

type Millis = i64;

/// Times are milliseconds since the epoch.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The moment that the chat is shown as of.
    pub clock: Millis,
    pub clock_name: String,
    pub cycles: Vec<Cycle>,
    /// What was said and done in the chat, by time.
    pub said: Vec<Mark>,
    pub rounds: Vec<Round>,
    pub events: Vec<Mark>,
}

/// From a chat's opening to its close.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle {
    pub from: Millis,
    /// Otherwise `from` is the first thing that is known of it.
    pub from_is_known: bool,
    /// `None`: it is open.
    pub to: Option<Millis>,
    pub title: String,
}

#[derive(Clone, Debug)]
pub struct Round {
    pub number: u32,
    pub start: Millis,
    pub deadline: Millis,
    pub outcome: Outcome,
    /// When it was achieved or superseded.
    pub ended: Option<Millis>,
    pub title: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Open,
    Superseded,
    Missed,
    Achieved,
}

impl Outcome {
    pub fn class(self) -> &'static str {
        match self {
            Outcome::Open => "open",
            Outcome::Superseded => "superseded",
            Outcome::Missed => "missed",
            Outcome::Achieved => "achieved",
        }
    }

    pub fn word(self) -> &'static str {
        self.class()
    }
}

#[derive(Clone, Debug)]
pub struct Mark {
    pub at: Millis,
    pub kind: MarkKind,
    pub title: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkKind {
    /// What the customer asked.
    Question,
    Reply,
    Closed,
    /// An event that achieved a round.
    Counts,
    /// One that achieved a round when that was declared missed already (C9).
    CountsLate,
    /// One that does not count.
    Ignored,
    /// One that came after the deadline.
    Late,
}

impl MarkKind {
    pub fn class(self) -> &'static str {
        match self {
            MarkKind::Question => "question",
            MarkKind::Reply => "reply",
            MarkKind::Closed => "closed",
            MarkKind::Counts => "counts",
            MarkKind::CountsLate => "counts late",
            MarkKind::Ignored => "ignored",
            MarkKind::Late => "late",
        }
    }
}

impl Facts {
    /// All times that the picture should have room for, but the clock's.
    pub fn times(&self) -> impl Iterator<Item = Millis> {
        let cycles = self.cycles.iter().flat_map(|cycle| [Some(cycle.from), cycle.to]).flatten();
        let rounds = self.rounds.iter().flat_map(|round| [round.start, round.deadline]);
        let marks = self.said.iter().chain(&self.events).map(|mark| mark.at);
        // What is beyond the calendar cannot be drawn.
        let drawable = |at: &Millis| at.abs() < Timestamp::MAX.0 / 4;
        cycles.chain(rounds).chain(marks).filter(drawable)
    }
}
