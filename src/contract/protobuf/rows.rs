//! The rows of the stages as they lie in the store and in the changelogs: exact both ways, and small.
//!
//! What is written here outlives the process. Which versions are read is said in [`versions`]; a row that cannot be read
//! is a fault of the store. Nothing here knows the keys of rows, or where they lie.

mod chat;
#[cfg(test)]
mod tests;
pub mod versions;

use super::convert::{date_from, date_to, decoded};
use super::generated as pb;
use super::generated::{counter_row, customer_row};
use crate::domain::conversation::JudgedEvent;
use crate::domain::credit::{Bucket, Counts};
use crate::domain::events::Events;
use crate::domain::ids::{ChannelId, ChatId, CustomerId, EventId, ManagerId};
use crate::domain::paged::Paged;
use crate::domain::settings::GoalId;
use crate::domain::time::Timestamp;
use crate::stages::chats::ChatRow;
use crate::stages::customers::{Ask, CustomerRow, Link, Neighbour};
use crate::stages::managers::CounterRow;
use prost::Message;
use versions::OURS;

pub fn encode_chat(row: &ChatRow) -> Vec<u8> {
    let ChatRow { channel, chat, deleted, revision, live } = row;
    let row = pb::ChatRow {
        versions: OURS.versions.number(),
        channel_id: channel.as_str().into(),
        chat_id: chat.as_str().into(),
        deleted_at_ms: deleted.map(|deleted| deleted.0),
        revision: *revision,
        live: live.as_deref().map(chat::live_to),
        page_events: Vec::new(),
    };
    row.encode_to_vec()
}

/// A page of a chat's events, beside its row. Read as a row, it is one of a chat of which nothing is known.
pub fn encode_chat_page(row: &ChatRow, events: &[JudgedEvent]) -> Vec<u8> {
    let page = pb::ChatRow {
        versions: OURS.versions.number(),
        channel_id: row.channel.as_str().into(),
        chat_id: row.chat.as_str().into(),
        page_events: events.iter().map(chat::event_to).collect(),
        ..pb::ChatRow::default()
    };
    page.encode_to_vec()
}

pub fn decode_chat_page(page: &[u8]) -> Result<Vec<JudgedEvent>, String> {
    let page = decoded::<pb::ChatRow>(page)?;
    versions::check(page.versions)?;
    Ok(page.page_events.into_iter().map(chat::event_from).collect())
}

/// What a `ChatRow` says of pages. The rest is passed over, which costs much less than decoding it.
#[derive(Clone, PartialEq, Message)]
struct ChatPages {
    #[prost(message, optional, tag = "6")]
    live: Option<LivePages>,
}

/// The same of its `LiveChat`.
#[derive(Clone, PartialEq, Message)]
struct LivePages {
    #[prost(uint32, repeated, tag = "13")]
    event_pages: Vec<u32>,
}

/// What a `CustomerRow` says of pages.
#[derive(Clone, PartialEq, Message)]
struct CustomerPages {
    #[prost(uint32, repeated, tag = "8")]
    event_pages: Vec<u32>,
    #[prost(uint32, repeated, tag = "9")]
    ask_pages: Vec<u32>,
}

/// The numbers of the pages that a chat's row names.
pub fn chat_pages(row: &[u8]) -> Result<Vec<u32>, String> {
    Ok(decoded::<ChatPages>(row)?.live.unwrap_or_default().event_pages)
}

pub fn decode_chat(row: &[u8]) -> Result<ChatRow, String> {
    let row = decoded::<pb::ChatRow>(row)?;
    versions::check(row.versions)?;
    Ok(ChatRow {
        channel: ChannelId::new(&row.channel_id),
        chat: ChatId::new(&row.chat_id),
        deleted: row.deleted_at_ms.map(Timestamp),
        revision: row.revision,
        live: row.live.map(chat::live_from).transpose()?.map(Box::new),
    })
}

/// The row; what is in pages of their own is only named by their numbers.
pub fn encode_customer(row: &CustomerRow) -> Vec<u8> {
    let CustomerRow { channel, customer, neighbours, asks, events, chats, chats_until } = row;
    let numbers = |pages: &mut dyn Iterator<Item = u32>| pages.collect::<Vec<u32>>();
    let event_pages = numbers(&mut events.list().stored().iter().map(|page| page.number));
    let ask_pages = numbers(&mut asks.stored().iter().map(|page| page.number));
    let row = pb::CustomerRow {
        versions: OURS.versions.number(),
        channel_id: channel.as_str().into(),
        customer_id: customer.as_str().into(),
        neighbours: neighbours
            .iter()
            .map(|Neighbour { customer, merged_at }| customer_row::Neighbour {
                customer_id: customer.as_str().into(),
                merged_at_ms: merged_at.0,
            })
            .collect(),
        chats: chats
            .iter()
            .map(|Link { chat, partition }| customer_row::Link {
                chat_id: chat.as_str().into(),
                partition: *partition,
            })
            .collect(),
        events: if event_pages.is_empty() { events.iter().map(event_to).collect() } else { Vec::new() },
        asks: if ask_pages.is_empty() { asks.iter().map(ask_to).collect() } else { Vec::new() },
        event_pages,
        ask_pages,
        chats_until_ms: chats_until.map(|until| until.0),
    };
    row.encode_to_vec()
}

/// A page of a customer's events, beside its row.
pub fn encode_customer_events(row: &CustomerRow, events: &[JudgedEvent]) -> Vec<u8> {
    customer_page(row, events.iter().map(event_to).collect(), Vec::new())
}

/// A page of what a customer was asked for, beside its row.
pub fn encode_customer_asks(row: &CustomerRow, asks: &[Ask]) -> Vec<u8> {
    customer_page(row, Vec::new(), asks.iter().map(ask_to).collect())
}

fn customer_page(
    row: &CustomerRow,
    events: Vec<customer_row::Event>,
    asks: Vec<customer_row::Ask>,
) -> Vec<u8> {
    let page = pb::CustomerRow {
        versions: OURS.versions.number(),
        channel_id: row.channel.as_str().into(),
        customer_id: row.customer.as_str().into(),
        events,
        asks,
        ..pb::CustomerRow::default()
    };
    page.encode_to_vec()
}

/// What is in a page of a customer.
pub fn decode_customer_page(page: &[u8]) -> Result<(Vec<JudgedEvent>, Vec<Ask>), String> {
    let page = decoded::<pb::CustomerRow>(page)?;
    versions::check(page.versions)?;
    let events = page.events.into_iter().map(event_from).collect();
    Ok((events, page.asks.into_iter().map(ask_from).collect()))
}

/// The numbers of the pages that a customer's row names: of events, and of asks.
pub fn customer_pages(row: &[u8]) -> Result<(Vec<u32>, Vec<u32>), String> {
    let row = decoded::<CustomerPages>(row)?;
    Ok((row.event_pages, row.ask_pages))
}

/// The row without what is in pages of their own.
pub fn decode_customer(row: &[u8]) -> Result<CustomerRow, String> {
    let row = decoded::<pb::CustomerRow>(row)?;
    versions::check(row.versions)?;
    let (mut events, mut asks) = (Events::default(), Paged::default());
    for event in row.events {
        // Older versions had any number of them here.
        events.insert(event_from(event));
    }
    for ask in row.asks {
        asks.insert(ask_from(ask));
    }
    Ok(CustomerRow {
        channel: ChannelId::new(&row.channel_id),
        customer: CustomerId::new(&row.customer_id),
        neighbours: row
            .neighbours
            .iter()
            .map(|neighbour| Neighbour {
                customer: CustomerId::new(&neighbour.customer_id),
                merged_at: Timestamp(neighbour.merged_at_ms),
            })
            .collect(),
        asks,
        events,
        chats: row
            .chats
            .iter()
            .map(|link| Link { chat: ChatId::new(&link.chat_id), partition: link.partition })
            .collect(),
        chats_until: row.chats_until_ms.map(Timestamp),
    })
}

fn event_to(JudgedEvent { at, id, goals }: &JudgedEvent) -> customer_row::Event {
    customer_row::Event {
        at_ms: at.0,
        id: id.as_deref().map(str::to_owned),
        goals: goals.iter().map(|goal| goal.0).collect(),
    }
}

fn event_from(event: customer_row::Event) -> JudgedEvent {
    JudgedEvent {
        at: Timestamp(event.at_ms),
        id: event.id.as_deref().map(EventId::new),
        goals: event.goals.into_iter().map(GoalId).collect(),
    }
}

fn ask_to(Ask { from, link: Link { chat, partition } }: &Ask) -> customer_row::Ask {
    customer_row::Ask { from_ms: from.0, chat_id: chat.as_str().into(), partition: *partition }
}

fn ask_from(ask: customer_row::Ask) -> Ask {
    let link = Link { chat: ChatId::new(&ask.chat_id), partition: ask.partition };
    Ask { from: Timestamp(ask.from_ms), link }
}

pub fn encode_counter(row: &CounterRow) -> Vec<u8> {
    let CounterRow { channel, bucket, counts, published, revision } = row;
    let row = pb::CounterRow {
        versions: OURS.versions.number(),
        channel_id: channel.as_str().into(),
        manager_id: bucket.manager.as_deref().map(str::to_owned),
        date: bucket.date.map(date_to),
        counts: counts_to(counts),
        unpublished: counts_to(&less(counts, published)),
        revision: *revision,
    };
    row.encode_to_vec()
}

pub fn decode_counter(row: &[u8]) -> Result<CounterRow, String> {
    let row = decoded::<pb::CounterRow>(row)?;
    versions::check(row.versions)?;
    let counts = counts_from(row.counts);
    Ok(CounterRow {
        channel: ChannelId::new(&row.channel_id),
        bucket: Bucket {
            manager: row.manager_id.as_deref().map(ManagerId::new),
            date: row.date.map(date_from).transpose()?,
        },
        counts,
        published: less(&counts, &counts_from(row.unpublished)),
        revision: row.revision,
    })
}

/// `a - b`, exact for all numbers when it is taken from `a` again.
fn less(a: &Counts, b: &Counts) -> Counts {
    Counts {
        measured: a.measured.wrapping_sub(b.measured),
        achieved: a.achieved.wrapping_sub(b.achieved),
        missed: a.missed.wrapping_sub(b.missed),
        ended: a.ended.wrapping_sub(b.ended),
        closes: a.closes.wrapping_sub(b.closes),
        achieved_of_ended: a.achieved_of_ended.wrapping_sub(b.achieved_of_ended),
    }
}

/// Zeros are left out.
fn counts_to(counts: &Counts) -> Option<counter_row::Counts> {
    let Counts { measured, achieved, missed, ended, closes, achieved_of_ended } = *counts;
    (!counts.is_zero()).then_some(counter_row::Counts {
        measured,
        achieved,
        missed,
        ended,
        closes,
        achieved_of_ended,
    })
}

fn counts_from(counts: Option<counter_row::Counts>) -> Counts {
    let counter_row::Counts { measured, achieved, missed, ended, closes, achieved_of_ended } =
        counts.unwrap_or_default();
    Counts { measured, achieved, missed, ended, closes, achieved_of_ended }
}
