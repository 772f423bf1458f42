//! The topics as an AsyncAPI 3.0 document: keys, headers, what is kept and payloads. It asks no broker; names, forms and
//! settings come from the caller.

use super::json_schema::{self, Direction};
use super::needs::is_id;
use serde_json::{Map, Value, json};

const SCHEMAS: &str = "#/components/schemas/";

/// A deployment as its document names it.
pub struct Deployment<'a> {
    /// `host:port`, several set apart by commas.
    pub bootstrap: &'a str,
    pub chat_events: Topic<'a>,
    pub customer_events: Topic<'a>,
    pub goal_changes: Topic<'a>,
    pub goal_status_changed: Topic<'a>,
    pub manager_goal_counters: Topic<'a>,
    pub dead_letters: Topic<'a>,
}

pub struct Topic<'a> {
    pub name: &'a str,
    /// Whether its records are protobuf, not JSON; the dead letters are what they were.
    pub is_protobuf: bool,
    /// The settings that it is made with, as Kafka names and prints them.
    pub settings: Vec<(String, String)>,
}

pub fn document(deployment: &Deployment<'_>) -> Value {
    let channels = channels(deployment);
    let mut schemas = Map::new();
    for (record, _, direction) in json_schema::RECORDS {
        schemas.append(&mut json_schema::parts(record, direction, SCHEMAS));
    }
    json!({
        "asyncapi": "3.0.0",
        "id": "urn:chat-goals:v1",
        "info": {
            "title": "chat-goals",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Tracks one goal per chat channel, exactly once. Everything that one commit publishes becomes visible to \
                            read_committed readers together, or not at all. Topics have the settings here when `chat-goals topics \
                            create` has made them; -1 is for ever.",
            "license": {"name": "Apache-2.0"},
        },
        "servers": servers(deployment.bootstrap),
        "channels": channels.iter().map(|of| (of.id.to_owned(), of.document())).collect::<Map<_, _>>(),
        "operations": channels.iter().map(|of| (of.operation(), of.operates())).collect::<Map<_, _>>(),
        "components": {"schemas": schemas},
    })
}

fn servers(bootstrap: &str) -> Map<String, Value> {
    let server = |(index, host): (usize, &str)| {
        let name = if index == 0 { "kafka".to_owned() } else { format!("kafka-{}", index + 1) };
        (name, json!({"host": host.trim(), "protocol": "kafka", "protocolVersion": "4.0"}))
    };
    bootstrap.split(',').enumerate().map(server).collect()
}

/// A topic with what is in it.
struct Channel<'a> {
    /// Its name within the document.
    id: &'static str,
    topic: &'a Topic<'a>,
    direction: Direction,
    description: &'static str,
    messages: Vec<(&'static str, Value)>,
}

fn channels<'a>(of: &'a Deployment<'a>) -> [Channel<'a>; 6] {
    let input = |id, topic: &'a Topic<'a>, record, key, description| Channel {
        id,
        topic,
        direction: Direction::In,
        description,
        messages: vec![(record, message(record, topic, Direction::In, key))],
    };
    let output = |id, topic: &'a Topic<'a>, record, key, description| Channel {
        id,
        topic,
        direction: Direction::Out,
        description,
        messages: vec![(record, message(record, topic, Direction::Out, key))],
    };
    let mut statuses = output(
        "goalStatusChanged",
        &of.goal_status_changed,
        "GoalStatusChanged",
        "chatId",
        "Each record is the whole new view of a chat, so the newest one of each key is the table of current statuses. \
         revision counts a chat's records from 1 with no gap, tombstones too.",
    );
    statuses.messages.push(("ChatDeleted", tombstone()));
    [
        input("chatEvents", &of.chat_events, "ChatEvent", "chatId", "What happened in chats."),
        input(
            "customerEvents",
            &of.customer_events,
            "CustomerEvent",
            "customerId",
            "What customers did, in any channel of the platform.",
        ),
        input(
            "goalChanges",
            &of.goal_changes,
            "GoalChange",
            "channelId",
            "Goals, subscriptions and time zones of channels. Kept for ever, and read whole by every instance.",
        ),
        statuses,
        output(
            "managerGoalCounters",
            &of.manager_goal_counters,
            "ManagerGoalCounters",
            "channelId/managerId/date",
            "How many chats achieved their goal, by manager and date. Absolute values, never increments.",
        ),
        Channel {
            id: "deadLetters",
            topic: &of.dead_letters,
            direction: Direction::Out,
            description: "Input records that could not be understood, as they came, with the reason in their headers.",
            messages: vec![("DeadLetter", dead_letter())],
        },
    ]
}

impl Channel<'_> {
    fn document(&self) -> Value {
        let messages: Map<String, Value> =
            self.messages.iter().map(|(name, message)| ((*name).to_owned(), message.clone())).collect();
        json!({
            "address": self.topic.name,
            "description": self.description,
            "messages": messages,
            "bindings": {"kafka": {
                "topic": self.topic.name,
                "topicConfiguration": self.topic.configuration(),
                "bindingVersion": "0.5.0",
            }},
        })
    }

    fn operation(&self) -> String {
        match self.direction {
            Direction::In => format!("receive.{}", self.id),
            Direction::Out => format!("send.{}", self.id),
        }
    }

    fn operates(&self) -> Value {
        let action = match self.direction {
            Direction::In => "receive",
            Direction::Out => "send",
        };
        json!({"action": action, "channel": {"$ref": format!("#/channels/{}", self.id)}})
    }
}

impl Topic<'_> {
    /// Its settings as the Kafka binding has them: policies are a list, and numbers are numbers.
    fn configuration(&self) -> Map<String, Value> {
        let value = |name: &str, value: &str| match value.parse::<i64>() {
            _ if name == "cleanup.policy" => value.split(',').collect(),
            Ok(number) => number.into(),
            Err(_) => value.into(),
        };
        self.settings.iter().map(|(name, text)| (name.clone(), value(name, text))).collect()
    }
}

fn message(record: &str, topic: &Topic<'_>, direction: Direction, key: &str) -> Value {
    let (content, summary) = if topic.is_protobuf {
        let text = format!("chat_goals.v1.{record} in its binary form; the payload is its JSON form");
        ("application/x-protobuf", text)
    } else {
        ("application/json", format!("chat_goals.v1.{record} in the proto3 JSON mapping"))
    };
    let suffix = match direction {
        Direction::In => "In",
        Direction::Out => "Out",
    };
    json!({
        "name": record,
        "summary": summary,
        "contentType": content,
        "payload": {"$ref": format!("{SCHEMAS}{record}.{suffix}")},
        "bindings": kafka_key(key),
    })
}

/// A chat that was deleted.
fn tombstone() -> Value {
    json!({
        "name": "ChatDeleted",
        "summary": "A tombstone: the chat was deleted",
        "contentType": "application/json",
        "headers": {
            "type": "object",
            "required": ["revision"],
            "properties": {"revision": {
                "type": "string",
                "pattern": "^[1-9][0-9]*$",
                "description": "The chat's next revision, in decimal digits.",
            }},
        },
        "payload": {"type": "null"},
        "bindings": kafka_key("chatId"),
    })
}

fn dead_letter() -> Value {
    let text = |description: &str| json!({"type": "string", "description": description});
    let number =
        |description: &str| json!({"type": "string", "pattern": "^[0-9]+$", "description": description});
    json!({
        "name": "DeadLetter",
        "summary": "A bad record as it came: key, value and headers, and these headers behind its own",
        "contentType": "application/octet-stream",
        "headers": {
            "type": "object",
            "required": ["dead-letter.reason", "dead-letter.topic", "dead-letter.at"],
            "properties": {
                "dead-letter.reason": text("Why it is bad: the JSON path and what is wrong there."),
                "dead-letter.topic": text("The topic that it came from, or the path of the HTTP request that brought it."),
                "dead-letter.partition": number("The partition that it came from; none if it came over HTTP."),
                "dead-letter.offset": number("The offset that it had there; none if it came over HTTP."),
                "dead-letter.at": json!({
                    "type": "string", "format": "date-time", "description": "When it was put here.",
                }),
                "dead-letter.attempt": number("How often it was re-sent by hand before."),
                "dead-letter.truncated": number("How many bytes its value had, if it was too large to be kept whole."),
            },
        },
        "payload": {"description": "The bytes as they came."},
    })
}

fn kafka_key(key: &str) -> Value {
    let mut schema = json!({"type": "string", "minLength": 1, "description": key});
    if is_id(&snake(key)) {
        schema["maxLength"] = crate::contract::check::ID_BYTES_MAX.into();
    }
    json!({"kafka": {"key": schema, "bindingVersion": "0.5.0"}})
}

/// `chatId` as a schema has it.
fn snake(name: &str) -> String {
    name.chars()
        .flat_map(|letter| {
            let border = letter.is_ascii_uppercase().then_some('_');
            border.into_iter().chain([letter.to_ascii_lowercase()])
        })
        .collect()
}
