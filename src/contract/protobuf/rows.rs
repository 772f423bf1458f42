//! The rows of the stages as they lie in the store and in the changelogs: exact both ways, and small.
//!
//! What is written here outlives the process. A row written under newer rules is refused; a row that cannot be read is
//! a fault of the store. Nothing here knows the keys of rows, or where they lie.

mod chat;
#[cfg(test)]
mod tests;

use super::convert::{date_from, date_to, decoded};
use super::generated as pb;
use super::generated::{counter_row, customer_row};
use crate::domain::conversation::JudgedEvent;
use crate::domain::credit::{Bucket, Counts};
use crate::domain::ids::{ChannelId, ChatId, CustomerId, EventId, ManagerId};
use crate::domain::settings::GoalId;
use crate::domain::time::Timestamp;
use crate::stages::chats::ChatRow;
use crate::stages::customers::{CustomerRow, Link, Neighbour};
use crate::stages::managers::CounterRow;
use prost::Message;

/// Under which rules rows are written. It is raised when the same records give other results (the time-zone data
/// counts too, E2), or when a field changes its meaning.
pub const RULES_VERSION: u32 = 1;

pub fn encode_chat(row: &ChatRow) -> Vec<u8> {
    let ChatRow { channel, chat, deleted, revision, live } = row;
    let row = pb::ChatRow {
        rules_version: RULES_VERSION,
        channel_id: channel.as_str().into(),
        chat_id: chat.as_str().into(),
        deleted_at_ms: deleted.map(|deleted| deleted.0),
        revision: *revision,
        live: live.as_deref().map(chat::live_to),
    };
    row.encode_to_vec()
}

pub fn decode_chat(row: &[u8]) -> Result<ChatRow, String> {
    let row = decoded::<pb::ChatRow>(row)?;
    check_rules(row.rules_version)?;
    Ok(ChatRow {
        channel: ChannelId::new(&row.channel_id),
        chat: ChatId::new(&row.chat_id),
        deleted: row.deleted_at_ms.map(Timestamp),
        revision: row.revision,
        live: row.live.map(chat::live_from).transpose()?.map(Box::new),
    })
}

pub fn encode_customer(row: &CustomerRow) -> Vec<u8> {
    let CustomerRow { channel, customer, neighbours, chats, events } = row;
    let row = pb::CustomerRow {
        rules_version: RULES_VERSION,
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
        events: events
            .iter()
            .map(|JudgedEvent { at, id, goals }| customer_row::Event {
                at_ms: at.0,
                id: id.as_deref().map(str::to_owned),
                goals: goals.iter().map(|goal| goal.0).collect(),
            })
            .collect(),
    };
    row.encode_to_vec()
}

pub fn decode_customer(row: &[u8]) -> Result<CustomerRow, String> {
    let row = decoded::<pb::CustomerRow>(row)?;
    check_rules(row.rules_version)?;
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
        chats: row
            .chats
            .iter()
            .map(|link| Link { chat: ChatId::new(&link.chat_id), partition: link.partition })
            .collect(),
        events: row
            .events
            .into_iter()
            .map(|event| JudgedEvent {
                at: Timestamp(event.at_ms),
                id: event.id.as_deref().map(EventId::new),
                goals: event.goals.into_iter().map(GoalId).collect(),
            })
            .collect(),
    })
}

pub fn encode_counter(row: &CounterRow) -> Vec<u8> {
    let CounterRow { channel, bucket, counts, published, revision } = row;
    let row = pb::CounterRow {
        rules_version: RULES_VERSION,
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
    check_rules(row.rules_version)?;
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

fn check_rules(version: u32) -> Result<(), String> {
    match version {
        0 => Err("the row does not say under which rules it was written".into()),
        1..=RULES_VERSION => Ok(()),
        _ => Err(format!(
            "this binary is older than the state: the row was written under rules version {version}, \
             and this binary knows {RULES_VERSION}"
        )),
    }
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
