//! What the demo knows from the output topics alone: how many chats have which status, the managers' rates, the latest
//! changes, and whether a revision was left out or came twice. It never asks the platform or the runtime.

use super::catalog::{CHANNELS, MANAGERS, manager_name};
use super::changes::{Change, News};
use super::published::{Counters, StatusChanged};
use crate::contract::json::input;
use crate::contract::keys::parse_counter_key;
use crate::domain::ids::ManagerId;
use crate::domain::settings;
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use anyhow::Context as _;
use std::collections::{HashMap, VecDeque};

/// More than a view shows between two pictures of it.
const CHANGES_MAX: usize = 64;

/// In the order in which they are shown.
pub const STATUSES: [Status; 5] =
    [Status::Achieved, Status::Measuring, Status::AwaitingReply, Status::Missed, Status::None];

/// A record of an output topic, or of `goal.changes`, which tells what goals there are.
pub struct Output<'a> {
    pub topic: OutputTopic,
    pub key: &'a [u8],
    /// `None` is a tombstone.
    pub value: Option<&'a [u8]>,
    /// The header `revision`, which tombstones have.
    pub revision: Option<u32>,
    pub timestamp: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputTopic {
    GoalChanges,
    StatusChanged,
    ManagerCounters,
    DeadLetters,
}

#[derive(Default)]
pub struct Board {
    channels: HashMap<String, ChannelBoard>,
    chats: HashMap<String, Chat>,
    counter_revisions: HashMap<String, u32>,
    managers: HashMap<(String, ManagerId), Counters>,
    changes: VecDeque<Change>,
    pub status_records: u64,
    pub counter_records: u64,
    pub dead_letters: u64,
    pub corrections: u64,
    /// Revisions that did not follow the one before.
    pub gaps: u64,
}

#[derive(Clone, Default)]
pub struct ChannelBoard {
    pub goal: String,
    pub counters: Counters,
    statuses: [u32; STATUSES.len()],
}

struct Chat {
    revision: u32,
    /// Absent: it was deleted.
    shown: Option<(String, Status)>,
}

impl Board {
    /// Takes the next record of a partition.
    pub fn take(&mut self, output: &Output<'_>) -> anyhow::Result<()> {
        let key = std::str::from_utf8(output.key).context("a key is not UTF-8")?;
        match (output.topic, output.value) {
            (OutputTopic::GoalChanges, Some(value)) => self.goal_changed(value),
            (OutputTopic::GoalChanges, None) => Ok(()),
            (OutputTopic::StatusChanged, Some(value)) => self.status_changed(key, value),
            (OutputTopic::StatusChanged, None) => {
                self.deleted(key, output.revision, output.timestamp);
                Ok(())
            }
            (OutputTopic::ManagerCounters, Some(value)) => self.counted(key, value),
            (OutputTopic::ManagerCounters, None) => anyhow::bail!("the counter {key} got a tombstone"),
            (OutputTopic::DeadLetters, _) => {
                self.dead_letters += 1;
                Ok(())
            }
        }
    }

    /// By channel, in the order of the catalog.
    pub fn channels(&self) -> Vec<(&'static str, ChannelBoard)> {
        let board = |id| self.channels.get(id).cloned().unwrap_or_default();
        CHANNELS.iter().map(|channel| (channel.name, board(channel.id))).collect()
    }

    /// All managers over all channels, the best rate first; nobody comes last, if it counts for anything.
    pub fn managers(&self) -> Vec<(&'static str, Counters)> {
        let of = |id: &str| {
            let mut sum = Counters::default();
            for ((_, manager), counters) in &self.managers {
                if manager.as_str() == id {
                    sum.add(counters);
                }
            }
            sum
        };
        let mut managers: Vec<_> = MANAGERS.iter().map(|manager| (manager.name, of(manager.id))).collect();
        managers.sort_by(|(_, a), (_, b)| {
            let rate = |counters: &Counters| counters.achievement_rate().unwrap_or(-1.0);
            rate(b).total_cmp(&rate(a))
        });
        let nobody = of("");
        if nobody != Counters::default() {
            managers.push((manager_name(""), nobody));
        }
        managers
    }

    /// Chats with this status, in all channels.
    pub fn chats(&self, status: Status) -> u32 {
        self.channels.values().map(|channel| channel.chats(status)).sum()
    }

    /// The changes since the last call that are still kept, oldest first.
    pub fn take_changes(&mut self) -> Vec<Change> {
        self.changes.drain(..).collect()
    }

    pub fn records(&self) -> u64 {
        self.status_records + self.counter_records
    }

    fn status_changed(&mut self, chat: &str, value: &[u8]) -> anyhow::Result<()> {
        let record: StatusChanged =
            serde_json::from_slice(value).with_context(|| format!("the status of {chat} cannot be read"))?;
        self.status_records += 1;
        self.corrections += u64::from(record.correction);
        let (status, before) = (record.status(), self.revise(chat, Some(record.revision)));
        if let Some((channel, status)) = &before {
            self.channel(channel).statuses[index(*status)] -= 1;
        }
        self.channel(&record.channel_id).statuses[index(status)] += 1;
        let from = before.map(|(_, status)| status);
        if from != Some(status) || record.correction {
            let goal = record.goal.map(|goal| format!("{} ({} d)", goal.event_name, goal.days));
            self.add_change(Change {
                at: record.at,
                news: News::Status {
                    chat: chat.to_owned(),
                    from,
                    to: status,
                    goal,
                    manager: manager_name(&record.manager_id).to_owned(),
                    correction: record.correction,
                },
            });
        }
        let known = self.chats.get_mut(chat).expect("it was just revised");
        known.shown = Some((record.channel_id, status));
        Ok(())
    }

    fn deleted(&mut self, chat: &str, revision: Option<u32>, at: Timestamp) {
        self.status_records += 1;
        if let Some((channel, status)) = self.revise(chat, revision) {
            self.channel(&channel).statuses[index(status)] -= 1;
            self.add_change(Change { at, news: News::Deleted { chat: chat.to_owned(), from: status } });
        }
    }

    fn counted(&mut self, key: &str, value: &[u8]) -> anyhow::Result<()> {
        let counters: Counters =
            serde_json::from_slice(value).with_context(|| format!("the counter {key} cannot be read"))?;
        let (channel, bucket) = parse_counter_key(key).map_err(anyhow::Error::msg)?;
        self.counter_records += 1;
        let before = self.counter_revisions.insert(key.to_owned(), counters.revision).unwrap_or(0);
        self.gaps += u64::from(counters.revision != before + 1);
        match (bucket.date, bucket.manager) {
            (Some(_), _) => {}
            (None, None) => self.channel(&channel).counters = counters,
            (None, Some(manager)) => {
                self.managers.insert((channel.to_string(), manager), counters);
            }
        }
        Ok(())
    }

    fn goal_changed(&mut self, value: &[u8]) -> anyhow::Result<()> {
        let read = input::parse::<input::GoalChangeJson<'_>>(value).and_then(|json| json.change());
        let change = read.map_err(anyhow::Error::msg).context("a goal change cannot be read")?;
        let goal = match &change.change {
            settings::Change::GoalSet(goal) => super::changes::goal_text(goal),
            settings::Change::GoalRemoved => "no goal".to_owned(),
            settings::Change::SubscriptionSet(_) | settings::Change::TimeZoneSet(_) => return Ok(()),
        };
        let channel = self.channel(&change.channel);
        if channel.goal == goal {
            return Ok(());
        }
        let first = channel.goal.is_empty();
        channel.goal.clone_from(&goal);
        if !first {
            let channel = change.channel.to_string();
            self.add_change(Change { at: change.at, news: News::Goal { channel, goal } });
        }
        Ok(())
    }

    /// Checks a chat's next revision; gives what was shown of it.
    fn revise(&mut self, chat: &str, revision: Option<u32>) -> Option<(String, Status)> {
        let known = self.chats.entry(chat.to_owned()).or_insert(Chat { revision: 0, shown: None });
        let expected = known.revision + 1;
        self.gaps += u64::from(revision != Some(expected));
        known.revision = revision.unwrap_or(expected);
        known.shown.take()
    }

    fn channel(&mut self, id: &str) -> &mut ChannelBoard {
        self.channels.entry(id.to_owned()).or_default()
    }

    fn add_change(&mut self, change: Change) {
        if self.changes.len() == CHANGES_MAX {
            self.changes.pop_front();
        }
        self.changes.push_back(change);
    }
}

impl ChannelBoard {
    pub fn chats(&self, status: Status) -> u32 {
        self.statuses[index(status)]
    }

    pub fn chats_of_all_statuses(&self) -> u32 {
        self.statuses.iter().sum()
    }
}

fn index(status: Status) -> usize {
    STATUSES.iter().position(|known| *known == status).expect("every status is shown")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record<'a>(
        topic: OutputTopic,
        key: &'a str,
        value: Option<&'a str>,
        revision: Option<u32>,
    ) -> Output<'a> {
        let (key, value) = (key.as_bytes(), value.map(str::as_bytes));
        Output { topic, key, value, revision, timestamp: Timestamp(0) }
    }

    fn status(board: &mut Board, chat: &str, revision: u32, status: &str) {
        let value = format!(
            r#"{{"channelId":"clinic","chatId":"{chat}","revision":{revision},{status},"at":"2026-03-02T12:03:00Z",
               "goal":{{"eventName":"Appointment","days":1}},"managerId":"yuki","cause":"DEADLINE"}}"#
        );
        board.take(&record(OutputTopic::StatusChanged, chat, Some(&value), None)).unwrap();
    }

    #[test]
    fn a_chat_counts_for_its_newest_status_only() {
        let mut board = Board::default();
        status(&mut board, "1", 1, r#""status":"IN_PROCESS","phase":"AWAITING_REPLY""#);
        status(&mut board, "1", 2, r#""status":"IN_PROCESS","phase":"MEASURING""#);
        status(&mut board, "1", 3, r#""status":"MISSED""#);
        status(&mut board, "2", 1, r#""status":"NONE""#);
        let counts: Vec<u32> = STATUSES.iter().map(|status| board.chats(*status)).collect();
        assert_eq!(counts, [0, 0, 0, 1, 1]);
        let last = board.take_changes()[2].to_string();
        assert_eq!(last, "Mon 12:03 chat 1 · Measuring → Missed · Appointment (1 d) · Yuki");
        assert_eq!(board.gaps, 0);
    }

    #[test]
    fn a_tombstone_takes_the_next_revision_and_the_chat_away() {
        let mut board = Board::default();
        status(&mut board, "1", 1, r#""status":"MISSED""#);
        board.take(&record(OutputTopic::StatusChanged, "1", None, Some(2))).unwrap();
        assert_eq!((board.chats(Status::Missed), board.gaps), (0, 0));
        status(&mut board, "1", 3, r#""status":"NONE""#);
        assert_eq!((board.chats(Status::None), board.gaps), (1, 0));
    }

    #[test]
    fn a_revision_that_repeats_or_leaves_one_out_is_a_gap() {
        let mut board = Board::default();
        status(&mut board, "1", 1, r#""status":"NONE""#);
        status(&mut board, "1", 1, r#""status":"NONE""#);
        status(&mut board, "1", 3, r#""status":"NONE""#);
        board.take(&record(OutputTopic::StatusChanged, "1", None, None)).unwrap();
        assert_eq!(board.gaps, 3);
        let counter = Some(r#"{"channelId":"clinic","managerId":"yuki","closes":1,"revision":2}"#);
        board.take(&record(OutputTopic::ManagerCounters, "clinic/yuki/2026-03-02", counter, None)).unwrap();
        assert_eq!(board.gaps, 4);
    }

    #[test]
    fn managers_are_ranked_by_the_rate_over_all_their_channels() {
        let mut board = Board::default();
        let mut count = |key: &str, achieved: u32, ended: u32| {
            let value = format!(r#"{{"achieved":{achieved},"ended":{ended},"revision":1}}"#);
            board.take(&record(OutputTopic::ManagerCounters, key, Some(&value), None)).unwrap();
        };
        count("travel-desk/grace/total", 3, 4);
        count("language-school/grace/total", 0, 2);
        count("clinic/yuki/total", 2, 3);
        count("clinic/yuki/2026-03-02", 2, 3);
        count("clinic/*/total", 2, 4);
        count("clinic//total", 0, 1);
        let managers = board.managers();
        let best: Vec<_> =
            managers[..2].iter().map(|(name, sums)| (*name, sums.achieved, sums.ended)).collect();
        assert_eq!(best, [("Yuki", 2, 3), ("Grace", 3, 6)]);
        assert_eq!(managers.last().unwrap().0, "(none)");
        assert_eq!(board.channels()[2].1.counters.ended, 4);
    }
}
