//! A chat that is there, made small: ids are named once, and times count from the last record of its cycle.
//!
//! Times are subtracted and added with wrapping, so that every time comes back exactly. The messages are those of
//! `state.proto`, written and read field by field.

mod decode;
mod encode;

pub use decode::{chat_pages, decode_chat, decode_chat_page};
pub use encode::{encode_chat, encode_chat_page};

use crate::domain::status::{OutcomeKind, Status};

fn outcome_to(outcome: OutcomeKind) -> u64 {
    match outcome {
        OutcomeKind::Open => 1,
        OutcomeKind::Superseded => 2,
        OutcomeKind::Missed => 3,
        OutcomeKind::Achieved => 4,
    }
}

fn outcome_from(outcome: u64) -> Result<OutcomeKind, String> {
    match outcome {
        1 => Ok(OutcomeKind::Open),
        2 => Ok(OutcomeKind::Superseded),
        3 => Ok(OutcomeKind::Missed),
        4 => Ok(OutcomeKind::Achieved),
        _ => Err("the row has an outcome that is not known".into()),
    }
}

fn status_to(status: Status) -> u64 {
    match status {
        Status::None => 1,
        Status::AwaitingReply => 2,
        Status::Measuring => 3,
        Status::Missed => 4,
        Status::Achieved => 5,
    }
}

fn status_from(status: u64) -> Result<Status, String> {
    match status {
        1 => Ok(Status::None),
        2 => Ok(Status::AwaitingReply),
        3 => Ok(Status::Measuring),
        4 => Ok(Status::Missed),
        5 => Ok(Status::Achieved),
        _ => Err("the row has a status that is not known".into()),
    }
}
