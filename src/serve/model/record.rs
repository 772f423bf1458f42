//! Records that the model keeps as they came: goal changes and dead letters.

use crate::log::{Header, Headers, Offset, Record};
use prost::Message;

/// A record, but for where it lies: that is in its key. The numbers of the fields outlive the process.
#[derive(Clone, PartialEq, Message)]
pub struct Kept {
    #[prost(int64, optional, tag = "1")]
    pub timestamp: Option<i64>,
    #[prost(bytes = "vec", optional, tag = "2")]
    pub key: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "3")]
    pub value: Option<Vec<u8>>,
    #[prost(message, repeated, tag = "4")]
    pub headers: Vec<KeptHeader>,
}

#[derive(Clone, PartialEq, Message)]
pub struct KeptHeader {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(bytes = "vec", optional, tag = "2")]
    pub value: Option<Vec<u8>>,
}

impl Kept {
    pub fn of(record: &Record<'_>) -> Self {
        let headers = record.headers.to_vec().into_iter();
        Self {
            timestamp: record.timestamp,
            key: record.key.map(<[u8]>::to_vec),
            value: record.value.map(<[u8]>::to_vec),
            headers: headers.map(|Header { name, value }| KeptHeader { name, value }).collect(),
        }
    }

    /// Hands the record on as it was in the log.
    pub fn with<T>(self, topic: &str, place: (i32, Offset), act: impl FnOnce(&Record<'_>) -> T) -> T {
        let headers = self.headers.into_iter();
        let headers: Vec<Header> = headers.map(|KeptHeader { name, value }| Header { name, value }).collect();
        act(&Record {
            topic,
            partition: place.0,
            offset: place.1,
            timestamp: self.timestamp,
            key: self.key.as_deref(),
            value: self.value.as_deref(),
            headers: Headers::Owned(&headers),
        })
    }
}
