//! What readers have of a key, held against what a row says. It publishes nothing.

use super::super::topology::Output;
use crate::config::WireForm;
use crate::contract::json::output as json;
use crate::contract::protobuf::output as protobuf;
use crate::domain::ids::ChannelId;
use crate::domain::settings::Channel;
use crate::domain::status::Status;
use crate::log::Header;
use crate::stages::chats::StatusChange;
use crate::stages::managers::Counter;
use serde_json::Value;

/// The newest record of a key in an output topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Newest {
    /// The greatest that a record of this key bore.
    pub revision: u32,
    /// `None`: a tombstone.
    pub value: Option<Vec<u8>>,
}

impl Newest {
    /// After the record that was the newest.
    pub fn next(before: Option<&Self>, value: Option<&[u8]>, headers: &[Header], form: WireForm) -> Self {
        let revision = match value {
            Some(value) => revision_of(value, form),
            None => headers
                .iter()
                .find(|header| header.name == "revision")
                .and_then(|header| std::str::from_utf8(header.value.as_deref()?).ok()?.parse().ok()),
        };
        // What somebody else wrote may bear any revision, or none; readers have seen those before it.
        let before = before.map_or(0, |before| before.revision);
        Self { revision: revision.unwrap_or(0).max(before), value: value.map(<[u8]>::to_vec) }
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.revision.to_be_bytes().to_vec();
        bytes.push(u8::from(self.value.is_some()));
        bytes.extend(self.value.as_deref().unwrap_or_default());
        bytes
    }

    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (revision, rest) = bytes.split_first_chunk::<4>()?;
        let (is_there, value) = rest.split_first()?;
        let value = (*is_there == 1).then(|| value.to_vec());
        Some(Self { revision: u32::from_be_bytes(*revision), value })
    }
}

fn revision_of(value: &[u8], form: WireForm) -> Option<u32> {
    match form {
        WireForm::Json => {
            let value: Value = serde_json::from_slice(value).ok()?;
            u32::try_from(value.get("revision")?.as_u64()?).ok()
        }
        WireForm::Protobuf => protobuf::decode_status(value)
            .map(|record| record.revision)
            .or_else(|_| protobuf::decode_counter(value).map(|record| record.revision))
            .ok(),
    }
}

/// How a record that readers have compares with the one that they should have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// The views are the same (F2).
    pub is_same: bool,
    /// The status that readers have, as far as it can be read.
    pub status: Option<Status>,
}

pub fn status(to: &Output, has: &[u8], should: &StatusChange, channel: &Channel) -> Compared {
    match to.form {
        WireForm::Json => {
            const NOT_THE_VIEW: [&str; 5] = ["revision", "previousStatus", "at", "cause", "correction"];
            let should = json::status_changed(should, channel).ok();
            let should: Option<Value> = should.and_then(|should| serde_json::from_slice(&should).ok());
            let has: Option<Value> = serde_json::from_slice(has).ok();
            let status = has.as_ref().and_then(status_of);
            let view = |value: Option<Value>| without(value?, &NOT_THE_VIEW);
            let (has, should) = (view(has), view(should));
            Compared { is_same: has.is_some() && has == should, status }
        }
        WireForm::Protobuf => {
            let should = protobuf::decode_status(&protobuf::encode_status(should, channel));
            let (Ok(mut should), Ok(has)) = (should, protobuf::decode_status(has)) else {
                return Compared::default();
            };
            should.revision = has.revision;
            should.previous = has.previous;
            should.cause = has.cause;
            should.correction = has.correction;
            Compared { is_same: should == has, status: Some(has.status) }
        }
    }
}

/// The channel of which a status speaks, as far as it can be read.
pub fn channel_of(to: &Output, has: &[u8]) -> Option<ChannelId> {
    match to.form {
        WireForm::Json => {
            let has: Value = serde_json::from_slice(has).ok()?;
            Some(ChannelId::from(has.get("channelId")?.as_str()?))
        }
        WireForm::Protobuf => protobuf::decode_status(has).ok().map(|record| record.channel),
    }
}

/// Whether the counts that readers have are these.
pub fn counter(to: &Output, has: &[u8], should: &Counter) -> bool {
    match to.form {
        WireForm::Json => {
            const NOT_THE_COUNTS: [&str; 2] = ["revision", "updatedAt"];
            let should = serde_json::to_value(json::counter(should)).ok();
            let has: Option<Value> = serde_json::from_slice(has).ok();
            let counts = |value: Option<Value>| without(value?, &NOT_THE_COUNTS);
            let (has, should) = (counts(has), counts(should));
            has.is_some() && has == should
        }
        WireForm::Protobuf => {
            let should = protobuf::decode_counter(&protobuf::encode_counter(should));
            let (Ok(mut should), Ok(has)) = (should, protobuf::decode_counter(has)) else { return false };
            should.revision = has.revision;
            should.updated_at = has.updated_at;
            should == has
        }
    }
}

fn status_of(record: &Value) -> Option<Status> {
    Some(match (record.get("status")?.as_str()?, record.get("phase").and_then(Value::as_str)) {
        ("NONE", _) => Status::None,
        ("IN_PROCESS", Some("AWAITING_REPLY")) => Status::AwaitingReply,
        ("IN_PROCESS", _) => Status::Measuring,
        ("MISSED", _) => Status::Missed,
        ("ACHIEVED", _) => Status::Achieved,
        _ => return None,
    })
}

fn without(record: Value, names: &[&str]) -> Option<Value> {
    let Value::Object(mut fields) = record else { return None };
    names.iter().for_each(|name| {
        fields.remove(*name);
    });
    Some(Value::Object(fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revisions_never_go_back_whatever_somebody_wrote() {
        let first = Newest::next(None, Some(br#"{"revision":7}"#), &[], WireForm::Json);
        assert_eq!(first.revision, 7);
        let garbage = Newest::next(Some(&first), Some(b"nonsense"), &[], WireForm::Json);
        assert_eq!((garbage.revision, garbage.value.as_deref()), (7, Some(&b"nonsense"[..])));
        let header = Header { name: "revision".to_owned(), value: Some(b"9".to_vec()) };
        let deleted = Newest::next(Some(&garbage), None, &[header], WireForm::Json);
        assert_eq!(deleted, Newest { revision: 9, value: None });
        for newest in [first, garbage, deleted] {
            assert_eq!(Newest::decode(&newest.encode()), Some(newest));
        }
    }
}
