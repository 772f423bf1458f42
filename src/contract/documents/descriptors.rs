//! The published messages with the comments of their schemas, read from the stored descriptors. It knows nothing of JSON.

use crate::contract::protobuf::DESCRIPTORS;
use prost::Message as _;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet,
};
use std::collections::{BTreeMap, HashMap};

const PACKAGE: &str = "chat_goals.v1";

/// Every published message and enum, by its name without the package: `ChatEvent.ChatOpened`.
pub struct Published {
    pub messages: BTreeMap<String, Message>,
    pub enums: BTreeMap<String, Vec<EnumValue>>,
}

pub struct Message {
    pub comment: String,
    pub fields: Vec<Field>,
}

pub struct Field {
    /// As in the schema: `chat_id`.
    pub name: String,
    /// As in JSON: `chatId`.
    pub json_name: String,
    pub comment: String,
    pub kind: Kind,
    pub is_repeated: bool,
    /// One of several of which exactly one must be there.
    pub is_variant: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Count,
    Number,
    Bool,
    Time,
    /// Any JSON object.
    Object,
    /// Any JSON value.
    Value,
    Message(String),
    Enum(String),
}

pub struct EnumValue {
    pub name: String,
    pub number: i32,
    pub comment: String,
}

impl Published {
    pub fn read() -> Self {
        let set = FileDescriptorSet::decode(DESCRIPTORS).expect("the descriptors were made by the build");
        let mut published = Self { messages: BTreeMap::new(), enums: BTreeMap::new() };
        for file in set.file.iter().filter(|file| file.package() == PACKAGE) {
            let comments = Comments::of(file);
            for (index, message) in file.message_type.iter().enumerate() {
                published.add_message(message, "", &[4, index as i32], &comments);
            }
        }
        published
    }

    fn add_message(&mut self, of: &DescriptorProto, within: &str, path: &[i32], comments: &Comments) {
        let name = format!("{within}{}", of.name());
        let inner = format!("{name}.");
        for (index, nested) in of.nested_type.iter().enumerate() {
            self.add_message(nested, &inner, &[path, &[3, index as i32]].concat(), comments);
        }
        for (index, values) in of.enum_type.iter().enumerate() {
            self.add_enum(values, &inner, &[path, &[4, index as i32]].concat(), comments);
        }
        let field = |(index, field): (usize, &FieldDescriptorProto)| Field {
            name: field.name().to_owned(),
            json_name: field.json_name().to_owned(),
            comment: comments.at(&[path, &[2, index as i32]].concat()),
            kind: kind(field),
            is_repeated: field.label() == Label::Repeated,
            is_variant: field.oneof_index.is_some() && !field.proto3_optional(),
        };
        let fields = of.field.iter().enumerate().map(field).collect();
        self.messages.insert(name, Message { comment: comments.at(path), fields });
    }

    /// Zero says that nothing was said, so it is no value to write or to expect.
    fn add_enum(&mut self, of: &EnumDescriptorProto, within: &str, path: &[i32], comments: &Comments) {
        let values = of.value.iter().enumerate().filter(|(_, value)| value.number() != 0);
        let value = |(index, value): (usize, &prost_types::EnumValueDescriptorProto)| EnumValue {
            name: value.name().to_owned(),
            number: value.number(),
            comment: comments.at(&[path, &[2, index as i32]].concat()),
        };
        self.enums.insert(format!("{within}{}", of.name()), values.map(value).collect());
    }
}

fn kind(field: &FieldDescriptorProto) -> Kind {
    let own =
        || field.type_name().trim_start_matches('.').trim_start_matches(PACKAGE).trim_start_matches('.');
    match (field.r#type(), field.type_name()) {
        (Type::String, _) => Kind::Text,
        (Type::Uint32, _) => Kind::Count,
        (Type::Double, _) => Kind::Number,
        (Type::Bool, _) => Kind::Bool,
        (Type::Message, ".google.protobuf.Timestamp") => Kind::Time,
        (Type::Message, ".google.protobuf.Struct") => Kind::Object,
        (Type::Message, ".google.protobuf.Value") => Kind::Value,
        (Type::Message, _) => Kind::Message(own().to_owned()),
        (Type::Enum, _) => Kind::Enum(own().to_owned()),
        (kind, _) => panic!("no published field is a {kind:?}, as {} is", field.name()),
    }
}

/// The comments of a file by the path of what they stand before.
struct Comments(HashMap<Vec<i32>, String>);

impl Comments {
    fn of(file: &FileDescriptorProto) -> Self {
        let locations = file.source_code_info.iter().flat_map(|info| &info.location);
        let comment =
            |text: &str| text.lines().map(str::trim).collect::<Vec<_>>().join("\n").trim().to_owned();
        Self(locations.map(|place| (place.path.clone(), comment(place.leading_comments()))).collect())
    }

    fn at(&self, path: &[i32]) -> String {
        self.0.get(path).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_internal_is_published() {
        let published = Published::read();
        assert!(published.messages.contains_key("GoalStatusChanged.Round"));
        assert!(!published.messages.contains_key("ChatRow"));
        assert!(!published.messages.contains_key("ChatsInbox"));
    }

    #[test]
    fn comments_come_with_their_fields_and_values() {
        let published = Published::read();
        let event = &published.messages["ChatEvent"];
        assert!(event.comment.starts_with("One record of a chat (rules B)."));
        let chat = event.fields.iter().find(|field| field.name == "chat_id").unwrap();
        assert_eq!((chat.json_name.as_str(), chat.comment.as_str()), ("chatId", "Unique across channels."));
        let statuses = &published.enums["GoalStatusChanged.Status"];
        assert_eq!(statuses.iter().map(|value| value.number).collect::<Vec<_>>(), [1, 2, 3, 4]);
        assert_eq!(statuses[1].comment, "See the phase.");
    }
}
