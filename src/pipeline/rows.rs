//! The rows of the three stages as the state keeps them, and their keys.

use crate::contract::protobuf::rows;
use crate::stages::chats::{ChatRow, Index};
use crate::stages::customers::CustomerRow;
use crate::stages::managers::CounterRow;
use crate::state::store::Family;
use crate::state::table::{PageName, Row, TableRow};

// Which list of a row a page belongs to. It is in the page's key, and outlives the process.
const EVENTS: u8 = b'e';
const ASKS: u8 = b'a';

impl Row for ChatRow {
    fn encode(&self) -> Vec<u8> {
        rows::encode_chat(self)
    }
    fn decode(bytes: &[u8]) -> anyhow::Result<Self> {
        rows::decode_chat(bytes).map_err(anyhow::Error::msg)
    }
}

impl TableRow for ChatRow {
    const FAMILY: Family = Family::Chats;
    type Index = Index;
    fn index(&self) -> Index {
        self.index()
    }
    fn pages(row: &[u8]) -> anyhow::Result<Vec<PageName>> {
        let numbers = rows::chat_pages(row).map_err(anyhow::Error::msg)?;
        Ok(numbers.into_iter().map(|number| PageName { list: EVENTS, number }).collect())
    }
    fn take_up(&mut self, page: PageName, bytes: &[u8]) -> anyhow::Result<()> {
        let events = rows::decode_chat_page(bytes).map_err(anyhow::Error::msg)?;
        let live = self.live.as_mut().expect("only a chat that is there names pages");
        live.conversation.events.take_up(page.number, events);
        Ok(())
    }
    fn changed_pages(&self) -> Vec<(PageName, Vec<u8>)> {
        let Some(live) = &self.live else { return Vec::new() };
        let changed = live.conversation.events.list().changed();
        let page = |number| PageName { list: EVENTS, number };
        changed.map(|of| (page(of.number), rows::encode_chat_page(self, of.entries()))).collect()
    }
    fn was_stored(&mut self) {
        if let Some(live) = &mut self.live {
            live.conversation.events.was_stored();
        }
    }
    fn come_near(&self) -> usize {
        let Some(live) = &self.live else { return 0 };
        let conversation = &live.conversation;
        conversation.replies.len() + conversation.customers.len() + usize::from(live.published.is_some())
    }
}

impl Row for CustomerRow {
    fn encode(&self) -> Vec<u8> {
        rows::encode_customer(self)
    }
    fn decode(bytes: &[u8]) -> anyhow::Result<Self> {
        rows::decode_customer(bytes).map_err(anyhow::Error::msg)
    }
}

impl TableRow for CustomerRow {
    const FAMILY: Family = Family::Customers;
    type Index = ();
    fn index(&self) {}
    fn pages(row: &[u8]) -> anyhow::Result<Vec<PageName>> {
        let (events, asks) = rows::customer_pages(row).map_err(anyhow::Error::msg)?;
        let events = events.into_iter().map(|number| PageName { list: EVENTS, number });
        Ok(events.chain(asks.into_iter().map(|number| PageName { list: ASKS, number })).collect())
    }
    fn take_up(&mut self, page: PageName, bytes: &[u8]) -> anyhow::Result<()> {
        let (events, asks) = rows::decode_customer_page(bytes).map_err(anyhow::Error::msg)?;
        self.events.take_up(page.number, events);
        self.asks.take_up(page.number, asks);
        Ok(())
    }
    fn changed_pages(&self) -> Vec<(PageName, Vec<u8>)> {
        let events = self.events.list().changed().map(|page| {
            let name = PageName { list: EVENTS, number: page.number };
            (name, rows::encode_customer_events(self, page.entries()))
        });
        let asks = self.asks.changed().map(|page| {
            let name = PageName { list: ASKS, number: page.number };
            (name, rows::encode_customer_asks(self, page.entries()))
        });
        events.chain(asks).collect()
    }
    fn was_stored(&mut self) {
        self.events.was_stored();
        self.asks.was_stored();
    }
}

impl Row for CounterRow {
    fn encode(&self) -> Vec<u8> {
        rows::encode_counter(self)
    }
    fn decode(bytes: &[u8]) -> anyhow::Result<Self> {
        rows::decode_counter(bytes).map_err(anyhow::Error::msg)
    }
}

impl TableRow for CounterRow {
    const FAMILY: Family = Family::Managers;
    type Index = ();
    fn index(&self) {}
}

/// The key of a customer: customers are known within their channel. It outlives the process: the length of the
/// channel's id (2 bytes, big endian), the channel, the customer.
pub fn customer_key(channel: &str, customer: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(2 + channel.len() + customer.len());
    key.extend((channel.len() as u16).to_be_bytes());
    key.extend(channel.as_bytes());
    key.extend(customer.as_bytes());
    key
}
