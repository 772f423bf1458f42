//! What can be asked of the read model. A filter holds where everything holds that it says.

use crate::answers::words::{CauseWord, PhaseWord, StatusWord};
use crate::domain::time::Timestamp;
use chrono::NaiveDate;

/// Which chats.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChatFilter {
    pub channel: Option<String>,
    pub status: Option<StatusWord>,
    pub phase: Option<PhaseWord>,
    /// The manager credited; the empty id: nobody is with the round that the status shows.
    pub manager: Option<String>,
    pub customer: Option<String>,
    /// The event of the goal that the chat shows, or else of its last round.
    pub goal: Option<String>,
    pub cause: Option<CauseWord>,
    /// The latest change took effect at this time or later.
    pub from: Option<Timestamp>,
    /// The latest change took effect at this time or before.
    pub to: Option<Timestamp>,
    /// Somewhere in the id of the chat, its customer or its manager, whatever the case.
    pub text: Option<String>,
}

/// In which order chats come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChatOrder {
    /// What changed last comes first.
    #[default]
    NewestFirst,
    /// What has not changed for the longest time comes first.
    OldestFirst,
    /// Only chats whose last round is open: the one that runs out first comes first.
    DeadlineFirst,
}

/// Which part of a list: at most `limit`, after `cursor` (`None`: from the beginning on).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub limit: usize,
    pub cursor: Option<Cursor>,
}

/// A place in a list: what was sorted by, and the key. It stays valid whatever changes: what comes after it in the order
/// comes after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(pub Vec<u8>);

/// Whose counters, and of which dates (both ends included; a date is one in the channel's time zone, E2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountersQuestion {
    /// `None`: all channels together.
    pub channel: Option<String>,
    /// One manager with their days, instead of all; the empty id is nobody.
    pub manager: Option<String>,
    pub from: NaiveDate,
    pub to: NaiveDate,
}

/// Which dead letters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LetterFilter {
    /// Where they came from.
    pub topic: Option<String>,
    /// Somewhere in the reason, whatever the case.
    pub reason: Option<String>,
    pub key: Option<String>,
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
}

/// Which changes a subscriber wants to hear of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeFilter {
    pub channel: Option<String>,
    pub chat: Option<String>,
    pub manager: Option<String>,
}
