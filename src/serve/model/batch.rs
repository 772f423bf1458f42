//! What a few records change in the model: rows, lists, counts and the offsets reached, in one write. A record that was
//! seen changes nothing, so it does no harm to read one again.

use super::answers::{Change, CounterChange, DeletedChat, Figures, Tally};
use super::keys::{self, Key, List};
use super::record::Kept;
use super::store::{Changes, Family, Store};
use super::{decode, lists, tallies};
use crate::config::WireForm;
use crate::contract::json::output::Date;
use crate::contract::records::StatusRecord;
use crate::domain::time::Timestamp;
use crate::inspect::dead_letters::DeadLetter;
use crate::log::{Offset, Record, TopicPartition};
use anyhow::Context as _;
use prost::Message as _;
use std::collections::HashMap;

/// How many changes of a chat are kept.
pub const HISTORY_MAX: u32 = 200;

pub struct Batch<'a> {
    store: &'a Store,
    changes: Changes<'a>,
    /// What this batch makes of rows that it has touched.
    statuses: HashMap<Vec<u8>, Option<StatusRecord>>,
    counters: HashMap<Vec<u8>, u32>,
    tallies: HashMap<Vec<u8>, Tally>,
    reached: Vec<(TopicPartition, Reached)>,
    /// What subscribers are told once it is written.
    pub told: Vec<Change>,
}

/// How far a partition has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The next offset.
    pub next: Offset,
    /// The log timestamp of the record before it, by which a topic that was made anew is told from the one that was read.
    pub last_timestamp: Option<i64>,
}

impl<'a> Batch<'a> {
    pub fn new(store: &'a Store) -> Self {
        Self {
            store,
            changes: store.changes(),
            statuses: HashMap::new(),
            counters: HashMap::new(),
            tallies: HashMap::new(),
            reached: Vec::new(),
            told: Vec::new(),
        }
    }

    /// A record of `goal.status-changed`. `Err` of the inner result: it cannot be read.
    pub fn status(&mut self, form: WireForm, record: &Record<'_>) -> anyhow::Result<Result<(), String>> {
        let Some(chat) = record.key else { return Ok(Err("it has no key".to_owned())) };
        let new = match record.value.map(|value| decode::status(form, value)).transpose() {
            Ok(new) => new,
            Err(reason) => return Ok(Err(reason)),
        };
        let old = match self.statuses.get(chat) {
            Some(old) => old.clone(),
            None => self.stored_status(form, chat)?,
        };
        let revision = match &new {
            Some(new) => Some(new.revision),
            None => header_revision(record),
        };
        if old.as_ref().is_some_and(|old| revision.is_some_and(|revision| revision <= old.revision)) {
            return Ok(Ok(()));
        }
        if let Some(old) = &old {
            for key in lists::entries(old).0 {
                self.changes.delete(Family::Lists, &key);
            }
            *self.tally(old)?.of(old.status) -= 1;
        }
        match &new {
            Some(new) => {
                let (entries, looked) = lists::entries(new);
                for key in entries {
                    self.changes.put(Family::Lists, &key, &looked);
                }
                *self.tally(new)?.of(new.status) += 1;
                self.changes.put(Family::Statuses, chat, record.value.unwrap_or_default());
                self.told.push(Change::Status(Box::new(decode::summary(new))));
            }
            None => {
                self.changes.delete(Family::Statuses, chat);
                // The chat goes with all that was said of it (B8).
                let (from, to) = (keys::history(chat, 0), keys::past_history(chat));
                self.changes.delete_range(Family::History, &from, &to);
                if let Some(old) = &old {
                    self.told.push(Change::Deleted(DeletedChat {
                        channel_id: old.channel.to_string(),
                        chat_id: old.chat.to_string(),
                        revision,
                        deleted: true,
                    }));
                }
            }
        }
        if let Some(revision) = revision {
            self.remember(chat, old.map(|old| old.revision), revision, record);
        }
        self.statuses.insert(chat.to_vec(), new);
        Ok(Ok(()))
    }

    fn stored_status(&self, form: WireForm, chat: &[u8]) -> anyhow::Result<Option<StatusRecord>> {
        let stored = self.store.get(Family::Statuses, chat)?;
        let read = stored.map(|value| decode::status(form, &value)).transpose();
        read.map_err(anyhow::Error::msg).context("a status of the read model cannot be read")
    }

    /// Keeps the change in the history of the chat: where it lies, and what it said. What is [`HISTORY_MAX`] revisions
    /// older goes; `old` is the revision before, which may be any smaller one where records are gone.
    fn remember(&mut self, chat: &[u8], old: Option<u32>, revision: u32, record: &Record<'_>) {
        let mut entry = keys::place(record.partition, record.offset);
        entry.extend(record.value.unwrap_or_default());
        self.changes.put(Family::History, &keys::history(chat, revision), &entry);
        let forgotten = revision.saturating_sub(HISTORY_MAX);
        if let Some(old) = old {
            // What is older went with the revision before.
            for forgotten in old.saturating_sub(HISTORY_MAX) + 1..=forgotten.min(old) {
                self.changes.delete(Family::History, &keys::history(chat, forgotten));
            }
        } else if forgotten > 0 {
            let (from, to) = (keys::history(chat, 0), keys::history(chat, forgotten + 1));
            self.changes.delete_range(Family::History, &from, &to);
        }
    }

    fn tally(&mut self, of: &StatusRecord) -> anyhow::Result<&mut Tally> {
        let key = tallies::key(of);
        if !self.tallies.contains_key(&key) {
            let stored = self.store.get(Family::Tallies, &key)?;
            let tally = stored.map(|stored| tallies::decode(&stored)).transpose()?.unwrap_or_default();
            self.tallies.insert(key.clone(), tally);
        }
        Ok(self.tallies.get_mut(&key).expect("it was just put there"))
    }

    /// A record of `manager.goal-counters`.
    pub fn counter(&mut self, form: WireForm, record: &Record<'_>) -> anyhow::Result<Result<(), String>> {
        let Some(value) = record.value else { return Ok(Ok(())) };
        let counter = match decode::counter(form, value) {
            Ok(counter) => counter,
            Err(reason) => return Ok(Err(reason)),
        };
        let key = keys::counter(&counter.channel, &counter.bucket);
        let seen = match self.counters.get(&key) {
            Some(revision) => Some(*revision),
            None => {
                let stored = self.store.get(Family::Counters, &key)?;
                let stored = stored.map(|value| decode::counter(form, &value)).transpose();
                stored.map_err(anyhow::Error::msg)?.map(|counter| counter.revision)
            }
        };
        if seen.is_some_and(|seen| counter.revision <= seen) {
            return Ok(Ok(()));
        }
        self.changes.put(Family::Counters, &key, value);
        self.told.push(Change::Counter(CounterChange {
            channel_id: counter.channel.to_string(),
            manager_id: counter.bucket.manager.as_ref().map(ToString::to_string),
            date: counter.bucket.date.map(Date),
            figures: Figures::of(&counter),
            revision: counter.revision,
        }));
        self.counters.insert(key, counter.revision);
        Ok(Ok(()))
    }

    /// A record of the changelog of the chats: a row, or a page of one.
    pub fn fact(&mut self, record: &Record<'_>) {
        match (record.key, record.value) {
            (Some(key), Some(value)) => self.changes.put(Family::Facts, key, value),
            (Some(key), None) => self.changes.delete(Family::Facts, key),
            (None, _) => {}
        }
    }

    /// A goal change, good or bad.
    pub fn goal(&mut self, record: &Record<'_>) {
        let place = keys::place(record.partition, record.offset);
        self.changes.put(Family::Goals, &place, &Kept::of(record).encode_to_vec());
    }

    /// A dead letter.
    pub fn letter(&mut self, record: &Record<'_>) {
        let letter = DeadLetter::of(record);
        let place = keys::place(record.partition, record.offset);
        self.changes.put(Family::Letters, &place, &Kept::of(record).encode_to_vec());
        let (at, origin) = letter_entries(&letter);
        self.changes.put(Family::Lists, &at, &[]);
        if let Some(origin) = origin {
            self.changes.put(Family::Lists, &origin, &place);
        }
        self.told.push(Change::DeadLetter((&letter).into()));
    }

    /// Takes a dead letter away that is no longer in the log.
    pub fn forget_letter(&mut self, letter: &DeadLetter) {
        let (at, origin) = letter_entries(letter);
        self.changes.delete(Family::Letters, &keys::place(letter.place.partition, letter.place.offset));
        self.changes.delete(Family::Lists, &at);
        if let Some(origin) = origin {
            self.changes.delete(Family::Lists, &origin);
        }
    }

    /// The record has been read.
    pub fn reach(&mut self, record: &Record<'_>) {
        let reached = Reached { next: record.offset + 1, last_timestamp: record.timestamp };
        let known = self
            .reached
            .iter_mut()
            .find(|of| of.0.partition == record.partition && *of.0.topic == *record.topic);
        match known {
            Some((_, known)) => *known = reached,
            None => self.reached.push((TopicPartition::new(record.topic, record.partition), reached)),
        }
    }

    /// Everything that was there at this time has been read before.
    pub fn level(&mut self, at: Timestamp) {
        self.changes.put(Family::Meta, keys::LEVEL, &keys::sorted(at.0));
    }

    /// Writes all of it, and says what subscribers are to be told.
    pub fn write(mut self) -> anyhow::Result<Vec<Change>> {
        for (key, tally) in &self.tallies {
            if *tally == Tally::default() {
                self.changes.delete(Family::Tallies, key);
            } else {
                self.changes.put(Family::Tallies, key, &tallies::encode(tally));
            }
        }
        for (of, reached) in &self.reached {
            self.changes.put(Family::Meta, &keys::reached(&of.topic, of.partition), &reached.encode());
        }
        self.changes.write()?;
        Ok(self.told)
    }
}

impl Reached {
    pub fn encode(self) -> Vec<u8> {
        let key = Key::default().number(self.next);
        match self.last_timestamp {
            Some(timestamp) => key.number(timestamp).0,
            None => key.0,
        }
    }

    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (next, rest) = bytes.split_first_chunk::<8>()?;
        let last_timestamp = rest.first_chunk::<8>().map(|bytes| keys::number(*bytes));
        Some(Self { next: keys::number(*next), last_timestamp })
    }
}

/// The revision of a tombstone.
fn header_revision(record: &Record<'_>) -> Option<u32> {
    let headers = record.headers.to_vec();
    let revision = headers.iter().find(|header| header.name == "revision")?;
    std::str::from_utf8(revision.value.as_ref()?).ok()?.parse().ok()
}

/// The entries of a dead letter: by time, and by where the bad record was.
fn letter_entries(letter: &DeadLetter) -> (Vec<u8>, Option<Vec<u8>>) {
    let at = letter.at.map_or(i64::MIN, |at| at.0);
    let place = keys::place(letter.place.partition, letter.place.offset);
    let origin = letter.partition.zip(letter.offset).map(|(partition, offset)| {
        Key::of(List::Origin).id(letter.topic.as_bytes()).number(partition.into()).number(offset).0
    });
    (Key::of(List::Letters).number(at).last(&place).0, origin)
}
