//! Channel Talk's webhooks: `{"event", "type", "entity", "refers"}` (API version v5), where `type` says what the entity is.
//! What each comes to stands in `docs/ingest.md`. Of an entity only the fields of [`shape`] are read, and no text is among
//! them.
//!
//! A record's id is made of the entity's id and of what it became, so that a webhook that is sent again makes the same
//! record again (B10).

pub(super) mod kept;
mod messages;
mod shape;
mod user_chats;

#[cfg(test)]
mod tests;

use super::outcome::{Outcome, Unknown, json_error};
use super::records::Record;
use serde_json::Value;
use shape::Envelope;

/// What a body comes to, whatever it is.
pub fn outcome(body: &[u8]) -> Outcome {
    match read(body) {
        Ok(outcome) => outcome,
        Err(reason) => Outcome::Unknown(Unknown { reason, kept: kept::of(body) }),
    }
}

fn read(body: &[u8]) -> Result<Outcome, String> {
    let envelope: Envelope = serde_json::from_slice(body).map_err(|error| json_error(&error))?;
    // A message or chat that was changed is read as it is now; one that was deleted is not documented.
    if !["push", "upsert", "create", "update"].contains(&envelope.event.text()) {
        return Err(format!("event: {} is not known", envelope.event.quoted()));
    }
    match envelope.kind.text() {
        "message" => messages::outcome(&envelope),
        "userChat" => user_chats::outcome(&envelope),
        "user" => Ok(Outcome::Irrelevant("a customer's profile")),
        _ => Err(format!("type: {} is not known", envelope.kind.quoted())),
    }
}

/// A chat's record from an entity's id and what it became.
fn record(entity: &str, became: &str, mut record: Value) -> Result<Record, String> {
    record["id"] = format!("channel-talk:{entity}:{became}").into();
    Record::chat(&record)
}
