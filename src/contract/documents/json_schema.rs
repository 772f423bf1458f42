//! A JSON Schema (2020-12) for each record, in the proto3 JSON mapping: of an input what is accepted, of an output what is
//! printed. It says less than the contract where a schema cannot say more: lengths are bytes there and characters here, and
//! a time zone is a name that the program knows. Of the two names that a field has in proto3 JSON a schema takes the
//! lowerCamelCase one only: with both, "exactly one of these" could not be said. Fields that are not named here may be there;
//! readers ignore them.

use super::descriptors::{EnumValue, Field, Kind, Published};
pub use super::needs::Direction;
use super::needs::{is_counted_from_one, is_id, is_needed};
use crate::contract::check::ID_BYTES_MAX;
use crate::domain::goal::Days;
use serde_json::{Map, Value, json};

/// The records, with the topics' names in the contract.
pub const RECORDS: [(&str, &str, Direction); 5] = [
    ("ChatEvent", "chat.events", Direction::In),
    ("CustomerEvent", "customer.events", Direction::In),
    ("GoalChange", "goal.changes", Direction::In),
    ("GoalStatusChanged", "goal.status-changed", Direction::Out),
    ("ManagerGoalCounters", "manager.goal-counters", Direction::Out),
];

/// RFC 3339 with an offset. A second of 60 is refused.
const TIME_IN: &str =
    r"^\d{4}-\d{2}-\d{2}[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$";
const TIME_OUT: &str = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.(\d{3}|\d{6}|\d{9}))?Z$";
const DATE: &str = r"^\d{4}-\d{2}-\d{2}$";

/// The last millisecond of the year 9998.
const AT_MS_MAX: i64 = 253_370_764_799_999;

/// Every record with its schema, which stands for itself.
pub fn all() -> Vec<(&'static str, Value)> {
    let published = Published::read();
    RECORDS
        .iter()
        .map(|(record, topic, direction)| {
            let writer = Writer { published: &published, direction: *direction, refs: "#/$defs/" };
            let mut schema = Map::new();
            schema.insert("$schema".into(), "https://json-schema.org/draft/2020-12/schema".into());
            schema.insert("$id".into(), format!("urn:chat-goals:v1:{record}").into());
            schema.insert("title".into(), format!("{record}, a record of the topic {topic}").into());
            schema.append(&mut writer.message(record));
            let defs: Map<String, Value> = writer
                .reached_from(record)
                .into_iter()
                .map(|name| (name.clone(), writer.message(&name).into()))
                .collect();
            if !defs.is_empty() {
                schema.insert("$defs".into(), defs.into());
            }
            (*record, schema.into())
        })
        .collect()
}

/// The schema of a record and of all that it refers to, for a document that keeps them at `refs`. Names end in what
/// direction they are for, as a goal that is accepted is wider than one that is printed.
pub(super) fn parts(record: &str, direction: Direction, refs: &str) -> Map<String, Value> {
    let published = Published::read();
    let writer = Writer { published: &published, direction, refs };
    let names = std::iter::once(record.to_owned()).chain(writer.reached_from(record));
    names.map(|name| (writer.key(&name), writer.message(&name).into())).collect()
}

struct Writer<'a> {
    published: &'a Published,
    direction: Direction,
    /// Where other messages are found.
    refs: &'a str,
}

impl Writer<'_> {
    /// What messages a message leads to, itself left out.
    fn reached_from(&self, message: &str) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        let mut next = vec![message.to_owned()];
        while let Some(name) = next.pop() {
            for field in &self.published.messages[&name].fields {
                if let Kind::Message(inner) = &field.kind
                    && !found.contains(inner)
                {
                    found.push(inner.clone());
                    next.push(inner.clone());
                }
            }
        }
        found.sort();
        found
    }

    fn message(&self, name: &str) -> Map<String, Value> {
        let message = &self.published.messages[name];
        let mut schema = Map::new();
        if !message.comment.is_empty() {
            schema.insert("description".into(), message.comment.clone().into());
        }
        schema.insert("type".into(), "object".into());
        let needed: Vec<Value> = message
            .fields
            .iter()
            .filter(|field| is_needed(name, &field.name, self.direction))
            .map(|field| field.json_name.clone().into())
            .collect();
        if !needed.is_empty() {
            schema.insert("required".into(), needed.into());
        }
        let property = |field: &Field| (field.json_name.clone(), self.described(name, field));
        let mut properties: Map<String, Value> = message.fields.iter().map(property).collect();
        if self.direction == Direction::In {
            let others = message.fields.iter().filter(|field| field.name != field.json_name);
            properties.extend(others.map(|field| (field.name.clone(), false.into())));
        }
        if !properties.is_empty() {
            schema.insert("properties".into(), properties.into());
        }
        let variants: Vec<Value> = message.fields.iter().filter(|field| field.is_variant).map(only).collect();
        if !variants.is_empty() {
            schema.insert("oneOf".into(), variants.into());
        }
        if name == "GoalStatusChanged" {
            schema.append(&mut phase_only_while_in_process());
        }
        schema
    }

    fn described(&self, message: &str, field: &Field) -> Value {
        let mut schema =
            if field.is_repeated { self.list(message, field) } else { self.single(message, field) };
        let mut text = field.comment.clone();
        if let Kind::Enum(name) = &field.kind {
            text = [text, values_in_words(&self.published.enums[name])].join("\n").trim().to_owned();
        }
        if !text.is_empty() {
            schema.insert("description".into(), text.into());
        }
        schema.into()
    }

    fn list(&self, message: &str, field: &Field) -> Map<String, Value> {
        let is_needed = is_needed(message, &field.name, self.direction);
        let mut schema = self.typed("array", is_needed);
        if is_needed {
            schema.insert("minItems".into(), 1.into());
        }
        schema.insert("items".into(), self.value(field, true).into());
        schema
    }

    fn single(&self, message: &str, field: &Field) -> Map<String, Value> {
        self.value(field, is_needed(message, &field.name, self.direction))
    }

    fn value(&self, field: &Field, is_needed: bool) -> Map<String, Value> {
        match &field.kind {
            Kind::Text => self.text(field, is_needed),
            Kind::Count if field.name == "days" => self.days(),
            Kind::Count => {
                let least = u32::from(is_counted_from_one(&field.name));
                object(json!({"type": "integer", "minimum": least, "maximum": u32::MAX}))
            }
            Kind::Number => object(json!({"type": "number", "minimum": 0})),
            Kind::Bool => self.typed("boolean", is_needed),
            Kind::Time => self.time(),
            // One that is no object counts as empty.
            Kind::Object => Map::new(),
            Kind::Value => object(json!({"type": ["string", "number", "boolean"]})),
            Kind::Message(name) => {
                let other = json!({"$ref": format!("{}{}", self.refs, self.key(name))});
                match self.direction {
                    Direction::In if !is_needed => object(json!({"anyOf": [other, {"type": "null"}]})),
                    Direction::In | Direction::Out => object(other),
                }
            }
            Kind::Enum(name) => self.names(&self.published.enums[name], is_needed),
        }
    }

    fn text(&self, field: &Field, is_needed: bool) -> Map<String, Value> {
        let mut schema = self.typed("string", is_needed);
        if is_needed {
            schema.insert("minLength".into(), 1.into());
        }
        if is_id(&field.name) {
            schema.insert("maxLength".into(), ID_BYTES_MAX.into());
        }
        if field.name == "date" {
            schema.insert("pattern".into(), DATE.into());
        }
        schema
    }

    fn days(&self) -> Map<String, Value> {
        let numbers = Days::ALL.iter().map(|days| Value::from(days.get()));
        let values: Vec<Value> = match self.direction {
            // Proto3 JSON takes a number in a string, too.
            Direction::In => numbers.flat_map(|days| [days.clone(), days.to_string().into()]).collect(),
            Direction::Out => numbers.collect(),
        };
        object(json!({"enum": values}))
    }

    fn time(&self) -> Map<String, Value> {
        match self.direction {
            Direction::In => object(json!({"anyOf": [
                {"type": "string", "pattern": TIME_IN, "description": "RFC 3339, with an offset"},
                {"type": "integer", "minimum": 0, "maximum": AT_MS_MAX, "description": "Milliseconds since the Unix epoch"},
            ]})),
            Direction::Out => object(json!({"type": "string", "format": "date-time", "pattern": TIME_OUT})),
        }
    }

    /// A needed name must be known; of another, one that is not known is ignored.
    fn names(&self, values: &[EnumValue], is_needed: bool) -> Map<String, Value> {
        let names = values.iter().map(|value| Value::from(value.name.as_str()));
        match self.direction {
            Direction::Out => object(json!({"enum": names.collect::<Vec<_>>()})),
            Direction::In if is_needed => {
                let numbers = values.iter().map(|value| Value::from(value.number));
                object(json!({"enum": names.chain(numbers).collect::<Vec<_>>()}))
            }
            Direction::In => object(json!({"examples": names.collect::<Vec<_>>()})),
        }
    }

    /// On input null says the same as nothing.
    fn typed(&self, kind: &str, is_needed: bool) -> Map<String, Value> {
        match self.direction {
            Direction::In if !is_needed => object(json!({"type": [kind, "null"]})),
            Direction::In | Direction::Out => object(json!({"type": kind})),
        }
    }

    /// By what name a message is referred to.
    fn key(&self, message: &str) -> String {
        match self.direction {
            Direction::In if self.refs.contains("components") => format!("{message}.In"),
            Direction::Out if self.refs.contains("components") => format!("{message}.Out"),
            Direction::In | Direction::Out => message.to_owned(),
        }
    }
}

/// That this variant is the one that is there.
fn only(variant: &Field) -> Value {
    let name = &variant.json_name;
    json!({"required": [name], "properties": {name: {"type": "object"}}})
}

fn phase_only_while_in_process() -> Map<String, Value> {
    object(json!({
        "if": {"properties": {"status": {"const": "IN_PROCESS"}}},
        "then": {"required": ["phase"]},
        "else": {"not": {"required": ["phase"]}},
    }))
}

fn values_in_words(values: &[EnumValue]) -> String {
    let words = |value: &EnumValue| match value.comment.as_str() {
        "" => value.name.clone(),
        comment => format!("{}: {}", value.name, comment.replace('\n', " ")),
    };
    values.iter().map(words).collect::<Vec<_>>().join("\n")
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        other => panic!("{other} is no object"),
    }
}
