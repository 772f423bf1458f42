//! Dead letters as data: the answers of `chat-goals dead-letters` and of `/api/v1/dead-letters`. Bytes that are no text
//! are told in hex.

use crate::contract::json::output::Time;
use crate::inspect::dead_letters::DeadLetter;
use crate::log::Header;
use serde::Serialize;
use std::fmt::Write as _;
use utoipa::ToSchema;

/// A dead letter, without its content: where it was, and why it is bad.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DeadLetter)]
pub struct LetterAnswer {
    /// Where it lies in the topic of dead letters: `partition:offset`.
    pub place: String,
    /// When it was put there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Time>,
    pub reason: String,
    /// Where it came from.
    pub topic: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// A key that is no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_hex: Option<String>,
    /// Absent: the value is null.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<usize>,
    /// How often it was re-sent before.
    pub attempt: u32,
    /// How many bytes it had, if it was cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truncated: Option<u64>,
}

/// A dead letter with its headers and its value.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WholeDeadLetter)]
pub struct WholeLetterAnswer {
    #[serde(flatten)]
    pub letter: LetterAnswer,
    pub headers: Vec<HeaderAnswer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// A value that is no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_hex: Option<String>,
}

/// A header; without a value it is null.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Header)]
pub struct HeaderAnswer {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_hex: Option<String>,
}

impl From<&DeadLetter> for LetterAnswer {
    fn from(letter: &DeadLetter) -> Self {
        let (key, key_hex) = text_or_hex(letter.key.as_deref());
        Self {
            place: letter.place.to_string(),
            at: letter.at.map(Time),
            reason: letter.reason.clone(),
            topic: letter.topic.clone(),
            partition: letter.partition,
            offset: letter.offset,
            key,
            key_hex,
            bytes: letter.value.as_ref().map(Vec::len),
            attempt: letter.attempt,
            truncated: letter.truncated,
        }
    }
}

impl From<&DeadLetter> for WholeLetterAnswer {
    fn from(letter: &DeadLetter) -> Self {
        let (value, value_hex) = text_or_hex(letter.value.as_deref());
        let headers = letter.headers.iter().map(HeaderAnswer::from).collect();
        Self { letter: letter.into(), headers, value, value_hex }
    }
}

impl From<&Header> for HeaderAnswer {
    fn from(header: &Header) -> Self {
        let (value, value_hex) = text_or_hex(header.value.as_deref());
        Self { name: header.name.clone(), value, value_hex }
    }
}

/// Text where the bytes are such, otherwise hex.
fn text_or_hex(bytes: Option<&[u8]>) -> (Option<String>, Option<String>) {
    match bytes.map(std::str::from_utf8) {
        None => (None, None),
        Some(Ok(text)) => (Some(text.to_owned()), None),
        Some(Err(_)) => (None, bytes.map(hex)),
    }
}

pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        write!(text, "{byte:02x}").expect("a string takes everything");
    }
    text
}
