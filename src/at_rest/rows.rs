//! The rows of the three stages under one roof: how their keys read, what their bytes say, and which key a row should
//! have.

use crate::contract::json;
use crate::contract::keys::counter_key;
use crate::contract::protobuf::rows::{decode_chat_page, decode_customer_page};
use crate::pipeline::rows::customer_key;
use crate::runtime::topology::Stage;
use crate::stages::chats::ChatRow;
use crate::stages::customers::CustomerRow;
use crate::stages::managers::CounterRow;
use crate::state::store::Store;
use crate::state::table::{PageName, Row as _, TableRow, stored_row};
use serde_json::Value;

/// A row of some stage.
pub enum AnyRow {
    Chat(Box<ChatRow>),
    Customer(Box<CustomerRow>),
    Counter(Box<CounterRow>),
}

impl AnyRow {
    /// Without what is in pages of its own.
    pub fn decode(stage: Stage, row: &[u8]) -> anyhow::Result<Self> {
        Ok(match stage {
            Stage::Chats => Self::Chat(Box::new(ChatRow::decode(row)?)),
            Stage::Customers => Self::Customer(Box::new(CustomerRow::decode(row)?)),
            Stage::Managers => Self::Counter(Box::new(CounterRow::decode(row)?)),
        })
    }

    /// With everything that is in pages.
    pub fn whole(stage: Stage, store: &Store, partition: i32, key: &[u8]) -> anyhow::Result<Option<Self>> {
        Ok(match stage {
            Stage::Chats => stored_row(store, partition, key)?.map(|row| Self::Chat(Box::new(row))),
            Stage::Customers => stored_row(store, partition, key)?.map(|row| Self::Customer(Box::new(row))),
            Stage::Managers => stored_row(store, partition, key)?.map(|row| Self::Counter(Box::new(row))),
        })
    }

    /// The key under which it belongs.
    pub fn key(&self) -> Vec<u8> {
        match self {
            Self::Chat(row) => row.chat.as_bytes().to_vec(),
            Self::Customer(row) => customer_key(&row.channel, &row.customer),
            Self::Counter(row) => counter_key(&row.channel, &row.bucket).into_bytes(),
        }
    }

    pub fn json(&self) -> Value {
        match self {
            Self::Chat(row) => json::rows::chat(row),
            Self::Customer(row) => json::rows::customer(row),
            Self::Counter(row) => json::rows::counter(row),
        }
    }
}

/// The pages that a stored row speaks of.
pub fn pages(stage: Stage, row: &[u8]) -> anyhow::Result<Vec<PageName>> {
    match stage {
        Stage::Chats => ChatRow::pages(row),
        Stage::Customers => CustomerRow::pages(row),
        Stage::Managers => CounterRow::pages(row),
    }
}

/// Whether a stored page can be read.
pub fn check_page(stage: Stage, page: &[u8]) -> Result<(), String> {
    match stage {
        Stage::Chats => decode_chat_page(page).map(|_| ()),
        Stage::Customers => decode_customer_page(page).map(|_| ()),
        Stage::Managers => Err("counters have no pages".to_owned()),
    }
}

/// How a row's own key reads: a chat's id, `channel/customer`, or a counter's key.
pub fn name(stage: Stage, key: &[u8]) -> String {
    match (stage, customer_of(key)) {
        (Stage::Customers, Some((channel, customer))) => format!("{}/{}", text(channel), text(customer)),
        _ => text(key),
    }
}

/// Whether somebody who names this means the row: by its name, or a customer by its id alone.
pub fn is_named(stage: Stage, key: &[u8], wanted: &str) -> bool {
    let id = customer_of(key).filter(|_| stage == Stage::Customers).map(|(_, customer)| customer);
    id == Some(wanted.as_bytes()) || name(stage, key) == wanted
}

fn customer_of(key: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = key.split_first_chunk::<2>()?;
    rest.split_at_checked(u16::from_be_bytes(*length).into())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
