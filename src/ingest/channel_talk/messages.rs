//! Message entities: what customers and managers wrote, and the log lines of a chat.

use super::record;
use super::shape::{Entity, Envelope, Log, Refers};
use crate::ingest::outcome::Outcome;
use serde_json::{Value, json};

/// Log lines that no rule asks for. One that is in neither list is unknown.
const IRRELEVANT_ACTIONS: [&str; 35] = [
    // The system opened it, because the customer wrote. That message opens the next cycle by itself (B3), and a record of the
    // opening that overtook it would make it look older than its cycle (B2).
    "autoOpen",
    "changeName",
    "changeScope",
    "invite",
    "join",
    "leave",
    "remove",
    "enqueue",
    "miss",
    "snooze",
    "addTags",
    "removeTags",
    "assignTeam",
    "unassignTeam",
    "joinMeet",
    "leaveMeet",
    "inviteMeet",
    "missMeet",
    "callbackMeet",
    "tryConnectCall",
    "processByMiss",
    "processBranch",
    "sendXms",
    "addUserTags",
    "removeUserTags",
    "updatePriority",
    "startWorkflow",
    "endWorkflow",
    "interruptWorkflow",
    "interruptWorkflowByBot",
    "tryOpenWithAlf",
    "startTask",
    "applyRules",
    "cancelAlfByUser",
    "fallbackCall",
];

pub fn outcome(envelope: &Envelope) -> Result<Outcome, String> {
    let Envelope { entity, refers, .. } = envelope;
    match entity.chat_type.text() {
        "userChat" => {}
        "group" | "directChat" => return Ok(Outcome::Irrelevant("a chat among managers")),
        _ => return Err(format!("entity.chatType: {} is not known", entity.chat_type.quoted())),
    }
    let id = entity.id.given().ok_or("entity.id: it is missing")?;
    let at = entity.created_at.0.ok_or("entity.createdAt: it is no time in milliseconds")?;
    let said = match &entity.log {
        Some(log) => logged(log, entity, refers)?,
        None => written(entity)?,
    };
    let (became, body) = match said {
        Said::Nothing(why) => return Ok(Outcome::Irrelevant(why)),
        Said::Record(became, body) => (became, body),
    };
    let mut chat = json!({"channelId": entity.channel_id.text(), "chatId": entity.chat_id.text(), "at": at});
    chat[became] = body;
    Ok(Outcome::Records(vec![record(&format!("message:{id}"), became, chat)?]))
}

enum Said {
    Record(&'static str, Value),
    Nothing(&'static str),
}

fn written(entity: &Entity) -> Result<Said, String> {
    let person = entity.person_id.text();
    match entity.person_type.text() {
        "user" => Ok(Said::Record("customerMessage", json!({"customerId": person}))),
        "manager" if entity.options.0.iter().any(|option| option == "private") => {
            Ok(Said::Nothing("a note that the customer does not see"))
        }
        "manager" if entity.marketing.0 => Ok(Said::Nothing("a campaign's message")),
        "manager" => Ok(Said::Record("managerReply", json!({"managerId": person}))),
        "bot" => Ok(Said::Nothing("a bot's message")),
        _ => Err(format!("entity.personType: {} is not known", entity.person_type.quoted())),
    }
}

/// Who did what a log line tells is the person of its message, unless that is a bot.
fn logged(log: &Log, entity: &Entity, refers: &Refers) -> Result<Said, String> {
    let person = |kind: &str| entity.person_id.given().filter(|_| entity.person_type.text() == kind);
    match log.action.text() {
        "create" => {
            let customer = person("user").or(refers.user_chat.user_id.given()).or(refers.user.id.given());
            let by = person("user").map(|_| "CUSTOMER").or(person("manager").map(|_| "MANAGER"));
            Ok(Said::Record("chatOpened", json!({"customerId": customer, "openedBy": by})))
        }
        "close" | "autoClose" => Ok(Said::Record("chatClosed", json!({"managerId": person("manager")}))),
        "open" => Ok(Said::Record("chatReopened", json!({}))),
        "assign" | "autoAssign" => {
            let told = log.values.0.first().map(String::as_str).filter(|manager| !manager.is_empty());
            let manager = told.or(refers.user_chat.assignee_id.given());
            let manager = manager.ok_or("entity.log.values: nobody is named who was assigned")?;
            Ok(Said::Record("chatAssigned", json!({"managerId": manager})))
        }
        "unassign" => Ok(Said::Record("chatAssigned", json!({}))),
        action if IRRELEVANT_ACTIONS.contains(&action) => {
            Ok(Said::Nothing("a log line that no rule asks for"))
        }
        _ => Err(format!("entity.log.action: {} is not known", log.action.quoted())),
    }
}
