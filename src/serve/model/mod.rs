//! The read model: what was published of chats, managers and dead letters, the settings, and the facts behind each
//! status, in a RocksDB of this process, asked by filter and page. It derives no status: it shows what readers were told.
//!
//! [`questions`] and [`answers`] are all that its users see. Everything is answered from one snapshot, so an answer never
//! mixes two moments; which revision of a chat it shows is in it.

pub mod answers;
pub mod questions;

use crate::answers::letters::WholeLetterAnswer;
use crate::domain::time::Timestamp;
use answers::{Change, ChatAnswer, ChatsPage, GoalsAnswer, LettersPage, ManagersAnswer, StatusAnswer};
use chrono::NaiveDate;
use questions::{ChangeFilter, ChatFilter, ChatOrder, CountersQuestion, LetterFilter, Page};
use std::sync::Arc;

/// The read model. Clones are the same one. Its questions read the disk: from async code they are asked on a thread that
/// may block ([`tokio::task::spawn_blocking`]).
#[derive(Clone)]
pub struct ReadModel {
    _inner: Arc<()>,
}

impl ReadModel {
    /// The chats for which the filter holds, in this order.
    pub fn chats(&self, _filter: &ChatFilter, _order: ChatOrder, _page: &Page) -> anyhow::Result<ChatsPage> {
        todo!()
    }

    /// What is known of a chat and why, now or as of an earlier moment. `None`: the chat is not known, or nothing of it
    /// is dated up to then.
    pub fn chat(&self, _chat: &str, _as_of: Option<Timestamp>) -> anyhow::Result<Option<ChatAnswer>> {
        todo!()
    }

    /// How managers did in a period, beside the period before it.
    pub fn managers(&self, _question: &CountersQuestion) -> anyhow::Result<ManagersAnswer> {
        todo!()
    }

    /// The settings of each channel (or of one), and how many chats show each goal.
    pub fn goals(&self, _channel: Option<&str>) -> anyhow::Result<GoalsAnswer> {
        todo!()
    }

    /// How far the processor and this model have got.
    pub fn status(&self) -> StatusAnswer {
        todo!()
    }

    /// The dead letters for which the filter holds, newest first.
    pub fn dead_letters(&self, _filter: &LetterFilter, _page: &Page) -> anyhow::Result<LettersPage> {
        todo!()
    }

    /// One dead letter: by where the bad record was, or (`topic` being that of the dead letters) by where the letter lies.
    pub fn dead_letter(
        &self,
        _topic: &str,
        _partition: i32,
        _offset: i64,
    ) -> anyhow::Result<Option<WholeLetterAnswer>> {
        todo!()
    }

    /// Today's date in a channel's time zone (E2); without a channel, or if it has none, in UTC.
    pub fn today(&self, _channel: Option<&str>) -> NaiveDate {
        todo!()
    }

    /// The ids of the channels that have settings or chats, in their order.
    pub fn channels(&self) -> anyhow::Result<Vec<String>> {
        todo!()
    }

    /// Changes from now on; with the id of one that was seen (`Last-Event-ID`), those after it.
    pub fn subscribe(&self, _filter: ChangeFilter, _after: Option<&str>) -> Subscription {
        todo!()
    }
}

/// Hands out changes, one by one. It keeps nothing: who is too slow is told [`Heard::Reset`] and goes on from there.
pub struct Subscription;

/// What a subscriber hears.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// A change, and its id.
    Change { id: String, change: Arc<Change> },
    /// Changes were missed: ask anew for what is shown. The id is that from which it goes on.
    Reset { id: String },
}

impl Subscription {
    /// Waits for the next change. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Heard {
        todo!()
    }
}
