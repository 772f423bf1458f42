//! A record as the contract has it, checked by the code that reads the topics: what is written here is never a bad record
//! there, unless it comes too late. It knows no platform.

use crate::config::WireForm;
use crate::contract::json::input::{ChatEventJson, CustomerEventJson, parse};
use crate::contract::protobuf::input::{encode_chat_event, encode_customer_event};
use serde::Serialize;

/// Where a record goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    ChatEvents,
    CustomerEvents,
}

/// A record that is good.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub to: Input,
    pub key: String,
    /// In its JSON form.
    json: Vec<u8>,
}

impl Record {
    /// `Err`: why the processor would not read it.
    pub fn chat(record: &impl Serialize) -> Result<Self, String> {
        let json = written(record);
        let key = parse::<ChatEventJson<'_>>(&json)?.event()?.chat.to_owned();
        Ok(Self { to: Input::ChatEvents, key, json })
    }

    /// `Err`: why the processor would not read it.
    pub fn customer(record: &impl Serialize) -> Result<Self, String> {
        let json = written(record);
        let key = parse::<CustomerEventJson<'_>>(&json)?.event()?.customer.to_owned();
        Ok(Self { to: Input::CustomerEvents, key, json })
    }

    /// Its bytes in a topic of this form.
    pub fn encode(&self, form: WireForm) -> Vec<u8> {
        const GOOD: &str = "it was read when it was made";
        match (form, self.to) {
            (WireForm::Json, _) => self.json.clone(),
            (WireForm::Protobuf, Input::ChatEvents) => {
                let read: ChatEventJson<'_> = parse(&self.json).expect(GOOD);
                encode_chat_event(&read.event().expect(GOOD))
            }
            (WireForm::Protobuf, Input::CustomerEvents) => {
                let read: CustomerEventJson<'_> = parse(&self.json).expect(GOOD);
                encode_customer_event(&read.event().expect(GOOD))
            }
        }
    }

    #[cfg(test)]
    pub fn value(&self) -> serde_json::Value {
        serde_json::from_slice(&self.json).expect("it is JSON")
    }
}

fn written(record: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(record).expect("its keys are strings")
}
