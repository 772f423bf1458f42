//! The statuses that a reader chooses from, counts and links to: a chat in process is told by what it waits for.

use crate::answers::words::{PhaseWord, StatusWord};
use crate::serve::dashboard::links::Link;
use crate::serve::dashboard::words::Mark;
use crate::serve::model::answers::Tally;

/// The statuses as people tell them apart: a chat in process by its phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusChoice {
    Achieved,
    Measuring,
    AwaitingReply,
    Missed,
    None,
}

impl StatusChoice {
    pub const ALL: [Self; 5] =
        [Self::Achieved, Self::Measuring, Self::AwaitingReply, Self::Missed, Self::None];

    /// As an address has it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Achieved => "ACHIEVED",
            Self::Measuring => "MEASURING",
            Self::AwaitingReply => "AWAITING_REPLY",
            Self::Missed => "MISSED",
            Self::None => "NONE",
        }
    }

    pub fn parts(self) -> (StatusWord, Option<PhaseWord>) {
        match self {
            Self::Achieved => (StatusWord::Achieved, None),
            Self::Measuring => (StatusWord::InProcess, Some(PhaseWord::Measuring)),
            Self::AwaitingReply => (StatusWord::InProcess, Some(PhaseWord::AwaitingReply)),
            Self::Missed => (StatusWord::Missed, None),
            Self::None => (StatusWord::None, None),
        }
    }

    /// Only then somebody is credited, or nobody.
    pub fn shows_round(self) -> bool {
        match self {
            Self::Achieved | Self::Measuring | Self::Missed => true,
            Self::AwaitingReply | Self::None => false,
        }
    }

    pub fn mark(self) -> Mark {
        let (status, phase) = self.parts();
        Mark::of(status, phase)
    }

    pub fn of(self, tally: &Tally) -> u64 {
        match self {
            Self::Achieved => tally.achieved,
            Self::Measuring => tally.measuring,
            Self::AwaitingReply => tally.awaiting_reply,
            Self::Missed => tally.missed,
            Self::None => tally.none,
        }
    }

    pub fn link(self, to: Link) -> Link {
        to.with("status", self.word())
    }
}
