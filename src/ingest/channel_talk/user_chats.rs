//! User chat entities: a chat as it is now. Its messages tell the rest.

use super::record;
use super::shape::{Entity, Envelope};
use crate::ingest::outcome::Outcome;
use serde_json::json;

/// Opened, then assigned, then closed: in the order of their times, as far as the entity tells them. It is never taken for a
/// reopening: the messages of the chat tell of that, and one that this overtook would look older than its cycle (B2).
pub fn outcome(envelope: &Envelope) -> Result<Outcome, String> {
    let chat = &envelope.entity;
    let id = chat.id.given().ok_or("entity.id: it is missing")?;
    let created = chat.created_at.0.ok_or("entity.createdAt: it is no time in milliseconds")?;
    let names = |at: u64| json!({"channelId": chat.channel_id.text(), "chatId": id, "at": at});
    let entity = format!("userChat:{id}");
    let mut records = Vec::new();

    if !is_old(chat, created) {
        let referred = envelope.refers.user.id.given();
        let mut opened = names(created);
        opened["chatOpened"] = json!({"customerId": chat.user_id.given().or(referred)});
        records.push(record(&entity, "chatOpened", opened)?);
    }
    if let Some(manager) = chat.assignee_id.given() {
        let at = chat.updated_at.0.unwrap_or(created);
        let mut assigned = names(at);
        assigned["chatAssigned"] = json!({"managerId": manager});
        records.push(record(&entity, &format!("chatAssigned:{at}"), assigned)?);
    }
    if chat.state.text() == "closed" {
        let at = chat.closed_at.0.ok_or("entity.closedAt: a closed chat has no time of its close")?;
        let mut closed = names(at);
        closed["chatClosed"] = json!({});
        records.push(record(&entity, &format!("chatClosed:{at}"), closed)?);
    }
    if records.is_empty() {
        return Ok(Outcome::Irrelevant("a chat that was opened long ago"));
    }
    Ok(Outcome::Records(records))
}

/// Whether it was opened so long ago that a record of it would come too late (H1). It is known by then.
fn is_old(chat: &Entity, created: u64) -> bool {
    const DAYS_31_MS: u64 = 31 * 86_400_000;
    let latest = chat.opened_at.0.max(chat.updated_at.0).unwrap_or(created);
    latest.saturating_sub(created) > DAYS_31_MS
}
