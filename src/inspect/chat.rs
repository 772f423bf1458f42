//! What is kept of one chat, and what was published of it. It explains nothing.

use super::{Deployment, reached, scan};
use crate::config::WireForm;
use crate::contract::json::published::decode_change;
use crate::contract::protobuf::output::decode_status;
use crate::contract::records::ChangeRecord;
use crate::domain::status::OutcomeKind;
use crate::domain::time::Timestamp;
use crate::log::partitioner::partition_of;
use crate::log::{Log, Offset, Record, TopicPartition};
use crate::runtime::note::Note;
use crate::runtime::topology::{Stage, Topology};
use crate::stages::chats::ChatRow;
use crate::state::table::{Row as _, TableRow as _, page_key};
use anyhow::Context as _;
use std::collections::HashMap;

/// The newest row of a chat, and the clock of its partition.
pub struct Found {
    pub row: ChatRow,
    pub partition: i32,
    /// `None`: it has never moved.
    pub clock: Option<Timestamp>,
}

/// A published change of a chat, and where it lies.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    pub of: TopicPartition,
    pub offset: Offset,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq)]
pub enum What {
    Changed(ChangeRecord),
    Deleted { revision: Option<u32> },
}

impl<L: Log> Deployment<'_, L> {
    /// `None`: the chat is not known.
    pub fn chat(&self, chat: &str) -> anyhow::Result<Option<Found>> {
        let partition = partition_of(chat.as_bytes(), self.topology.partitions.chats);
        let changelog = [self.topology.changelog(Stage::Chats, partition)];
        let mut kept = Kept { key: chat.as_bytes(), row: None, pages: HashMap::new() };
        let ends = scan::all(self.log, &changelog, self.watch, |record| kept.take(record))?;
        let clock = self.clocks()?[partition as usize];
        // A row that was committed before the clock was looked at has been read after this, so that none is older.
        scan::from(self.log, &changelog, &ends, &scan::Unwatched, |record| kept.take(record))?;
        let Some(row) = kept.row()? else { return Ok(None) };
        Ok(Some(Found { clock: clock.max(seen_by(&row)), row, partition }))
    }

    /// The clock of each chats partition, as noted with its last commit.
    pub fn clocks(&self) -> anyhow::Result<Vec<Option<Timestamp>>> {
        let last = |partition| {
            self.topology.inputs(Stage::Chats, partition).pop().expect("every stage reads something")
        };
        let inboxes: Vec<TopicPartition> = (0..self.topology.partitions.chats).map(last).collect();
        let positions = self.log.committed(&self.topology.group, &inboxes)?;
        Ok(positions.iter().map(|position| reached(Note::decode(&position.note).clock)).collect())
    }

    /// For each chats partition, before which time no deadline passes, as noted with its last commit; `None`: none is known.
    pub fn deadlines(&self) -> anyhow::Result<Vec<Option<Timestamp>>> {
        let inboxes = Topology::all(&self.topology.chats_inbox, self.topology.partitions.chats);
        let positions = self.log.committed(&self.topology.group, &inboxes)?;
        Ok(positions.iter().map(|position| Note::decode(&position.note).deadline).collect())
    }

    /// Every change of the chat that is still in its topic, in order.
    pub fn published(&self, chat: &str) -> anyhow::Result<Vec<Published>> {
        let to = &self.topology.status_changed;
        let of = TopicPartition::new(to.topic.clone(), partition_of(chat.as_bytes(), to.partitions));
        let mut published = Vec::new();
        scan::all(self.log, std::slice::from_ref(&of), self.watch, |record| {
            if record.key == Some(chat.as_bytes()) {
                let what = change(to.form, record).map_err(anyhow::Error::msg)?;
                published.push(Published { of: of.clone(), offset: record.offset, what });
            }
            Ok(())
        })?;
        Ok(published)
    }
}

/// What the changelog keeps of one chat: the newest row, and the newest of each page of it.
struct Kept<'a> {
    key: &'a [u8],
    row: Option<Vec<u8>>,
    pages: HashMap<Vec<u8>, Vec<u8>>,
}

impl Kept<'_> {
    fn take(&mut self, record: &Record<'_>) -> anyhow::Result<()> {
        let (Some(key), Some(value)) = (record.key, record.value) else { return Ok(()) };
        if key == self.key {
            self.row = Some(value.to_vec());
        } else if key.strip_prefix(&[0xff, 0xff]).is_some_and(|rest| rest.starts_with(self.key)) {
            self.pages.insert(key.to_vec(), value.to_vec());
        }
        Ok(())
    }

    fn row(&self) -> anyhow::Result<Option<ChatRow>> {
        let Some(bytes) = &self.row else { return Ok(None) };
        let mut row = ChatRow::decode(bytes)?;
        for page in ChatRow::pages(bytes)? {
            let stored = self.pages.get(&*page_key(self.key, page));
            row.take_up(page, stored.with_context(|| format!("its page {page:?} is missing"))?)?;
        }
        Ok(Some(row))
    }
}

/// A row may be newer than the clock that was looked at: it was at least past the deadlines that it knows as missed.
pub fn seen_by(row: &ChatRow) -> Option<Timestamp> {
    let published = row.live.as_ref()?.published.as_ref()?;
    let missed = published.rounds.iter().filter(|round| round.outcome == OutcomeKind::Missed);
    missed.map(|round| round.deadline.plus(1)).max()
}

fn change(form: WireForm, record: &Record<'_>) -> Result<What, String> {
    Ok(match (record.value, form) {
        (Some(value), WireForm::Json) => What::Changed(decode_change(value)?),
        (Some(value), WireForm::Protobuf) => What::Changed(decode_status(value)?.into()),
        (None, _) => {
            let headers = record.headers.to_vec();
            let revision = headers.iter().find(|header| header.name == "revision");
            let revision = revision.and_then(|header| std::str::from_utf8(header.value.as_ref()?).ok());
            What::Deleted { revision: revision.and_then(|text| text.parse().ok()) }
        }
    })
}
