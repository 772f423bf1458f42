//! One chat: the facts behind its status, why it is what it is, and what was published of it.

use super::answers::{ChatAnswer, NotReadYet};
use super::store::{Family, View, Way};
use super::{ReadModel, decode, keys};
use crate::answers::chat::{Asked, answer, change};
use crate::answers::chat_parts::{ChatDocument, StatusAnswer};
use crate::answers::words::PhaseWord;
use crate::config::WireForm;
use crate::contract::json::output::Time;
use crate::contract::json::published as json;
use crate::contract::records::StatusRecord;
use crate::domain::settings::{Channel, GoalId};
use crate::domain::time::Timestamp;
use crate::inspect::chat::{Found, Published, What, seen_by};
use crate::log::TopicPartition;
use crate::log::partitioner::partition_of;
use crate::runtime::topology::Topology;
use crate::stages::chats::{ChatRow, LiveChat};
use crate::state::table::{Row as _, TableRow as _, page_key};
use anyhow::Context as _;

/// Said where the views have come and the facts have not.
const NO_FACTS: &str =
    "the facts behind this status have not been read yet: only what was published is shown";

impl ReadModel {
    /// What is known of a chat and why, now or as of an earlier moment. `None`: the chat is not known, or nothing of it
    /// is dated up to then. `Err` is [`NotReadYet`] where that cannot be told yet.
    pub fn chat(&self, chat: &str, as_of: Option<Timestamp>) -> anyhow::Result<Option<ChatAnswer>> {
        let topology = self.sources().topology;
        let partition = partition_of(chat.as_bytes(), topology.partitions.chats);
        // Before the rows, so that it is never ahead of them.
        let clock = self.progress().clocks.get(partition as usize).and_then(|clock| clock.usable());
        let view = self.inner.store.view();
        let form = topology.status_changed.form;
        let stored = view.get(Family::Statuses, chat.as_bytes())?;
        let latest =
            stored.map(|stored| decode::status(form, &stored)).transpose().map_err(anyhow::Error::msg)?;
        let published = history(&view, &topology, chat)?;
        let row = row(&view, chat)?;
        let settings = self.inner.settings.read().expect("nobody panics in here");
        let row = row.filter(|row| goals_are_known(row, settings.channel(&row.channel)));
        let document = match row {
            Some(row) => {
                let found = Found { clock: clock.max(seen_by(&row)), row, partition };
                let asked = Asked { why: true, as_of, published: Some(&published) };
                answer(&found, settings.channel(&found.row.channel), &asked)
            }
            None if as_of.is_some() && latest.is_some() => return Err(NotReadYet(chat.to_owned()).into()),
            None => latest.as_ref().map(|latest| without_facts(latest, partition, clock, &published)),
        };
        let latest = latest.filter(|_| as_of.is_none()).as_ref().map(decode::summary);
        Ok(document.map(|document| ChatAnswer { document, latest }))
    }
}

/// The newest row of a chat with its pages.
fn row(view: &View<'_>, chat: &str) -> anyhow::Result<Option<ChatRow>> {
    let Some(bytes) = view.get(Family::Facts, chat.as_bytes())? else { return Ok(None) };
    let mut row = ChatRow::decode(&bytes)?;
    for page in ChatRow::pages(&bytes)? {
        let stored = view.get(Family::Facts, &page_key(chat.as_bytes(), page))?;
        row.take_up(page, &stored.with_context(|| format!("its page {page:?} is missing"))?)?;
    }
    Ok(Some(row))
}

/// What was published of a chat, as far as it is kept, in order.
fn history(view: &View<'_>, topology: &Topology, chat: &str) -> anyhow::Result<Vec<Published>> {
    let (prefix, form) = (keys::history_of(chat.as_bytes()), topology.status_changed.form);
    let mut published = Vec::new();
    view.scan(Family::History, &prefix, &prefix, Way::Up, |key, value| {
        let (partition, offset) = keys::parse_place(value).context("a change of nowhere")?;
        let revision = key[prefix.len()..].first_chunk::<8>().map(|bytes| keys::number(*bytes));
        let what = match (&value[16..], form) {
            ([], _) => What::Deleted { revision: revision.and_then(|revision| u32::try_from(revision).ok()) },
            (value, WireForm::Json) => What::Changed(json::decode_change(value).map_err(anyhow::Error::msg)?),
            (value, WireForm::Protobuf) => {
                What::Changed(decode::status(form, value).map_err(anyhow::Error::msg)?.into())
            }
        };
        let of = TopicPartition::new(topology.status_changed.topic.clone(), partition);
        published.push(Published { of, offset, what });
        Ok(true)
    })?;
    Ok(published)
}

/// Whether the settings have been read as far as the facts go by them: a row may be ahead for a moment.
fn goals_are_known(row: &ChatRow, channel: &Channel) -> bool {
    let Some(live) = &row.live else { return true };
    let LiveChat { conversation, seal, published, progress: _ } = &**live;
    let view = published.as_ref().map(|published| &published.view);
    let mut goals = conversation
        .events
        .iter()
        .flat_map(|event| event.goals.iter().copied())
        .chain(seal.rounds().map(|round| round.goal))
        .chain(view.and_then(|view| view.shown.as_ref()).map(|shown| shown.goal))
        .chain(view.and_then(|view| view.round.as_ref()).map(|round| round.goal));
    goals.all(|GoalId(number)| (number as usize) < channel.goals().len())
}

fn without_facts(
    latest: &StatusRecord,
    partition: i32,
    clock: Option<Timestamp>,
    published: &[Published],
) -> ChatDocument {
    let status = StatusAnswer { status: latest.status.into(), phase: PhaseWord::of(latest.status) };
    ChatDocument {
        channel_id: latest.channel.to_string(),
        chat_id: latest.chat.to_string(),
        customer_id: latest.customer.as_ref().map(ToString::to_string),
        partition,
        clock: clock.map(Time),
        as_of: false,
        revision: latest.revision,
        deleted_at: None,
        status: Some(status),
        published_status: Some(status),
        conversation: None,
        rounds: Vec::new(),
        seal: None,
        unknown: vec![NO_FACTS.to_owned()],
        why: None,
        events: None,
        published: Some(published.iter().map(change).collect()),
    }
}
