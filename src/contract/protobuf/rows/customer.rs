//! A customer's row, and the pages beside it, to bytes and back. Times are milliseconds since the Unix epoch.
//!
//! The messages are those of `state.proto`, written and read field by field.

use super::fields::{Fields, Writer, add};
use super::versions::{self, OURS};
use crate::domain::conversation::JudgedEvent;
use crate::domain::ids::{ChannelId, ChatId, CustomerId, EventId};
use crate::domain::settings::GoalId;
use crate::domain::time::Timestamp;
use crate::stages::customers::{Ask, CustomerRow, Link, Neighbour};

/// Where a row has the numbers of its pages.
const EVENT_PAGES: u32 = 8;
const ASK_PAGES: u32 = 9;

/// The row; what is in pages of their own is only named by their numbers.
pub fn encode_customer(row: &CustomerRow) -> Vec<u8> {
    let CustomerRow { channel: _, customer: _, neighbours, asks, events, chats, chats_until } = row;
    let mut to = begin(row);
    for Neighbour { customer, merged_at } in neighbours {
        let neighbour = to.open(4);
        to.text(1, customer);
        to.int(2, merged_at.0);
        to.close(neighbour);
    }
    for Link { chat, partition } in chats {
        let link = to.open(5);
        to.text(1, chat);
        to.int(2, (*partition).into());
        to.close(link);
    }
    let mut event_pages = events.list().stored().iter().map(|page| page.number).peekable();
    if event_pages.peek().is_none() {
        events.iter().for_each(|event| event_to(&mut to, event));
    }
    let mut ask_pages = asks.stored().iter().map(|page| page.number).peekable();
    if ask_pages.peek().is_none() {
        asks.iter().for_each(|ask| ask_to(&mut to, ask));
    }
    to.packed(EVENT_PAGES, event_pages);
    to.packed(ASK_PAGES, ask_pages);
    if let Some(until) = chats_until {
        to.number_anyway(10, until.0 as u64);
    }
    to.into_bytes()
}

/// A page of a customer's events, beside its row.
pub fn encode_customer_events(row: &CustomerRow, events: &[JudgedEvent]) -> Vec<u8> {
    let mut to = begin(row);
    events.iter().for_each(|event| event_to(&mut to, event));
    to.into_bytes()
}

/// A page of what a customer was asked for, beside its row.
pub fn encode_customer_asks(row: &CustomerRow, asks: &[Ask]) -> Vec<u8> {
    let mut to = begin(row);
    asks.iter().for_each(|ask| ask_to(&mut to, ask));
    to.into_bytes()
}

fn begin(CustomerRow { channel, customer, .. }: &CustomerRow) -> Writer {
    let mut to = Writer::with_capacity(256);
    to.number(1, OURS.versions.number().into());
    to.text(2, channel);
    to.text(3, customer);
    to
}

fn event_to(to: &mut Writer, JudgedEvent { at, id, goals }: &JudgedEvent) {
    let event = to.open(6);
    to.int(1, at.0);
    if let Some(id) = id {
        to.text_anyway(2, id);
    }
    to.packed(3, goals.iter().map(|goal| goal.0));
    to.close(event);
}

fn ask_to(to: &mut Writer, Ask { from, link: Link { chat, partition } }: &Ask) {
    let ask = to.open(7);
    to.int(1, from.0);
    to.text(2, chat);
    to.int(3, (*partition).into());
    to.close(ask);
}

/// The row without what is in pages of their own.
pub fn decode_customer(row: &[u8]) -> Result<CustomerRow, String> {
    let (mut made_by, mut to) = (0, CustomerRow::default());
    let mut fields = Fields::of(row);
    while let Some((field, value)) = fields.next()? {
        match field {
            1 => made_by = value.uint32()?,
            2 => to.channel = ChannelId::new(value.text()?),
            3 => to.customer = CustomerId::new(value.text()?),
            4 => add(&mut to.neighbours, neighbour_from(value.bytes()?)?),
            5 => add(&mut to.chats, link_from(value.bytes()?)?),
            // Older versions had any number of them here.
            6 => drop(to.events.insert(event_from(value.bytes()?)?)),
            7 => to.asks.insert(ask_from(value.bytes()?)?),
            10 => to.chats_until = Some(Timestamp(value.int64()?)),
            _ => {}
        }
    }
    versions::check(made_by)?;
    Ok(to)
}

/// What is in a page of a customer.
pub fn decode_customer_page(page: &[u8]) -> Result<(Vec<JudgedEvent>, Vec<Ask>), String> {
    let (mut made_by, mut events, mut asks) = (0, Vec::new(), Vec::new());
    let mut fields = Fields::of(page);
    while let Some((field, value)) = fields.next()? {
        match field {
            1 => made_by = value.uint32()?,
            6 => events.push(event_from(value.bytes()?)?),
            7 => asks.push(ask_from(value.bytes()?)?),
            _ => {}
        }
    }
    versions::check(made_by)?;
    Ok((events, asks))
}

/// The numbers of the pages that a customer's row names: of events, and of asks. The rest is passed over.
pub fn customer_pages(row: &[u8]) -> Result<(Vec<u32>, Vec<u32>), String> {
    let (mut events, mut asks) = (Vec::new(), Vec::new());
    let mut fields = Fields::of(row);
    while let Some((field, value)) = fields.next()? {
        match field {
            EVENT_PAGES => value.each_number(|page| events.push(page))?,
            ASK_PAGES => value.each_number(|page| asks.push(page))?,
            _ => {}
        }
    }
    Ok((events, asks))
}

fn neighbour_from(neighbour: &[u8]) -> Result<Neighbour, String> {
    let (mut customer, mut merged_at) = ("", 0);
    let mut fields = Fields::of(neighbour);
    while let Some((field, value)) = fields.next()? {
        match field {
            1 => customer = value.text()?,
            2 => merged_at = value.int64()?,
            _ => {}
        }
    }
    Ok(Neighbour { customer: customer.into(), merged_at: Timestamp(merged_at) })
}

fn link_from(link: &[u8]) -> Result<Link, String> {
    let (mut chat, mut partition) = ("", 0);
    let mut fields = Fields::of(link);
    while let Some((field, value)) = fields.next()? {
        match field {
            1 => chat = value.text()?,
            2 => partition = value.int32()?,
            _ => {}
        }
    }
    Ok(Link { chat: chat.into(), partition })
}

fn event_from(event: &[u8]) -> Result<JudgedEvent, String> {
    let (mut at, mut id, mut goals) = (0, None, Vec::new());
    let mut fields = Fields::of(event);
    while let Some((field, value)) = fields.next()? {
        match field {
            1 => at = value.int64()?,
            2 => id = Some(EventId::new(value.text()?)),
            3 => value.each_number(|goal| add(&mut goals, GoalId(goal)))?,
            _ => {}
        }
    }
    Ok(JudgedEvent { at: Timestamp(at), id, goals })
}

fn ask_from(ask: &[u8]) -> Result<Ask, String> {
    let (mut from, mut chat, mut partition) = (0, "", 0);
    let mut fields = Fields::of(ask);
    while let Some((field, value)) = fields.next()? {
        match field {
            1 => from = value.int64()?,
            2 => chat = value.text()?,
            3 => partition = value.int32()?,
            _ => {}
        }
    }
    Ok(Ask { from: Timestamp(from), link: Link { chat: ChatId::new(chat), partition } })
}
