//! The rows of the three stages as the state keeps them, and their keys.

use crate::contract::protobuf::rows;
use crate::stages::chats::{ChatRow, Index};
use crate::stages::customers::CustomerRow;
use crate::stages::managers::CounterRow;
use crate::state::store::Family;
use crate::state::table::Row;

impl Row for ChatRow {
    const FAMILY: Family = Family::Chats;
    type Index = Index;
    fn index(&self) -> Index {
        self.index()
    }
    fn encode(&self) -> Vec<u8> {
        rows::encode_chat(self)
    }
    fn decode(bytes: &[u8]) -> anyhow::Result<Self> {
        rows::decode_chat(bytes).map_err(anyhow::Error::msg)
    }
}

impl Row for CustomerRow {
    const FAMILY: Family = Family::Customers;
    type Index = ();
    fn index(&self) {}
    fn encode(&self) -> Vec<u8> {
        rows::encode_customer(self)
    }
    fn decode(bytes: &[u8]) -> anyhow::Result<Self> {
        rows::decode_customer(bytes).map_err(anyhow::Error::msg)
    }
}

impl Row for CounterRow {
    const FAMILY: Family = Family::Managers;
    type Index = ();
    fn index(&self) {}
    fn encode(&self) -> Vec<u8> {
        rows::encode_counter(self)
    }
    fn decode(bytes: &[u8]) -> anyhow::Result<Self> {
        rows::decode_counter(bytes).map_err(anyhow::Error::msg)
    }
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
